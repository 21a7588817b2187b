// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Dispatch
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Something that listens where a name server should be, and is none. Closed when the test forgets it.
final class BadServer: Sendable {
  enum Manner: Sendable, CustomTestStringConvertible {
    /// Closes every connection at once.
    case closes
    /// Takes everything and never answers.
    case isSilent
    /// Sends these bytes to the first request, and leaves the connection open.
    case sends([UInt8], String)

    static let http = Manner.sends(Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".utf8), "HTTP")
    static let hugeFrame = Manner.sends([0x80, 0, 0, 0] + [UInt8](repeating: 0x7b, count: 64), "a frame of 2 GiB")
    static let largestFrame = Manner.sends([0x7f, 0xff, 0xff, 0xff] + [UInt8](repeating: 0x7b, count: 64), "a frame of 2 GiB - 1")
    static let emptyFrame = Manner.sends([0, 0, 0, 0], "a frame without header")
    static let badHeader = Manner.sends([0, 0, 0, 12, 0, 0, 0, 8] + Array("{\"code\":".utf8), "half a JSON header")
    static let zeros = Manner.sends([UInt8](repeating: 0, count: 4096), "zeros")

    var testDescription: String {
      switch self {
      case .closes: "closes"
      case .isSilent: "is silent"
      case .sends(_, let name): "sends \(name)"
      }
    }
  }

  let address: String
  /// An element for each read from a connection, once the manner is not to close it.
  let requests: AsyncStream<Void>
  private let listening: Int32

  init(_ manner: Manner) throws {
    let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &name) { name in
      name.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
        bind(listening, name, size) == 0 && listen(listening, 16) == 0 ? getsockname(listening, name, &size) : -1
      }
    }
    guard listening >= 0, status == 0 else { throw SystemFailure("listening: \(String(cString: strerror(errno)))") }
    self.listening = listening
    let (requests, request) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingOldest(1))
    self.requests = requests
    address = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
    DispatchQueue(label: "accept").async {
      while true {
        let connection = accept(listening, nil, nil)
        guard connection >= 0 else { return }
        DispatchQueue(label: "connection").async { BadServer.serve(connection, manner) { request.yield() } }
      }
    }
  }

  deinit {
    shutdown(listening, Int32(SHUT_RDWR))
    close(listening)
  }

  private static func serve(_ connection: Int32, _ manner: Manner, _ onRequest: () -> Void) {
    defer { close(connection) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    if case .closes = manner { return }
    var isFirst = true
    while read(connection, &buffer, buffer.count) > 0 {
      onRequest()
      if isFirst, case .sends(let bytes, _) = manner { send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
      isFirst = false
    }
  }
}

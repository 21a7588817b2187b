// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A plain socket that sends and receives whole frames, byte for byte as they are.
final class RawConnection {
  struct Frame {
    var header: JSONValue
    var body: [UInt8]
  }

  struct Failure: Error {
    var what: String
  }

  private let socket: Int32

  /// `address` is "127.0.0.1:port".
  init(to address: String) throws {
    let parts = address.split(separator: ":")
    guard parts.count == 2, let port = UInt16(parts[1]) else { throw Failure(what: "\(address) is no IPv4 address") }
    #if canImport(Glibc)
      socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var target = sockaddr_in()
    target.sin_family = sa_family_t(AF_INET)
    target.sin_port = port.bigEndian
    inet_pton(AF_INET, String(parts[0]), &target.sin_addr)
    let status = withUnsafePointer(to: &target) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard status == 0 else { throw Failure(what: "connecting to \(address): errno \(errno)") }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  func close() {
    #if canImport(Glibc)
      _ = Glibc.close(socket)
    #else
      _ = Darwin.close(socket)
    #endif
  }

  func send(header: String, body: [UInt8] = []) throws {
    let header = [UInt8](header.utf8)
    try send(RawConnection.word(UInt32(4 + header.count + body.count)) + RawConnection.word(UInt32(header.count)) + header + body)
  }

  func send(_ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { write(socket, $0.baseAddress! + done, bytes.count - done) }
      guard count > 0 else { throw Failure(what: "writing: errno \(errno)") }
      done += count
    }
  }

  /// The next frame, whose header must be JSON. Waits up to 10 s.
  func receive() throws -> Frame {
    let length = try RawConnection.number(receive(4))
    return try RawConnection.frame(receive(Int(length)))
  }

  /// A frame without its length.
  static func frame(_ bytes: [UInt8]) throws -> Frame {
    let word = number(Array(bytes[0..<4]))
    guard word >> 24 == 0 else { throw Failure(what: "the header is not JSON") }
    let end = 4 + Int(word & 0xFF_FFFF)
    return Frame(header: try JSONValue(parsing: Array(bytes[4..<end])), body: Array(bytes[end...]))
  }

  private func receive(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let part = bytes.withUnsafeMutableBytes { read(socket, $0.baseAddress! + done, count - done) }
      guard part > 0 else { throw Failure(what: part == 0 ? "the connection was closed" : "reading: errno \(errno)") }
      done += part
    }
    return bytes
  }

  private static func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) } }
  private static func number(_ bytes: [UInt8]) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
}

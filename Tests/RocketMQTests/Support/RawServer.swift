// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ
import Synchronization

#if canImport(Glibc)
  import Glibc
  private let stream = Int32(SOCK_STREAM.rawValue)
  private let noSignal = Int32(MSG_NOSIGNAL)
#elseif canImport(Darwin)
  import Darwin
  private let stream = SOCK_STREAM
  private let noSignal: Int32 = 0
#endif

/// A TCP server below the protocol: answers whatever comes with bytes of its own, or not at all.
final class RawServer: Sendable {
  enum Behaviour: Sendable {
    /// Takes bytes and says nothing.
    case silent
    /// Answers the first bytes with these.
    case answer([UInt8])
    /// Closes every connection at once.
    case close
  }

  let address: String
  private let socket: Int32
  private let accepted = Mutex<[Int32]>([])

  init(_ behaviour: Behaviour) {
    (socket, address) = RawServer.bound()
    listen(socket, 64)
    let work = Work(socket, behaviour) { [weak self] fd in self?.accepted.withLock { $0.append(fd) } }
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      {
        Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(work).toOpaque())
    pthread_detach(thread)
  }

  deinit {
    shutdown(socket, Int32(SHUT_RDWR))
    for fd in accepted.withLock({ $0 }) { shutdown(fd, Int32(SHUT_RDWR)) }
  }

  /// An address where nobody listens, nor ever will: the socket stays bound to the process's end.
  static func closedAddress() -> String { bound().1 }

  private static func bound() -> (Int32, String) {
    let fd = makeSocket()
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        precondition(bind(fd, address, size) == 0)
        getsockname(fd, address, &size)
      }
    }
    return (fd, "127.0.0.1:\(UInt16(bigEndian: name.sin_port))")
  }

  private static func makeSocket() -> Int32 {
    #if canImport(Glibc)
      Glibc.socket(AF_INET, stream, 0)
    #else
      Darwin.socket(AF_INET, stream, 0)
    #endif
  }

  private final class Work {
    let socket: Int32
    let behaviour: Behaviour
    let opened: (Int32) -> Void

    init(_ socket: Int32, _ behaviour: Behaviour, _ opened: @escaping (Int32) -> Void) {
      self.socket = socket
      self.behaviour = behaviour
      self.opened = opened
    }

    func run() {
      while true {
        let fd = accept(socket, nil, nil)
        if fd < 0 { break }
        switch behaviour {
        case .silent: opened(fd)
        case .close: close(fd)
        case .answer(let bytes):
          opened(fd)
          var first: UInt8 = 0
          _ = recv(fd, &first, 1, 0)
          _ = bytes.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, noSignal) }
        }
      }
      close(socket)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Dispatch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sends `bytes` to "127.0.0.1:port" and waits until the other side closes, at most 10 s. False: it did not.
func sendRaw(_ bytes: [UInt8], to address: String) async throws -> Bool {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue(label: "raw connection").async {
      continuation.resume(with: Result { try sendBlocking(bytes, to: address) })
    }
  }
}

private func sendBlocking(_ bytes: [UInt8], to address: String) throws -> Bool {
  let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(connection) }
  var name = sockaddr_in()
  name.sin_family = sa_family_t(AF_INET)
  name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  name.sin_port = UInt16(address.split(separator: ":").last ?? "")?.bigEndian ?? 0
  let status = withUnsafePointer(to: name) { name in
    name.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
  }
  guard status == 0 else { throw SystemFailure("connecting to \(address): \(String(cString: strerror(errno)))") }
  var limit = timeval(tv_sec: 10, tv_usec: 0)
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  guard send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return true }
  var buffer = [UInt8](repeating: 0, count: 1024)
  while true {
    let count = read(connection, &buffer, buffer.count)
    if count == 0 { return true }
    if count < 0 { return errno == ECONNRESET }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Who a client is to brokers, and what makes its message ids unlike all others. Java: `ClientConfig.buildMQClientId`.
struct ClientIdentity {
  var clientID: String
  var host: HostAddress
  var process: UInt32
  var salt: UInt32

  /// Java's default instance is `pid#nanoTime`. In containers both are often the same in several processes, and clients of one process may
  /// start in the same instant: hence the random number.
  static func make(instanceName: String?) -> ClientIdentity {
    let process = UInt32(bitPattern: getpid())
    let salt = UInt32.random(in: 0...UInt32.max)
    let addresses = LocalAddresses.all()
    let instance = instanceName ?? "\(process)#\(nanoseconds())#\(String(salt, radix: 16))"
    return ClientIdentity(
      clientID: "\(LocalAddresses.text(LocalAddresses.forClientID(addresses)))@\(instance)",
      host: HostAddress(ip: LocalAddresses.forMessageID(addresses), port: 0), process: process, salt: salt)
  }

  private static func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// The IP addresses of this machine, 4 or 16 bytes each, and which to show. Java: `RemotingUtil.getLocalAddress`, `UtilAll.getIP`.
enum LocalAddresses {
  /// Of interfaces that are up, without loopback, link-local IPv6 and bridges of containers.
  static func all() -> [[UInt8]] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return [] }
    defer { freeifaddrs(first) }
    var found: [[UInt8]] = []
    var next = first
    while let entry = next {
      next = entry.pointee.ifa_next
      let flags = entry.pointee.ifa_flags
      guard flags & UInt32(IFF_UP) != 0, flags & UInt32(IFF_LOOPBACK) == 0, let address = entry.pointee.ifa_addr else { continue }
      let name = String(cString: entry.pointee.ifa_name)
      if name.hasPrefix("docker") || name.hasPrefix("br-") || name.hasPrefix("virbr") { continue }
      if let ip = bytes(of: address), !(ip.count == 16 && ip[0] == 0xFE && ip[1] & 0xC0 == 0x80) { found.append(ip) }
    }
    return found
  }

  private static func bytes(of address: UnsafeMutablePointer<sockaddr>) -> [UInt8]? {
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
      address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
        withUnsafeBytes(of: pointer.pointee.sin_addr) { [UInt8]($0) }
      }
    case AF_INET6:
      address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
        withUnsafeBytes(of: pointer.pointee.sin6_addr) { [UInt8]($0) }
      }
    default: nil
    }
  }

  /// The first IPv4 that is not 192.168, else the last IPv4, else the first IPv6, else loopback.
  static func forClientID(_ all: [[UInt8]]) -> [UInt8] {
    let v4 = all.filter { $0.count == 4 }
    return v4.first { !($0[0] == 127 && $0[1] == 0) && !($0[0] == 192 && $0[1] == 168) } ?? v4.last ?? all.first ?? [127, 0, 0, 1]
  }

  /// The first public address, else the first private IPv4, else loopback.
  static func forMessageID(_ all: [[UInt8]]) -> [UInt8] {
    all.first { !isPrivate($0) } ?? all.first { $0.count == 4 } ?? [127, 0, 0, 1]
  }

  private static func isPrivate(_ ip: [UInt8]) -> Bool {
    guard ip.count == 4 else { return ip[0] & 0xFE == 0xFC }
    switch (ip[0], ip[1]) {
    case (10, _), (127, _), (192, 168), (172, 16...31), (169, 254): return true
    default: return false
    }
  }

  /// IPv6 in brackets.
  static func text(_ ip: [UInt8]) -> String {
    let withPort = HostAddress(ip: ip, port: 0).description
    return String(withPort[..<(withPort.lastIndex(of: ":") ?? withPort.endIndex)])
  }
}

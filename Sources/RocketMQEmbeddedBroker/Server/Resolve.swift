// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The address bytes of a host name or literal address, IPv4 where there is a choice. May block.
func resolve(_ host: String) -> Result<[UInt8], RocketMQError> {
  let name = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
  var list: UnsafeMutablePointer<addrinfo>?
  let status = getaddrinfo(name, nil, nil, &list)
  guard status == 0 else {
    return .failure(
      RocketMQError(.badAddress, "embedded broker: the host \(host) cannot be resolved: \(String(cString: gai_strerror(status)))"))
  }
  defer { freeaddrinfo(list) }
  let entries = sequence(first: list) { $0?.pointee.ai_next }.lazy.prefix { $0 != nil }.compactMap(\.self)
  for family in [AF_INET, AF_INET6] {
    for entry in entries where entry.pointee.ai_family == family {
      guard let socketAddress = entry.pointee.ai_addr else { continue }
      let ip =
        family == AF_INET
        ? UnsafeRawPointer(socketAddress).load(as: sockaddr_in.self).sin_addr.bytes
        : UnsafeRawPointer(socketAddress).load(as: sockaddr_in6.self).sin6_addr.bytes
      return .success(ip)
    }
  }
  return .failure(RocketMQError(.badAddress, "embedded broker: the host \(host) has neither an IPv4 nor an IPv6 address"))
}

extension in_addr {
  fileprivate var bytes: [UInt8] { withUnsafeBytes(of: self) { [UInt8]($0) } }
}

extension in6_addr {
  fileprivate var bytes: [UInt8] { withUnsafeBytes(of: self) { [UInt8]($0) } }
}

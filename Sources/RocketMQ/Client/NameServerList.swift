// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Reads lists of name server addresses. Java: `RemotingUtil`, `MixAll.getWSAddr`, `NAMESRV_ADDR`.
enum NameServerList {
  static let environmentVariable = "NAMESRV_ADDR"

  /// The addresses of `entries`, each of which may be a list split at ";" or ","; with none, those of the environment.
  /// Throws `invalidArgument` that names the bad entry.
  static func resolve(_ entries: [String], environment: String? = environment()) throws(RocketMQError) -> [String] {
    let given = try parse(entries)
    if !given.isEmpty { return given }
    let fromEnvironment = try environment.map { text throws(RocketMQError) in try parse([text]) } ?? []
    guard !fromEnvironment.isEmpty else {
      throw RocketMQError(.invalidArgument, "no name server is given, and \(environmentVariable) is not set; give \"host:port\"")
    }
    return fromEnvironment
  }

  private static func environment() -> String? { getenv(environmentVariable).map { String(cString: $0) } }

  private static func parse(_ entries: [String]) throws(RocketMQError) -> [String] {
    var addresses: [String] = []
    for entry in entries {
      for part in entry.split(whereSeparator: { $0 == ";" || $0 == "," }) {
        let text = part.trimmingSpaces
        if text.isEmpty { continue }
        let address = withoutScheme(text)
        guard isAddress(address) else {
          throw RocketMQError(.badAddress, "\"\(text)\" is no name server address; write host:port, or [ipv6]:port", address: text)
        }
        if !addresses.contains(address) { addresses.append(address) }
      }
    }
    return addresses
  }

  /// Java strips "http://" up to the last slash.
  private static func withoutScheme(_ text: String) -> String {
    guard text.hasPrefix("http://") || text.hasPrefix("https://"), let slash = text.lastIndex(of: "/") else { return text }
    return String(text[text.index(after: slash)...])
  }

  static func isAddress(_ text: String) -> Bool {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return false }
    let host = text[..<colon]
    if host.hasPrefix("[") { return host.hasSuffix("]") && host.count > 2 }
    return !host.isEmpty && !host.contains(":") && !host.contains(" ") && !host.contains("/")
  }
}

extension Substring {
  var trimmingSpaces: String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
    guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(self[first...last])
  }
}

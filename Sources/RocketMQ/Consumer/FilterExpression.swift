// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Which messages of a topic a consumer wants. All members of a group must want the same. Java: `MessageSelector`, `FilterAPI`.
public struct FilterExpression: Sendable, Hashable, CustomStringConvertible {
  /// "*", "paid || refunded", or the SQL text. Java: `subString`.
  public let description: String
  let type: String
  /// What is looked at after the pull: brokers compare only hashes. Empty: everything passes.
  let tags: [String]

  /// Every message. Java: `*`.
  public static let all = FilterExpression(description: "*", type: "TAG", tags: [])

  /// Messages with one of these tags; none given: every message.
  ///
  /// - Throws: `invalidArgument` for a tag that is blank or holds "||".
  public static func tags(_ tags: String...) throws(RocketMQError) -> FilterExpression { try .tags(tags) }

  /// The same, for a list.
  public static func tags(_ tags: [String]) throws(RocketMQError) -> FilterExpression {
    guard !tags.isEmpty else { return .all }
    for tag in tags {
      let parts = split(tag)
      guard parts.count == 1, parts[0] == tag else {
        throw RocketMQError(.invalidArgument, "\"\(tag)\" is no tag: it must not be blank, start or end with a blank, or hold \"||\"")
      }
    }
    return FilterExpression(description: tags.joined(separator: " || "), type: "TAG", tags: unique(tags))
  }

  /// Tags as text, "paid || refunded"; "*" and "" are every message. Blanks around tags, and empty tags, do not matter.
  ///
  /// - Throws: `invalidArgument` for text without any tag, such as "||", which could never match. Java: "subString split error".
  public static func tagExpression(_ text: String) throws(RocketMQError) -> FilterExpression {
    if text.isEmpty || text == "*" { return .all }
    let tags = unique(split(text))
    guard !tags.isEmpty else {
      throw RocketMQError(.invalidArgument, "the tag expression \"\(text)\" names no tag; \"*\" stands for every message")
    }
    return FilterExpression(description: text, type: "TAG", tags: tags)
  }

  /// An SQL92 condition over the properties, evaluated by the broker, which must have it enabled (`enablePropertyFilter`).
  /// Java: `MessageSelector.bySql`.
  ///
  /// - Throws: `invalidArgument` when it is blank.
  public static func sql(_ condition: String) throws(RocketMQError) -> FilterExpression {
    guard condition.utf8.contains(where: { $0 > 0x20 }) else {
      throw RocketMQError(.invalidArgument, "the SQL condition is blank")
    }
    return FilterExpression(description: condition, type: "SQL92", tags: [])
  }

  private init(description: String, type: String, tags: [String]) {
    self.description = description
    self.type = type
    self.tags = tags
  }

  /// At "||", trimmed of what Java's `trim` takes for blank (everything up to U+0020), without empty parts.
  private static func split(_ text: String) -> [String] {
    var parts: [String] = []
    var rest = Substring(text)
    while true {
      let end = rest.utf8.indices.first { rest.utf8[$0] == bar && rest.utf8[rest.utf8.index(after: $0)...].first == bar }
      let part = trim(rest[..<(end ?? rest.endIndex)])
      if !part.isEmpty { parts.append(String(part)) }
      guard let end else { return parts }
      rest = rest[rest.utf8.index(end, offsetBy: 2)...]
    }
  }

  private static let bar = UInt8(ascii: "|")

  private static func trim(_ text: Substring) -> Substring {
    let bytes = text.utf8
    guard let first = bytes.firstIndex(where: { $0 > 0x20 }), let last = bytes.lastIndex(where: { $0 > 0x20 }) else { return "" }
    return text[first..<bytes.index(after: last)]
  }

  private static func unique(_ tags: [String]) -> [String] {
    var seen: Set<String> = []
    return tags.filter { seen.insert($0).inserted }
  }
}

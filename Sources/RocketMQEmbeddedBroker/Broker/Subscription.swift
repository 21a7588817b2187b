// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// Which messages a pull wants, as far as the index of a queue can tell: by the hashes of tags. Clients compare the tags themselves.
struct TagFilter {
  /// nil: all.
  var hashes: [Int32]?

  static let all = TagFilter(hashes: nil)

  func passes(_ hash: Int32) -> Bool { hashes?.contains(hash) ?? true }
}

/// What a consumer group wants of one topic. Java: `SubscriptionData`.
struct Subscription {
  var topic: String
  /// "TAG" or "SQL92".
  var expressionType: String
  /// Java: `subString`.
  var expression: String
  var tags: [String]
  var hashes: [Int32]
  /// Milliseconds since 1970. Java: `subVersion`.
  var version: Int64
  var classFilterMode = false

  /// Java treats no type as tags.
  var isByTag: Bool { expressionType.isEmpty || expressionType == "TAG" }

  var filter: TagFilter { classFilterMode || expression == "*" ? .all : TagFilter(hashes: hashes) }

  /// From the fields of a pull. nil when the expression holds no tag at all. Java: `FilterAPI.build`.
  init?(topic: String, expression: String?, expressionType: String?) {
    self.topic = topic
    self.expressionType = expressionType ?? "TAG"
    let expression = expression ?? ""
    self.expression = expression.isEmpty ? "*" : expression
    tags = []
    hashes = []
    version = 0
    if isByTag, self.expression != "*" {
      let parts = self.expression.split(separator: "||").map { $0.trimmed }.filter { !$0.isEmpty }
      if parts.isEmpty { return nil }
      for tag in parts where !tags.contains(tag) { tags.append(tag) }
      hashes = tags.map(Core.tagHash)
    }
  }

  /// From a heartbeat or a check; nil when it names no topic.
  init?(json: JSONValue) {
    guard let topic = json["topic"]?.text else { return nil }
    self.topic = topic
    expressionType = json["expressionType"]?.text ?? "TAG"
    expression = json["subString"]?.text ?? "*"
    tags = json["tagsSet"]?.elements.compactMap(\.text) ?? []
    hashes = json["codeSet"]?.elements.compactMap(\.int32) ?? []
    version = json["subVersion"]?.int64 ?? 0
    classFilterMode = json["classFilterMode"]?.bool ?? false
  }

  var json: JSONValue {
    [
      "classFilterMode": .bool(classFilterMode), "codeSet": .array(hashes.map { .int($0) }), "expressionType": .string(expressionType),
      "subString": .string(expression), "subVersion": .int(version), "tagsSet": .array(tags.map { .string($0) }), "topic": .string(topic),
    ]
  }
}

extension Substring {
  /// Without white space at either end.
  fileprivate var trimmed: String {
    var rest = self[...]
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}

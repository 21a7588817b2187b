// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

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
  /// The SQL condition, once compiled, and the version of the subscription that brought it. Java: `ConsumerFilterData`.
  private(set) var condition: (filter: SQLFilter, version: Int64)?

  /// Java treats no type as tags.
  var isByTag: Bool { expressionType.isEmpty || expressionType == "TAG" }

  /// Java also knows plugged-in types; nobody can plug in anything here.
  var isSQL: Bool { expressionType == "SQL92" }

  var tagFilter: TagFilter { classFilterMode || !isByTag || expression == "*" ? .all : TagFilter(hashes: hashes) }

  /// Compiles the condition when it takes the place of `known`; one that cannot be compiled leaves none. Java:
  /// `ConsumerFilterManager.register`, which passes over an empty one.
  mutating func compile(replacing known: Subscription?) {
    if expression.isEmpty {
      condition = known?.condition
    } else if isSQL {
      condition = (try? SQLFilter(expression)).map { ($0, version) }
    }
  }

  /// From the fields of a pull. nil when the expression holds no tag at all, or is an empty condition. Java: `FilterAPI.build`.
  init?(topic: String, expression: String?, expressionType: String?) {
    self.topic = topic
    self.expressionType = expressionType ?? "TAG"
    let expression = expression ?? ""
    self.expression = expression.isEmpty ? "*" : expression
    tags = []
    hashes = []
    version = 0
    if !isByTag, expression.isEmpty { return nil }
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

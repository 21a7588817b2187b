// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// How far each consumer group has come in each queue. Java: `ConsumerOffsetManager`.
struct OffsetTable {
  private struct Key: Hashable {
    var topic: String
    var group: String
  }

  private var offsets: [Key: [Int32: Int64]] = [:]
  /// What an administrator has set, and no pull has been told yet. Java: `resetOffsetTable`.
  private var resets: [Key: [Int32: Int64]] = [:]
  /// Set by every change, for whoever keeps the table.
  var isChanged = false

  /// nil when the group never committed one.
  func offset(group: String, topic: String, queueID: Int32) -> Int64? {
    offsets[Key(topic: topic, group: group)]?[queueID]
  }

  /// Also backwards: a broker takes what it is told.
  mutating func commit(_ offset: Int64, group: String, topic: String, queueID: Int32) {
    offsets[Key(topic: topic, group: group), default: [:]][queueID] = offset
    isChanged = true
  }

  /// The same for an administrator, whose word counts until a pull has been told of it.
  mutating func reset(_ offset: Int64, group: String, topic: String, queueID: Int32) {
    resets[Key(topic: topic, group: group), default: [:]][queueID] = offset
    commit(offset, group: group, topic: topic, queueID: queueID)
  }

  func isReset(group: String, topic: String, queueID: Int32) -> Bool {
    resets[Key(topic: topic, group: group)]?[queueID] != nil
  }

  /// For the pull that is told; nil when there is nothing to tell.
  mutating func takeReset(group: String, topic: String, queueID: Int32) -> Int64? {
    let key = Key(topic: topic, group: group)
    guard let offset = resets[key]?.removeValue(forKey: queueID) else { return nil }
    if resets[key]?.isEmpty == true { resets[key] = nil }
    return offset
  }

  /// The topics the group has offsets of. Java: `whichTopicByConsumer`.
  func topics(ofGroup group: String) -> [String] {
    offsets.keys.filter { $0.group == group }.map(\.topic).sorted()
  }

  mutating func remove(group: String) {
    for key in offsets.keys where key.group == group {
      offsets[key] = nil
      isChanged = true
    }
  }

  /// `{"offsetTable":{"T@CG":{0:3}}}`
  var json: JSONValue {
    let table = offsets.sorted { ($0.key.topic, $0.key.group) < ($1.key.topic, $1.key.group) }.map { key, queues in
      JSONValue.Member(
        .string("\(key.topic)@\(key.group)"), .object(queues.sorted { $0.key < $1.key }.map { .init(.int($0.key), .int($0.value)) }))
    }
    return ["offsetTable": .object(table)]
  }

  /// Takes over what ``json`` gave.
  mutating func restore(_ json: JSONValue) {
    for member in json["offsetTable"]?.members ?? [] {
      guard let name = member.key.text, let at = name.firstIndex(of: "@") else { continue }
      let key = Key(topic: String(name[..<at]), group: String(name[name.index(after: at)...]))
      for queue in member.value.members {
        if let id = queue.key.int32, let offset = queue.value.int64 { offsets[key, default: [:]][id] = offset }
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Offsets by queue, in the two forms in which bodies hold them. Java: `ResetOffsetBody`, `ResetOffsetBodyForC`, `GetConsumerStatusBody`.
package enum QueueOffsetsBody {
  /// Reads either form: an object with queues as keys (as objects, or as the text of objects), or the list that C clients are given.
  /// What is no queue with an offset of 0 or more is left out; nil when there is no such table at all.
  package static func read(_ table: JSONValue?) -> [MessageQueue: Int64]? {
    switch table {
    case .object(let members): offsets(members.map { (queue(key: $0.key), $0.value.int64) })
    case .array(let elements): offsets(elements.map { (MessageQueue(json: $0), $0["offset"]?.int64) })
    default: nil
    }
  }

  private static func offsets(_ pairs: [(queue: MessageQueue?, offset: Int64?)]) -> [MessageQueue: Int64] {
    var offsets: [MessageQueue: Int64] = [:]
    for case (let queue?, let offset?) in pairs where offset >= 0 { offsets[queue] = offset }
    return offsets
  }

  /// A queue as the key of an object.
  package static func queue(key: JSONValue) -> MessageQueue? {
    if case .string(let text) = key { return (try? JSONValue(parsing: Array(text.utf8))).flatMap(MessageQueue.init(json:)) }
    return MessageQueue(json: key)
  }

  /// With queues as keys; written with `bytes(asFastjson: true)`.
  package static func table(_ offsets: [MessageQueue: Int64]) -> JSONValue {
    .object(offsets.sorted { $0.key < $1.key }.map { .init($0.key.json, .int($0.value)) })
  }

  /// For C clients.
  package static func list(_ offsets: [MessageQueue: Int64]) -> JSONValue {
    .array(
      offsets.sorted { $0.key < $1.key }.map { queue, offset in
        ["brokerName": .string(queue.brokerName), "offset": .int(offset), "queueId": .int(queue.queueID), "topic": .string(queue.topic)]
      })
  }
}

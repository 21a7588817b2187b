// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The text of an offset file, to the byte as Java's client writes it (fastjson, pretty), so that either can go on where the other was.
/// Java: `OffsetSerializeWrapper`.
///
/// It is no standard JSON: the keys of `offsetTable` are objects.
enum OffsetFileFormat {
  /// Sorted, so that two writes of the same offsets are the same bytes; Java has no order.
  static func bytes(_ offsets: [MessageQueue: Int64]) -> [UInt8] {
    func quoted(_ text: String) -> String { JSONValue.string(text).string() }
    let entries = offsets.sorted { $0.key < $1.key }.map { queue, offset in
      """
      {
      \t\t\t"brokerName":\(quoted(queue.brokerName)),
      \t\t\t"queueId":\(queue.queueID),
      \t\t\t"topic":\(quoted(queue.topic))
      \t\t}:\(offset)
      """
    }
    let table = entries.isEmpty ? "{}" : "{\(entries.joined(separator: ","))\n\t}"
    return Array("{\n\t\"offsetTable\":\(table)\n}".utf8)
  }

  /// Takes whatever a Java client has written: keys that are objects, also as quoted text, numbers as text, members it does not know.
  /// Negative offsets stand for none.
  ///
  /// Throws `malformedData`: an offset that is left out because it could not be read would be messages lost or consumed again.
  static func offsets(_ bytes: [UInt8]) throws(RocketMQError) -> [MessageQueue: Int64] {
    let json = try JSONValue(parsing: bytes)
    guard case .object(let entries)? = json["offsetTable"] else {
      throw RocketMQError(.malformedData, "there is no \"offsetTable\" in it")
    }
    var offsets: [MessageQueue: Int64] = [:]
    for (index, entry) in entries.enumerated() {
      guard let queue = try queue(entry.key) else {
        throw RocketMQError(.malformedData, "entry \(index + 1) of its offsetTable does not name a topic, a broker and a queue")
      }
      guard let offset = entry.value.int64 else {
        throw RocketMQError(.malformedData, "entry \(index + 1) of its offsetTable, \(queue), has no number")
      }
      if offset >= 0 { offsets[queue] = offset }
    }
    return offsets
  }

  private static func queue(_ key: JSONValue) throws(RocketMQError) -> MessageQueue? {
    var key = key
    if case .string(let text) = key { key = try JSONValue(parsing: Array(text.utf8)) }
    guard let topic = key["topic"]?.text, let broker = key["brokerName"]?.text, let id = key["queueId"]?.int32 else { return nil }
    return MessageQueue(topic: topic, brokerName: broker, queueID: id)
  }
}

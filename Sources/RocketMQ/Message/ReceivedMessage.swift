// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// A message from a broker. Java: `MessageExt`.
///
/// A cheap value over memory that it shares with its neighbours from the same pull: body and properties are read where they arrived.
/// Keeping one message keeps all bytes of its pull; copy bodyBytes when you keep few of many for long.
public struct ReceivedMessage: Sendable {
  package let box: MessageBox
  let origin: MessageOrigin

  package init(_ box: MessageBox, from origin: MessageOrigin) {
    self.box = box
    self.origin = origin
  }

  /// The topic it was sent to, also when it comes again from the group's retry topic.
  public var topic: String {
    origin.restoresTopic ? box.property(PropertyName.retryTopic) ?? origin.queue.topic : origin.queue.topic
  }

  /// The queue it was pulled from; its topic is the group's retry topic (`%RETRY%group`) when the message comes again.
  public var queue: MessageQueue { origin.queue }
  public var brokerName: String { origin.queue.brokerName }
  public var queueID: Int32 { origin.queue.queueID }
  /// Its place in the queue.
  public var queueOffset: Int64 { box.queueOffset }
  /// Its place in the broker's log. Java: `physicalOffset`.
  public var commitLogOffset: Int64 { box.commitLogOffset }

  /// The id its producer gave it, the same over all retries; the broker's id when the producer gave none. Java: `msgId`.
  public var messageID: String { box.property(PropertyName.uniqueKey) ?? box.offsetMessageID }
  /// The id the broker gave this copy. Java: `offsetMsgId`.
  public var offsetMessageID: String { box.offsetMessageID }

  public var tags: String? { box.property(PropertyName.tags) }
  public var keys: [String] {
    box.property(PropertyName.keys).map { $0.split(separator: " ").map(String.init) } ?? []
  }
  /// Yours, from the sender.
  public var flag: Int32 { box.flag }
  /// How often it has failed in this group; 0 the first time.
  public var reconsumeTimes: Int { Int(box.reconsumeTimes) + origin.failuresHere }
  /// When it was sent, by the producer's clock.
  public var bornAt: Timestamp { Timestamp(millisecondsSince1970: box.bornAt) }
  /// When it was stored, by the broker's clock.
  public var storedAt: Timestamp { Timestamp(millisecondsSince1970: box.storedAt) }
  /// "ip:port" of the producer, as the broker saw it.
  public var bornHost: String { box.bornHost }
  /// "ip:port" of the broker.
  public var storeHost: String { box.storeHost }
  /// Java: `MessageSysFlag`.
  public var sysFlag: Int32 { box.sysFlag }
  /// The bytes of the whole record as it was stored.
  public var storedBytes: Int { box.size }
}

/// What all messages of one pulled queue have in common; made once a queue.
package final class MessageOrigin: Sendable {
  package let queue: MessageQueue
  /// Of the consumer that pulls.
  package let group: String
  /// The queue belongs to the group's own retry topic.
  package let restoresTopic: Bool

  /// How often they have failed since they were pulled.
  package let failuresHere: Int

  package init(queue: MessageQueue, group: String, failuresHere: Int = 0) {
    self.queue = queue
    self.group = group
    self.failuresHere = failuresHere
    restoresTopic = queue.topic == TopicName.retry(ofGroup: group)
  }
}

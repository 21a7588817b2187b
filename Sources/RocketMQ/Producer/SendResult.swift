// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a broker answered to a message. Java: `SendResult`.
public struct SendResult: Sendable, Hashable {
  /// How safely the message is stored. Java: `SendStatus`.
  public enum Status: Sendable, Hashable {
    /// As safely as the broker is set to.
    case stored
    /// In memory, but the disk did not confirm in time. Java: `FLUSH_DISK_TIMEOUT`.
    case flushDiskTimeout
    /// On the master, but the replica did not confirm in time. Java: `FLUSH_SLAVE_TIMEOUT`.
    case flushReplicaTimeout
    /// On the master, which has no replica at the moment. Java: `SLAVE_NOT_AVAILABLE`.
    case replicaNotAvailable
  }

  public var status: Status
  /// The ids that the producer gave, one for each message. Java: `msgId`.
  public var messageIDs: [String]
  /// The ids that the broker gave, one for each message. Java: `offsetMsgId`.
  public var offsetMessageIDs: [String]
  /// Where the message is.
  public var queue: MessageQueue
  /// Its place there; of a batch, the first one's.
  public var queueOffset: Int64
  /// Of the broker's transaction, when it has one.
  public var transactionID: String?
  /// Of the broker. Java: `MSG_REGION`.
  public var regionID: String?

  /// Of the first message.
  public var messageID: String { messageIDs.first ?? "" }
  /// Of the first message.
  public var offsetMessageID: String { offsetMessageIDs.first ?? "" }
}

extension SendResult {
  /// Throws `brokerError` for codes that are no success, `malformedData` for an answer without its fields.
  init(_ reply: Reply, to queue: MessageQueue, messageIDs: [String]) throws(RocketMQError) {
    switch reply.code {
    case .success: status = .stored
    case .flushDiskTimeout: status = .flushDiskTimeout
    case .flushSlaveTimeout: status = .flushReplicaTimeout
    case .slaveNotAvailable: status = .replicaNotAvailable
    default: throw reply.error("sending to \(queue)")
    }
    let queueID = try reply.int64(.queueID)
    self.messageIDs = messageIDs
    let ids = reply.string(.msgID) ?? ""
    offsetMessageIDs = messageIDs.count == 1 ? [ids] : ids.split(separator: ",").map(String.init)
    self.queue = MessageQueue(topic: queue.topic, brokerName: queue.brokerName, queueID: Int32(truncatingIfNeeded: queueID))
    queueOffset = try reply.int64(.queueOffset)
    transactionID = reply.string(.transactionID)
    regionID = reply.string(.msgRegion)
  }
}

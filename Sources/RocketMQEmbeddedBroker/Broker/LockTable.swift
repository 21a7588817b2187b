// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// A queue of this broker as clients name it. Java: `MessageQueue`.
struct QueueName: Hashable {
  var topic: String
  var brokerName: String
  var queueID: Int32

  init(topic: String, brokerName: String, queueID: Int32) {
    self.topic = topic
    self.brokerName = brokerName
    self.queueID = queueID
  }

  init?(json: JSONValue) {
    guard let topic = json["topic"]?.text, let id = json["queueId"]?.int32 else { return nil }
    self.init(topic: topic, brokerName: json["brokerName"]?.text ?? "", queueID: id)
  }

  var json: JSONValue { ["brokerName": .string(brokerName), "queueId": .int(queueID), "topic": .string(topic)] }
}

/// Which client of a group may consume a queue in order. Java: `RebalanceLockManager`.
struct LockTable {
  /// Milliseconds for which a lock holds when it is not renewed. Java: `rocketmq.broker.rebalance.lockMaxLiveTime`.
  static let lifetime: Int64 = 60_000

  private struct Lock {
    var clientID: String
    var renewedAt: Int64
  }

  private var locks: [String: [QueueName: Lock]] = [:]

  /// Those of `queues` that the client now holds.
  mutating func lock(_ queues: [QueueName], group: String, clientID: String, now: Int64) -> [QueueName] {
    queues.filter { queue in
      if let lock = locks[group]?[queue], lock.clientID != clientID, now - lock.renewedAt <= LockTable.lifetime { return false }
      locks[group, default: [:]][queue] = Lock(clientID: clientID, renewedAt: now)
      return true
    }
  }

  /// Locks of other clients stay.
  mutating func unlock(_ queues: [QueueName], group: String, clientID: String) {
    for queue in queues where locks[group]?[queue]?.clientID == clientID { locks[group]?[queue] = nil }
  }
}

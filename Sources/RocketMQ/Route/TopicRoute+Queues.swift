// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

extension TopicRoute {
  /// The queues a producer may write to, in the order in which it takes turns. Java: `topicRouteData2TopicPublishInfo`.
  public func writableQueues(of topic: String) -> [MessageQueue] {
    if let order = orderConfiguration, !order.isEmpty { return Self.orderedQueues(of: topic, order) }
    let masters = Set(brokers.lazy.filter { $0.addresses[0] != nil }.map(\.name))
    return queues.flatMap { group -> [MessageQueue] in
      guard group.permission.contains(.write), masters.contains(group.brokerName) else { return [] }
      return Self.list(topic, group.brokerName, group.writeQueues)
    }
  }

  /// The queues a consumer may read from, sorted. Java: `topicRouteData2TopicSubscribeInfo`.
  public func readableQueues(of topic: String) -> [MessageQueue] {
    queues.flatMap { group in
      group.permission.contains(.read) ? Self.list(topic, group.brokerName, group.readQueues) : []
    }
  }

  private static func list(_ topic: String, _ broker: String, _ count: Int32) -> [MessageQueue] {
    (0..<max(0, count)).map { MessageQueue(topic: topic, brokerName: broker, queueID: $0) }
  }

  /// Java takes this text as it is: neither permissions nor masters are looked at. Entries that are no "name:count" are passed over.
  private static func orderedQueues(of topic: String, _ text: String) -> [MessageQueue] {
    text.split(separator: ";").flatMap { entry -> [MessageQueue] in
      let parts = entry.split(separator: ":")
      guard parts.count == 2, let count = Int32(parts[1]), count <= maxQueues else { return [] }
      return list(topic, String(parts[0]), count)
    }
  }

  /// More queues of one topic on one broker than this are no route but damage: it would only fill memory.
  static let maxQueues: Int32 = 65_536
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// One queue of a topic on one broker. Java: `MessageQueue`.
///
/// Ordered as in Java: by topic, then broker name, then queue id; rebalance depends on it.
public struct MessageQueue: Hashable, Sendable {
  public var topic: String
  public var brokerName: String
  /// From 0.
  public var queueID: Int32

  public init(topic: String, brokerName: String, queueID: Int32) {
    self.topic = topic
    self.brokerName = brokerName
    self.queueID = queueID
  }
}

extension MessageQueue: Comparable {
  public static func < (a: MessageQueue, b: MessageQueue) -> Bool {
    if a.topic != b.topic { return javaOrder(a.topic, b.topic) }
    if a.brokerName != b.brokerName { return javaOrder(a.brokerName, b.brokerName) }
    return a.queueID < b.queueID
  }
}

extension MessageQueue: CustomStringConvertible {
  /// "orders@broker-a:3".
  public var description: String { "\(topic)@\(brokerName):\(queueID)" }
}

/// Java's `String.compareTo`: by UTF-16 code units. Swift's own order is another one outside ASCII.
package func javaOrder(_ a: String, _ b: String) -> Bool {
  a.utf16.lexicographicallyPrecedes(b.utf16)
}

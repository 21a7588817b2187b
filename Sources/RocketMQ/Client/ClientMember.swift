// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// A consumer as its client sees it: what goes into heartbeats, and what the client tells it.
///
/// Java: `MQConsumerInner`. All functions may be called on any thread, also the loop's, and must not block.
package protocol ConsumerMember: AnyObject, Sendable {
  /// With namespace and all, as brokers know it.
  var group: String { get }

  /// What the next heartbeat says of this consumer. Java: `ConsumerData`.
  func heartbeat() -> ConsumerHeartbeat

  /// The group's members may have changed: a broker said so (code 40), or a connection to one was made anew.
  func membersChanged()

  /// The route of a topic it subscribes to has changed.
  func routeChanged(topic: String)

  /// A connection to a server has been made.
  func connected(to address: String)

  /// No connection could be made to a server.
  func unreachable(_ address: String)

  /// A connection to a server is gone.
  func disconnected(from address: String)

  /// A broker asks this consumer something (220, 221, 307, 309). False: not handled.
  func request(_ request: borrowing InboundRequest) -> Bool
}

/// One consumer group in a heartbeat. Java: `ConsumerData`.
package struct ConsumerHeartbeat: Sendable {
  package var group: String
  /// "CONSUME_PASSIVELY" (push) or "CONSUME_ACTIVELY" (pull).
  package var consumeType: String
  /// "CLUSTERING" or "BROADCASTING".
  package var messageModel: String
  /// "CONSUME_FROM_LAST_OFFSET", ...
  package var consumeFromWhere: String
  package var subscriptions: [SubscriptionData]

  package init(
    group: String, consumeType: String, messageModel: String, consumeFromWhere: String, subscriptions: [SubscriptionData]
  ) {
    self.group = group
    self.consumeType = consumeType
    self.messageModel = messageModel
    self.consumeFromWhere = consumeFromWhere
    self.subscriptions = subscriptions
  }
}

/// One topic a consumer subscribes to, in the form brokers know. Java: `SubscriptionData`.
package struct SubscriptionData: Sendable, Hashable {
  package var topic: String
  /// "TAG" or "SQL92".
  package var expressionType: String
  /// "*", "TagA || TagB", or the SQL expression. Java: `subString`.
  package var expression: String
  /// Empty for "*" and SQL92.
  package var tags: [String]
  /// Milliseconds since 1970; raised whenever the subscription or the allocation changes. Java: `subVersion`.
  package var version: Int64

  package init(topic: String, expressionType: String, expression: String, tags: [String], version: Int64) {
    self.topic = topic
    self.expressionType = expressionType
    self.expression = expression
    self.tags = tags
    self.version = version
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a consumer tells its application beside messages: for logs, metrics and alarms. Nothing has to be done about any of them.
public enum ConsumerEvent: Sendable {
  /// Queues of a topic have come or gone. Java: `MessageQueueListener`.
  case rebalanced(RebalanceEvent)
  /// Nobody has pulled a queue for longer than two time-outs of a pull, though it should have been. It is taken anew, so nothing is lost;
  /// but it should never happen, and is worth a report.
  case queueStuck(MessageQueue, sinceLastPull: Duration)
  /// The lock of a queue is not what it was; only when consuming in order, or exclusively.
  case lock(QueueLockEvent)
  /// A queue goes on at another offset: messages are passed over, or come again. Two ``rebalanced(_:)`` come with it, because the queue is
  /// given up and taken again.
  case offsetReset(OffsetReset)
  /// Other members of the group subscribe to something else. Brokers know one subscription a group and topic, that of the last member that
  /// spoke: so messages are lost to filters, or go to members that do not want them. Told once for each difference, until it is over.
  case subscriptionsDiffer(SubscriptionDifference)
}

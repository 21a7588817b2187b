// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a consumer tells its application beside messages: for logs, metrics and alarms. Nothing has to be done about any of them.
public enum ConsumerEvent: Sendable {
  /// Queues of a topic have come or gone. Java: `MessageQueueListener`.
  case rebalanced(RebalanceEvent)
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The queues of one topic that a consumer has been given, or has given up. Java: `MessageQueueListener`.
public struct RebalanceEvent: Sendable {
  /// The topic whose queues came or went.
  public var topic: String
  /// Consumed from now on; sorted.
  public var assigned: [MessageQueue]
  /// No longer consumed, their offsets committed; sorted.
  public var revoked: [MessageQueue]
  /// All of the topic that this consumer has now; sorted.
  public var owned: [MessageQueue]
  /// Client ids of the whole group at that time, sorted; empty when the topic is no longer subscribed to. Among them are members that a
  /// broker does not know again yet (``PushConsumerConfiguration/absentMemberGrace``).
  public var members: [String]
}

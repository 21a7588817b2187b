// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a listener is told beside its messages. Java: `ConsumeConcurrentlyContext`.
public struct ConsumeContext: Sendable {
  let queue: OwnedQueue

  /// The queue all messages of this call were pulled from.
  public var messageQueue: MessageQueue { queue.messageQueue }
  /// The consumer group.
  public var group: String { queue.group }
  /// The queue is not this consumer's any more: whatever the listener returns, its messages will come again elsewhere. A long-running
  /// listener may look at it and give up early.
  public var isRevoked: Bool { queue.window.isDropped }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a listener is told beside its messages. Java: `ConsumeConcurrentlyContext`.
public struct ConsumeContext: Sendable {
  private let origin: MessageOrigin
  /// nil: the message was handed in by request, and belongs to no queue that is held.
  private let window: ProcessQueue?

  init(queue: OwnedQueue) {
    origin = queue.origin
    window = queue.window
  }

  /// For a message that an administrator wants consumed.
  init(directly origin: MessageOrigin) {
    self.origin = origin
    window = nil
  }

  /// The queue all messages of this call were pulled from.
  public var messageQueue: MessageQueue { origin.queue }
  /// The consumer group.
  public var group: String { origin.group }
  /// The queue is not this consumer's any more: whatever the listener returns, its messages will come again elsewhere. A long-running
  /// listener may look at it and give up early.
  public var isRevoked: Bool { window?.isDropped ?? false }
}

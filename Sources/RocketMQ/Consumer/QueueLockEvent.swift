// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Something has happened to the lock of a queue that is consumed in order, or exclusively.
public struct QueueLockEvent: Sendable {
  /// Which queue.
  public var queue: MessageQueue
  /// What happened.
  public var change: Change

  /// What can happen to a lock.
  public enum Change: Sendable, Hashable {
    /// It was not renewed for 30 s, or the connection to its broker was lost. Consuming waits until the broker confirms it.
    case inDoubt
    /// It was in doubt; consuming goes on where it was.
    case confirmed
    /// Another member has it, or has had it. The queue is released, and taken again when the lock is free and the queue still falls to this
    /// member.
    case lost
    /// The queue goes to another member, but a listener has not returned within ``PushConsumerConfiguration/releaseDeadline``. The lock is
    /// kept until it does.
    case kept
  }
}

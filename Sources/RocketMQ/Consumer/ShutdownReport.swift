// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// How a consumer has ended.
public struct ShutdownReport: Sendable {
  /// What could not be done for one queue.
  public struct Queue: Sendable {
    /// Which one.
    public var queue: MessageQueue
    /// Messages that were still being consumed, or sent back, at the deadline; they will be delivered again.
    public var unfinished: Int
    /// The offset the group goes on from.
    public var offset: Int64
    /// False: that offset could not be committed, so more may be delivered again.
    public var isCommitted: Bool
    /// False: the queue's lock could not be given back, because a listener has not returned or the broker could not be reached. Nobody gets
    /// the queue until the broker lets the lock expire, after a minute. Always true for queues without a lock.
    public var isUnlocked: Bool
  }

  /// Queues with something left over, sorted; empty when all went well.
  public var leftOver: [Queue] = []

  /// Over all queues.
  public var unfinished: Int { leftOver.reduce(0) { $0 + $1.unfinished } }
  /// Nothing was left, every offset is committed, and every lock is given back.
  public var isClean: Bool { leftOver.isEmpty }
}

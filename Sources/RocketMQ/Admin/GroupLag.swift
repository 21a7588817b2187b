// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// How far a group is behind, queue by queue. Java: `ConsumeStats`.
public struct GroupLag: Sendable, Hashable {
  /// Sorted.
  public var queues: [Queue]

  /// One queue.
  public struct Queue: Sendable, Hashable {
    /// Which one.
    public var queue: MessageQueue
    /// What the group has committed, 0 also when that is nothing; members commit every few seconds, and when they leave.
    public var committed: Int64
    /// Where the next message will be.
    public var end: Int64
    /// When the last message before ``committed`` was stored; nil when there is none, or none any more.
    public var consumedUpTo: Timestamp?
    /// Client id of the member that has it; nil: none has, or the one that has did not answer.
    public var member: String?

    /// Messages not yet consumed; those that a filter keeps out count, too.
    public var lag: Int64 { max(0, end - committed) }
  }

  /// Over all queues.
  public var total: Int64 { queues.reduce(0) { $0 + $1.lag } }
}

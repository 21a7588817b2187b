// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a consumer has done and what it holds, at one moment.
public struct ConsumerStatistics: Sendable {
  /// Messages the listener has finished since the start.
  public var consumed: Int
  /// Messages the listener has failed since the start.
  public var failed: Int
  /// Of those, messages that are safe at a broker again.
  public var sentBack: Int
  /// Of those, messages of a broadcasting group that were given up.
  public var passedOver: Int
  /// Sorted.
  public var queues: [Queue]

  /// One queue that the consumer has now.
  public struct Queue: Sendable {
    /// Which one.
    public var queue: MessageQueue
    /// Pulled and not finished.
    public var cachedMessages: Int
    /// Of those, not yet given to the listener.
    public var waitingMessages: Int
    /// Their body bytes.
    public var cachedBytes: Int
    /// Of the first unfinished message: what is committed next.
    public var commitOffset: Int64
    /// Of the newest of them; nil when there is none.
    public var lastCachedOffset: Int64?
    /// Where the next pull begins.
    public var pullOffset: Int64
    /// The broker has it locked for this consumer, as far as is known; only when consuming in order, or exclusively.
    public var isLocked: Bool
    /// Messages from ``commitOffset`` to the queue's end, as the broker said with its last answer; those that the filter keeps out count,
    /// too. nil before the first answer.
    public var lag: Int64?
    /// Since the last pull was sent; nil before the first.
    public var sinceLastPull: Duration?
    /// Since a listener was last through with messages of this queue; nil before the first. A queue that has waiting messages, but has not
    /// been consumed for long, is stuck.
    public var sinceLastConsumed: Duration?
  }
}

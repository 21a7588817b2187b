// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a reset does, or has done. Java: `ResetOffsetBody`.
public struct GroupReset: Sendable, Hashable {
  /// One a queue; sorted.
  public var changes: [Change]
  /// Members that the brokers told; with none the offsets were stored directly.
  public var toldMembers: Int

  /// One queue.
  public struct Change: Sendable, Hashable {
    /// Which one.
    public var queue: MessageQueue
    /// What was stored; nil: nothing.
    public var from: Int64?
    /// What is consumed next.
    public var to: Int64

    /// Messages that come again (above 0), or are passed over (below 0).
    public var again: Int64 { (from ?? to) - to }
  }
}

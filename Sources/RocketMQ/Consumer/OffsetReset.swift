// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// A queue goes on elsewhere, because an administrator wanted it so. Java: `resetOffset`.
public struct OffsetReset: Sendable, Hashable {
  /// Which queue.
  public var queue: MessageQueue
  /// What would have been committed next.
  public var from: Int64
  /// What is stored now, and consumed next; before or behind ``from``.
  public var to: Int64
}

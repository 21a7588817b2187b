// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// A topic that members of one group subscribe to differently.
public struct SubscriptionDifference: Sendable, Hashable {
  /// Which topic.
  public var topic: String
  /// What this consumer wants of it: "*", "a || b", or an SQL expression; nil: it does not subscribe to the topic.
  public var mine: String?
  /// What the others want of it; nil: they do not subscribe to it.
  public var theirs: String?
  /// Their client ids, sorted. Empty when only a broker says so, because a member could not be asked.
  public var members: [String]
}

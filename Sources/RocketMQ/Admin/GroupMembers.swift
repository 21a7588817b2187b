// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Who consumes in a group. Java: `ConsumerConnection` with each member's `ConsumerRunningInfo`.
public struct GroupMembers: Sendable, Hashable {
  /// Sorted by client id.
  public var members: [Member]
  /// nil when the broker names one that this library does not know.
  public var messageModel: MessageModel?

  /// One client of the group.
  public struct Member: Sendable, Hashable {
    /// Java: `clientId`.
    public var clientID: String
    /// "ip:port", as a broker sees it.
    public var address: String
    /// As it says of itself: "JAVA", "GO", "OTHER" ...
    public var language: String
    /// What it wants of each topic ("*", "a || b", or an SQL expression), the group's retry topic left out; nil when it did not answer.
    public var subscriptions: [String: String]?
    /// What it consumes now, sorted; nil when it did not answer.
    public var queues: [MessageQueue]?
  }

  /// False: members subscribe to different things, so messages are lost to filters or go to the wrong ones. Those who did not answer do not
  /// count.
  public var agree: Bool { Set(members.compactMap(\.subscriptions)).count <= 1 }
}

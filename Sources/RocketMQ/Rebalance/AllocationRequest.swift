// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a share is computed from. Java: the arguments of `AllocateMessageQueueStrategy.allocate`.
public struct AllocationRequest: Sendable {
  /// All queues of the topic, sorted by topic, broker name and id; never empty.
  public var queues: [MessageQueue]
  /// The client ids of the whole group, sorted by UTF-16 code units. A member that is connected twice is in it twice.
  public var members: [String]
  /// The client id whose share is asked for.
  public var member: String
  /// The consumer group.
  public var group: String
  /// Which member has which queue now, as far as this one knows. May name members that have left, and lag behind by a moment. Empty unless
  /// the strategy ``AllocationStrategy/wantsOwners``.
  public var owners: [MessageQueue: String]

  /// For calling a strategy by hand. Sort `queues` and `members` as above: strategies rely on it.
  public init(queues: [MessageQueue], members: [String], member: String, group: String, owners: [MessageQueue: String] = [:]) {
    self.queues = queues
    self.members = members
    self.member = member
    self.group = group
    self.owners = owners
  }

  /// The member's place in the group; nil for a stranger. Java: `cidAll.indexOf`.
  var index: Int? { members.firstIndex(of: member) }
}

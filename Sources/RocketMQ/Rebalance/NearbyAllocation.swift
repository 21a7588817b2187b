// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Lets members consume from brokers in their own machine room; the queues of a room without members are shared by all.
///
/// Java: `AllocateMachineRoomNearby` ("MACHINE_ROOM_NEARBY-...").
public struct NearbyAllocation: AllocationStrategy {
  private let inner: any AllocationStrategy
  private let roomOfQueue: @Sendable (MessageQueue) -> String
  private let roomOfMember: @Sendable (String) -> String

  /// - Parameters:
  ///   - inner: Shares the queues of a room out.
  ///   - roomOfQueue: The room of a queue, by its broker's name. Java: `MachineRoomResolver.brokerDeployIn`.
  ///   - roomOfMember: The room of a member, by its client id. Java: `MachineRoomResolver.consumerDeployIn`.
  public init(
    _ inner: any AllocationStrategy = AverageAllocation(), roomOfQueue: @escaping @Sendable (MessageQueue) -> String,
    roomOfMember: @escaping @Sendable (_ clientID: String) -> String
  ) {
    self.inner = inner
    self.roomOfQueue = roomOfQueue
    self.roomOfMember = roomOfMember
  }

  /// "MACHINE_ROOM_NEARBY-" and the name of the inner strategy.
  public var name: String { "MACHINE_ROOM_NEARBY-\(inner.name)" }

  /// As the inner strategy does.
  public var wantsOwners: Bool { inner.wantsOwners }

  /// First its share of its own room, then that of the rooms without members, in the order of their names. A stranger gets nothing.
  ///
  /// - Throws: `invalidArgument` for a queue or a member whose room is ""; what the inner strategy throws.
  public func allocate(_ request: AllocationRequest) throws -> [MessageQueue] {
    guard request.index != nil else { return [] }
    let queues = try grouped(request.queues, "queue", by: roomOfQueue)
    let members = try grouped(request.members, "member", by: roomOfMember)
    let home = roomOfMember(request.member)
    let foreign = queues.keys.filter { $0 != home && members[$0] == nil }.sorted(by: javaOrder)
    var mine: [MessageQueue] = []
    for room in [home] + foreign {
      guard let near = queues[room] else { continue }
      var part = request
      part.queues = near
      if room == home, let neighbours = members[home] { part.members = neighbours }
      mine += try inner.allocate(part)
    }
    return mine
  }

  private func grouped<Item>(_ items: [Item], _ kind: String, by room: (Item) -> String) throws(RocketMQError) -> [String: [Item]] {
    let groups = Dictionary(grouping: items, by: room)
    if let item = groups[""]?.first { throw RocketMQError(.invalidArgument, "the \(kind) \(item) is in no machine room") }
    return groups
  }
}

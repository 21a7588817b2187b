// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

// Where a group goes on. Java: `resetOffsetByTimestamp`, `resetOffsetByTimestampOld`.
extension Admin {
  /// What ``resetOffsets(of:topic:to:)`` would do; changes nothing.
  ///
  /// - Throws: as that.
  public func plannedReset(of group: String, topic: String, to target: OffsetTarget) async throws(RocketMQError) -> GroupReset {
    let plan = try await plan(group, topic, target)
    return GroupReset(changes: plan.changes, toldMembers: plan.toldMembers)
  }

  /// Has a group go on elsewhere in all queues of a topic: messages come again, or are passed over. While it has members, the brokers tell
  /// them, and they obey; this library's within a second, Java's after ten. Without members the offsets are stored directly.
  ///
  /// - Returns: What was changed; the members may still be at it.
  /// - Throws: `topicNotFound`; `invalidArgument` for an offset while there are members; `brokerNotFound` for a broker without a master;
  ///   `brokerError` when a broker refuses, for instance because the group has not committed anything there yet. When only some brokers
  ///   fail, the message says which have done it.
  @discardableResult
  public func resetOffsets(of group: String, topic: String, to target: OffsetTarget) async throws(RocketMQError) -> GroupReset {
    let plan = try await plan(group, topic, target)
    if case .offset = target, plan.toldMembers > 0 {
      let members = plan.toldMembers == 1 ? "1 member" : "\(plan.toldMembers) members"
      throw RocketMQError(
        .invalidArgument,
        """
        \(group) has \(members), and those cannot be told an offset, only a time: stop them first, or reset to the first or last message \
        or to a time
        """)
    }
    let results = await onEach(plan.brokers.map { ($0, address: $0.address) }) { (broker, _) async throws(RocketMQError) in
      try await reset(group, topic, target, on: broker)
    }
    var (changes, done, failure): ([GroupReset.Change], [String], RocketMQError?) = ([], [], nil)
    for (broker, result) in results {
      switch result {
      case .success(let some):
        changes += some
        done.append(broker.name)
      case .failure(let error): failure = error
      }
    }
    if var failure {
      if !done.isEmpty { failure.message += "; the offsets at \(done.sorted().joined(separator: ", ")) have been reset" }
      throw failure
    }
    return GroupReset(
      changes: changes.sorted { $0.queue < $1.queue }, toldMembers: plan.toldMembers)
  }

  private struct PlannedBroker: Sendable {
    var name: String
    var address: String
    /// Client ids.
    var members: [String]
    var changes: [GroupReset.Change]
  }

  private struct Plan {
    var brokers: [PlannedBroker]
    var toldMembers: Int { Set(brokers.flatMap(\.members)).count }
    var changes: [GroupReset.Change] { brokers.flatMap(\.changes).sorted { $0.queue < $1.queue } }
  }

  private func plan(_ group: String, _ topic: String, _ target: OffsetTarget) async throws(RocketMQError) -> Plan {
    try GroupName.validate(group)
    if case .offset(let offset) = target, offset < 0 {
      throw RocketMQError(.invalidArgument, "the offset is \(offset); it must be 0 or more")
    }
    let route = try await route(of: topic)
    let queues = Dictionary(grouping: Set(route.readableQueues(of: topic)).union(route.writableQueues(of: topic)), by: \.brokerName)
    let masters = Dictionary(masters(route)) { first, _ in first }
    if let homeless = queues.keys.sorted().first(where: { masters[$0] == nil }) {
      throw RocketMQError(.brokerNotFound, "the broker \(homeless) has no master, so offsets in \(topic) cannot be reset")
    }
    let api = client.api
    let results = await onEach(masters.map { ($0.key, address: $0.value) }) { (name, address) async throws(RocketMQError) in
      var changes: [GroupReset.Change] = []
      for queue in (queues[name] ?? []).sorted() {
        changes.append(
          .init(
            queue: queue, from: try await api.queryOffset(of: queue, group: group, at: address),
            to: try await Self.offset(target, in: queue, api, address)))
      }
      let members = try await api.connections(of: group, at: address)?.members.map(\.clientID) ?? []
      return PlannedBroker(name: name, address: address, members: members, changes: changes)
    }
    var brokers: [PlannedBroker] = []
    for (_, result) in results { brokers.append(try result.get()) }
    return Plan(brokers: brokers)
  }

  private static func offset(
    _ target: OffsetTarget, in queue: MessageQueue, _ api: BrokerAPI, _ address: String
  ) async throws(RocketMQError) -> Int64 {
    switch target {
    case .first: return max(0, try await api.minOffset(of: queue, at: address))
    case .last: return max(0, try await api.maxOffset(of: queue, at: address))
    case .time(let time): return max(0, try await api.searchOffset(of: queue, at: time, broker: address))
    case .offset(let offset):
      let first = max(0, try await api.minOffset(of: queue, at: address))
      return max(first, min(offset, try await api.maxOffset(of: queue, at: address)))
    }
  }

  private func reset(
    _ group: String, _ topic: String, _ target: OffsetTarget, on broker: PlannedBroker
  ) async throws(RocketMQError) -> [GroupReset.Change] {
    if !broker.members.isEmpty,
      let told = try await client.api.resetOffsets(of: group, topic: topic, to: target.time, at: broker.address)
    {
      return broker.changes.map { .init(queue: $0.queue, from: $0.from, to: told[$0.queue] ?? $0.to) }
    }
    for change in broker.changes { try await client.api.updateOffset(of: change.queue, group: group, to: change.to, at: broker.address) }
    return broker.changes
  }
}

extension OffsetTarget {
  /// As brokers are told it; nil: the end.
  fileprivate var time: Timestamp? {
    switch self {
    case .first, .offset: Timestamp(millisecondsSince1970: 0)
    case .last: nil
    case .time(let time): time
    }
  }
}

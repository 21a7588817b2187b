// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging

// Consumer groups. Java: the group side of `DefaultMQAdminExt`.
extension Admin {
  /// Who consumes in a group now, and what each of them has; every member is asked itself, and has two seconds to answer.
  ///
  /// - Returns: nil when it has no members.
  public func members(of group: String) async throws(RocketMQError) -> GroupMembers? {
    guard let (members, model, infos) = try await connected(group) else { return nil }
    let retryTopic = TopicName.retry(ofGroup: group)
    return GroupMembers(
      members: members.map { member in
        let subscriptions = infos[member.clientID]?.subscriptions.filter { $0.topic != retryTopic }.map { ($0.topic, $0.expression) }
        return GroupMembers.Member(
          clientID: member.clientID, address: member.address, language: member.language,
          subscriptions: subscriptions.map { Dictionary($0) { _, last in last } }, queues: infos[member.clientID]?.queues.keys.sorted())
      },
      messageModel: MessageModel(javaName: model))
  }

  /// How far a group is behind in `topic`, or, with nil, in all topics that it subscribes to now or has consumed before, its retry topic
  /// among them. Empty when no broker knows the group. Of a broadcasting group brokers know nothing: its members keep their offsets.
  ///
  /// - Throws: `topicNotFound` for a topic that does not exist; what the first broker that failed said.
  public func lag(of group: String, topic: String? = nil) async throws(RocketMQError) -> GroupLag {
    let masters: [(String, address: String)]
    if let topic { masters = self.masters(try await route(of: topic)) } else { masters = try await self.masters(knowing: group) }
    async let online = (try? await connected(group)) ?? nil
    var queues: [GroupLag.Queue] = []
    let results = await onEach(masters) { [api = client.api] (_, address) async throws(RocketMQError) in
      try await api.consumption(of: group, topic: topic, at: address)
    }
    var owners: [MessageQueue: String] = [:]
    for (clientID, info) in await online?.infos ?? [:] { for queue in info.queues.keys { owners[queue] = clientID } }
    for (_, result) in results {
      for (queue, state) in try result.get() {
        queues.append(
          GroupLag.Queue(
            queue: queue, committed: state.consumerOffset, end: state.brokerOffset,
            consumedUpTo: state.consumedUpTo > 0 ? Timestamp(millisecondsSince1970: state.consumedUpTo) : nil, member: owners[queue]))
      }
    }
    return GroupLag(queues: queues.sorted { $0.queue < $1.queue })
  }

  /// Makes a group, or changes the one that is there, on every master. Where brokers make groups by themselves, this is only needed to set
  /// something.
  ///
  /// - Parameters:
  ///   - group: Letters, digits, "_", "-", "%" and "|"; at most 120 of them.
  ///   - maxReconsumeTimes: For members that do not name a number of their own. Java: `retryMaxTimes`.
  /// - Throws: `invalidArgument`; what the last broker answered that did not take it.
  public func createGroup(_ group: String, maxReconsumeTimes: Int = 16) async throws(RocketMQError) {
    try GroupName.validate(group)
    guard (0...Int(Int32.max)).contains(maxReconsumeTimes) else {
      throw RocketMQError(.invalidArgument, "maxReconsumeTimes is \(maxReconsumeTimes); it must be 0 to \(Int32.max)")
    }
    try await onAllMasters { (api, address) async throws(RocketMQError) in
      try await api.createGroup(group, maxReconsumeTimes: Int32(maxReconsumeTimes), at: address)
    }
  }

  /// Forgets a group's settings, and, unless `keepsOffsets`, where it is in all its queues. Its members, if any, go on, and bring it back.
  ///
  /// - Throws: what the last broker answered that did not do it.
  public func deleteGroup(_ group: String, keepsOffsets: Bool = false) async throws(RocketMQError) {
    try await onAllMasters { (api, address) async throws(RocketMQError) in
      try await api.deleteGroup(group, offsets: !keepsOffsets, at: address)
    }
  }

  private func onAllMasters(
    _ work: @escaping @Sendable (BrokerAPI, _ address: String) async throws(RocketMQError) -> Void
  ) async throws(RocketMQError) {
    let results = await onEach(try await masters(of: nil)) { [api = client.api] (_, address) async throws(RocketMQError) in
      try await work(api, address)
    }
    for (_, result) in results { try result.get() }
  }
}

extension Admin {
  // MARK: Who knows a group

  /// A group's members, and what those say of themselves who answer; nil when there is none.
  private func connected(
    _ group: String
  ) async throws(RocketMQError) -> (members: [GroupConnections.Member], model: String, infos: [String: RunningInfo])? {
    let results = await onEach(try await masters(knowing: group)) { [api = client.api] (_, address) async throws(RocketMQError) in
      (address, try await api.connections(of: group, at: address))
    }
    // A member greets the brokers of its topics: each may know others.
    var members: [String: (GroupConnections.Member, broker: String)] = [:]
    var model = ""
    var failure: RocketMQError?
    for (_, result) in results {
      switch result {
      case .success((let address, let connections?)):
        model = connections.messageModel
        for member in connections.members { members[member.clientID] = (member, address) }
      case .success: break
      case .failure(let error): failure = error
      }
    }
    guard !members.isEmpty else {
      if let failure { throw failure }
      return nil
    }
    let peers = GroupPeers(api: client.api, group: group)
    let infos = await withTaskGroup(of: [String: RunningInfo].self) { tasks in
      for (broker, members) in Dictionary(grouping: members.values, by: \.broker) {
        tasks.addTask { await peers.runningInfo(of: members.map(\.0.clientID), at: broker) }
      }
      return await tasks.reduce(into: [:]) { all, some in all.merge(some) { first, _ in first } }
    }
    return (members.values.map(\.0).sorted { javaOrder($0.clientID, $1.clientID) }, model, infos)
  }

  /// Masters that have the group's retry topic, which brokers make with its first heartbeat; all of them when nobody has.
  private func masters(knowing group: String) async throws(RocketMQError) -> [(String, address: String)] {
    do throws(RocketMQError) { return masters(try await route(of: TopicName.retry(ofGroup: group))) } catch {
      guard error.code == .topicNotFound else { throw error }
    }
    let brokers = try await cluster().brokers
    return brokers.compactMap { broker in broker.addresses[0].map { (broker.name, address: $0) } }
  }

  func masters(_ route: TopicRoute) -> [(String, address: String)] {
    route.brokers.compactMap { broker in broker.addresses[0].map { (broker.name, address: $0) } }
  }
}

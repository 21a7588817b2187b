// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging

/// Questions and orders to a cluster's brokers and name servers. Java: `DefaultMQAdminExt`, `MQAdminImpl`.
///
/// Nothing is cached: every answer is what the servers say now. All functions throw what a call may throw: `noNameServer`,
/// `connectFailed`, `connectionClosed`, `timeout`, `brokerError`, `cancelled`, `notRunning`.
public struct Admin: Sendable {
  let client: RocketMQClient

  public init(client: RocketMQClient) { self.client = client }

  /// Makes a topic, or changes the one that is there, on every master.
  ///
  /// - Parameters:
  ///   - topic: letters, digits, "_", "-", "%" and "|"; at most 127 of them.
  ///   - queues: on each broker, to read and to write.
  ///   - permission: what clients may do with it.
  ///   - cluster: where; nil: on the brokers that new topics go to by themselves, or on all when there are none.
  /// - Returns: the names of the brokers that have it now, sorted.
  /// - Throws: `invalidArgument`; `brokerNotFound` when no master is known; what the last broker answered when none took it.
  @discardableResult
  public func createTopic(
    _ topic: String, queues: Int32 = 4, permission: TopicPermission = .readWrite, cluster: String? = nil
  ) async throws(RocketMQError) -> [String] {
    try TopicName.validate(topic)
    guard queues > 0, queues <= TopicRoute.maxQueues else {
      throw RocketMQError(.invalidArgument, "\(queues) queues are not between 1 and \(TopicRoute.maxQueues)")
    }
    let masters = try await masters(of: cluster)
    guard !masters.isEmpty else {
      throw RocketMQError(.brokerNotFound, "no master is known\(cluster.map { " in the cluster \($0)" } ?? "")")
    }
    var done: [String] = []
    var failure: RocketMQError?
    let results = await onEach(masters) { [api = client.api] (_, address) async throws(RocketMQError) in
      try await api.createTopic(topic, queues: queues, permission: permission, at: address)
    }
    for (broker, result) in results {
      switch result {
      case .success: done.append(broker)
      case .failure(let error):
        failure = error
        client.logger.warning(
          "creating a topic failed", metadata: [LogKey.topic: "\(topic)", LogKey.broker: "\(broker)", LogKey.error: "\(error)"])
      }
    }
    if done.isEmpty, let failure { throw failure }
    return done.sorted(by: javaOrder)
  }

  /// All topics of the name server, its own and the brokers' included; sorted.
  public func topics() async throws(RocketMQError) -> [String] {
    try await ask("the list of topics") { (api, server, timeout) async throws(RocketMQError) in
      try await api.topicList(from: server, timeout: timeout)
    }.sorted(by: javaOrder)
  }

  /// Where a topic is. Throws `topicNotFound`.
  public func route(of topic: String) async throws(RocketMQError) -> TopicRoute {
    try await ask("the route of \(topic)") { (api, server, timeout) async throws(RocketMQError) in
      try await api.getRoute(of: topic, from: server, timeout: timeout)
    }
  }

  /// All brokers.
  public func cluster() async throws(RocketMQError) -> ClusterInfo {
    try await ask("the cluster") { (api, server, timeout) async throws(RocketMQError) in
      try await api.clusterInfo(from: server, timeout: timeout)
    }
  }

  /// The range of offsets in a queue.
  public struct QueueOffsets: Sendable, Hashable {
    public var queue: MessageQueue
    /// The lowest that is still there.
    public var min: Int64
    /// Where the next message will be.
    public var max: Int64
    /// How many messages are there, at most.
    public var count: Int64 { Swift.max(0, max - Swift.max(0, min)) }
  }

  /// The offsets of every queue of a topic, sorted by queue. Throws `topicNotFound`, and `brokerNotFound` for a queue without a master.
  public func offsets(of topic: String) async throws(RocketMQError) -> [QueueOffsets] {
    let route = try await route(of: topic)
    let masters = Dictionary(route.brokers.compactMap { broker in broker.addresses[0].map { (broker.name, $0) } }) { first, _ in first }
    let queues = Set(route.readableQueues(of: topic)).union(route.writableQueues(of: topic)).sorted()
    var targets: [(MessageQueue, address: String)] = []
    for queue in queues {
      guard let address = masters[queue.brokerName] else {
        throw RocketMQError(.brokerNotFound, "the broker \(queue.brokerName) has no master, so the offsets of \(queue) are not known")
      }
      targets.append((queue, address))
    }
    let results = await onEach(targets) { [api = client.api] (queue, address) async throws(RocketMQError) in
      let min = try await api.minOffset(of: queue, at: address)
      return QueueOffsets(queue: queue, min: min, max: try await api.maxOffset(of: queue, at: address))
    }
    var offsets: [QueueOffsets] = []
    for (_, result) in results { offsets.append(try result.get()) }
    return offsets.sorted { $0.queue < $1.queue }
  }
}

extension Admin {
  func ask<R: Sendable>(
    _ what: String, _ work: (BrokerAPI, _ nameServer: String, Duration) async throws(RocketMQError) -> R
  ) async throws(RocketMQError) -> R {
    let api = client.api
    return try await client.engine.nameServers.call(what) { (address, timeout) async throws(RocketMQError) in
      try await work(api, address, timeout)
    }
  }

  /// Name and address.
  func masters(of cluster: String?) async throws(RocketMQError) -> [(String, address: String)] {
    var brokers: [TopicRoute.Broker] = []
    if let cluster {
      brokers = try await self.cluster().brokers.filter { $0.cluster == cluster }
    } else {
      do throws(RocketMQError) {
        brokers = try await route(of: TopicName.autoCreate).brokers
      } catch {
        guard error.code == .topicNotFound else { throw error }
        brokers = try await self.cluster().brokers
      }
    }
    return brokers.compactMap { broker in broker.addresses[0].map { (broker.name, address: $0) } }
  }

  /// Does `work` for all at the same time.
  func onEach<Key: Sendable, R: Sendable>(
    _ targets: [(Key, address: String)], _ work: @escaping @Sendable (Key, _ address: String) async throws(RocketMQError) -> R
  ) async -> [(Key, Result<R, RocketMQError>)] {
    await withTaskGroup(of: (Key, Result<R, RocketMQError>).self) { group in
      for (key, address) in targets {
        group.addTask {
          do throws(RocketMQError) { return (key, .success(try await work(key, address))) } catch { return (key, .failure(error)) }
        }
      }
      var results: [(Key, Result<R, RocketMQError>)] = []
      for await result in group { results.append(result) }
      return results
    }
  }
}

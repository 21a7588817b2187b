// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

/// The routes of a client's topics: looked up when asked for, kept, and refreshed by the client. Any thread.
///
/// Java: `MQClientInstance.updateTopicRouteInfoFromNameServer` and its tables.
package final class RouteCache: Sendable {
  private let table = Mutex(RouteTable())
  private let lookups = SharedLookups<TopicRoute>()
  private let api: BrokerAPI
  private let nameServers: NameServers
  private let logger: Logger
  private let onChange: @Sendable (_ topic: String, _ change: RouteTable.Change) -> Void
  /// When `refreshSoon` last asked for a topic.
  private let hurried = Mutex<[String: ContinuousClock.Instant]>([:])

  init(
    api: BrokerAPI, nameServers: NameServers, logger: Logger,
    onChange: @escaping @Sendable (_ topic: String, _ change: RouteTable.Change) -> Void
  ) {
    self.api = api
    self.nameServers = nameServers
    self.logger = logger
    self.onChange = onChange
  }

  /// nil when it has not been looked up, or does not exist.
  package func cachedRoute(of topic: String) -> TopicRoute? { table.withLock { $0.routes[topic] } }

  /// The route as it is known; asks the name servers when it is not.
  /// Throws `topicNotFound`, `noNameServer`, `timeout` (after `limit`), `cancelled`.
  package func route(of topic: String, within limit: Duration? = nil) async throws(RocketMQError) -> TopicRoute {
    if let route = cachedRoute(of: topic) { return route }
    return try await refresh(topic, within: limit)
  }

  /// Asks the name servers. Calls for one topic that run at the same time share one lookup. A failure leaves what was known.
  @discardableResult
  package func refresh(_ topic: String, within limit: Duration? = nil) async throws(RocketMQError) -> TopicRoute {
    try await lookups.value(
      of: topic, within: limit ?? api.timeout + .seconds(1), on: api.loop,
      waitingFor: "the route of \(topic) from \(self.nameServers.addresses.joined(separator: ", "))"
    ) { [self] () throws(RocketMQError) in try await lookUp(topic) }
  }

  /// Asks the name servers because something has failed that an old route would explain; at most once a second for a topic.
  package func refreshSoon(_ topic: String) {
    let now = ContinuousClock.now
    let isDue = hurried.withLock { hurried in
      if let last = hurried[topic], now - last < .seconds(1) { return false }
      hurried[topic] = now
      return true
    }
    if isDue { lookups.start(topic) { [self] () throws(RocketMQError) in try await lookUp(topic) } }
  }

  /// The route a producer uses for a topic that may not exist yet: that of the auto-create topic, for at most `queues` queues a broker.
  /// Used until a refresh finds the topic's own. Java: the isDefault branch of `updateTopicRouteInfoFromNameServer`.
  func assumeAutoCreateRoute(for topic: String, queues: Int32, within limit: Duration) async throws(RocketMQError) {
    do throws(RocketMQError) {
      var route = try await refresh(TopicName.autoCreate, within: limit)
      for i in route.queues.indices {
        let count = min(queues, route.queues[i].readQueues)
        route.queues[i].readQueues = count
        route.queues[i].writeQueues = count
      }
      let change = table.withLock { [route] in $0.assume(topic, route) }
      onChange(topic, change)
    } catch {
      guard error.code == .topicNotFound else { throw error }
      throw RocketMQError(
        .topicNotFound, "there is no topic \(topic), and the brokers create none by themselves; create it first",
        brokerCode: error.brokerCode, address: error.address, cause: error)
    }
  }

  private func lookUp(_ topic: String) async throws(RocketMQError) -> TopicRoute {
    let route = try await nameServers.call("the route of \(topic)") { [api] (address, timeout) throws(RocketMQError) in
      try await api.getRoute(of: topic, from: address, timeout: timeout)
    }
    let change = table.withLock { $0.update(topic, route) }
    if change.routeChanged {
      logger.info(
        "route changed",
        metadata: [LogKey.topic: "\(topic)", LogKey.broker: "\(route.brokers.map(\.name).joined(separator: ","))"])
      onChange(topic, change)
    }
    return route
  }

  func removeOfflineBrokers() { table.withLock { $0.removeOfflineBrokers() } }

  var topics: Set<String> { table.withLock { $0.topics } }

  func publishInfo(_ topic: String) -> PublishInfo? { table.withLock { $0.publishInfo(topic) } }
}

extension RouteCache {
  // MARK: Addresses; all from memory

  /// By broker id; empty when the broker is unknown.
  package func addresses(ofBroker name: String) -> [Int64: String] { table.withLock { $0.addresses(ofBroker: name) } }

  /// For sends, transactions and the offsets of admin calls. Java: `findBrokerAddressInPublish`.
  package func masterAddress(ofBroker name: String) -> String? { table.withLock { $0.masterAddress(ofBroker: name) } }

  /// The broker's process with this id; unless `exactly`, else any. Java: `findBrokerAddressInSubscribe`.
  package func address(ofBroker name: String, id: Int64 = 0, exactly: Bool = false) -> BrokerAddress? {
    table.withLock { $0.address(ofBroker: name, id: id, exactly: exactly) }
  }

  /// A random broker of the topic, for questions that each of them answers. Java: `findBrokerAddrByTopic`.
  package func anyAddress(forTopic topic: String, preferred: String? = nil) -> String? {
    table.withLock { $0.anyAddress(forTopic: topic, preferred: preferred) }
  }

  /// Every known process of every broker, without duplicates.
  package var allAddresses: [String] { table.withLock { $0.allAddresses } }

  package var masterAddresses: [String] { table.withLock { $0.masterAddresses } }

  func isBroker(_ address: String) -> Bool { table.withLock { $0.allAddresses.contains(address) } }
}

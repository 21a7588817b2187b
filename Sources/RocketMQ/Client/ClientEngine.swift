// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging

/// What runs behind a ``RocketMQClient``: its parts, and the work they do by the clock. Java: the scheduled tasks of `MQClientInstance`.
final class ClientEngine: Sendable {
  let configuration: ClientConfiguration
  let clientID: String
  let loop: Loop
  let clock: any Clock<Duration>
  let logger: Logger
  let api: BrokerAPI
  let nameServers: NameServers
  let members = MemberRegistry()
  let routes: RouteCache
  let heartbeats: Heartbeats
  /// Rung when a subscribed topic may have got its route.
  private let missingRoutes: Wake

  init(_ configuration: ClientConfiguration, clientID: String, clock: any Clock<Duration>) throws(RocketMQError) {
    try configuration.validate()
    let addresses = try NameServerList.resolve(configuration.nameServers).shuffled()
    var options = Loop.Options()
    options.connectTimeout = configuration.connectTimeout
    options.idleTimeout = configuration.idleTimeout
    options.binaryHeaders = configuration.usesBinaryHeaders
    if let tls = configuration.tls { options.tls = try TLSContext(client: tls) }
    let loop = try Loop(options)
    var logger = configuration.logger
    logger[metadataKey: LogKey.clientID] = "\(clientID)"
    if configuration.tls?.insecure == true {
      logger.warning("TLS without verification: whoever is on the way can read and change everything")
    }
    let members = self.members
    let api = BrokerAPI(loop: loop, timeout: configuration.requestTimeout) { address in
      for consumer in members.consumers { consumer.unreachable(address) }
    }
    let missingRoutes = Wake()
    let heartbeats = Heartbeats(api: api, clientID: clientID, members: members, logger: logger) { overNewConnection in
      missingRoutes.ring()  // a broker makes a group's retry topic at its first heartbeat
      if overNewConnection { for consumer in members.consumers { consumer.membersChanged() } }
    }
    self.configuration = configuration
    self.clientID = clientID
    self.loop = loop
    self.clock = clock
    self.logger = logger
    self.api = api
    self.missingRoutes = missingRoutes
    self.heartbeats = heartbeats
    nameServers = NameServers(addresses, timeout: configuration.requestTimeout, logger: logger)
    let routes = RouteCache(api: api, nameServers: nameServers, logger: logger) { topic, change in
      heartbeats.want(members.consumers.isEmpty ? change.newMasters : change.newAddresses)
      guard change.routeChanged else { return }
      for consumer in members.consumers where consumer.heartbeat().subscriptions.contains(where: { $0.topic == topic }) {
        consumer.routeChanged(topic: topic)
      }
    }
    self.routes = routes
    try loop.setHandler(InboundRequests(self))
  }

  /// The periodic work, until the task is cancelled: always these tasks, however many topics, brokers and members there are, and one for
  /// each heartbeat on its way.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.refreshRoutes() }
      group.addTask { await self.pollMissingRoutes() }
      group.addTask { await self.tickHeartbeats() }
      group.addTask { await self.heartbeats.run() }
    }
  }

  /// Members or subscriptions have changed, or something says that routes have.
  func membersChanged() {
    missingRoutes.ring()
    wantHeartbeats()
  }

  func lookForMissingRoutes() { missingRoutes.ring() }

  private func wantHeartbeats() {
    heartbeats.want(heartbeatTargets)
  }

  /// Consumers are known to replicas too, since they may pull from them; producers to masters only.
  var heartbeatTargets: [String] { members.consumers.isEmpty ? routes.masterAddresses : routes.allAddresses }

  private func tickHeartbeats() async {
    while (try? await clock.sleep(for: configuration.heartbeatInterval)) != nil {
      routes.removeOfflineBrokers()
      heartbeats.forget(except: Set(routes.allAddresses))
      wantHeartbeats()
    }
  }

  private func refreshRoutes() async {
    while (try? await clock.sleep(for: configuration.routeRefreshInterval)) != nil {
      for topic in members.subscribedTopics.union(routes.topics) {
        guard await refreshRoute(topic) else { break }
      }
    }
  }

  /// A consumer may subscribe to a topic before it exists: that is no error, but it should not wait for the slow refresh either.
  private func pollMissingRoutes() async {
    while await missingRoutes.wait() {
      var delay = Self.firstMissingDelay
      while !Task.isCancelled {
        for topic in missingTopics { guard await refreshRoute(topic) else { break } }
        if missingTopics.isEmpty { break }
        delay = await missingRoutes.wait(atMost: delay, on: clock) ? Self.firstMissingDelay : min(delay * 2, Self.lastMissingDelay)
      }
    }
  }

  static let firstMissingDelay: Duration = .milliseconds(250)
  static let lastMissingDelay: Duration = .seconds(5)

  private var missingTopics: [String] { members.subscribedTopics.filter { routes.cachedRoute(of: $0) == nil } }

  /// False: no name server answers, so there is no use in asking for the next topic.
  private func refreshRoute(_ topic: String) async -> Bool {
    do throws(RocketMQError) {
      try await routes.refresh(topic)
      return true
    } catch {
      logger.debug("no route", metadata: [LogKey.topic: "\(topic)", LogKey.error: "\(error)"])
      return error.code == .topicNotFound
    }
  }

  /// Says good-bye for one group wherever this client may be known.
  func unregister(producer: String? = nil, consumer: String? = nil, within limit: Duration) async {
    let deadline = Deadline(limit)
    await withDiscardingTaskGroup { [api, clientID, logger, heartbeats] group in
      for address in heartbeats.greeted {
        group.addTask {
          do throws(RocketMQError) {
            // A heartbeat that was made while the group was still here must not arrive after the good-bye.
            try await heartbeats.land(address, within: limit)
            try await api.unregister(
              from: address, clientID: clientID, producerGroup: producer, consumerGroup: consumer, timeout: deadline.left)
          } catch {
            logger.info(
              "unregistering failed; the broker will notice by itself",
              metadata: [LogKey.group: "\(producer ?? consumer ?? "")", LogKey.address: "\(address)", LogKey.error: "\(error)"])
          }
        }
      }
    }
  }
}

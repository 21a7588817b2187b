// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

package import Logging
internal import Synchronization

/// The connection to a RocketMQ cluster that producers and consumers share: sockets, routes and heartbeats.
///
/// One per cluster and process is enough; several never clash. Thread-safe. It works in the background from its first use until
/// ``shutdown()``; shut down its producers and consumers first.
///
/// Java: `MQClientInstance`.
public final class RocketMQClient: Sendable {
  private enum State {
    case idle
    case running(Task<Void, Never>)
    case shuttingDown(Task<Void, Never>)
  }

  /// `ip@instance`, by which brokers know this client.
  public let clientID: String
  let engine: ClientEngine
  /// Makes the ids of messages.
  package let uniqueIDs: UniqueIDs
  /// Body bytes that the consumers of this client hold.
  package let cacheBudget: ByteBudget
  private let state = Mutex(State.idle)

  /// A client with default settings. `nameServers`: "host:port" each, or lists split at ";" or ","; none: the environment variable
  /// NAMESRV_ADDR.
  ///
  /// - Throws: `invalidArgument` without any name server, or for a setting out of its range; `badAddress` for an entry that is no address.
  public convenience init(nameServers: [String] = []) throws(RocketMQError) {
    try self.init(ClientConfiguration(nameServers: nameServers))
  }

  /// - Throws: as ``init(nameServers:)``; `invalidArgument` also for certificates and keys that cannot be read.
  public convenience init(_ configuration: ClientConfiguration) throws(RocketMQError) {
    try self.init(configuration, clock: ContinuousClock())
  }

  /// `clock` drives the periodic work; time-outs of calls are in real time.
  package init(_ configuration: ClientConfiguration, clock: any Clock<Duration>) throws(RocketMQError) {
    let identity = ClientIdentity.make(instanceName: configuration.instanceName)
    clientID = identity.clientID
    uniqueIDs = try UniqueIDs(host: identity.host, process: identity.process, salt: identity.salt)
    cacheBudget = try ByteBudget(limit: configuration.maxCachedBytes)
    engine = try ClientEngine(configuration, clientID: identity.clientID, clock: clock)
  }

  deinit {
    // Not shut down: there is no time for good manners, but nothing must run on.
    if case .running(let task) = state.withLock({ $0 }) { task.cancel() }
    engine.loop.stop()
  }

  /// The settings it was made with.
  public var configuration: ClientConfiguration { engine.configuration }

  /// The name servers it uses.
  public var nameServers: [String] { engine.nameServers.addresses }

  /// Leaves the brokers, closes all connections and ends the background work. Returns within
  /// ``ClientConfiguration/shutdownTimeout`` whatever the servers do. May be called again; every call returns when all is done.
  public func shutdown() async {
    let ending = state.withLock { state in
      switch state {
      case .shuttingDown(let task): return task
      case .idle:
        let task = Task { [engine] in engine.loop.stop() }
        state = .shuttingDown(task)
        return task
      case .running(let work):
        let task = Task { [engine] in await Self.end(engine, work) }
        state = .shuttingDown(task)
        return task
      }
    }
    await ending.value
  }

  private static func end(_ engine: ClientEngine, _ work: Task<Void, Never>) async {
    work.cancel()
    let limit = engine.configuration.shutdownTimeout
    await withDiscardingTaskGroup { group in
      for consumer in engine.members.consumers where engine.members.remove(consumer: consumer.group) {
        group.addTask { await engine.unregister(consumer: consumer.group, within: limit) }
      }
      for producer in engine.members.producers where engine.members.remove(producer: producer) {
        group.addTask { await engine.unregister(producer: producer, within: limit) }
      }
    }
    engine.loop.stop()
    await work.value
  }

  /// Starts the background work unless it runs. Throws `notRunning` after ``shutdown()``.
  package func start() throws(RocketMQError) {
    let isRunning = state.withLock { state in
      switch state {
      case .running: return true
      case .shuttingDown: return false
      case .idle:
        state = .running(Task { [engine] in await engine.run() })
        return true
      }
    }
    if !isRunning { throw RocketMQError(.notRunning, "the client \(clientID) has been shut down") }
  }
}

extension RocketMQClient {
  // MARK: For producers and consumers

  package var loop: Loop { engine.loop }
  package var api: BrokerAPI { engine.api }
  package var routes: RouteCache { engine.routes }
  package var clock: any Clock<Duration> { engine.clock }
  /// With the client's id in its metadata.
  package var logger: Logger { engine.logger }

  /// Takes a consumer in: from now on it is in the heartbeats, and hears of its group and routes. Throws `groupInUse`, `notRunning`.
  /// Java: `registerConsumer`.
  package func register(_ consumer: any ConsumerMember) throws(RocketMQError) {
    try start()
    try engine.members.add(consumer: consumer)
    engine.membersChanged()
  }

  /// Lets a consumer go and tells every broker that may know it, within `limit`. Java: `unregisterConsumer`.
  package func unregister(consumer group: String, within limit: Duration = .seconds(3)) async {
    if engine.members.remove(consumer: group) { await engine.unregister(consumer: group, within: limit) }
  }

  /// Throws `groupInUse`, `notRunning`. Java: `registerProducer`.
  package func register(producer group: String) throws(RocketMQError) {
    try start()
    try engine.members.add(producer: group)
    engine.membersChanged()
  }

  /// Java: `unregisterProducer`.
  package func unregister(producer group: String, within limit: Duration = .seconds(3)) async {
    if engine.members.remove(producer: group) { await engine.unregister(producer: group, within: limit) }
  }

  /// The same when there is no time to tell anybody.
  func forget(producer group: String) { _ = engine.members.remove(producer: group) }

  /// Call it when a consumer's subscriptions, or their versions, have changed: brokers are told at once, and routes of topics that have
  /// none are looked for. Returns before either is done.
  package func subscriptionsChanged() { engine.membersChanged() }

  /// Tells all brokers who is here, and waits for their answers, but not longer than `limit`. The result holds the addresses of those that
  /// did not answer. Java: `sendHeartbeatToAllBrokerWithLock`.
  @discardableResult
  package func sendHeartbeats(within limit: Duration = .seconds(3)) async -> [String] {
    await engine.heartbeats.sendAll(to: engine.heartbeatTargets, within: limit)
  }
}

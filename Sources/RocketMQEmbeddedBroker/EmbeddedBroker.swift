// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
public import RocketMQ
internal import Synchronization

/// A RocketMQ name server and broker in this process: for tests, laptops and benchmarks. It starts in milliseconds and needs no Java.
///
/// ```swift
/// let broker = try await EmbeddedBroker.start()
/// let client = RocketMQClient(nameServers: [broker.nameServerAddress])
/// // ...
/// await broker.shutdown()
/// ```
///
/// Clients of RocketMQ 4.x, in any language, and of 5.x through the remoting protocol work with it as with Apache RocketMQ 4.9.8: the
/// same answers to the same requests, retries, delay levels, dead letters, rebalance, orderly locks and SQL92 filters. Transactions,
/// replicas and access control are not there.
///
/// It is one process without replication, and not meant for production: that is a cluster of Apache RocketMQ.
///
/// Java: `NamesrvStartup` and `BrokerStartup` in one.
public final class EmbeddedBroker: Sendable {
  /// "host:port" for clients to begin with.
  public let nameServerAddress: String
  /// "host:port" that routes give to clients.
  public let brokerAddress: String

  /// Makes requests fail on purpose.
  public var faults: FaultInjection { broker.faults }
  /// The broker's time; can be moved when it was started with a manual clock.
  public var clock: BrokerClock { BrokerClock(broker) }

  let broker: Broker
  private let loop: Loop
  private let listeners: Mutex<[(Listener, gone: Latch)]>
  private let isDown = Latch()

  /// Starts a name server and a broker, which are ready when this returns.
  ///
  /// - Throws: `invalidArgument` for a setting that makes no sense and for certificates that cannot be read, `badAddress` and
  ///   `connectFailed` for an address that cannot be listened on (a port in use), `storageFailed`
  ///   when the directory cannot be used: another broker has it, or its log is damaged.
  public static func start(_ configuration: Configuration = Configuration()) async throws(RocketMQError) -> EmbeddedBroker {
    try configuration.validate()
    let storage = StorageQueue()
    let host = try await storage.run { resolve(configuration.host) }.get()
    let tls = try await storage.run { Result { () throws(RocketMQError) in try configuration.tls?.context() } }.get()
    let announcedIP = try await storage.run { resolve(configuration.announcedHost) }.get()

    var options = Loop.Options()
    options.maxFrameBytes = max(options.maxFrameBytes, configuration.limits.maxMessageBytes + (1 << 20))
    let loop = try Loop(options)
    let broker = Broker(configuration, storeHost: HostAddress(ip: announcedIP, port: Int32(configuration.brokerPort)), on: loop)
    do throws(RocketMQError) {
      try await broker.open()
      let brokerGone = Latch()
      let brokerListener = try loop.listen(
        HostAddress(ip: host, port: Int32(configuration.brokerPort)).description, tls: tls, Door(.broker, broker, gone: brokerGone))
      await broker.announce(port: brokerListener.port)
      let nameServerGone = Latch()
      let nameServerListener: Listener
      do throws(RocketMQError) {
        nameServerListener = try loop.listen(
          HostAddress(ip: host, port: Int32(configuration.nameServerPort)).description, tls: tls,
          Door(.nameServer, broker, gone: nameServerGone))
      } catch {
        brokerListener.close()
        throw error
      }
      return EmbeddedBroker(
        configuration, broker, loop, [(brokerListener, brokerGone), (nameServerListener, nameServerGone)])
    } catch {
      await broker.close()
      loop.stop()
      throw error
    }
  }

  private init(
    _ configuration: Configuration, _ broker: Broker, _ loop: Loop, _ listeners: [(Listener, gone: Latch)]
  ) {
    self.broker = broker
    self.loop = loop
    brokerAddress = address(configuration.announcedHost, listeners[0].0.port)
    nameServerAddress = address(configuration.announcedHost, listeners[1].0.port)
    self.listeners = Mutex(listeners)
    configuration.logger.info(
      "embedded broker is ready", metadata: ["rocketmq.name_server": "\(nameServerAddress)", LogKey.broker: "\(brokerAddress)"])
  }

  deinit {
    // Not shut down: what was stored is in its files, but not synced.
    for (listener, _) in takeListeners() { listener.close() }
    loop.stop()
  }

  /// Closes all connections, syncs what is kept, and returns when both is done and the directory is free. More calls wait for the first.
  public func shutdown() async {
    let listeners = takeListeners()
    if listeners.isEmpty { return await isDown.wait() }
    for (listener, _) in listeners { listener.close() }
    for (_, gone) in listeners { await gone.wait() }
    await broker.close()
    loop.stop()
    isDown.open()
  }

  private func takeListeners() -> [(Listener, gone: Latch)] {
    listeners.withLock { listeners in
      defer { listeners = [] }
      return listeners
    }
  }
}

extension EmbeddedBroker.TLS {
  fileprivate func context() throws(RocketMQError) -> TLSContext {
    try TLSContext(server: identity, clientAuthorities: clientAuthorities, minimumVersion: minimumVersion)
  }
}

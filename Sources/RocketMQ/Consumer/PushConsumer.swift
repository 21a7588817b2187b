// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

/// Consumes the messages of topics as they come, sharing them with the other members of its group. Java: `DefaultMQPushConsumer`.
///
/// Give it a listener and subscriptions, then ``run()`` it (it is a ServiceLifecycle service), or ``start()`` and later
/// ``shutdown(deadline:)`` it. A consumer cannot be started again. Thread-safe.
///
/// Every message is delivered at least once: its offset is committed only when the listener has finished it and everything before it in
/// its queue, or when it is safe at a broker to be delivered again. So be prepared to see a message twice. Only in broadcasting mode is a
/// message that fails given up, after ``PushConsumerConfiguration/maxLocalRetries``.
public final class PushConsumer: Sendable {
  struct State {
    var phase = Phase.idle
    var subscriptions = SubscriptionTable()
    var listener: AnyListener?
    var onEvent: (@Sendable (ConsumerEvent) -> Void)?
    var dispatcher: (any MessageDispatcher)?
    /// Of a consumer that consumes in order, or exclusively.
    var locks: QueueLocks?
    var concurrency: Int
    var isPaused = false
    /// When it began to run.
    var startedAt: Timestamp?
    /// Who counts as a member, by topic: those of different topics may be on different brokers.
    var rosters: [String: Roster] = [:]
    /// What the other members have said they have, by topic; only for strategies that want to know.
    var lastClaims: [String: [String: [MessageQueue]]] = [:]
    /// Paused by name; only queues that are held.
    var pausedQueues: Set<MessageQueue> = []
    /// Brokers have heard of the subscriptions, so that they answer pulls.
    var hasGreeted = false
    var leftOver: [ShutdownReport.Queue] = []
    /// Iterators of ``messages`` that came while it started.
    var awaitingLaunch: [UnsafeContinuation<Void, Never>] = []
  }

  enum Phase {
    case idle
    case starting
    case running(Task<Void, Never>)
    case ending(Task<ShutdownReport, Never>)
  }

  /// The consumer group.
  public let group: String
  /// Where the group begins with queues it has no offset for.
  public let startFrom: ConsumeStart
  /// The settings it was made with.
  public let configuration: PushConsumerConfiguration
  let client: RocketMQClient
  let logger: Logger
  let rebalance: RebalanceService
  let offsets: OffsetCommitter
  let innerProducer: Producer
  let state: Mutex<State>
  /// Rung when ``run()`` is to end.
  let ended = Wake()
  /// A pull has failed, and waits to be repeated.
  let hasFailedPulls = Atomic(false)
  /// Rung when members of the group may have come, gone, or changed their subscriptions.
  let peersChanged = Wake()
  /// Rung when other members count as absent, or are back.
  let absenteesChanged = Wake()
  /// What the time of absent members goes by.
  let stopwatch: ElapsedTime
  /// Answers to brokers that take their time.
  let requests = TaskBag()
  let directConsumptions = Atomic(0)
  let heartbeatGate = RateGate(interval: .seconds(1))
  let routeGate = RateGate(interval: .seconds(5))
  let warningGate = RateGate(interval: .seconds(10))

  /// - Parameters:
  ///   - client: Of the cluster to consume from; several consumers may share it.
  ///   - group: Letters, digits, "_", "-", "%" and "|", at most 120; no other consumer of the same client may have it.
  ///   - startFrom: Where the group begins with queues it has no offset for.
  ///   - configuration: Everything else.
  /// - Throws: `invalidArgument` for a name or a setting that is not allowed.
  public init(
    client: RocketMQClient, group: String, startFrom: ConsumeStart = .latest, configuration: PushConsumerConfiguration = .init()
  ) throws(RocketMQError) {
    try GroupName.validate(group)
    try configuration.validate()
    self.client = client
    self.group = group
    self.startFrom = startFrom
    self.configuration = configuration
    var logger = client.logger
    logger[metadataKey: LogKey.group] = "\(group)"
    self.logger = logger
    innerProducer = Producer.inner(client: client)
    stopwatch = ElapsedTime(client.clock)
    rebalance = RebalanceService(clock: client.clock, interval: configuration.rebalanceInterval)
    offsets = OffsetCommitter(
      store: try Self.offsetStore(client, configuration), group: group, loop: client.loop, logger: logger)
    var state = State(concurrency: configuration.concurrency)
    if configuration.messageModel == .clustering {
      _ = state.subscriptions.set(
        TopicName.retry(ofGroup: group), .all, nowMilliseconds: Timestamp.now.millisecondsSince1970)
    }
    self.state = Mutex(state)
  }

  private static func offsetStore(
    _ client: RocketMQClient, _ configuration: PushConsumerConfiguration
  ) throws(RocketMQError) -> any OffsetStore {
    if let store = configuration.offsetStore { return store }
    switch configuration.messageModel {
    case .clustering: return BrokerOffsetStore(api: client.api, routes: client.routes)
    case .broadcasting:
      return try FileOffsetStore.atHome(clientID: client.clientID, instanceName: client.configuration.instanceName)
    }
  }

  // MARK: Listening

  /// Sets what is done with each message. Call it before ``start()``; a later call has no effect.
  ///
  /// Up to ``PushConsumerConfiguration/concurrency`` calls run at the same time, in no order. Throwing counts as
  /// ``ConsumeResult/retryLater(delayLevel:)``. The task is cancelled when a shutdown's deadline passes.
  public func onMessage(
    _ listener: @escaping @Sendable (_ message: ReceivedMessage, _ context: ConsumeContext) async throws -> ConsumeResult
  ) {
    set(.concurrent(.single(listener)))
  }

  /// The same for several messages of one queue at a time: as many as are there, at most `batchSize` (clamped to 1 to 1024). A message
  /// that comes again comes alone when it could not be sent to a broker. Java: `consumeMessageBatchMaxSize`.
  public func onMessages(
    batchSize: Int,
    _ listener: @escaping @Sendable (_ messages: [ReceivedMessage], _ context: ConsumeContext) async throws -> BatchConsumeResult
  ) {
    set(.concurrent(.batch(size: min(max(batchSize, 1), 1024), listener)))
  }

  /// Sets what is done with each message, every queue in its order. Call it before ``start()``; a later call has no effect. Java:
  /// `MessageListenerOrderly`.
  ///
  ///     consumer.onMessageInOrder { message, context in
  ///       try await ledger.apply(message)  // throwing: this message comes again, and nothing overtakes it
  ///       return .success
  ///     }
  ///
  /// One call at a time for each queue, whoever of the group has it; up to ``PushConsumerConfiguration/concurrency`` queues at the same
  /// time, which take turns. Throwing counts as ``OrderedConsumeResult/suspend(for:)``. See <doc:ConsumingInOrder>.
  public func onMessageInOrder(
    _ listener: @escaping @Sendable (_ message: ReceivedMessage, _ context: ConsumeContext) async throws -> OrderedConsumeResult
  ) {
    set(.inOrder(OrderedListener(call: .single(listener))))
  }

  /// The same for several messages of one queue at a time: as many as are there, at most `batchSize` (clamped to 1 to 1024).
  ///
  /// Without `autoCommit` messages are done with only when the listener says ``OrderedConsumeResult/commit``: what it had since the last
  /// one then counts as consumed, and ``OrderedConsumeResult/rollback(after:)`` has all of that come again. Commit at least every
  /// ``PushConsumerConfiguration/maxCachedMessagesPerQueue`` messages: a queue with more uncommitted ones is not pulled, which is logged.
  /// Java: `ConsumeOrderlyContext.autoCommit`.
  public func onMessagesInOrder(
    batchSize: Int, autoCommit: Bool = true,
    _ listener: @escaping @Sendable (_ messages: [ReceivedMessage], _ context: ConsumeContext) async throws -> OrderedConsumeResult
  ) {
    set(.inOrder(OrderedListener(call: .batch(size: min(max(batchSize, 1), 1024), autoCommit: autoCommit, listener))))
  }

  /// Sets what is told of everything that is no message, such as queues that come and go (also those of the group's retry topic). Call it
  /// before ``start()``. It may be called on any thread and must not block.
  public func onEvent(_ listener: @escaping @Sendable (ConsumerEvent) -> Void) {
    state.withLock { $0.onEvent = listener }
  }

  func tell(_ event: ConsumerEvent) { state.withLock { $0.onEvent }?(event) }

  private func set(_ listener: AnyListener) {
    let isInTime = state.withLock { state in
      guard case .idle = state.phase else { return false }
      state.listener = listener
      return true
    }
    if !isInTime { logger.error("a listener was set after the start; it has no effect") }
  }

  // MARK: Control

  /// How many messages are consumed at the same time, from now on. Java: `updateCorePoolSize`.
  ///
  /// - Throws: `invalidArgument` outside 1 to 1000.
  public func setConcurrency(_ count: Int) throws(RocketMQError) {
    guard (1...1000).contains(count) else {
      throw RocketMQError(.invalidArgument, "the concurrency is \(count); it must be 1 to 1000")
    }
    state.withLock { state in
      state.concurrency = count
      return state.dispatcher
    }?.setConcurrency(count)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
public import ServiceLifecycle
internal import Synchronization

extension PushConsumer: Service {
  /// Starts, and consumes until the task is cancelled, ServiceLifecycle shuts down gracefully, or ``shutdown(deadline:)`` is called; then
  /// shuts down within ``PushConsumerConfiguration/shutdownDeadline``.
  ///
  /// - Throws: as ``start()``.
  public func run() async throws {
    try await start()
    await withTaskCancellationOrGracefulShutdownHandler {
      _ = await ended.wait()
    } onCancelOrGracefulShutdown: { [ended] in
      ended.ring()
    }
    await shutdown(deadline: configuration.shutdownDeadline)
  }

  /// Joins the group and begins to consume; returns before the first message. A topic that does not exist yet, or a cluster that does not
  /// answer, is no error: consumption begins when they are there.
  ///
  /// - Throws: `invalidArgument` without a listener, `groupInUse` when the client has another consumer of the group, `notRunning` when it
  ///   (or the client) has been started and shut down before, `brokerError` when a broker refuses an SQL filter, `storageFailed` when
  ///   the offset file of a broadcasting consumer cannot be used, or another consumer uses it.
  public func start() async throws(RocketMQError) { try await start(try begin()) }

  /// The phase is `starting`.
  func start(_ listener: AnyListener) async throws(RocketMQError) {
    do throws(RocketMQError) {
      try await offsets.openStore()
    } catch {
      startFailed()
      throw error
    }
    do throws(RocketMQError) {
      try client.register(self)
    } catch {
      await offsets.closeStore()
      startFailed()
      throw error
    }
    let isLaunched = launch(listener)
    tellLaunched()
    guard isLaunched else {
      await client.unregister(consumer: group)
      await offsets.closeStore()
      throw RocketMQError(.notRunning, "the consumer of \(group) was shut down while it started")
    }
    do throws(RocketMQError) {
      for subscription in state.withLock({ $0.subscriptions.data }) { try await check(subscription) }
    } catch {
      await shutdown(deadline: .zero)
      throw error
    }
  }

  private func begin() throws(RocketMQError) -> AnyListener {
    try state.withLock { (state) throws(RocketMQError) in
      switch state.phase {
      case .idle: break
      case .starting, .running: throw RocketMQError(.invalidArgument, "the consumer of \(group) has been started already")
      case .ending: throw RocketMQError(.notRunning, "the consumer of \(group) has been shut down; make a new one")
      }
      guard let listener = state.listener else {
        throw RocketMQError(
          .invalidArgument,
          "the consumer of \(group) has no listener; call onMessage or onMessageInOrder before start, or iterate over messages")
      }
      state.phase = .starting
      return listener
    }
  }

  /// It may be tried again.
  private func startFailed() {
    state.withLock { if case .starting = $0.phase { $0.phase = .idle } }
    tellLaunched()
  }

  private func tellLaunched() {
    for waiter in state.withLock({ state in exchange(&state.awaitingLaunch, with: []) }) { waiter.resume() }
  }

  /// False: it was shut down meanwhile.
  private func launch(_ listener: AnyListener) -> Bool {
    state.withLock { state in
      guard case .starting = state.phase else { return false }
      let dispatcher = dispatcher(listener, concurrency: state.concurrency)
      dispatcher.start()
      state.startedAt = .now
      state.dispatcher = dispatcher
      if needsLocks(listener) { state.locks = makeLocks() }
      rebalance.post(.subscribed(state.subscriptions.topics))
      state.phase = .running(Task { await self.work() })
      return true
    }
  }

  private func dispatcher(_ listener: AnyListener, concurrency: Int) -> any MessageDispatcher {
    switch listener {
    case .concurrent(let listener):
      let options = ConcurrentDispatcher.Options(
        concurrency: concurrency, bodyLimit: configuration.maxBodyBytes, failures: failures, secondTryDelay: Self.secondTryDelay,
        clock: client.clock, hooks: configuration.consumeHooks, filters: configuration.messageFilters)
      return ConcurrentDispatcher(listener, options, logger: logger) { [weak self] item in await self?.sendBack(item) ?? false }
    case .inOrder(let listener):
      let options = OrderlyDispatcher.Options(
        concurrency: concurrency, bodyLimit: configuration.maxBodyBytes, suspension: configuration.suspension,
        maxReconsumeTimes: configuration.maxReconsumeTimes, clock: client.clock, hooks: configuration.consumeHooks,
        filters: configuration.messageFilters)
      return OrderlyDispatcher(listener, options, logger: logger) { [weak self] message in await self?.buryDead(message) ?? false }
    }
  }

  /// In broadcasting every member has all queues: there is nobody to lock them against.
  private func needsLocks(_ listener: AnyListener) -> Bool {
    configuration.messageModel == .clustering && (listener.isInOrder || configuration.isExclusive)
  }

  private func makeLocks() -> QueueLocks {
    let routes = client.routes
    return QueueLocks(
      QueueLocks.Options(
        group: group, clientID: client.clientID, api: client.api, clock: client.clock,
        address: { routes.masterAddress(ofBroker: $0) },
        verify: { [weak self] queue in await self?.isStillOurs(queue) },
        onChange: { [rebalance] queue in rebalance.leaseChanged(of: queue) },
        logger: logger))
  }

  var isInOrder: Bool { state.withLock { $0.listener?.isInOrder ?? false } }

  private var failures: ConcurrentDispatcher.Failures {
    switch configuration.messageModel {
    case .clustering: .sendBack
    case .broadcasting: .passOver(afterRetries: configuration.maxLocalRetries)
    }
  }

  /// Java: 5 s.
  private static let secondTryDelay: Duration = .seconds(5)
  /// Java: the consume timeout itself, 15 min.
  private static let expiryScanInterval: Duration = .seconds(60)

  /// Everything that is done by the clock, until the last queue is released.
  private func work() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.commitPeriodically() }
      group.addTask { await self.sendBackExpiredPeriodically() }
      group.addTask { await self.watchQueues() }
      if let locks = self.state.withLock({ $0.locks }) { group.addTask { await locks.run() } }
      group.addTask { await self.watchPeers() }
      group.addTask { await self.watchAbsentees() }
      await rebalance.run(self)
      group.cancelAll()
    }
    guard let locks = state.withLock({ $0.locks }) else { return }
    let givenBack = await locks.finish()
    state.withLock { state in
      for index in state.leftOver.indices where givenBack.contains(state.leftOver[index].queue) { state.leftOver[index].isUnlocked = true }
      state.leftOver.removeAll { $0.unfinished == 0 && $0.isCommitted && $0.isUnlocked }
    }
  }

  private func commitPeriodically() async {
    while (try? await client.clock.sleep(for: configuration.commitInterval)) != nil {
      await offsets.commitChanged(rebalance.held.filter(\.lease.isValid).map { ($0.messageQueue, $0.window) })
    }
  }

  private func sendBackExpiredPeriodically() async {
    while (try? await client.clock.sleep(for: Self.expiryScanInterval)) != nil {
      guard let dispatcher = state.withLock({ $0.dispatcher }) else { return }
      for queue in rebalance.held { await dispatcher.sendBackExpired(queue, after: configuration.consumeTimeout) }
    }
  }

  /// Stops pulling, waits until the messages that are being consumed are finished, but not longer than `deadline`, commits every offset,
  /// and leaves the group. Takes at most a few seconds longer than `deadline`, whatever the brokers do.
  ///
  /// Messages that are still being consumed then will be delivered again; their tasks are cancelled, and what they return is ignored.
  /// May be called at any time and again; every call returns when all is done, with the same report. Called from within a listener it waits
  /// for that listener, too, until the deadline.
  @discardableResult
  public func shutdown(deadline: Duration = .seconds(10)) async -> ShutdownReport {
    ended.ring()
    let (ending, dispatcher) = state.withLock { state in
      switch state.phase {
      case .idle, .starting: state.phase = .ending(Task { ShutdownReport() })
      case .running(let work): state.phase = .ending(Task { await self.end(work) })
      case .ending: break
      }
      guard case .ending(let ending) = state.phase else { preconditionFailure("the phase was set above") }
      return (ending, state.dispatcher)
    }
    let timer = Task {
      try await client.clock.sleep(for: deadline)
      dispatcher?.giveUpWaiting()
    }
    let report = await ending.value
    timer.cancel()
    return report
  }

  private func end(_ work: Task<Void, Never>) async -> ShutdownReport {
    logger.info("shutting down")
    (state.withLock { $0.dispatcher } as? ConcurrentDispatcher)?.endDeliveries()
    rebalance.post(.stop)
    await work.value
    await client.unregister(consumer: group)
    await offsets.closeStore()
    let (dispatcher, leftOver) = state.withLock { ($0.dispatcher, $0.leftOver) }
    dispatcher?.stop()
    requests.cancelAll()
    await innerProducer.shutdown()
    let report = ShutdownReport(leftOver: leftOver.sorted { $0.queue < $1.queue })
    if report.isClean {
      logger.info("shut down")
    } else {
      logger.warning("shut down with messages left over", metadata: [LogKey.count: "\(report.unfinished)"])
    }
    return report
  }
}

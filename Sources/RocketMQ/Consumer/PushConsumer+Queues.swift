// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

extension PushConsumer: RebalanceEffects {
  // MARK: Which queues

  func computeAllocations(of topics: Set<String>, _ report: @escaping @Sendable (RebalanceService.Event) -> Void) async {
    if !state.withLock({ $0.hasGreeted }) {
      // A broker that has not heard of the group knows no members, and refuses pulls.
      await withDiscardingTaskGroup { group in
        for topic in topics { group.addTask { _ = try? await self.client.routes.route(of: topic) } }
      }
      await client.sendHeartbeats(within: Self.greetingLimit)
      state.withLock { $0.hasGreeted = true }
    }
    forgetRosters(except: topics)
    await withDiscardingTaskGroup { group in
      for topic in topics {
        group.addTask { for event in await self.allocation(of: topic) { report(event) } }
      }
    }
  }

  private func allocation(of topic: String) async -> [RebalanceService.Event] {
    let route: TopicRoute
    do throws(RocketMQError) {
      route = try await client.routes.route(of: topic)
    } catch {
      // The client looks for missing routes by itself, and says when it has one.
      logger.debug("no route", metadata: [LogKey.topic: "\(topic)", LogKey.error: "\(error)"])
      return [.notAllocated(topic: topic, retry: false)]
    }
    let queues = route.readableQueues(of: topic)
    guard !queues.isEmpty else { return [.notAllocated(topic: topic, retry: false)] }
    if configuration.messageModel == .broadcasting {
      return [.allocated(topic: topic, .init(queues: Set(queues), members: [client.clientID]))]
    }
    guard let members = await members(topic) else { return [.notAllocated(topic: topic, retry: true)] }
    let claims = await claims(on: topic, of: members)
    do {
      let request = AllocationRequest(
        queues: queues, members: members, member: client.clientID, group: group, owners: claims?.owners ?? [:])
      // What a strategy says of other topics is not asked for here.
      let mine = Set(try configuration.allocation.allocate(request).filter { $0.topic == topic })
      let allocated = RebalanceService.Event.allocated(topic: topic, .init(queues: mine, members: members))
      guard let claims, !claims.areSettled(queues, mine, of: client.clientID) else { return [allocated] }
      // Members that do not see the same come to different shares: all look again until nothing moves any more.
      return [allocated, .notAllocated(topic: topic, retry: true)]
    } catch {
      logger.error(
        "the allocation strategy \(configuration.allocation.name) failed", metadata: [LogKey.topic: "\(topic)", LogKey.error: "\(error)"])
      return [.notAllocated(topic: topic, retry: false)]
    }
  }

  func tell(_ event: RebalanceEvent) {
    logger.info(
      "rebalanced",
      metadata: [
        LogKey.topic: "\(event.topic)", "rocketmq.assigned": "\(event.assigned.count)", "rocketmq.revoked": "\(event.revoked.count)",
        "rocketmq.owned": "\(event.owned.count)", "rocketmq.members": "\(event.members.count)",
      ])
    applyLimits(toTopic: event.topic)
    tell(.rebalanced(event))
  }

  // MARK: Taking

  func take(_ queue: MessageQueue) async throws(RocketMQError) -> OwnedQueue {
    do throws(RocketMQError) {
      guard let locks = state.withLock({ $0.locks }) else { return try await take(queue, .unlimited) }
      let lease = try await locks.acquire(queue)
      do throws(RocketMQError) {
        // Only now: who had the queue before has committed by now.
        return try await take(queue, lease)
      } catch {
        await locks.release(queue)
        throw error
      }
    } catch {
      switch error.code {
      case .cancelled: break
      case .queueLocked: logger.debug("a queue is locked", metadata: [LogKey.queue: "\(queue)", LogKey.error: "\(error)"])
      default: logger.warning("a queue cannot be taken yet", metadata: [LogKey.queue: "\(queue)", LogKey.error: "\(error)"])
      }
      throw error
    }
  }

  private func take(_ queue: MessageQueue, _ lease: QueueLease) async throws(RocketMQError) -> OwnedQueue {
    let beginning = try await beginning(of: queue)
    let owned = try begin(queue, beginning, lease)
    logger.info(
      "queue taken",
      metadata: [LogKey.queue: "\(queue)", LogKey.offset: "\(beginning.offset)", "rocketmq.start": "\(beginning.reason)"])
    return owned
  }

  private func begin(_ queue: MessageQueue, _ beginning: Beginning, _ lease: QueueLease) throws(RocketMQError) -> OwnedQueue {
    let (subscription, dispatcher) = state.withLock { ($0.subscriptions.data(of: queue.topic), $0.dispatcher) }
    guard let subscription, let dispatcher else {
      throw RocketMQError(.notRunning, "\(group) does not subscribe to \(queue.topic) any more")
    }
    let window = try ProcessQueue(firstOffset: beginning.offset, limits: queueLimits, budget: client.cacheBudget)
    let owned = try dispatcher.add { slot in OwnedQueue(queue, group: group, slot: slot, window: window, lease: lease) }
    applyLimits(to: owned)
    do throws(RocketMQError) {
      let puller = try Puller(pullerOptions(queue, beginning.offset, subscription), filling: window, on: client.loop) { [weak self] event in
        self?.heard(event, of: owned)
      }
      owned.puller = puller
      if isPaused(queue) { puller.pause() }
    } catch {
      owned.puller = nil
      dispatcher.remove(owned)
      throw error
    }
    // A broker says 0 also when it has nothing stored, as long as the queue's first message is in its memory. Later it would say "nothing",
    // and the group would begin elsewhere: so 0 is committed, too.
    offsets.open(queue, stored: beginning.stored == 0 ? nil : beginning.stored)
    return owned
  }

  private func pullerOptions(_ queue: MessageQueue, _ first: Int64, _ subscription: SubscriptionData) -> Puller.Options {
    var options = Puller.Options(
      group: group, topic: queue.topic, brokerName: queue.brokerName, queueID: queue.queueID, firstOffset: first,
      addresses: client.routes.addresses(ofBroker: queue.brokerName))
    options.expressionType = subscription.expressionType
    options.expression = subscription.expression
    options.subscriptionVersion = subscription.version
    options.tags = subscription.tags
    // Not with locks: a pull that is repeated after a cut must not write the offset of a queue that another member may have by now.
    options.commitsWithPull = configuration.messageModel == .clustering && state.withLock { $0.locks == nil }
    options.batch = configuration.pullBatchSize
    options.interval = configuration.pullInterval
    options.suspend = configuration.longPollTime
    options.timeout = configuration.pullTimeout
    options.errorDelay = configuration.pullRetryDelay
    return options
  }

  func took(_ queue: OwnedQueue) {
    applySubscription(to: queue)
    applyAddresses(to: queue)
    applyPause(to: queue)
    applyLimits(to: queue)
    if !queue.lease.isValid { rebalance.leaseChanged(of: queue.messageQueue) }
    // Not before: a pull with a subscription that has been replaced must not be answered. It fails only when the client has shut down.
    try? queue.puller?.start()
  }

  func leaseChanged(of queue: OwnedQueue) -> Bool {
    let change: QueueLockEvent.Change = queue.lease.isLost ? .lost : queue.lease.isValid ? .confirmed : .inDoubt
    tell(.lock(QueueLockEvent(queue: queue.messageQueue, change: change)))
    guard change != .lost, let dispatcher = state.withLock({ $0.dispatcher }) else { return false }
    if change == .confirmed { dispatcher.unpark(queue) } else { dispatcher.park(queue) }
    applyPause(to: queue)
    return true
  }

  /// Nobody has gone on with a queue that is held here; nil: nobody could say.
  func isStillOurs(_ queue: MessageQueue) async -> Bool? {
    guard let held = rebalance.held.first(where: { $0.messageQueue == queue }) else { return nil }
    return await isNotPassed(queue, at: held.window.commitOffset)
  }

  /// What is stored is not after `offset`: who writes that one takes nothing back.
  func isNotPassed(_ queue: MessageQueue, at offset: Int64) async -> Bool? {
    do throws(RocketMQError) {
      guard let stored = try await offsets.stored(queue) else { return true }
      return stored <= offset
    } catch { return nil }
  }

  func applyAddresses(to queue: OwnedQueue) {
    let addresses = client.routes.addresses(ofBroker: queue.messageQueue.brokerName)
    if !addresses.isEmpty { queue.puller?.setAddresses(addresses) }
  }

  // MARK: Hearing of pulls

  /// On the loop's thread.
  private func heard(_ event: PullerEvent, of queue: OwnedQueue) {
    switch event {
    case .ready(let count): state.withLock { $0.dispatcher }?.messagesReady(queue, count: count)
    case .offsetIllegal(let next):
      logger.warning(
        "the offset was outside the queue; going on at the broker's",
        metadata: [LogKey.queue: "\(queue.messageQueue)", LogKey.offset: "\(next)"])
      rebalance.post(.offsetIllegal(queue.messageQueue, queue, next: next))
    case .offsetReset(let offset): rebalance.post(.reset(queue.messageQueue, to: offset))
    case .failed(let error): pullFailed(error, queue)
    case .throttled(let reason):
      logger.debug("pulling waits", metadata: [LogKey.queue: "\(queue.messageQueue)", "rocketmq.reason": "\(reason)"])
    case .resumed: logger.debug("pulling goes on", metadata: [LogKey.queue: "\(queue.messageQueue)"])
    case .stalled:
      logger.warning("a pull was not answered; it is repeated", metadata: [LogKey.queue: "\(queue.messageQueue)"])
    case .stopped: break
    }
  }

  private func pullFailed(_ error: RocketMQError, _ queue: OwnedQueue) {
    hasFailedPulls.store(true, ordering: .relaxed)
    if error.code == .connectFailed, let address = error.address { unreachable(address) }
    // Somebody has to allow it first: nothing comes until then.
    let isForbidden = error.brokerCode == .noPermission || error.brokerCode == .subscriptionGroupNotExist
    logger.log(
      level: !warningGate.pass() ? .debug : isForbidden ? .error : .warning, "a pull failed; it is repeated",
      metadata: [LogKey.queue: "\(queue.messageQueue)", LogKey.error: "\(error)"])
    switch error.brokerCode {
    case .subscriptionNotExist?, .subscriptionNotLatest?, .filterDataNotExist?, .filterDataNotLatest?:
      // The broker does not know this consumer (it has been restarted), or not well enough.
      if heartbeatGate.pass() { client.subscriptionsChanged() }
    case nil:
      // The broker may have moved.
      guard routeGate.pass() else { return }
      Task { [routes = client.routes, topic = queue.messageQueue.topic] in _ = try? await routes.refresh(topic) }
    default: break
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

/// Locks a consumer's queues at their brokers, so that only one member of the group consumes each, and keeps the locks: asks, renews, and
/// gives back. Java: `RebalanceImpl.lock`, `lockAll`, `unlock`.
final class QueueLocks: Sendable {
  struct Options: Sendable {
    var group: String
    var clientID: String
    var api: BrokerAPI
    var clock: any Clock<Duration>
    /// The master of a broker; nil: not known.
    var address: @Sendable (_ brokerName: String) -> String?
    /// Whether nobody has gone on with the queue; nil: nobody could say.
    var verify: @Sendable (MessageQueue) async -> Bool?
    /// A lease has been suspended, has become valid again, or is lost. Any thread; must not block.
    var onChange: @Sendable (MessageQueue) -> Void
    var logger: Logger
  }

  private struct State {
    var table = QueueLockTable()
    /// Repeated unlocks on their way.
    var unlocks: [MessageQueue: Task<Void, Never>] = [:]
    var leases: [MessageQueue: QueueLease] = [:]
    /// Where each broker was asked last.
    var addresses: [String: String] = [:]
    /// Renewals on their way, by broker.
    var renewals: [String: Task<Void, Never>] = [:]
  }

  private let state = Mutex(State())
  private let options: Options
  private let elapsed: ElapsedTime
  private let bell = Wake()

  /// Of one request. Java: 1 s.
  private static let timeout: Duration = .seconds(1)
  /// For so long an unlock is tried before it is left to the renewals, or, at the end of the consumer, to the broker.
  private static let unlockLimit: Duration = .seconds(3)

  init(_ options: Options) {
    self.options = options
    elapsed = ElapsedTime(options.clock)
  }

  // MARK: Locking and unlocking

  /// Locks a queue. Throws `queueLocked` when another member has it.
  ///
  /// The request is not cancelled with the task: its answer decides whether there is a lock to give back.
  func acquire(_ queue: MessageQueue) async throws(RocketMQError) -> QueueLease {
    guard let address = options.address(queue.brokerName) else {
      throw RocketMQError(.brokerNotFound, "no master of the broker \(queue.brokerName) is known")
    }
    let mayBegin = state.withLock { state in
      state.addresses[queue.brokerName] = address
      return state.table.beginAcquiring(queue)
    }
    guard mayBegin else { throw RocketMQError(.queueLocked, "the last lock of \(queue) is still being given back") }
    let sentAt = elapsed.milliseconds
    let asking = Task { () -> Result<Bool, RocketMQError> in
      do throws(RocketMQError) {
        return .success(try await lock([queue], at: address).contains(queue))
      } catch { return .failure(error) }
    }
    switch await asking.value {
    case .success(true):
      let lease = state.withLock { state in
        let lease = QueueLease(until: state.table.acquired(queue, sentAt: sentAt)) { [elapsed] in elapsed.milliseconds }
        state.leases[queue] = lease
        return lease
      }
      bell.ring()
      return lease
    case .success(false):
      state.withLock { $0.table.refused(queue) }
      throw RocketMQError(.queueLocked, "another member of \(options.group) has the lock of \(queue)", address: address)
    case .failure(let error) where error.code == .connectFailed:
      state.withLock { $0.table.refused(queue) }  // it was never asked
      throw error
    case .failure(let error):
      // The broker may have granted it all the same.
      await release(queue)
      throw error
    }
  }

  /// Gives a lock back. Call it when nobody uses the queue any more, and its offset is committed. Runs to its end also in a task that is
  /// cancelled. False: the broker could not be reached; it is tried again in the background.
  @discardableResult
  func release(_ queue: MessageQueue) async -> Bool {
    let (isLocked, renewal) = state.withLock { state in
      state.leases[queue]?.lose()
      state.leases[queue] = nil
      return (state.table.beginUnlocking(queue), state.renewals[queue.brokerName])
    }
    guard isLocked else { return true }
    return await Task {
      // A renewal that overtakes the unlock would lock the queue again, for nobody.
      await renewal?.value
      return await self.unlock(queue, within: Self.unlockLimit)
    }.value
  }

  /// The lock is left to expire at the broker, which takes a minute: for a queue whose listener does not return.
  func abandon(_ queue: MessageQueue) {
    state.withLock { state in
      state.leases[queue]?.lose()
      state.leases[queue] = nil
      state.table.forget(queue)
    }
  }

  /// Gives back what may still be locked, though nobody here uses it, and returns what the broker has taken back. Call it when everything
  /// is released, and ``run()`` has ended.
  func finish() async -> Set<MessageQueue> {
    for unlock in state.withLock({ $0.unlocks.values.map(\.self) }) { await unlock.value }
    let doubtful = state.withLock { $0.table.unlockDoubtful() }
    return await withTaskGroup(of: MessageQueue?.self) { group in
      for queue in doubtful { group.addTask { await self.unlock(queue, within: .zero) ? queue : nil } }
      return await group.reduce(into: []) { given, queue in if let queue { given.insert(queue) } }
    }
  }

  private func unlock(_ queue: MessageQueue, within limit: Duration) async -> Bool {
    var tries = LastTries(within: limit)
    var failure = RocketMQError(.brokerNotFound, "no master of the broker \(queue.brokerName) is known")
    while let address = options.address(queue.brokerName) {
      do throws(RocketMQError) {
        try await options.api.unlock([queue], at: address, group: options.group, clientID: options.clientID, timeout: Self.timeout)
        state.withLock { $0.table.unlocked(queue, succeeded: true, now: elapsed.milliseconds) }
        return true
      } catch { failure = error }
      guard let pause = tries.pause(after: failure) else { break }
      try? await Task.sleep(for: pause)
    }
    state.withLock { $0.table.unlocked(queue, succeeded: false, now: elapsed.milliseconds) }
    bell.ring()
    options.logger.warning(
      "a queue's lock could not be given back; until the broker lets it expire, nobody may get the queue",
      metadata: [LogKey.queue: "\(queue)", LogKey.error: "\(failure)"])
    return false
  }

  private func lock(_ queues: [MessageQueue], at address: String) async throws(RocketMQError) -> Set<MessageQueue> {
    try await options.api.lock(queues, at: address, group: options.group, clientID: options.clientID, timeout: Self.timeout)
  }

  // MARK: Renewing

  /// Renews, until the task is cancelled. Java: `lockMQPeriodically`.
  func run() async {
    while !Task.isCancelled {
      apply { $0.due(now: elapsed.milliseconds) }
      if let due = state.withLock({ $0.table.nextDue }) {
        let now = elapsed.milliseconds
        if due > now { _ = await bell.wait(atMost: .milliseconds(Int64(due - now)), on: options.clock) }
      } else {
        await bell.wait()
      }
    }
  }

  /// Call it when a connection has been made. Does not block.
  func connected(to address: String) {
    let isNeeded = state.withLock { state in
      var isNeeded = false
      for (broker, known) in state.addresses where known == address {
        if state.table.connected(to: broker, now: elapsed.milliseconds) { isNeeded = true }
      }
      return isNeeded
    }
    if isNeeded { bell.ring() }
  }

  /// Call it when a connection has been lost. Does not block.
  func disconnected(from address: String) {
    for (broker, known) in state.withLock({ $0.addresses }) where known == address {
      apply { $0.disconnected(from: broker, now: elapsed.milliseconds) }
    }
    bell.ring()
  }

  private func perform(_ actions: [QueueLockTable.Action]) {
    for action in actions {
      switch action {
      case .renew(let renewal): renew(renewal)
      case .unlock(let queue):
        state.withLock {
          $0.unlocks[queue] = Task {
            _ = await unlock(queue, within: .zero)
            state.withLock { $0.unlocks[queue] = nil }
          }
        }
      case .verify(let queue, let life):
        Task {
          let isOurs = await options.verify(queue)
          apply { $0.verified(queue, life: life, isOurs: isOurs, now: elapsed.milliseconds) }
          bell.ring()
        }
      case .suspend(let queue):
        options.logger.warning(
          "a queue's lock is in doubt; consuming waits until the broker confirms it", metadata: [LogKey.queue: "\(queue)"])
        options.onChange(queue)
      case .extend(let queue, _, let resumes):
        guard resumes else { continue }
        options.logger.info("a queue's lock is confirmed", metadata: [LogKey.queue: "\(queue)"])
        options.onChange(queue)
      case .lose(let queue):
        options.logger.warning("a queue's lock is lost to another member", metadata: [LogKey.queue: "\(queue)"])
        options.onChange(queue)
      }
    }
  }

  /// What leases say changes with the table, under one lock.
  private func apply(_ change: (inout QueueLockTable) -> [QueueLockTable.Action]) {
    let actions = state.withLock { state in
      let actions = change(&state.table)
      for action in actions {
        switch action {
        case .suspend(let queue): state.leases[queue]?.suspend()
        case .extend(let queue, let until, _): state.leases[queue]?.extend(until: until)
        case .lose(let queue): state.leases[queue]?.lose()
        case .renew, .unlock, .verify: break
        }
      }
      return actions
    }
    perform(actions)
  }

  private func renew(_ renewal: QueueLockTable.Renewal) {
    let work: @Sendable () async -> Void = { [self] in
      // Of two that want the same lock, the later one sees the other: this one the release, or the release this one.
      let renewal = state.withLock { $0.table.narrowed(renewal) }
      do throws(RocketMQError) {
        guard let address = options.address(renewal.broker) else {
          throw RocketMQError(.brokerNotFound, "no master of the broker \(renewal.broker) is known")
        }
        state.withLock { $0.addresses[renewal.broker] = address }
        let granted = try await lock(renewal.queues.keys.sorted(), at: address)
        apply { $0.renewed(renewal, granted: granted, now: elapsed.milliseconds) }
      } catch {
        options.logger.warning(
          "locks could not be renewed; it is tried again", metadata: [LogKey.broker: "\(renewal.broker)", LogKey.error: "\(error)"])
        state.withLock { $0.table.renewalFailed(renewal, now: elapsed.milliseconds) }
      }
      state.withLock { $0.renewals[renewal.broker] = nil }
      bell.ring()
    }
    state.withLock { $0.renewals[renewal.broker] = Task { await work() } }
  }
}

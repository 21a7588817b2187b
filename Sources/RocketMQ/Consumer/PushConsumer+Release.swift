// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

extension PushConsumer {
  func release(_ queue: OwnedQueue, _ reason: Rebalance<OwnedQueue>.ReleaseReason) async -> Bool {
    queue.puller?.stop()
    queue.puller = nil
    switch reason {
    case .offsetIllegal, .reset: break  // it is taken again at once: it was never away
    case .revoked, .lockLost, .stopping: state.withLock { _ = $0.pausedQueues.remove(queue.messageQueue) }
    }
    guard let dispatcher = state.withLock({ $0.dispatcher }) else { return false }
    let ending: Ending
    switch reason {
    case .reset(let offset): return await reset(queue, to: offset, dispatcher)
    case .revoked, .lockLost: ending = await close(queue, dispatcher, within: configuration.releaseDeadline)
    case .stopping: ending = await close(queue, dispatcher, within: nil)
    case .offsetIllegal: ending = await drain(queue, dispatcher)
    }
    let (offset, isCommitted): (Int64, Bool)
    if reason != .lockLost, let wanted = queue.wantedReset {
      (offset, isCommitted) = (wanted, await storeReset(wanted, of: queue))
    } else {
      offset = if case .offsetIllegal(let next) = reason { next } else { queue.window.commitOffset }
      isCommitted = await commitFinally(offset, of: queue, reason)
    }
    let isUnlocked = await unlock(queue, ending)
    if ending.unfinished > 0 {
      logger.warning(
        "messages were not finished in time",
        metadata: [LogKey.queue: "\(queue.messageQueue)", LogKey.count: "\(ending.unfinished)", LogKey.offset: "\(offset)"])
    }
    if ending.unfinished > 0 || !isCommitted || !isUnlocked {
      let left = ShutdownReport.Queue(
        queue: queue.messageQueue, unfinished: ending.unfinished, offset: offset, isCommitted: isCommitted, isUnlocked: isUnlocked)
      state.withLock { if case .ending = $0.phase { $0.leftOver.append(left) } }
    }
    return isCommitted && reason != .lockLost
  }

  struct Ending {
    var unfinished: Int
    /// No listener has a message of the queue any more.
    var hasReturned = true
  }

  /// Waits for what is being consumed; what is not finished then is given to whoever gets the queue next. A locked queue is given to nobody
  /// before its listener has returned, however long that takes; only at the end of the consumer there is no more time.
  func close(_ queue: OwnedQueue, _ dispatcher: any MessageDispatcher, within bound: Duration?) async -> Ending {
    queue.window.drop()
    var unfinished = await dispatcher.close(queue, within: bound)
    if queue.lease.needsLock, bound != nil, dispatcher.isBusy(queue) {
      logger.warning(
        "a listener does not return, so that its queue cannot be handed over", metadata: [LogKey.queue: "\(queue.messageQueue)"])
      tell(.lock(QueueLockEvent(queue: queue.messageQueue, change: .kept)))
      unfinished = await dispatcher.close(queue, within: nil)
    }
    queue.forget()
    if queue.lease.needsLock, dispatcher.isBusy(queue) { await dispatcher.cancel(queue, grace: Self.cancelGrace) }
    let hasReturned = !dispatcher.isBusy(queue)
    dispatcher.remove(queue)
    return Ending(unfinished: unfinished, hasReturned: hasReturned)
  }

  /// The broker may not have the messages any more that were pulled, so nobody would be given them again: they are all consumed first, and
  /// sent back when they fail, also late.
  private func drain(_ queue: OwnedQueue, _ dispatcher: any MessageDispatcher) async -> Ending {
    await dispatcher.drain(queue, within: configuration.consumeTimeout)
    queue.window.drop()
    let unfinished = await dispatcher.close(queue, within: queue.lease.needsLock ? nil : .zero)
    let hasReturned = !dispatcher.isBusy(queue)
    dispatcher.remove(queue)
    return Ending(unfinished: unfinished, hasReturned: hasReturned)
  }

  /// Whoever is without its lock must not take back what another member has committed.
  private func commitFinally(_ offset: Int64, of queue: OwnedQueue, _ reason: Rebalance<OwnedQueue>.ReleaseReason) async -> Bool {
    var mayCommit = reason != .lockLost
    if mayCommit, !queue.lease.isValid { mayCommit = await isNotPassed(queue.messageQueue, at: offset) ?? false }
    guard mayCommit else {
      await offsets.close(queue.messageQueue)
      return false
    }
    return await offsets.commitFinally(offset, of: queue.messageQueue, within: Self.finalCommitLimit)
  }

  /// The last thing that happens to a queue: from here on another member may have it.
  func unlock(_ queue: OwnedQueue, _ ending: Ending) async -> Bool {
    guard queue.lease.needsLock, let locks = state.withLock({ $0.locks }) else { return true }
    if ending.hasReturned { return await locks.release(queue.messageQueue) }
    logger.error(
      "a listener has not returned; nobody gets its queue before the broker lets the lock expire, a minute from now",
      metadata: [LogKey.queue: "\(queue.messageQueue)"])
    locks.abandon(queue.messageQueue)
    return false
  }

  static var finalCommitLimit: Duration { .seconds(3) }
  /// For listeners that end when their task is cancelled.
  private static var cancelGrace: Duration { .milliseconds(500) }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

extension PushConsumer {
  /// Looks for queues that nobody pulls, until cancelled: says so, and has them taken anew, unless it is the listener's doing.
  func watchQueues() async {
    let limit = configuration.pullTimeout * 2
    let interval = limit / 4
    var watch = QueueWatch<ObjectIdentifier>(limit: limit)
    var uncommitted = QueueWatch<ObjectIdentifier>(limit: interval / 2)
    var elapsed: Duration = .zero
    while (try? await client.clock.sleep(for: interval)) != nil {
      elapsed += interval
      let queues = Dictionary(rebalance.held.map { (ObjectIdentifier($0), $0) }) { first, _ in first }
      func sights(_ mayRest: (OwnedQueue) -> Bool) -> [QueueWatch<ObjectIdentifier>.Sight] {
        queues.map { .init(key: $0, lastPull: $1.puller?.lastPullMilliseconds ?? 0, mayRest: mayRest($1)) }
      }
      let now = UInt64(elapsed.wholeMilliseconds)
      let stuck = sights { isPaused($0.messageQueue) || !$0.lease.isValid || waitsForListener($0) }
      for (key, forMilliseconds) in watch.look(at: stuck, now: now) {
        if let queue = queues[key] { restart(queue, after: .milliseconds(forMilliseconds)) }
      }
      guard isInOrder else { continue }
      for (key, _) in uncommitted.look(at: sights { !waitsForCommit($0) }, now: now) {
        if let queue = queues[key] { warnOfUncommitted(queue) }
      }
    }
  }

  /// Flow control holds it up, and the listener has had everything there is: it will not be called again, so it cannot commit either.
  private func waitsForCommit(_ queue: OwnedQueue) -> Bool {
    let uncommitted = queue.order.withLock { $0.uncommitted }
    return uncommitted > 0 && queue.puller?.isThrottled == true && uncommitted >= queue.window.stats.count
  }

  private func warnOfUncommitted(_ queue: OwnedQueue) {
    logger.warning(
      "the listener does not commit; the queue is not pulled any more",
      metadata: [LogKey.queue: "\(queue.messageQueue)", LogKey.count: "\(queue.order.withLock { $0.uncommitted })"])
  }

  private func restart(_ queue: OwnedQueue, after time: Duration) {
    logger.error(
      "a queue was not pulled for too long; it is taken anew",
      metadata: [LogKey.queue: "\(queue.messageQueue)", "rocketmq.since_last_pull": "\(time)"])
    tell(.queueStuck(queue.messageQueue, sinceLastPull: time))
    rebalance.post(.stuck(queue.messageQueue, queue))
  }

  /// Flow control holds it up, and there is something whose end can change that: messages of its own, or of other queues when it is the
  /// client's byte budget that is used up.
  private func waitsForListener(_ queue: OwnedQueue) -> Bool {
    queue.puller?.isThrottled == true && (queue.window.stats.count > 0 || client.cacheBudget.used > 0)
  }
}

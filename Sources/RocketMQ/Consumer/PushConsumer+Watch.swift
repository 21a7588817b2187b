// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

extension PushConsumer {
  /// Looks for queues that nobody pulls, until cancelled: says so, and has them taken anew.
  func watchQueues() async {
    let limit = configuration.pullTimeout * 2
    let interval = limit / 4
    var watch = QueueWatch<ObjectIdentifier>(limit: limit)
    var elapsed: Duration = .zero
    while (try? await client.clock.sleep(for: interval)) != nil {
      elapsed += interval
      let queues = Dictionary(rebalance.held.map { (ObjectIdentifier($0), $0) }) { first, _ in first }
      let sights = queues.map { key, queue in
        QueueWatch.Sight(
          key: key, lastPull: queue.puller?.lastPullMilliseconds ?? 0,
          mayRest: isPaused(queue.messageQueue) || !queue.lease.isValid || waitsForListener(queue))
      }
      for (key, forMilliseconds) in watch.look(at: sights, now: UInt64(elapsed.wholeMilliseconds)) {
        if let queue = queues[key] { restart(queue, after: .milliseconds(forMilliseconds)) }
      }
    }
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

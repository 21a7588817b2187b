// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

extension PushConsumer {
  // MARK: Pausing

  /// Stops pulling. What has been pulled is still consumed, and queues still come and go. Java: `suspend`.
  public func pause() {
    state.withLock { $0.isPaused = true }
    for queue in rebalance.held { applyPause(to: queue) }
  }

  /// Pulls again, but for queues that were paused by name. Java: `resume`.
  public func resume() {
    state.withLock { $0.isPaused = false }
    for queue in rebalance.held { applyPause(to: queue) }
  }

  /// Stops pulling these queues; what has been pulled is still consumed. Queues that this consumer does not have are passed over.
  ///
  /// A queue is paused until ``resume(_:)`` or until it goes to another member: when it comes back it is not paused. The new owner of a
  /// queue knows nothing of the pause.
  public func pause(_ queues: some Sequence<MessageQueue>) {
    let queues = Set(queues)
    let added = state.withLock { state in
      defer { state.pausedQueues.formUnion(queues) }
      return queues.subtracting(state.pausedQueues)
    }
    // In this order: a queue that is released meanwhile either is not held here, or takes its entry along.
    let held = rebalance.held.filter { queues.contains($0.messageQueue) }
    state.withLock { $0.pausedQueues.subtract(added.subtracting(held.map(\.messageQueue))) }
    for queue in held { applyPause(to: queue) }
  }

  /// Pulls these queues again, unless the whole consumer is paused. Queues that are not paused are passed over.
  public func resume(_ queues: some Sequence<MessageQueue>) {
    let queues = Set(queues)
    state.withLock { $0.pausedQueues.subtract(queues) }
    for queue in rebalance.held where queues.contains(queue.messageQueue) { applyPause(to: queue) }
  }

  /// The queues that were paused by name.
  public var paused: Set<MessageQueue> { state.withLock { $0.pausedQueues } }

  /// Under the lock, so that of two who change it the later one is applied last.
  func applyPause(to queue: OwnedQueue) {
    state.withLock { state in
      // While its lock is in doubt, a pull might commit an offset that another member has passed.
      let rests = state.isPaused(queue.messageQueue) || !queue.lease.isValid
      if rests { queue.puller?.pause() } else { queue.puller?.resume() }
    }
  }

  /// By name, or with the whole consumer.
  func isPaused(_ queue: MessageQueue) -> Bool { state.withLock { $0.isPaused(queue) } }

  // MARK: Limits

  /// Of a queue's window when nothing else is said: it can never hold more than these let it.
  var queueLimits: ProcessQueue.Limits {
    var limits = ProcessQueue.Limits()
    limits.count = configuration.maxCachedMessagesPerQueue
    limits.bytes = configuration.maxCachedBytesPerQueue
    // In order there is nothing behind an unfinished message that would be consumed again.
    limits.span = isInOrder ? 0 : configuration.maxOffsetSpan
    limits.largestPull = configuration.pullBatchSize
    return limits
  }

  /// The same with the queue's share of its topic's limits: they are divided by the number of the topic's queues that this consumer has.
  func applyLimits(to queue: OwnedQueue) {
    guard hasTopicLimits else { return }
    let share = max(1, rebalance.shareCount(ofTopic: queue.messageQueue.topic))
    var limits = queueLimits
    if let count = configuration.maxCachedMessagesPerTopic { limits.count = min(limits.count, max(1, count / share)) }
    if let bytes = configuration.maxCachedBytesPerTopic { limits.bytes = min(limits.bytes, max(1, bytes / share)) }
    queue.window.setLimits(limits)
  }

  /// After a rebalance. Java: `messageQueueChanged`.
  func applyLimits(toTopic topic: String) {
    guard hasTopicLimits else { return }
    for queue in rebalance.held where queue.messageQueue.topic == topic { applyLimits(to: queue) }
  }

  private var hasTopicLimits: Bool { configuration.maxCachedMessagesPerTopic != nil || configuration.maxCachedBytesPerTopic != nil }
}

extension PushConsumer.State {
  fileprivate func isPaused(_ queue: MessageQueue) -> Bool { isPaused || pausedQueues.contains(queue) }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

extension PushConsumer {
  /// What it has done and what it holds.
  public var statistics: ConsumerStatistics {
    let counts = state.withLock { $0.dispatcher }?.counts ?? DispatchCounts()
    let queues = rebalance.held.map { ConsumerStatistics.Queue($0) }.sorted { $0.queue < $1.queue }
    return ConsumerStatistics(
      consumed: counts.consumed, failed: counts.failed, sentBack: counts.sentBack, passedOver: counts.passedOver, queues: queues)
  }

  /// The same, and its settings, in the form that Java's tools know.
  var runningInfo: RunningInfo {
    var info = RunningInfo()
    info.properties = runningProperties
    info.subscriptions = state.withLock { $0.subscriptions.data }
    let now = Timestamp.now
    for queue in statistics.queues { info.queues[queue.queue] = RunningInfo.Queue(queue, now: now) }
    return info
  }

  private var runningProperties: [String: String] {
    let (concurrency, startedAt, listener) = state.withLock { ($0.concurrency, $0.startedAt, $0.listener) }
    return [
      "PROP_CLIENT_VERSION": "V4_9_8",
      "PROP_CONSUMEORDERLY": "\(isInOrder)",
      "PROP_CONSUMER_START_TIMESTAMP": "\(startedAt?.millisecondsSince1970 ?? 0)",
      "PROP_CONSUME_TYPE": "CONSUME_PASSIVELY",
      "PROP_NAMESERVER_ADDR": client.nameServers.map { $0 + ";" }.joined(),
      "PROP_THREADPOOL_CORE_SIZE": "\(concurrency)",
      "allocateMessageQueueStrategy": configuration.allocation.name,
      "awaitTerminationMillisWhenShutdown": "\(configuration.shutdownDeadline.wholeMilliseconds)",
      "consumeConcurrentlyMaxSpan": "\(configuration.maxOffsetSpan)",
      "consumeFromWhere": startFrom.javaName,
      "consumeMessageBatchMaxSize": "\(listener?.batchSize ?? 1)",
      "consumeThreadMax": "\(concurrency)",
      "consumeThreadMin": "\(concurrency)",
      "consumeTimeout": "\(configuration.consumeTimeout.components.seconds / 60)",
      "consumerGroup": group,
      "maxReconsumeTimes": "\(configuration.maxReconsumeTimes ?? -1)",
      "messageModel": configuration.messageModel.javaName,
      "pullBatchSize": "\(configuration.pullBatchSize)",
      "pullInterval": "\(configuration.pullInterval.wholeMilliseconds)",
      "pullThresholdForQueue": "\(configuration.maxCachedMessagesPerQueue)",
      "pullThresholdSizeForQueue": "\(configuration.maxCachedBytesPerQueue >> 20)",
    ]
  }
}

extension ConsumerStatistics.Queue {
  init(_ owned: OwnedQueue) {
    let window = owned.window.stats
    queue = owned.messageQueue
    cachedMessages = window.count
    waitingMessages = window.ready
    cachedBytes = window.bytes
    commitOffset = window.commitOffset
    lastCachedOffset = window.count > 0 ? window.lastOffset : nil
    pullOffset = owned.puller?.nextOffset ?? window.commitOffset
    isLocked = owned.lease.needsLock && owned.lease.isValid
    lag = owned.puller?.maxOffset.map { max(0, $0 - window.commitOffset) }
    sinceLastPull = Duration(sinceMilliseconds: owned.puller?.lastPullMilliseconds ?? 0)
    sinceLastConsumed = Duration(sinceMilliseconds: owned.lastConsumedMilliseconds)
  }
}

extension RunningInfo.Queue {
  fileprivate init(_ queue: ConsumerStatistics.Queue, now: Timestamp) {
    self.init()
    func time(_ ago: Duration?) -> Int64 { ago.map { now.millisecondsSince1970 - Int64($0.wholeMilliseconds) } ?? 0 }
    commitOffset = queue.commitOffset
    cachedMessages = queue.cachedMessages
    cachedMinOffset = queue.cachedMessages > 0 ? queue.commitOffset : 0
    cachedMaxOffset = queue.lastCachedOffset ?? 0
    cachedMebibytes = queue.cachedBytes >> 20
    isLocked = queue.isLocked
    pulledAt = time(queue.sinceLastPull)
    consumedAt = time(queue.sinceLastConsumed)
  }
}

extension Duration {
  /// Since a time of the core's monotonic clock; nil for 0, which stands for never.
  fileprivate init?(sinceMilliseconds then: UInt64) {
    if then == 0 { return nil }
    let now = Core.nowMilliseconds()
    self = .milliseconds(now > then ? now - then : 0)
  }
}

extension AnyListener {
  fileprivate var batchSize: Int {
    switch self {
    case .concurrent(.batch(let size, _)): size
    case .inOrder(let listener): if case .batch(let size, _, _) = listener.call { size } else { 1 }
    case .concurrent: 1
    }
  }
}

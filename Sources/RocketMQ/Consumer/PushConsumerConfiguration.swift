// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Settings of a ``PushConsumer``; the defaults are Java's, where nothing else is said. Java: `DefaultMQPushConsumer`.
public struct PushConsumerConfiguration: Sendable {
  /// Whether a message goes to one member of the group or to every one; default ``MessageModel/clustering``.
  public var messageModel = MessageModel.clustering

  /// Messages consumed at the same time; 1 to 1000, default 20. May be changed later: ``PushConsumer/setConcurrency(_:)``.
  /// Java: `consumeThreadMax`.
  public var concurrency = 20

  /// Messages asked for by one pull; 1 to 1024, default 32. A Java broker gives at most 32 (8 from disk) unless it is set otherwise.
  public var pullBatchSize = 32
  /// Pause between two pulls of a queue; 0 to 65.535 s, default 0.
  public var pullInterval: Duration = .zero
  /// How long a broker may hold a pull when there is nothing new; 100 ms to 5 min, default 15 s. A pull that is not answered 15 s after
  /// that is repeated. Java: `brokerSuspendMaxTimeMillis`, `consumerTimeoutMillisWhenSuspend`.
  public var longPollTime: Duration = .seconds(15)
  /// Until a failed pull is repeated; default 1 s. Java: `pullTimeDelayMillsWhenException`.
  public var pullRetryDelay: Duration = .seconds(1)

  /// A queue is not pulled while it holds more unfinished messages than this; 1 to 65,535, default 1000. Java: `pullThresholdForQueue`.
  public var maxCachedMessagesPerQueue = 1000
  /// ... or more body bytes than this; 1 byte to 1 GiB, default 100 MiB. Java: `pullThresholdSizeForQueue`. For all queues of all
  /// consumers together there is ``ClientConfiguration/maxCachedBytes``.
  public var maxCachedBytesPerQueue = 100 << 20
  /// ... or when it and the other queues of its topic that this consumer has hold more than this together: each gets an equal part, anew
  /// whenever queues come or go. 1 to 6,553,500; nil, the default: no limit. Java: `pullThresholdForTopic`, which there takes the place of
  /// the limit for one queue, and is divided by the queues of all topics.
  public var maxCachedMessagesPerTopic: Int?
  /// ... or more body bytes than this together; 1 byte to 100 GiB, nil, the default: no limit. Java: `pullThresholdSizeForTopic`.
  public var maxCachedBytesPerTopic: Int?
  /// ... or when its newest message is further than this from its oldest unfinished one; 1 to 65,535, default 2000. So one message that
  /// takes long does not make much to be consumed again after a crash. Java: `consumeConcurrentlyMaxSpan`.
  public var maxOffsetSpan = 2000

  /// After so many failures a message goes to the dead-letter topic `%DLQ%group`; 0 or more. nil, the default: 16, and without limit for a
  /// listener that consumes in order, where a message that fails holds up its queue.
  public var maxReconsumeTimes: Int?
  /// How long a queue that is consumed in order waits after a failure, when the listener does not say; 10 ms to 30 s, default 1 s.
  /// Java: `suspendCurrentQueueTimeMillis`.
  public var suspension: Duration = .seconds(1)
  /// A message that the listener has had for longer than this is sent back, so that another member may try it; at least 1 s, default
  /// 15 min.
  public var consumeTimeout: Duration = .seconds(15 * 60)
  /// With ``MessageModel/broadcasting``: how often a message that fails is given to the listener again, each time 5 s later, before it is
  /// passed over; its queue's offset waits. 0 to 1000, default 0, as in Java: a message that fails because of what is in it would
  /// otherwise hold its queue up for nothing. With ``MessageModel/clustering`` it has no effect.
  public var maxLocalRetries = 0
  /// Messages whose bodies inflate to more than this count as failed; default 64 MiB.
  public var maxBodyBytes = 64 << 20

  /// A queue is handed over to another member only when nothing of it is being consumed any more: a member that joins or leaves makes no
  /// message be consumed twice. Costs one more request for each queue that is taken or given up. All members of the group must have it on;
  /// consuming in order always works this way. Default false. See <doc:ExclusiveHandOver>.
  public var isExclusive = false

  /// How queues are shared among the group's members; the same in all of them. Default ``AverageAllocation``.
  public var allocation: any AllocationStrategy = AverageAllocation()
  /// Between two rebalances when nothing gives cause for one earlier; default 20 s.
  public var rebalanceInterval: Duration = .seconds(20)
  /// How long members still count that a broker which was out of reach does not know again; the same in all members.
  /// Default 35 s: members of this library are back within a few seconds, Java's with their next heartbeat, which may take 30. Those that
  /// have really gone meanwhile keep their queues from the others for that long. 0: as in Java, whoever comes back first takes all
  /// queues until the others are back, too. When the broker was never away, and only connections were cut, it is no more than 3 s. At most a day. See
  /// <doc:SharingQueues>.
  public var absentMemberGrace: Duration = .seconds(35)
  /// Where offsets are kept; nil: at the brokers, or with ``MessageModel/broadcasting`` in files under
  /// `$HOME/.rocketmq_offsets/<instance name>` (``ClientConfiguration/instanceName``, or `DEFAULT`).
  public var offsetStore: (any OffsetStore)?
  /// Between two commits of offsets that have changed; default 5 s. Java: `persistConsumerOffsetInterval`.
  public var commitInterval: Duration = .seconds(5)

  /// See every call of the listener, the first of them outermost; default none. Java: `registerConsumeMessageHook`.
  public var consumeHooks: [any ConsumeHook] = []
  /// Decide, after the broker's filter, whether the listener gets a message: all of them must let it pass; default none.
  /// Java: `registerFilterMessageHook`.
  public var messageFilters: [any MessageFilterHook] = []

  /// How long a queue that goes to another member waits for messages that are being consumed; default 5 s. What is not finished then is
  /// consumed again by the other member; but a queue with a lock (in order, or ``isExclusive``) stays here until it is finished.
  public var releaseDeadline: Duration = .seconds(5)
  /// How long ``PushConsumer/run()`` waits, when it ends, for messages that are being consumed; default 10 s.
  /// Java: `awaitTerminationMillisWhenShutdown`, there 0.
  public var shutdownDeadline: Duration = .seconds(10)

  /// The defaults.
  public init() {}

  /// Brokers look at held pulls every five seconds only, so their answer may be late by that much.
  package var pullSlack: Duration = .seconds(15)
  /// When a pull has failed for want of an answer.
  package var pullTimeout: Duration { longPollTime + pullSlack }

  /// Throws `invalidArgument` that names the setting, its value and its range.
  func validate() throws(RocketMQError) {
    try check("concurrency", concurrency, 1...1000)
    try check("pullBatchSize", pullBatchSize, 1...1024)
    try check("pullInterval", pullInterval, .zero ... .milliseconds(65_535))
    try check("longPollTime", longPollTime, .milliseconds(100) ... .seconds(300))
    try check("pullRetryDelay", pullRetryDelay, .milliseconds(1) ... .seconds(3600))
    try check("maxCachedMessagesPerQueue", maxCachedMessagesPerQueue, 1...65_535)
    try check("maxCachedBytesPerQueue", maxCachedBytesPerQueue, 1...(1 << 30))
    if let limit = maxCachedMessagesPerTopic { try check("maxCachedMessagesPerTopic", limit, 1...6_553_500) }
    if let limit = maxCachedBytesPerTopic { try check("maxCachedBytesPerTopic", limit, 1...(100 << 30)) }
    try check("maxOffsetSpan", maxOffsetSpan, 1...65_535)
    try check("maxLocalRetries", maxLocalRetries, 0...1000)
    if let maxReconsumeTimes { try check("maxReconsumeTimes", maxReconsumeTimes, 0...Int(Int32.max)) }
    try check("suspension", suspension, .milliseconds(10) ... .seconds(30))
    try check("consumeTimeout", consumeTimeout, .seconds(1) ... .seconds(365 * 86_400))
    try check("maxBodyBytes", maxBodyBytes, 1...Int(Int32.max))
    try check("rebalanceInterval", rebalanceInterval, .milliseconds(10) ... .seconds(86_400))
    try check("absentMemberGrace", absentMemberGrace, .zero ... .seconds(86_400))
    try check("commitInterval", commitInterval, .milliseconds(10) ... .seconds(86_400))
    try check("releaseDeadline", releaseDeadline, .zero ... .seconds(86_400))
    try check("shutdownDeadline", shutdownDeadline, .zero ... .seconds(86_400))
  }

  private func check<Value: Comparable>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) throws(RocketMQError) {
    guard range.contains(value) else {
      throw RocketMQError(.invalidArgument, "\(name) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Settings of a producer. Java: `DefaultMQProducer`'s fields.
public struct ProducerConfiguration: Sendable {
  /// From the call of a send function to its result, all attempts and all waiting included; default 3 s. Java: `sendMsgTimeout`.
  public var sendTimeout: Duration = .seconds(3)
  /// How often ``Producer/send(_:timeout:)`` tries, the first time included; default 3. Each further attempt goes to another broker
  /// when there is one. Java: `retryTimesWhenSendFailed` + 1.
  public var maxAttempts = 3
  /// How long one attempt may take. nil, the default: its share of the time left, so that a broker that does not answer leaves room for
  /// another; with one broker only, all of it.
  public var attemptTimeout: Duration?
  /// Tries another broker when a message is stored, but less safely than it should be (see ``SendResult/Status``); the message is then
  /// there twice. Default false. Java: `retryAnotherBrokerWhenNotStoreOK`.
  public var retriesUnsafelyStored = false
  /// How large bodies are compressed; default zlib. Batches never are.
  public var compression = MessageCompression.zlib(level: 5)
  /// Bodies from this size on are compressed; default 4,096 bytes. Java: `compressMsgBodyOverHowmuch`.
  public var compressesFrom = 4096
  /// The largest body, before compression, and the largest batch; default 4 MiB, as brokers have it. Java: `maxMessageSize`.
  public var maxMessageBytes = 4 << 20
  /// Bytes of messages being sent at the same time; senders wait for room in the order in which they came. Default 64 MiB.
  public var maxBytesInFlight = 64 << 20
  /// Queues on each broker for a topic that the broker creates by itself; default 4. Java: `defaultTopicQueueNums`.
  public var autoCreateQueues: Int32 = 4

  public init() {}
}

extension ProducerConfiguration {
  /// Throws `invalidArgument` that names the setting.
  func validate() throws(RocketMQError) {
    func check(_ holds: Bool, _ rule: @autoclosure () -> String) throws(RocketMQError) {
      if !holds { throw RocketMQError(.invalidArgument, "producer: \(rule())") }
    }
    try check(sendTimeout > .zero, "sendTimeout is \(sendTimeout), but must be longer than nothing")
    try check(attemptTimeout.map { $0 > .zero } ?? true, "attemptTimeout must be longer than nothing")
    try check(maxAttempts > 0, "maxAttempts is \(maxAttempts), but must be at least 1")
    try check(maxMessageBytes > 0, "maxMessageBytes is \(maxMessageBytes), but must be at least 1")
    try check(maxBytesInFlight > 0, "maxBytesInFlight is \(maxBytesInFlight), but must be at least 1")
    try check(autoCreateQueues > 0, "autoCreateQueues is \(autoCreateQueues), but must be at least 1")
    switch compression {
    case .none, .lz4: break
    case .zlib(let level): try check((0...9).contains(level), "the zlib level \(level) is not between 0 and 9")
    case .zstd(let level): try check((1...22).contains(level), "the zstd level \(level) is not between 1 and 22")
    }
  }
}

/// How message bodies are compressed. Java: `CompressionType`.
public enum MessageCompression: Sendable, Hashable {
  case none
  /// Every client can read it. Levels 0 to 9.
  case zlib(level: Int)
  /// Fast. Readers must be 4.9.5 or later.
  case lz4
  /// Small. Levels 1 to 22. Readers must be 4.9.5 or later.
  case zstd(level: Int)
}

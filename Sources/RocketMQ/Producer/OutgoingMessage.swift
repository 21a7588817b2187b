// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// A message, or a batch, made ready: everything but the queue is settled. Java: `DefaultMQProducerImpl.sendKernelImpl`, first half.
struct OutgoingMessage: Sendable {
  let topic: String
  let messageIDs: [String]
  let body: [UInt8]
  let properties: [UInt8]
  let sysFlag: Int32
  let flag: Int32
  let bornAt: Timestamp
  let isBatch: Bool
  let reconsumeTimes: String
  let maxReconsumeTimes: String?

  /// What it counts for in memory and on the wire.
  var bytes: Int { body.count + properties.count + 512 }

  /// Throws `invalidArgument` and `tooLarge` that name the rule.
  init(_ message: Message, _ configuration: ProducerConfiguration, ids: UniqueIDs) throws(RocketMQError) {
    try message.validate(configuration)
    bornAt = .now
    let id = message.systemProperties[PropertyName.uniqueKey] ?? ids.next(nowMilliseconds: bornAt.millisecondsSince1970)
    topic = message.topic
    messageIDs = [id]
    properties = try message.propertyText(id: id)
    flag = message.flag
    isBatch = false
    let compressed = try configuration.compress(message.body)
    body = compressed?.body ?? message.body
    let isHalf = message.systemProperties[PropertyName.transactionPrepared] == "true"
    sysFlag = (compressed?.sysFlag ?? 0) | (isHalf ? Self.transactionPrepared : 0)
    let isRetry = message.topic.hasPrefix(TopicName.retryPrefix)
    reconsumeTimes = (isRetry ? message.systemProperties[PropertyName.reconsumeTime] : nil) ?? "0"
    maxReconsumeTimes = isRetry ? message.systemProperties[PropertyName.maxReconsumeTimes] : nil
  }

  /// A batch; the rules stand at ``Producer/send(batch:timeout:)``. Java: `MessageBatch`.
  init(batch: [Message], _ configuration: ProducerConfiguration, ids: UniqueIDs) throws(RocketMQError) {
    guard let first = batch.first else { throw RocketMQError(.invalidArgument, "the batch is empty") }
    var body: [UInt8] = []
    var messageIDs: [String] = []
    bornAt = .now
    for message in batch {
      try message.validate(configuration)
      try message.validate(inBatchOf: first)
      let id = message.systemProperties[PropertyName.uniqueKey] ?? ids.next(nowMilliseconds: bornAt.millisecondsSince1970)
      try BatchBody.append(flag: message.flag, body: message.body, properties: message.propertyText(id: id), to: &body)
      messageIDs.append(id)
      guard body.count <= configuration.maxMessageBytes else {
        throw RocketMQError(
          .tooLarge,
          "the batch of \(batch.count) messages to \(first.topic) has more than \(configuration.maxMessageBytes) bytes; "
            + "split it with batches(of:)")
      }
    }
    topic = first.topic
    self.body = body
    self.messageIDs = messageIDs
    properties = PropertyWriter.wait(first.waitsUntilStored)
    sysFlag = 0
    flag = 0
    isBatch = true
    reconsumeTimes = "0"
    maxReconsumeTimes = nil
  }

  private static let transactionPrepared: Int32 = 0x4

  /// SEND_MESSAGE_V2(310) or SEND_BATCH_MESSAGE(320) to `queue`.
  func command(to queue: MessageQueue, group: String, autoCreateQueues: Int32) -> Command {
    var command = Command(isBatch ? .sendBatchMessage : .sendMessageV2)
    command.reserve(fields: 14, bytes: properties.count + group.utf8.count + topic.utf8.count + queue.brokerName.utf8.count + 64)
    command.set(.producerGroup, group)
    command.set(.topic, topic)
    command.set(.defaultTopic, TopicName.autoCreate)
    command.set(.defaultTopicQueueNums, autoCreateQueues)
    command.set(.queueID, queue.queueID)
    command.set(.sysFlag, sysFlag)
    command.set(.bornTimestamp, bornAt.millisecondsSince1970)
    command.set(.flag, flag)
    command.set(.properties, utf8: properties)
    command.set(.reconsumeTimes, reconsumeTimes)
    command.set(.unitMode, false)
    command.set(.maxReconsumeTimes, maxReconsumeTimes)
    command.set(.batch, isBatch)
    command.set(.bname, queue.brokerName)
    command.body = body
    return command
  }
}

extension ProducerConfiguration {
  /// nil when the body stays as it is: too small, or not made smaller.
  fileprivate func compress(_ body: [UInt8]) throws(RocketMQError) -> (body: [UInt8], sysFlag: Int32)? {
    guard body.count >= compressesFrom else { return nil }
    let (type, level): (BodyCompression, Int)
    switch compression {
    case .none: return nil
    case .zlib(let wanted): (type, level) = (.zlib, wanted)
    case .lz4: (type, level) = (.lz4, 0)
    case .zstd(let wanted): (type, level) = (.zstd, wanted)
    }
    let compressed = try type.compress(body, level: level)
    return compressed.count < body.count ? (compressed, type.sysFlag) : nil
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import RocketMQ

// Sending. Java: `SendMessageProcessor`, `AbstractSendMessageProcessor`; the order of the checks is theirs.
extension Broker {
  private struct SendHeader {
    var topic: String
    var defaultTopic: String
    var defaultQueues: Int32
    var queueID: Int32
    var sysFlag: Int32
    var flag: Int32
    var bornAt: Int64
    var reconsumeTimes: Int32
    var maxReconsumeTimes: Int32?
    var isUnit: Bool
    var isBatch: Bool

    /// The mandatory fields are known to be there.
    init(_ command: borrowing CommandView) {
      topic = command.string(.topic) ?? ""
      defaultTopic = command.string(.defaultTopic) ?? ""
      defaultQueues = command.int32(.defaultTopicQueueNums) ?? 0
      queueID = command.int32(.queueID) ?? 0
      sysFlag = command.int32(.sysFlag) ?? 0
      flag = command.int32(.flag) ?? 0
      bornAt = command.int64(.bornTimestamp) ?? 0
      reconsumeTimes = command.int32(.reconsumeTimes) ?? 0
      maxReconsumeTimes = command.int32(.maxReconsumeTimes)
      isUnit = command.bool(.unitMode) ?? false
      isBatch = command.bool(.batch) ?? false
    }
  }

  /// Why a send is refused.
  private struct Refusal: Error {
    var code: ResponseCode
    var remark: String

    static func illegalMessage(_ limit: Int) -> Refusal {
      Refusal(
        code: .messageIllegal,
        remark: """
          the message is illegal, maybe msg body or properties length not matched. msg body length limit \(limit)B, msg properties length \
          limit 32KB.
          """)
    }
  }

  func send(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    var response = Command(response: .success)
    response.set(.msgRegion, "DefaultRegion")
    response.set(.traceOn, true)
    do throws(Refusal) {
      var header = SendHeader(request.command)
      let topic = try topic(for: header, from: request)
      if header.queueID < 0 { header.queueID = Int32.random(in: 0..<max(topic.writeQueues, 1)) }
      if topic.filterType == "MULTI_TAG" { header.sysFlag |= 0x2 }
      let stored = header.isBatch ? try storeBatch(request, header) : try storeMessage(request, header)
      response.set(.msgID, stored.offsets.lazy.map { self.storeHost.offsetMessageID($0) }.joined(separator: ","))
      response.set(.queueID, header.queueID)
      response.set(.queueOffset, stored.queueOffset)
    } catch {
      response.code = error.code.rawValue
      response.remark = error.remark
    }
    path.send(response)
  }

  /// The settings of the topic the message goes to; makes the topic when it may.
  private func topic(for header: SendHeader, from request: borrowing InboundRequest) throws(Refusal) -> TopicConfiguration {
    if let fault = TopicTable.fault(in: header.topic) { throw Refusal(code: .systemError, remark: fault) }
    if SystemTopic.notForSending.contains(header.topic) {
      throw Refusal(code: .noPermission, remark: "Sending message to topic[\(header.topic)] is forbidden.")
    }
    guard let topic = topics[header.topic] ?? makeTopic(for: header) else {
      throw Refusal(code: .topicNotExist, remark: "topic[\(header.topic)] not exist, apply first please!\(helpText)")
    }
    if header.queueID >= max(topic.writeQueues, topic.readQueues) {
      throw Refusal(
        code: .systemError, remark: "request queueId[\(header.queueID)] is illegal, \(topic.javaText) Producer: \(request.peer)")
    }
    return topic
  }

  private func makeTopic(for header: SendHeader) -> TopicConfiguration? {
    let isRetry = header.topic.hasPrefix(TopicName.retryPrefix)
    let sysFlag: Int32 = header.isUnit ? (isRetry ? 2 : 1) : 0
    if let topic = topics.createForSending(
      header.topic, like: header.defaultTopic, queues: header.defaultQueues, sysFlag: sysFlag, now: now)
    {
      topicChanged(topic)
      return topic
    }
    return isRetry ? ensureTopic(header.topic, queues: 1, sysFlag: sysFlag) : nil
  }

  private func storeMessage(
    _ request: borrowing InboundRequest, _ header: SendHeader
  ) throws(Refusal) -> (offsets: [Int64], queueOffset: Int64) {
    var record = newRecord(request, header)
    var properties = PropertyBlock(request.command.withBytes(of: .properties) { [UInt8]($0) } ?? [])
    if header.topic.hasPrefix(TopicName.retryPrefix) {
      let group = groups.find(String(header.topic.dropFirst(TopicName.retryPrefix.count)), now: now)
      if header.reconsumeTimes >= header.maxReconsumeTimes ?? group.maxRetries {
        // A delay the client asked for still holds, as on the Java broker: the dead letter appears when it has passed.
        record.topic = ensureTopic(TopicName.deadLetter(ofGroup: group.name), queues: 1).name
        record.queueID = 0
      }
    }
    if properties.value(PropertyName.transactionPrepared)?.lowercased() == "true" {
      // Stored as an ordinary message it would be seen before it is committed.
      throw Refusal(
        code: .noPermission, remark: "the broker[\(configuration.announcedHost)] sending transaction message is forbidden")
    }
    properties.set(PropertyName.cluster, configuration.clusterName)
    // Of no use once stored; only what the schedule keeps has it, as in Java.
    if delayLevel(properties) <= 0 { properties.remove(PropertyName.wait) }
    let limit = configuration.limits.maxMessageBytes
    if request.command.bodyCount > limit { throw .illegalMessage(limit) }
    return try request.command.withBody { body throws(Refusal) in
      do throws(RocketMQError) {
        let stored = try put(record, body: body, properties)
        return ([stored.offset], stored.queueOffset)
      } catch {
        throw refusal(for: error)
      }
    }
  }

  private func storeBatch(
    _ request: borrowing InboundRequest, _ header: SendHeader
  ) throws(Refusal) -> (offsets: [Int64], queueOffset: Int64) {
    let limit = configuration.limits.maxMessageBytes
    if request.command.bodyCount > limit { throw .illegalMessage(limit) }
    // What every message of the batch gets behind its own properties.
    var common = PropertyBlock()
    common.set(PropertyName.cluster, configuration.clusterName)
    request.command.withBytes(of: .properties) { common.append($0) }
    let template = newRecord(request, header)
    let queue = store.queue(header.topic, header.queueID)
    let first = queue.next
    return try request.command.withBody { body throws(Refusal) in
      do throws(RocketMQError) {
        var messages: [MessageStore.NewMessage] = []
        var text: [UInt8] = []
        try BatchBody.decode(body) { flag, body, properties in
          let start = text.count
          text.append(contentsOf: properties)
          if let last = properties.last, last != 2 { text.append(2) }
          text.append(contentsOf: common.bytes)
          messages.append(.init(flag: flag, body: body, properties: start..<text.count, tagHash: tagHash(in: properties)))
        }
        let offsets = try store.append(messages, like: template, properties: text, to: queue)
        messagesArrived(in: queue, from: first)
        return (offsets, first)
      } catch {
        throw refusal(for: error)
      }
    }
  }

  private func newRecord(_ request: borrowing InboundRequest, _ header: SendHeader) -> MessageRecord {
    var record = MessageRecord(topic: header.topic, body: [], properties: [], bornHost: request.peerHost, storeHost: storeHost)
    record.queueID = header.queueID
    record.flag = header.flag
    record.sysFlag = header.sysFlag
    record.bornAt = header.bornAt
    record.storedAt = now
    record.reconsumeTimes = header.reconsumeTimes
    return record
  }

  private func refusal(for error: RocketMQError) -> Refusal {
    switch error.code {
    case .tooLarge, .malformedData: return .illegalMessage(configuration.limits.maxMessageBytes)
    default:
      logger.error("a message could not be stored", metadata: [LogKey.error: "\(error)"])
      return Refusal(code: .serviceNotAvailable, remark: "service not available now: \(error.message)")
    }
  }

  // MARK: Storing

  /// Stores a message where it belongs: in its queue, or, when its properties ask for a delay, in the schedule until then.
  func put(
    _ record: MessageRecord, body: UnsafeRawBufferPointer, _ properties: PropertyBlock
  ) throws(RocketMQError) -> (offset: Int64, queueOffset: Int64) {
    var record = record
    var properties = properties
    let level = delayLevel(properties)
    if level > 0 {
      let clamped = DelayLevels.clamp(level)
      if clamped != level { properties.set(PropertyName.delay, String(clamped)) }
      properties.set(PropertyName.realTopic, record.topic)
      properties.set(PropertyName.realQueueID, String(record.queueID))
      record.topic = SystemTopic.schedule
      record.queueID = DelayLevels.queueID(clamped)
    }
    let stored = try append(record, body: body, properties)
    if level > 0 { armDelivery(DelayLevels.clamp(level)) }
    return stored
  }

  private func delayLevel(_ properties: PropertyBlock) -> Int { properties.value(PropertyName.delay).flatMap { Int($0) } ?? 0 }

  /// Stores a message in the queue its record names.
  func append(
    _ record: MessageRecord, body: UnsafeRawBufferPointer, _ properties: PropertyBlock
  ) throws(RocketMQError) -> (offset: Int64, queueOffset: Int64) {
    let queue = store.queue(record.topic, record.queueID)
    let queueOffset = queue.next
    let hash = properties.bytes.withUnsafeBytes { tagHash(in: $0) }
    let message = MessageStore.NewMessage(
      flag: record.flag, body: body, properties: 0..<properties.bytes.count, tagHash: hash)
    let offsets = try store.append(CollectionOfOne(message), like: record, properties: properties.bytes, to: queue)
    messagesArrived(in: queue, from: queueOffset)
    return (offsets[0], queueOffset)
  }

  /// After messages were stored in `queue`, the first of them at `offset`.
  private func messagesArrived(in queue: ConsumeQueue, from offset: Int64) {
    wakeHeldPulls(of: queue, from: offset)
    flushSoon()
  }
}

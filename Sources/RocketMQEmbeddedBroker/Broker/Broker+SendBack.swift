// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import RocketMQ

// Messages that a consumer could not consume. Java: `SendMessageProcessor.asyncConsumerSendMsgBack`.
extension Broker {
  /// Stores the message anew, for the group's retry topic after a delay, or, after too many tries, for its dead-letter topic.
  func sendBack(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let group = groups.find(request.command.string(.group) ?? "", now: now)
    // The group's own settings say that what fails is given up.
    guard group.retryQueues > 0 else { return path.send(Command(response: .success)) }
    let sysFlag: Int32 = request.command.bool(.unitMode) == true ? 2 : 0
    let retryTopic = ensureTopic(TopicName.retry(ofGroup: group.name), queues: group.retryQueues, sysFlag: sysFlag)
    guard retryTopic.permission.contains(.write) else {
      return path.refuse(.noPermission, "the topic[\(retryTopic.name)] sending message is forbidden")
    }
    let offset = request.command.int64(.offset) ?? -1
    guard let bytes = store.record(at: offset), let (original, _) = try? MessageRecord.decode(bytes) else {
      return path.refuse(.systemError, "look message by offset failed, \(offset)")
    }

    var properties = PropertyBlock(original.properties)
    if properties.value(PropertyName.retryTopic) == nil { properties.set(PropertyName.retryTopic, original.topic) }
    if properties.value(PropertyName.originMessageID) == nil {
      properties.set(PropertyName.originMessageID, original.storeHost.offsetMessageID(original.commitLogOffset))
    }
    properties.set(PropertyName.wait, "false")

    var record = original
    let level = request.command.int32(.delayLevel) ?? 0
    let maxRetries = request.command.version >= 121 ? request.command.int32(.maxReconsumeTimes) ?? group.maxRetries : group.maxRetries
    if original.reconsumeTimes >= maxRetries || level < 0 {
      record.topic = ensureTopic(TopicName.deadLetter(ofGroup: group.name), queues: 1).name
      record.queueID = 0
      properties.set(PropertyName.delay, "0")
    } else {
      record.topic = retryTopic.name
      record.queueID = Int32.random(in: 0..<group.retryQueues)
      properties.set(PropertyName.delay, String(level == 0 ? Int64(original.reconsumeTimes) + 3 : Int64(level)))
    }
    record.reconsumeTimes = original.reconsumeTimes &+ 1  // as in Java
    record.storedAt = now
    do throws(RocketMQError) {
      _ = try original.body.lend { body throws(RocketMQError) in try put(record, body: body, properties) }
      path.send(Command(response: .success))
    } catch {
      logger.error("a message could not be sent back", metadata: [LogKey.error: "\(error)"])
      path.refuse(.systemError, error.message)
    }
  }
}

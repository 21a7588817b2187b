// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging

extension PushConsumer {
  /// Has a message delivered again later. True: it is safe at a broker. Java: `sendMessageBack`.
  func sendBack(_ item: SendBack.Item) async -> Bool {
    // Whoever has the queue now is given the message anyway.
    if item.queue.isForgotten { return false }
    let message = item.message
    var failures: [RocketMQError] = []
    do throws(RocketMQError) {
      try await sendBackToItsBroker(message, item.delayLevel)
      return true
    } catch { failures.append(error) }
    do throws(RocketMQError) {
      try await sendToRetryTopic(message, item.delayLevel)
      return true
    } catch { failures.append(error) }
    if failures.last?.code != .cancelled {
      logger.error(
        "a failed message could not be sent back; it is tried again here",
        metadata: [
          LogKey.topic: "\(message.topic)", LogKey.queue: "\(message.queue)", LogKey.offset: "\(message.queueOffset)",
          LogKey.messageID: "\(message.messageID)", LogKey.error: "\(failures.map(\.description).joined(separator: "; "))",
        ])
    }
    return false
  }

  private func sendBackToItsBroker(_ message: ReceivedMessage, _ delayLevel: Int32) async throws(RocketMQError) {
    guard !message.box.isPartOfBatch else {
      throw RocketMQError(.invalidArgument, "the broker keeps the message's batch as one, and would have all of it delivered again")
    }
    guard let address = client.routes.masterAddress(ofBroker: message.brokerName) else {
      throw RocketMQError(.brokerNotFound, "no master of the broker \(message.brokerName) is known")
    }
    try await client.api.sendBack(
      message, to: address, group: group, delayLevel: delayLevel, maxReconsumeTimes: Int32(clamping: reconsumeLimit))
  }

  /// Makes a message that was consumed in order a dead letter. True: it is safe at a broker.
  /// Java: `ConsumeMessageOrderlyService.sendMessageBack`.
  ///
  /// It is sent as a new one, because its broker does not know how often it has failed; but one that cannot be read can only be copied by
  /// its broker.
  func buryDead(_ message: ReceivedMessage) async -> Bool {
    do throws(RocketMQError) {
      if message.box.isBodyAsStored { try await sendBackToItsBroker(message, -1) } else { try await sendToRetryTopic(message, -1) }
      return true
    } catch {
      if error.code != .cancelled {
        logger.error(
          "a message that has failed too often could not be made a dead letter; its queue waits",
          metadata: [
            LogKey.topic: "\(message.topic)", LogKey.queue: "\(message.queue)", LogKey.offset: "\(message.queueOffset)",
            LogKey.messageID: "\(message.messageID)", LogKey.error: "\(error)",
          ])
      }
      return false
    }
  }

  /// After so many failures a message becomes a dead letter.
  private var reconsumeLimit: Int { configuration.maxReconsumeTimes ?? (isInOrder ? Int(Int32.max) : 16) }

  /// When its broker does not take the message back, any broker may have a copy of it. It is the same to the group's members: the broker
  /// delays it, counts, and puts it into the dead-letter topic in its time.
  private func sendToRetryTopic(_ message: ReceivedMessage, _ delayLevel: Int32) async throws(RocketMQError) {
    guard !message.box.isBodyAsStored else {
      throw RocketMQError(.malformedData, "the message's body cannot be read, so it cannot be sent elsewhere")
    }
    var properties = message.properties
    properties[PropertyName.transactionPrepared] = nil
    properties[PropertyName.retryTopic] = message.topic
    properties[PropertyName.originMessageID] = properties[PropertyName.originMessageID] ?? message.offsetMessageID
    // The count decides about the dead-letter topic.
    let times = delayLevel < 0 ? max(message.reconsumeTimes, reconsumeLimit) : message.reconsumeTimes + 1
    properties[PropertyName.reconsumeTime] = String(times)
    properties[PropertyName.maxReconsumeTimes] = String(reconsumeLimit)
    // A dead letter need not wait; a broker would have it wait all the same.
    properties[PropertyName.delay] = delayLevel < 0 ? nil : String(delayLevel > 0 ? Int(delayLevel) : 3 + message.reconsumeTimes)
    var copy = Message(topic: TopicName.retry(ofGroup: group), body: message.bodyBytes, flag: message.flag)
    copy.systemProperties = properties
    try await innerProducer.send(copy)
  }
}

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
    guard let address = client.routes.masterAddress(ofBroker: message.brokerName) else {
      throw RocketMQError(.brokerNotFound, "no master of the broker \(message.brokerName) is known")
    }
    try await client.api.sendBack(
      message, to: address, group: group, delayLevel: delayLevel, maxReconsumeTimes: Int32(clamping: configuration.maxReconsumeTimes))
  }

  /// When its broker does not take the message back, any broker may have a copy of it. It is the same to the group's members: the broker
  /// delays it, counts, and puts it into the dead-letter topic in its time.
  private func sendToRetryTopic(_ message: ReceivedMessage, _ delayLevel: Int32) async throws(RocketMQError) {
    guard !message.box.isBodyAsStored else {
      throw RocketMQError(.malformedData, "the message's body cannot be read, so it cannot be sent elsewhere")
    }
    var properties = message.properties
    properties[PropertyName.transactionPrepared] = nil
    properties[PropertyName.retryTopic] = message.topic
    // The count decides about the dead-letter topic.
    let times = delayLevel < 0 ? max(message.reconsumeTimes, configuration.maxReconsumeTimes) : message.reconsumeTimes + 1
    properties[PropertyName.reconsumeTime] = String(times)
    properties[PropertyName.maxReconsumeTimes] = String(configuration.maxReconsumeTimes)
    properties[PropertyName.delay] = String(delayLevel > 0 ? Int(delayLevel) : 3 + message.reconsumeTimes)
    var copy = Message(topic: TopicName.retry(ofGroup: group), body: message.bodyBytes, flag: message.flag)
    copy.systemProperties = properties
    try await innerProducer.send(copy)
  }
}

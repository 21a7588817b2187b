// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

extension Producer {
  /// Sends one message to some queue of its topic, taking turns, and waits until a broker has stored it.
  ///
  /// Tries again, on another broker when there is one, as long as time and ``ProducerConfiguration/maxAttempts`` allow.
  ///
  /// - Parameters:
  ///   - message: its body may have at most ``ProducerConfiguration/maxMessageBytes``.
  ///   - timeout: from this call to its result, waiting for room included; nil: ``ProducerConfiguration/sendTimeout``.
  /// - Throws: `invalidArgument`, `tooLarge` (nothing was sent); `topicNotFound`, `noNameServer`; `brokerError` with the broker's code;
  ///   `timeout`, `connectFailed`, `connectionClosed`; `cancelled`; `notRunning`, `groupInUse`.
  ///
  /// Java: `DefaultMQProducer.send(Message)`.
  @discardableResult
  public func send(_ message: Message, timeout: Duration? = nil) async throws(RocketMQError) -> SendResult {
    try await send(ready(message), .inTurn, timeout)
  }

  /// Sends to exactly this queue, and tries only once. Throws as ``send(_:timeout:)``, and `brokerNotFound`.
  ///
  /// Java: `send(Message, MessageQueue)`.
  @discardableResult
  public func send(_ message: Message, to queue: MessageQueue, timeout: Duration? = nil) async throws(RocketMQError) -> SendResult {
    guard queue.topic == message.topic else {
      throw RocketMQError(.invalidArgument, "the message is for the topic \(message.topic), the queue is of \(queue.topic)")
    }
    return try await send(ready(message), .queue(queue), timeout)
  }

  /// Sends messages with the same key to the same queue, so that they stay in order, as long as the topic's queues do not change. Tries
  /// only once. Throws as ``send(_:timeout:)``.
  ///
  /// Java: `SelectMessageQueueByHash` with a string, which chooses the same queue.
  @discardableResult
  public func send(_ message: Message, hashing key: String, timeout: Duration? = nil) async throws(RocketMQError) -> SendResult {
    try await send(ready(message), .hash(Core.tagHash(key)), timeout)
  }

  /// Sends several messages as one, to one queue: all are stored, or none. They have one topic and the same `waitsUntilStored`, are not
  /// delayed, and together not larger than ``ProducerConfiguration/maxMessageBytes``; see ``batches(of:)``. Throws as
  /// ``send(_:timeout:)``.
  ///
  /// Java: `send(Collection<Message>)`.
  @discardableResult
  public func send(batch: [Message], timeout: Duration? = nil) async throws(RocketMQError) -> SendResult {
    try await send(ready(batch), .inTurn, timeout)
  }

  /// The same to exactly this queue, once. Java: `send(Collection<Message>, MessageQueue)`.
  @discardableResult
  public func send(batch: [Message], to queue: MessageQueue, timeout: Duration? = nil) async throws(RocketMQError) -> SendResult {
    try await send(ready(batch), .queue(queue), timeout)
  }

  /// Sends without waiting for an answer: returns when the bytes are with the system. The message may be lost without a word.
  ///
  /// Java: `sendOneway(Message)`.
  public func sendOneway(_ message: Message, timeout: Duration? = nil) async throws(RocketMQError) {
    try await sendOneway(ready(message), .inTurn, timeout)
  }

  /// The same to exactly this queue. Java: `sendOneway(Message, MessageQueue)`.
  public func sendOneway(_ message: Message, to queue: MessageQueue, timeout: Duration? = nil) async throws(RocketMQError) {
    try await sendOneway(ready(message), .queue(queue), timeout)
  }

  /// Cuts `messages` into runs, in their order, that ``send(batch:timeout:)`` takes: one topic, the same `waitsUntilStored`, within the
  /// size limit; a delayed message, or one that is too large, is a run of its own (send a delayed one with ``send(_:timeout:)``).
  public func batches(of messages: [Message]) -> [[Message]] {
    var batches: [[Message]] = []
    var bytes = 0
    for message in messages {
      let size = message.largestBatchItem
      if let last = batches.last?.last, last.topic == message.topic, last.waitsUntilStored == message.waitsUntilStored,
        last.delayLevel == 0, message.delayLevel == 0, bytes + size <= configuration.maxMessageBytes
      {
        batches[batches.count - 1].append(message)
        bytes += size
      } else {
        batches.append([message])
        bytes = size
      }
    }
    return batches
  }

  /// The queues that messages to `topic` may go to, in the order of taking turns. Java: `fetchPublishMessageQueues`.
  public func queues(of topic: String) async throws(RocketMQError) -> [MessageQueue] {
    try start()
    return try await publishInfo(topic, Deadline(configuration.sendTimeout)).targets.map(\.queue)
  }
}

extension Message {
  /// Not less than what it takes in a batch.
  fileprivate var largestBatchItem: Int {
    var bytes = 22 + body.count + 128  // item head; id, WAIT and separators
    for (name, value) in properties { bytes += name.utf8.count + value.utf8.count + 2 }
    for (name, value) in systemProperties { bytes += name.utf8.count + value.utf8.count + 2 }
    for key in keys { bytes += key.utf8.count + 1 }
    return bytes + (tags?.utf8.count ?? 0) + 16
  }
}

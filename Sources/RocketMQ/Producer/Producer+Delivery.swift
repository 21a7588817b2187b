// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging

/// Where a message is to go.
enum QueueChoice: Sendable {
  /// Any queue of the topic, the next in turn.
  case inTurn
  case queue(MessageQueue)
  /// The queue of this number, modulo their count.
  case hash(Int32)
}

extension Producer {
  /// Starts the producer if need be, and settles everything but the queue.
  func ready(_ message: Message) throws(RocketMQError) -> OutgoingMessage {
    try start()
    return try OutgoingMessage(message, configuration, ids: client.uniqueIDs)
  }

  func ready(_ batch: [Message]) throws(RocketMQError) -> OutgoingMessage {
    try start()
    return try OutgoingMessage(batch: batch, configuration, ids: client.uniqueIDs)
  }

  func send(_ message: OutgoingMessage, _ choice: QueueChoice, _ timeout: Duration?) async throws(RocketMQError) -> SendResult {
    let deadline = Deadline(timeout ?? configuration.sendTimeout)
    try await gate.enter(message.bytes, within: deadline.left, on: client.loop)
    defer { gate.leave(message.bytes) }
    let limit = if case .inTurn = choice { configuration.maxAttempts } else { 1 }
    var attempts = SendAttempts(limit: limit, perAttempt: configuration.attemptTimeout)
    var unsafelyStored: SendResult?
    while true {
      let (target, brokers) = try await target(of: message.topic, choice, avoiding: attempts.failedBrokers, deadline)
      let queue = target.queue
      do throws(RocketMQError) {
        let address = try await masterAddress(of: target, deadline)
        let command = message.command(to: queue, group: group, autoCreateQueues: configuration.autoCreateQueues)
        let share = attempts.share(of: try positive(deadline, message.topic), brokers: brokers)
        let reply = try await client.api.send(command, to: address, timeout: share)
        health.answered(queue.brokerName)
        let result = try SendResult(reply, to: queue, messageIDs: message.messageIDs)
        if result.status == .stored || !configuration.retriesUnsafelyStored { return result }
        let error = RocketMQError(.brokerError, "stored, but not as safely as it should be", brokerCode: reply.code, address: address)
        guard attempts.failed(on: queue.brokerName, error, left: deadline.left, brokers: brokers) else { return result }
        unsafelyStored = result
      } catch {
        if BrokerHealth.isItsFault(error) { health.failed(queue.brokerName) }
        if Self.suggestsAnOldRoute(error) { client.routes.refreshSoon(message.topic) }
        guard attempts.failed(on: queue.brokerName, error, left: deadline.left, brokers: brokers) else {
          if let unsafelyStored { return unsafelyStored }
          throw attempts.summary(error, topic: message.topic)
        }
        client.logger.info(
          "sending again", metadata: [LogKey.topic: "\(message.topic)", LogKey.broker: "\(queue.brokerName)", LogKey.error: "\(error)"])
        let pause = attempts.pause(after: error, left: deadline.left, brokers: brokers)
        if pause > .zero { try? await Task.sleep(for: pause) }
        if Task.isCancelled { throw RocketMQError(.cancelled, "sending to \(message.topic) was cancelled", cause: error) }
      }
    }
  }

  func sendOneway(_ message: OutgoingMessage, _ choice: QueueChoice, _ timeout: Duration?) async throws(RocketMQError) {
    let deadline = Deadline(timeout ?? configuration.sendTimeout)
    try await gate.enter(message.bytes, within: deadline.left, on: client.loop)
    defer { gate.leave(message.bytes) }
    let (target, _) = try await target(of: message.topic, choice, avoiding: [], deadline)
    let command = message.command(to: target.queue, group: group, autoCreateQueues: configuration.autoCreateQueues)
    do throws(RocketMQError) {
      let address = try await masterAddress(of: target, deadline)
      try await client.api.sendOneway(command, to: address, timeout: try positive(deadline, message.topic))
    } catch {
      if Self.suggestsAnOldRoute(error) { client.routes.refreshSoon(message.topic) }
      throw error
    }
  }

  /// The queue to send to, and how many brokers the topic has.
  private func target(
    of topic: String, _ choice: QueueChoice, avoiding failed: Set<String>, _ deadline: Deadline
  ) async throws(RocketMQError) -> (PublishInfo.Target, brokers: Int) {
    if case .queue(let queue) = choice { return (PublishInfo.Target(queue: queue, address: nil), brokers: 1) }
    let info = try await publishInfo(topic, deadline)
    let target =
      if case .hash(let hash) = choice { info.target(hash: hash) } else { info.next(avoiding: failed, suspected: health.suspects()) }
    guard let target else { throw noQueue(topic) }
    return (target, info.brokerCount)
  }

  /// What is known of the topic's queues, from the name servers when nothing is.
  func publishInfo(_ topic: String, _ deadline: Deadline) async throws(RocketMQError) -> PublishInfo {
    let routes = client.routes
    if let info = routes.publishInfo(topic), !info.targets.isEmpty { return info }
    do throws(RocketMQError) {
      try await routes.refresh(topic, within: try positive(deadline, topic))
    } catch {
      guard error.code == .topicNotFound else { throw error }
      try await routes.assumeAutoCreateRoute(for: topic, queues: configuration.autoCreateQueues, within: try positive(deadline, topic))
    }
    guard let info = routes.publishInfo(topic), !info.targets.isEmpty else { throw noQueue(topic) }
    return info
  }

  private func masterAddress(of target: PublishInfo.Target, _ deadline: Deadline) async throws(RocketMQError) -> String {
    let queue = target.queue
    if let address = target.address { return address }
    if let address = client.routes.masterAddress(ofBroker: queue.brokerName) { return address }
    try await client.routes.refresh(queue.topic, within: try positive(deadline, queue.topic))
    if let address = client.routes.masterAddress(ofBroker: queue.brokerName) { return address }
    throw RocketMQError(.brokerNotFound, "no route names a master of the broker \(queue.brokerName), which \(queue) is on")
  }

  private func positive(_ deadline: Deadline, _ topic: String) throws(RocketMQError) -> Duration {
    let left = deadline.left
    guard left > .zero else { throw RocketMQError(.timeout, "the time for sending to \(topic) is over") }
    return left
  }

  private func noQueue(_ topic: String) -> RocketMQError {
    RocketMQError(.topicNotFound, "the route of \(topic) has no queue that can be written to: no permission, or no master is there")
  }

  private static func suggestsAnOldRoute(_ error: RocketMQError) -> Bool {
    switch error.code {
    case .connectFailed, .tlsFailed, .certificateRefused, .badAddress, .brokerNotFound: true
    case .brokerError: error.brokerCode == .topicNotExist || error.brokerCode == .noPermission
    default: false
    }
  }
}

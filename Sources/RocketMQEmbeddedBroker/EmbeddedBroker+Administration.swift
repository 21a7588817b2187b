// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

public import RocketMQ

// What a test or a tool does without a client.
extension EmbeddedBroker {
  /// Makes a topic, or changes one.
  ///
  /// - Throws: `invalidArgument` for a name or a number that topics cannot have, `storageFailed` when it cannot be kept, `notRunning`.
  public func createTopic(_ name: String, queues: Int32 = 8, permission: TopicPermission = .readWrite) async throws(RocketMQError) {
    guard queues > 0, TopicTable.queueCounts.contains(queues) else {
      throw RocketMQError(.invalidArgument, "a topic can have 1 to \(TopicTable.queueCounts.upperBound) queues, not \(queues)")
    }
    if let failure = await broker.createTopic(TopicConfiguration(name, queues: queues, permission: permission)) { throw failure }
  }

  /// Removes a topic with its messages, from the broker and from the name server's routes.
  ///
  /// - Throws: `storageFailed` when that cannot be kept, `notRunning`.
  public func deleteTopic(_ name: String) async throws(RocketMQError) {
    if let failure = await broker.deleteTopic(name) { throw failure }
  }

  /// Forgets the messages of one queue before `offset`, as a broker does when their files are too old: pulls of them get the queue's new
  /// first offset. After a restart they are there again.
  public func expireMessages(topic: String, queueID: Int32, before offset: Int64) async {
    await broker.expireMessages(topic: topic, queueID: queueID, before: offset)
  }

  /// The offsets of the messages in a queue; empty when there are none.
  public func offsets(topic: String, queueID: Int32) async -> Range<Int64> {
    await broker.offsets(topic: topic, queueID: queueID)
  }

  /// The offset a consumer group committed in a queue; nil when it did not.
  public func committedOffset(group: String, topic: String, queueID: Int32) async -> Int64? {
    await broker.committedOffset(group: group, topic: topic, queueID: queueID)
  }

  /// The client ids of a consumer group's members, in the order in which they came.
  public func members(ofGroup group: String) async -> [String] {
    await broker.memberIDs(ofGroup: group)
  }

  /// How many pulls wait for messages on a queue.
  public func heldPulls(topic: String, queueID: Int32) async -> Int {
    await broker.heldPulls(topic: topic, queueID: queueID)
  }

  /// Returns when at least `count` pulls wait for messages on a queue: a consumer has caught up and is idle. Also when the broker is shut
  /// down.
  public func untilHeld(topic: String, queueID: Int32, count: Int = 1) async {
    await broker.untilHeld(topic: topic, queueID: queueID, count: count)
  }

  /// How many requests with this code have come to either server (Java: `RequestCode`), also those hit by a fault.
  public func requestCount(code: Int32) async -> Int {
    await broker.requestCounts[code] ?? 0
  }

  /// Returns when so many requests with this code have come since the broker was started, and the last of them has been handled: so a
  /// test can wait for a heartbeat (34) or a commit (15) that nobody else sees. Also when the broker is shut down.
  public func untilRequests(code: Int32, count: Int) async {
    await broker.untilRequests(code: code, count: count)
  }
}

extension Broker {
  fileprivate func createTopic(_ topic: TopicConfiguration) async -> RocketMQError? {
    if let error = notRunning { return error }
    if let fault = TopicTable.fault(in: topic.name) { return RocketMQError(.invalidArgument, "\(fault) (\(topic.name))") }
    if topics.isSystemTopic(topic.name) {
      return RocketMQError(.invalidArgument, "the topic \(topic.name) belongs to the broker itself")
    }
    topics.set(topic, now: now)
    return await withCheckedContinuation { continuation in
      topicChanged(topic) { continuation.resume(returning: $0) }
    }
  }

  fileprivate func deleteTopic(_ name: String) async -> RocketMQError? {
    if let error = notRunning { return error }
    removeTopic(name)
    nameServer.remove(topic: name)
    return await withCheckedContinuation { continuation in
      save(.topics) { continuation.resume(returning: $0) }
    }
  }

  private var notRunning: RocketMQError? {
    isClosed ? RocketMQError(.notRunning, "the embedded broker has been shut down") : nil
  }

  fileprivate func expireMessages(topic: String, queueID: Int32, before offset: Int64) {
    store.existingQueue(topic, queueID)?.removeMessages(before: offset)
  }

  fileprivate func offsets(topic: String, queueID: Int32) -> Range<Int64> {
    store.existingQueue(topic, queueID).map { $0.first..<$0.next } ?? 0..<0
  }

  fileprivate func committedOffset(group: String, topic: String, queueID: Int32) -> Int64? {
    offsets.offset(group: group, topic: topic, queueID: queueID)
  }

  fileprivate func memberIDs(ofGroup group: String) -> [String] { consumers[group]?.members.map(\.clientID) ?? [] }

  fileprivate func heldPulls(topic: String, queueID: Int32) -> Int { store.existingQueue(topic, queueID)?.held.count ?? 0 }
}

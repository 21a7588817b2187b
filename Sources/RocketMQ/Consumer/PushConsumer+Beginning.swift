// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging

extension PushConsumer {
  /// Where a queue begins, and why.
  struct Beginning: Equatable {
    var offset: Int64
    /// What the store said; nil: nothing.
    var stored: Int64?
    /// For the log.
    var reason: String
  }

  /// Never guesses: when the store or the broker gives no clear answer it throws, and the queue is tried again.
  /// Java: `computePullFromWhereWithException`.
  ///
  /// | ``startFrom`` | stored | nothing stored | nothing stored, the group's own retry topic |
  /// |---|---|---|---|
  /// | latest | that | the queue's end | its first message |
  /// | earliest | that | its first message | its first message |
  /// | timestamp | that | the message nearest to it | its first message |
  ///
  /// What fails is safe at a broker only as long as its retry topic is not skipped: so that begins with its first message always. Java
  /// begins at its end when the policy is a timestamp.
  func beginning(of queue: MessageQueue) async throws(RocketMQError) -> Beginning {
    if let stored = try await offsets.stored(queue) { return Beginning(offset: stored, stored: stored, reason: "stored offset") }
    guard let broker = client.routes.address(ofBroker: queue.brokerName)?.address else {
      throw RocketMQError(.brokerNotFound, "no address of the broker \(queue.brokerName) is known")
    }
    // Below 0: the broker has no such queue yet.
    func begin(at offset: Int64, _ reason: String) -> Beginning { Beginning(offset: max(0, offset), reason: reason) }
    if queue.topic == TopicName.retry(ofGroup: group) {
      return begin(at: try await client.api.minOffset(of: queue, at: broker), "nothing stored, retry topic: first message")
    }
    switch startFrom {
    case .latest: return begin(at: try await client.api.maxOffset(of: queue, at: broker), "nothing stored, latest: end of the queue")
    // Java says 0, and lets the broker correct it.
    case .earliest: return begin(at: try await client.api.minOffset(of: queue, at: broker), "nothing stored, earliest: first message")
    case .timestamp(let time):
      return begin(
        at: try await client.api.searchOffset(of: queue, at: time, broker: broker),
        "nothing stored, timestamp: nearest to \(time.millisecondsSince1970)")
    }
  }
}

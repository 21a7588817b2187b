// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

extension BrokerAPI {
  /// The stored offset of a group: QUERY_CONSUMER_OFFSET(14). nil only when the broker says it has none (QUERY_NOT_FOUND(22)); everything
  /// else that is no offset is thrown. Java: `queryConsumerOffset`.
  package func queryOffset(
    of queue: MessageQueue, group: String, at address: String, timeout: Duration = .seconds(5)
  ) async throws(RocketMQError) -> Int64? {
    var command = queueCommand(.queryConsumerOffset, queue)
    command.set(.consumerGroup, group)
    let reply = try await call(address, command, timeout: timeout)
    if reply.code == .queryNotFound { return nil }
    return try reply.expect("the stored offset of \(group) for \(queue)").int64(.offset)
  }

  /// Stores a group's offset and waits for the answer: UPDATE_CONSUMER_OFFSET(15). Java: `updateConsumerOffset`.
  package func updateOffset(
    of queue: MessageQueue, group: String, to offset: Int64, at address: String, timeout: Duration = .seconds(5)
  ) async throws(RocketMQError) {
    try await call(address, updateCommand(queue, group, offset), timeout: timeout).expect(
      "storing offset \(offset) of \(group) for \(queue)")
  }

  /// Stores a group's offset, unconfirmed: UPDATE_CONSUMER_OFFSET(15). Returns when the bytes are with the system.
  /// Java: `updateConsumerOffsetOneway`.
  package func updateOffsetOneway(
    of queue: MessageQueue, group: String, to offset: Int64, at address: String, timeout: Duration = .seconds(5)
  ) async throws(RocketMQError) {
    try await callOneway(address, updateCommand(queue, group, offset), timeout: timeout)
  }

  /// The lowest offset still there: GET_MIN_OFFSET(31); -1 when the broker has no such queue. Java: `getMinOffset`.
  package func minOffset(of queue: MessageQueue, at address: String, timeout: Duration? = nil) async throws(RocketMQError) -> Int64 {
    try await call(address, queueCommand(.getMinOffset, queue), timeout: timeout).expect("the lowest offset of \(queue)").int64(.offset)
  }

  /// The offset of the next message to come: GET_MAX_OFFSET(30); 0 when the broker has no such queue. Java: `getMaxOffset`.
  package func maxOffset(of queue: MessageQueue, at address: String, timeout: Duration? = nil) async throws(RocketMQError) -> Int64 {
    try await call(address, queueCommand(.getMaxOffset, queue), timeout: timeout).expect("the highest offset of \(queue)").int64(.offset)
  }

  /// The offset of the message stored nearest to a time: SEARCH_OFFSET_BY_TIMESTAMP(29). Java: `searchOffset`.
  package func searchOffset(
    of queue: MessageQueue, at time: Timestamp, broker address: String, timeout: Duration? = nil
  ) async throws(RocketMQError) -> Int64 {
    var command = queueCommand(.searchOffsetByTimestamp, queue)
    command.set(.timestamp, time.millisecondsSince1970)
    return try await call(address, command, timeout: timeout).expect("the offset of \(queue) at \(time.millisecondsSince1970)").int64(
      .offset)
  }

  private func updateCommand(_ queue: MessageQueue, _ group: String, _ offset: Int64) -> Command {
    var command = queueCommand(.updateConsumerOffset, queue)
    command.set(.consumerGroup, group)
    command.set(.commitOffset, offset)
    return command
  }

  private func queueCommand(_ code: RequestCode, _ queue: MessageQueue) -> Command {
    var command = Command(code)
    command.set(.topic, queue.topic)
    command.set(.queueID, queue.queueID)
    command.set(.bname, queue.brokerName)
    return command
  }
}

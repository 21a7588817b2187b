// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

extension BrokerAPI {
  /// Has the broker deliver a message again later, or put it into the dead-letter topic: CONSUMER_SEND_MSG_BACK(36).
  /// `delayLevel`: 0 the broker decides, above 0 that level, -1 dead letter. `message` must have come from the broker at `address`.
  /// Java: `consumerSendMessageBack`.
  package func sendBack(
    _ message: ReceivedMessage, to address: String, group: String, delayLevel: Int32, maxReconsumeTimes: Int32,
    timeout: Duration = .seconds(5)
  ) async throws(RocketMQError) {
    var command = Command(.consumerSendMsgBack)
    command.set(.offset, message.commitLogOffset)
    command.set(.group, group)
    command.set(.delayLevel, delayLevel)
    command.set(.originMsgID, message.messageID)
    command.set(.originTopic, message.topic)
    command.set(.unitMode, false)
    command.set(.maxReconsumeTimes, maxReconsumeTimes)
    command.set(.bname, message.brokerName)
    try await call(address, command, timeout: timeout).expect("sending \(message.messageID) back to \(group)")
  }

  /// One message by its place in the broker's log: VIEW_MESSAGE_BY_ID(33). Java: `viewMessage`.
  package func viewMessage(at commitLogOffset: Int64, broker address: String, timeout: Duration? = nil) async throws(RocketMQError)
    -> MessageBox
  {
    var command = Command(.viewMessageByID)
    command.set(.offset, commitLogOffset)
    let reply = try await call(address, command, timeout: timeout).expect("the message at log offset \(commitLogOffset)")
    guard let box = try MessageBox.all(in: reply.body).first else {
      throw RocketMQError(.malformedData, "the answer for log offset \(commitLogOffset) holds no message", address: address)
    }
    return box
  }

  /// Sends what `command` holds: SEND_MESSAGE_V2(310) or SEND_BATCH_MESSAGE(320). The reply's code may be any. Java: `sendMessage`.
  func send(_ command: Command, to address: String, timeout: Duration) async throws(RocketMQError) -> Reply {
    try await call(address, command, timeout: timeout)
  }

  /// The same without an answer.
  func sendOneway(_ command: Command, to address: String, timeout: Duration) async throws(RocketMQError) {
    try await callOneway(address, command, timeout: timeout)
  }
}

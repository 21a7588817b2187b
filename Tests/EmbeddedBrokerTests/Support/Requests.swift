// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker

// The requests of the tests, with the fields that matter here as arguments.

func sendRequest(
  _ topic: String, _ body: String = "x", queueID: Int32 = 0, tag: String? = nil, keys: String? = nil, delayLevel: Int? = nil,
  properties: [(String, String)] = [], flag: Int32 = 0, sysFlag: Int32 = 0, bornAt: Int64 = 1_700_000_000_000,
  defaultTopic: String = "TBW102",
  defaultQueues: Int32 = 4, reconsumeTimes: Int32 = 0, maxReconsumeTimes: Int32? = nil
) -> Command {
  var all = properties
  if let tag { all.append(("TAGS", tag)) }
  if let keys { all.append(("KEYS", keys)) }
  if let delayLevel { all.append(("DELAY", String(delayLevel))) }
  all.append(("WAIT", "true"))
  var command = Command(.sendMessageV2)
  command.set(.producerGroup, "producers")
  command.set(.topic, topic)
  command.set(.defaultTopic, defaultTopic)
  command.set(.defaultTopicQueueNums, defaultQueues)
  command.set(.queueID, queueID)
  command.set(.sysFlag, sysFlag)
  command.set(.bornTimestamp, bornAt)
  command.set(.flag, flag)
  command.set(.properties, all.map { "\($0.0)\u{1}\($0.1)" }.joined(separator: "\u{2}"))
  command.set(.reconsumeTimes, reconsumeTimes)
  command.set(.unitMode, false)
  if let maxReconsumeTimes { command.set(.maxReconsumeTimes, maxReconsumeTimes) }
  command.set(.batch, false)
  command.body = [UInt8](body.utf8)
  return command
}

func batchRequest(_ topic: String, _ messages: [(body: String, properties: [(String, String)])], queueID: Int32 = 0) throws -> Command {
  var command = Command(.sendBatchMessage)
  command.set(.producerGroup, "producers")
  command.set(.topic, topic)
  command.set(.defaultTopic, "TBW102")
  command.set(.defaultTopicQueueNums, 4)
  command.set(.queueID, queueID)
  command.set(.sysFlag, 0)
  command.set(.bornTimestamp, 1_700_000_000_000)
  command.set(.flag, 0)
  command.set(.properties, "WAIT\u{1}true")
  command.set(.reconsumeTimes, 0)
  command.set(.unitMode, false)
  command.set(.batch, true)
  for (index, message) in messages.enumerated() {
    let text = message.properties.map { "\($0.0)\u{1}\($0.1)" }.joined(separator: "\u{2}")
    try BatchBody.append(flag: Int32(index), body: [UInt8](message.body.utf8), properties: [UInt8](text.utf8), to: &command.body)
  }
  return command
}

/// With a subscription of its own unless `expression` is nil; held for `hold`.
func pullRequest(
  _ topic: String, queueID: Int32 = 0, offset: Int64 = 0, group: String = "consumers", max: Int = 32, expression: String? = "*",
  expressionType: String = "TAG", hold: Duration? = nil, holdMilliseconds: Int64? = nil, commit: Int64? = nil, version: Int64 = 0
) -> Command {
  let hold = holdMilliseconds ?? hold.map { Int64($0.wholeMilliseconds) }
  var command = Command(.pullMessage)
  command.set(.consumerGroup, group)
  command.set(.topic, topic)
  command.set(.queueID, queueID)
  command.set(.queueOffset, offset)
  command.set(.maxMsgNums, max)
  command.set(.sysFlag, (commit == nil ? 0 : 1) | (hold == nil ? 0 : 2) | (expression == nil ? 0 : 4))
  command.set(.commitOffset, commit ?? 0)
  command.set(.suspendTimeoutMillis, hold ?? 0)
  command.set(.subscription, expression)
  command.set(.subVersion, version)
  command.set(.expressionType, expressionType)
  return command
}

struct TestSubscription {
  var topic: String
  var tags: [String] = []
  var version: Int64 = 1
  var type = "TAG"
  /// What stands for the tags; for other types.
  var expression: String?

  var json: JSONValue {
    [
      "classFilterMode": false, "codeSet": .array(tags.map { .int(Core.tagHash($0)) }), "expressionType": .string(type),
      "subString": .string(expression ?? (tags.isEmpty ? "*" : tags.joined(separator: " || "))), "subVersion": .int(version),
      "tagsSet": .array(tags.map { .string($0) }), "topic": .string(topic),
    ]
  }
}

func heartbeatRequest(
  _ clientID: String, group: String? = nil, producers: [String] = [], subscriptions: [TestSubscription] = [], model: String = "CLUSTERING"
) -> Command {
  let consumers: [JSONValue] =
    group.map {
      [
        [
          "consumeFromWhere": "CONSUME_FROM_FIRST_OFFSET", "consumeType": "CONSUME_PASSIVELY", "groupName": .string($0),
          "messageModel": .string(model), "subscriptionDataSet": .array(subscriptions.map(\.json)), "unitMode": false,
        ]
      ]
    } ?? []
  var command = Command(.heartBeat)
  command.body =
    ([
      "clientID": .string(clientID), "consumerDataSet": .array(consumers),
      "producerDataSet": .array(producers.map { ["groupName": .string($0)] }),
    ] as JSONValue).bytes()
  return command
}

func unregisterRequest(_ clientID: String, group: String) -> Command {
  var command = Command(.unregisterClient)
  command.set(.clientID, clientID)
  command.set(.consumerGroup, group)
  return command
}

func sendBackRequest(logOffset: Int64, group: String, delayLevel: Int = 0, maxReconsumeTimes: Int32 = 16) -> Command {
  var command = Command(.consumerSendMsgBack)
  command.set(.offset, logOffset)
  command.set(.group, group)
  command.set(.delayLevel, delayLevel)
  command.set(.originMsgID, "ignored")
  command.set(.originTopic, "ignored")
  command.set(.unitMode, false)
  command.set(.maxReconsumeTimes, maxReconsumeTimes)
  return command
}

func queueRequest(_ code: RequestCode, _ topic: String, _ queueID: Int32 = 0, timestamp: Int64? = nil) -> Command {
  var command = Command(code)
  command.set(.topic, topic)
  command.set(.queueID, queueID)
  if let timestamp { command.set(.timestamp, timestamp) }
  return command
}

func queryOffsetRequest(_ topic: String, _ queueID: Int32 = 0, group: String) -> Command {
  var command = queueRequest(.queryConsumerOffset, topic, queueID)
  command.set(.consumerGroup, group)
  return command
}

func commitRequest(_ topic: String, _ queueID: Int32 = 0, group: String, offset: Int64) -> Command {
  var command = queueRequest(.updateConsumerOffset, topic, queueID)
  command.set(.consumerGroup, group)
  command.set(.commitOffset, offset)
  return command
}

func groupRequest(_ code: RequestCode, _ group: String) -> Command {
  var command = Command(code)
  command.set(.consumerGroup, group)
  return command
}

func topicRequest(_ code: RequestCode, _ topic: String) -> Command {
  var command = Command(code)
  command.set(.topic, topic)
  return command
}

extension Reply {
  /// The records in its body.
  var messages: [MessageBox] { get throws { try MessageBox.all(in: body) } }
  /// Their bodies as text.
  var bodies: [String] { get throws { try messages.map(\.text) } }
  var json: JSONValue { get throws { try JSONValue(parsing: body.bytes) } }
  var text: String { String(decoding: body.bytes, as: UTF8.self) }
}

extension MessageBox {
  var text: String { withBody { String(decoding: $0, as: UTF8.self) } }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The body of a heartbeat. Java: `HeartbeatData`.
enum HeartbeatBody {
  static func make(clientID: String, consumers: [ConsumerHeartbeat], producers: [String]) -> [UInt8] {
    ([
      "clientID": .string(clientID), "consumerDataSet": .array(consumers.map(json)),
      "producerDataSet": .array(producers.sorted().map { ["groupName": .string($0)] }),
    ] as JSONValue).bytes()
  }

  private static func json(_ consumer: ConsumerHeartbeat) -> JSONValue {
    [
      "consumeFromWhere": .string(consumer.consumeFromWhere), "consumeType": .string(consumer.consumeType),
      "groupName": .string(consumer.group), "messageModel": .string(consumer.messageModel),
      "subscriptionDataSet": .array(consumer.subscriptions.map(\.json)), "unitMode": false,
    ]
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ

@main
struct QuickStart {
  static func main() async throws {
    let client = try RocketMQClient(nameServers: ["127.0.0.1:9876"])

    let producer = Producer(client: client, group: "shop")
    try await producer.send(Message(topic: "orders", body: Array("order 1".utf8), tags: "paid"))

    let consumer = try PushConsumer(client: client, group: "billing", startFrom: .earliest)
    try await consumer.subscribe("orders", filter: .tags("paid", "refunded"))
    consumer.onMessage { message, context in
      print(message.bodyText)
      return .success  // throwing, or .retryLater, delivers it again later
    }
    try await consumer.run()  // until its task is cancelled, or ServiceLifecycle shuts it down; then it drains
  }
}

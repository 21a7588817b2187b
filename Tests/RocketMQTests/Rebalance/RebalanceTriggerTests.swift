// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Synchronization
import Testing

@testable import RocketMQ

/// What makes a consumer compute its queues anew. Here the clock of its periodic work stands still, so nothing else does.
/// For members that come and go see ``OwnershipTests``, for topics ``ConsumeTests``.
@Suite("Queues are shared out anew", .timeLimit(.minutes(1)))
struct RebalanceTriggerTests {
  private func consumer(
    _ client: RocketMQClient, _ seen: Record<ReceivedMessage> = Record(), configuration: PushConsumerConfiguration = .init()
  ) async throws -> PushConsumer {
    let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
    try await consumer.subscribe("T")
    consumer.onMessage { message, _ in
      seen.add(message)
      return .success
    }
    return consumer
  }

  private func queues(_ consumer: PushConsumer) -> Int { consumer.statistics.queues.count { $0.queue.topic == "T" } }

  private func send(_ count: Int, _ client: RocketMQClient, to queue: MessageQueue) async throws {
    let producer = Producer(client: client, group: "rig")
    for number in 0..<count { try await producer.send(Message(topic: "T", body: Array("\(number)".utf8)), to: queue) }
    await producer.shutdown()
  }

  @Test func atTheStart() async throws {
    try await ConsumerRig.run { rig in
      let client = try rig.client(isStepped: true)
      let consumer = try await consumer(client)
      try await consumer.start()
      #expect(await eventually(within: .seconds(5)) { queues(consumer) == 4 })
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  @Test func withoutAskingABrokerForAllOffsetsAtOnce() async throws {
    try await ConsumerRig.run(topics: ["T": 300]) { rig in
      let slow = rig.broker.faults.add(Fault(on: .init(code: 14), effect: .delay(.milliseconds(2500))))
      let client = try rig.client(isStepped: true)
      let consumer = try await consumer(client)
      try await consumer.start()
      #expect(await eventually { rig.broker.faults.hits(slow) >= 64 })
      #expect(await eventually(within: .milliseconds(200)) { rig.broker.faults.hits(slow) > 64 } == false)
      rig.broker.faults.remove(slow)
      #expect(await eventually { queues(consumer) == 300 })
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  @Test func whenTheBrokerSaysThatMembersHaveChanged() async throws {
    try await ConsumerRig.run { rig in
      let client = try rig.client(isStepped: true)
      let first = try await consumer(client)
      try await first.start()
      #expect(await eventually { queues(first) == 4 })
      let otherClient = try rig.client(isStepped: true)
      let second = try await consumer(otherClient)
      try await second.start()
      #expect(await eventually(within: .seconds(5)) { queues(first) == 2 && queues(second) == 2 })
      await second.shutdown()
      #expect(await eventually(within: .seconds(5)) { queues(first) == 4 })
      await first.shutdown()
      await client.shutdown()
      await otherClient.shutdown()
    }
  }

  @Test func every20SecondsWhenNobodySaysAnything() async throws {
    try await ConsumerRig.run { rig in
      let client = try rig.client(isStepped: true)
      var quiet = Command(.updateAndCreateSubscriptiongroup)
      quiet.body = Array(#"{"groupName":"G","notifyConsumerIdsChangedEnable":false}"#.utf8)
      _ = try await client.loop.call(.address(rig.broker.brokerAddress), quiet, timeout: .seconds(3))
      let first = try await consumer(client)
      try await first.start()
      #expect(await eventually { queues(first) == 4 })
      let otherClient = try rig.client(isStepped: true)
      let second = try await consumer(otherClient)
      try await second.start()
      #expect(await eventually { queues(second) == 2 })
      #expect(queues(first) == 4)
      let asked = await rig.broker.requestCount(code: 38)
      rig.clock.advance(by: .milliseconds(19_900))
      #expect(await rig.broker.requestCount(code: 38) == asked)
      rig.clock.advance(by: .milliseconds(200))
      #expect(await eventually(within: .seconds(5)) { queues(first) == 2 })
      await second.shutdown()
      await first.shutdown()
      await client.shutdown()
      await otherClient.shutdown()
    }
  }

  @Test func whenATopicHasMoreQueues() async throws {
    try await ConsumerRig.run { rig in
      let client = try rig.client(isStepped: true)
      let seen = Record<ReceivedMessage>()
      let consumer = try await consumer(client, seen)
      try await consumer.start()
      #expect(await eventually { queues(consumer) == 4 })
      try await rig.broker.createTopic("T", queues: 6)
      try await client.routes.refresh("T")
      #expect(await eventually(within: .seconds(5)) { queues(consumer) == 6 })
      try await send(3, client, to: MessageQueue(topic: "T", brokerName: "broker-a", queueID: 5))
      #expect(await seen.wait(for: 3))
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  @Test func whenATopicIsOnOneMoreBroker() async throws {
    var configuration = EmbeddedBroker.Configuration(storage: .memory)
    configuration.brokerName = "broker-b"
    let other = try await EmbeddedBroker.start(configuration)
    try await other.createTopic("T", queues: 2)
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      let brokers = Mutex<[String]>(["broker-a"])
      let addresses = ["broker-a": rig.broker.brokerAddress, "broker-b": other.brokerAddress]
      let nameServer = try StubServer { _ in
        .ok(
          TopicRoute(
            brokers: brokers.withLock { $0 }.map { .init(cluster: "c", name: $0, addresses: [0: addresses[$0]!]) },
            queues: brokers.withLock { $0 }.map { .init(brokerName: $0, readQueues: 2, writeQueues: 2, permission: .readWrite) }
          ).json)
      }
      let client = try RocketMQClient(ClientConfiguration(nameServers: [nameServer.address]), clock: rig.clock)
      let seen = Record<ReceivedMessage>()
      let consumer = try await consumer(client, seen)
      try await consumer.start()
      #expect(await eventually { queues(consumer) == 2 })
      brokers.withLock { $0.append("broker-b") }
      try await client.routes.refresh("T")
      #expect(await eventually(within: .seconds(5)) { queues(consumer) == 4 })
      try await send(3, client, to: MessageQueue(topic: "T", brokerName: "broker-b", queueID: 1))
      #expect(await seen.wait(for: 3))
      await consumer.shutdown()
      await client.shutdown()
    }
    await other.shutdown()
  }

  @Test func whenTheSubscriptionChanges() async throws {
    try await ConsumerRig.run(topics: ["T": 2, "U": 3]) { rig in
      let client = try rig.client(isStepped: true)
      let consumer = try await consumer(client)
      try await consumer.start()
      #expect(await eventually { queues(consumer) == 2 })
      try await consumer.subscribe("U")
      #expect(await eventually(within: .seconds(5)) { consumer.statistics.queues.count { $0.queue.topic == "U" } == 3 })
      await consumer.unsubscribe("T")
      #expect(await eventually(within: .seconds(5)) { queues(consumer) == 0 })
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  /// That it is a second, and no more often, ``RebalanceStateTests`` say; here nothing else would do it for a day.
  @Test func aSecondAfterAQueueCouldNotBeTaken() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let client = try rig.client(isStepped: true)
      let fault = rig.broker.faults.add(Fault(on: .init(code: 14, topic: "T"), effect: .answer(code: 1, remark: "no")))
      var configuration = PushConsumerConfiguration()
      configuration.rebalanceInterval = .seconds(86_400)
      let consumer = try await consumer(client, configuration: configuration)
      let start = rig.clock.now
      try await consumer.start()
      // The start and the broker's notice may each make one attempt.
      #expect(
        await eventually {
          if rig.broker.faults.hits(fault) < 5 { rig.clock.advance(by: .milliseconds(100)) }
          return rig.broker.faults.hits(fault) >= 5
        })
      rig.broker.faults.remove(fault)
      #expect(
        await eventually {
          if queues(consumer) == 0 { rig.clock.advance(by: .milliseconds(100)) }
          return queues(consumer) == 1
        })
      #expect(start.duration(to: rig.clock.now) < .seconds(3600))
      await consumer.shutdown()
      await client.shutdown()
    }
  }
}

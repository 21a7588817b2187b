// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Logging
import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("The watch over queues", .timeLimit(.minutes(1)))
struct QueueWatchTests {
  private func sight(_ key: Int, _ lastPull: UInt64, rests: Bool = false) -> QueueWatch<Int>.Sight {
    .init(key: key, lastPull: lastPull, mayRest: rests)
  }

  @Test func saysOnceThatAQueueHasNotBeenPulledForTooLong() {
    var watch = QueueWatch<Int>(limit: .seconds(60))
    #expect(watch.look(at: [sight(1, 5)], now: 0).isEmpty)
    #expect(watch.look(at: [sight(1, 5)], now: 60_000).isEmpty)
    #expect(watch.look(at: [sight(1, 5)], now: 60_001).map(\.key) == [1])
    #expect(watch.look(at: [sight(1, 5)], now: 200_000).isEmpty, "once")
    #expect(watch.look(at: [sight(2, 5)], now: 260_000).isEmpty, "another life of it begins anew")
    #expect(watch.look(at: [sight(2, 5)], now: 330_000).map(\.key) == [2])
  }

  @Test func aPullIsASignOfLife() {
    var watch = QueueWatch<Int>(limit: .seconds(60))
    for second in 0..<20 { #expect(watch.look(at: [sight(1, UInt64(second))], now: UInt64(second) * 30_000).isEmpty) }
  }

  @Test func aQueueThatIsAskedToRestIsNotStuck() {
    var watch = QueueWatch<Int>(limit: .seconds(60))
    for second in 0..<20 { #expect(watch.look(at: [sight(1, 0, rests: true)], now: UInt64(second) * 30_000).isEmpty) }
    #expect(watch.look(at: [sight(1, 0)], now: 600_000).isEmpty, "its time begins when it should go on")
    #expect(watch.look(at: [sight(1, 0)], now: 640_000).map(\.key) == [1])
  }

  @Test func aQueueThatNobodyPullsIsReportedAndTakenAnew() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let log = LogRecord()
      var settings = ClientConfiguration(nameServers: [rig.broker.nameServerAddress])
      settings.logger = log.logger
      let client = try RocketMQClient(settings, clock: rig.clock)
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await consumer.subscribe("T")
      let seen = Record<ReceivedMessage>()
      let stuck = Record<MessageQueue>()
      consumer.onMessage { message, _ in
        seen.add(message)
        return .success
      }
      consumer.onEvent { if case .queueStuck(let queue, _) = $0 { stuck.add(queue) } }
      try await consumer.start()
      try await rig.send(0..<1)
      #expect(await seen.wait(for: 1))
      #expect(await eventually { consumer.rebalance.held.contains { $0.messageQueue.topic == "T" } })
      // As if a wake-up had got lost: its puller rests, and nobody has asked for that.
      let held = try #require(consumer.rebalance.held.first { $0.messageQueue.topic == "T" })
      held.puller?.pause()
      try await rig.send(1..<3)
      #expect(
        await eventually {
          rig.clock.advance(by: .seconds(15))
          return seen.count == 3
        })
      #expect(stuck.items.map(\.topic).contains("T"))
      #expect(await log.wait { $0.level == .error && $0.metadata["rocketmq.queue"] == "T@\(held.messageQueue.brokerName):0" })
      #expect(seen.items.numbers() == [0, 1, 2])
      await consumer.shutdown()
      #expect(await rig.committed("G") == [3])
      await client.shutdown()
    }
  }

  /// Every answer may get lost, again and again: nothing is left lying for longer than two time-outs.
  @Test func anyLostReplyIsMadeUpFor() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      var settings = ClientConfiguration(nameServers: [rig.broker.nameServerAddress])
      settings.requestTimeout = .milliseconds(200)
      let client = try RocketMQClient(settings)
      var configuration = PushConsumerConfiguration()
      configuration.longPollTime = .milliseconds(200)
      configuration.pullSlack = .milliseconds(200)
      configuration.rebalanceInterval = .milliseconds(300)
      configuration.commitInterval = .milliseconds(100)
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      let seen = Record<Int>()
      consumer.onMessage { message, _ in
        seen.add(Int(message.bodyText) ?? -1)
        return message.bodyText.hasSuffix("7") && message.reconsumeTimes == 0 ? .retryLater(delayLevel: 1) : .success
      }
      try await consumer.start()
      let sender = try rig.client()
      let producer = Producer(client: sender, group: "rig")
      var random = SplitMix(seed: 20)
      for round in 0..<40 {
        let code = ([11, 14, 15, 34, 36, 38, 105] as [Int32]).randomElement(using: &random) ?? 11
        let effects: [Fault.Effect] = [.dropReply, .dropRequest, .disconnectInsteadOfReply]
        rig.broker.faults.add(Fault(on: .init(code: code), effect: effects.randomElement(using: &random) ?? .dropReply, times: 1))
        for number in round * 5..<(round + 1) * 5 {
          try await producer.send(Message(topic: "T", body: Array(String(number).utf8)))
        }
      }
      #expect(await seen.wait(within: .seconds(20)) { Set($0).count == 200 && $0.count >= 220 }, "\(Set(seen.items).count)")
      rig.broker.faults.removeAll()
      await producer.shutdown()
      await sender.shutdown()
      #expect(await consumer.shutdown().isClean)
      #expect(await rig.committed("G") == rig.ends())
      await client.shutdown()
    }
  }
}

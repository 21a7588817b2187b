// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("A push consumer", .timeLimit(.minutes(1)))
struct ConsumeTests {
  @Test func consumesEverythingAndCommitsIt() async throws {
    try await ConsumerRig.run(topics: ["T": 8]) { rig in
      try await rig.send(0..<500)
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await consumer.subscribe("T")
      let seen = Record<ReceivedMessage>()
      consumer.onMessage { message, _ in
        seen.add(message)
        return .success
      }
      try await consumer.start()
      #expect(await seen.wait(for: 500))
      let report = await consumer.shutdown()
      #expect(report.isClean)
      #expect(seen.items.numbers() == Array(0..<500))
      #expect(await rig.committed("G") == rig.ends())
      #expect(consumer.statistics.consumed == 500)
      await client.shutdown()
    }
  }

  /// The best of three: the machine may be busy with something else.
  @Test func theFirstMessageOfAnIdleGroupComesWithinASecond() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<1)
      var best = Duration.seconds(60)
      for attempt in 0..<3 where best >= .seconds(1) {
        let client = try rig.client()
        let consumer = try PushConsumer(client: client, group: "G\(attempt)", startFrom: .earliest)
        try await consumer.subscribe("T")
        let seen = Record<ReceivedMessage>()
        consumer.onMessage { message, _ in
          seen.add(message)
          return .success
        }
        let start = ContinuousClock.now
        try await consumer.start()
        #expect(await seen.wait(for: 1))
        best = min(best, ContinuousClock.now - start)
        await consumer.shutdown()
        await client.shutdown()
      }
      #expect(best < .seconds(1))
    }
  }

  @Test func getsOnlyTheTagsItAskedForAlsoWhenHashesCollide() async throws {
    try await ConsumerRig.run { rig in
      // "AaAa" and "BBBB" have the same hash, and brokers compare hashes.
      try await rig.send(0..<90) { ["AaAa", "BBBB", "other"][$0 % 3] }
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await consumer.subscribe("T", filter: .tags("AaAa"))
      let seen = Record<ReceivedMessage>()
      consumer.onMessage { message, _ in
        seen.add(message)
        return .success
      }
      try await consumer.start()
      #expect(await seen.wait(for: 30))
      // What does not match is done with, too.
      #expect(await eventually { consumer.statistics.queues.filter { $0.queue.topic == "T" }.reduce(0) { $0 + $1.commitOffset } == 90 })
      await consumer.shutdown()
      #expect(seen.items.numbers() == (0..<90).filter { $0 % 3 == 0 })
      #expect(await rig.committed("G") == rig.ends())
      await client.shutdown()
    }
  }

  @Test func runsAsManyListenersAtTheSameTimeAsItMay() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<40)
      let client = try rig.client()
      var configuration = PushConsumerConfiguration()
      configuration.concurrency = 3
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      let entered = Record<ReceivedMessage>()
      let gate = Gate()
      consumer.onMessage { message, _ in
        entered.add(message)
        await gate.pass()
        return .success
      }
      try await consumer.start()
      #expect(await entered.wait(for: 3))
      #expect(await eventually { consumer.statistics.queues.reduce(0) { $0 + $1.cachedMessages } == 40 })
      #expect(entered.count == 3)
      try consumer.setConcurrency(7)
      #expect(await entered.wait(for: 7))
      try consumer.setConcurrency(1)
      #expect(throws: RocketMQError.self) { try consumer.setConcurrency(0) }
      gate.open()
      #expect(await entered.wait(for: 40))
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  /// One worker that falls asleep after nearly every message: a wake-up that gets lost would leave it asleep for good.
  @Test func wakesUpForEveryMessage() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let client = try rig.client()
      var configuration = PushConsumerConfiguration()
      configuration.concurrency = 1
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      let seen = Record<Int>()
      consumer.onMessage { _, _ in
        seen.add(1)
        return .success
      }
      try await consumer.start()
      try await rig.send(0..<4000)
      #expect(await seen.wait(for: 4000))
      await consumer.shutdown(deadline: .seconds(1))
      await client.shutdown()
    }
  }

  @Test func givesBatchesAndTakesBackWhatFailed() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual), topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await consumer.subscribe("T")
      let batches = Record<[ReceivedMessage]>()
      consumer.onMessages(batchSize: 10) { messages, _ in
        batches.add(messages)
        return messages[0].reconsumeTimes == 0 ? .partial(successes: messages.count - 1, delayLevel: 1) : .success
      }
      try await consumer.start()
      #expect(await batches.wait { $0.reduce(0) { $0 + $1.count } == 10 })
      let failed = batches.items.map { Int($0.last!.bodyText)! }
      #expect(await eventually { consumer.statistics.sentBack == failed.count })
      #expect(await again(batches, 10 + failed.count, rig))
      await consumer.shutdown()
      let second = batches.items.flatMap { $0 }.filter { $0.reconsumeTimes == 1 }
      #expect(second.numbers() == failed.sorted())
      await client.shutdown()
    }
  }

  private func again(_ batches: Record<[ReceivedMessage]>, _ count: Int, _ rig: ConsumerRig) async -> Bool {
    await rig.broker.clock.advance(by: .seconds(2))
    return await batches.wait { $0.reduce(0) { $0 + $1.count } == count }
  }

  @Test func pausesAndResumes() async throws {
    try await ConsumerRig.run { rig in
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await consumer.subscribe("T")
      let seen = Record<ReceivedMessage>()
      consumer.onMessage { message, _ in
        seen.add(message)
        return .success
      }
      consumer.pause()
      try await consumer.start()
      #expect(await eventually { consumer.statistics.queues.count == 5 })
      try await rig.send(0..<20)
      try await Task.sleep(for: .milliseconds(100))
      #expect(seen.count == 0)
      consumer.resume()
      #expect(await seen.wait(for: 20, within: .seconds(2)))
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  @Test func beginsWithATopicThatComesIntoBeingLater() async throws {
    try await ConsumerRig.run(topics: [:]) { rig in
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await consumer.subscribe("late")
      let seen = Record<ReceivedMessage>()
      consumer.onMessage { message, _ in
        seen.add(message)
        return .success
      }
      try await consumer.start()
      try await rig.broker.createTopic("late", queues: 2)
      try await rig.send(0..<10, to: "late")
      #expect(await seen.wait(for: 10))
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  @Test func subscribesAndUnsubscribesWhileItRuns() async throws {
    try await ConsumerRig.run(topics: ["A": 2, "B": 2]) { rig in
      try await rig.send(0..<10, to: "A")
      try await rig.send(10..<20, to: "B")
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      let seen = Record<ReceivedMessage>()
      let events = Record<RebalanceEvent>()
      consumer.onEvent { if case .rebalanced(let event) = $0 { events.add(event) } }
      consumer.onMessage { message, _ in
        seen.add(message)
        return .success
      }
      try await consumer.subscribe("A")
      try await consumer.start()
      #expect(await seen.wait(for: 10))
      let start = ContinuousClock.now
      try await consumer.subscribe("B")
      #expect(await seen.wait(for: 20))
      #expect(ContinuousClock.now - start < .seconds(2))
      await consumer.unsubscribe("A")
      #expect(await events.wait { $0.contains { $0.topic == "A" && $0.revoked.count == 2 } })
      #expect(await rig.committed("G", "A") == rig.ends("A"), "released in good order")
      try await rig.send(20..<30, to: "A")
      try await rig.send(30..<40, to: "B")
      #expect(await seen.wait(for: 30))
      #expect(seen.items.numbers() == Array(0..<20) + Array(30..<40))
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  @Test func knowsHowFarBehindItIs() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<30)
      let client = try rig.client()
      var configuration = PushConsumerConfiguration()
      configuration.concurrency = 2
      configuration.pullBatchSize = 4
      configuration.maxCachedMessagesPerQueue = 8
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      let gate = Gate()
      consumer.onMessage { _, _ in
        await gate.pass()
        return .success
      }
      try await consumer.start()
      func queue() -> ConsumerStatistics.Queue? { consumer.statistics.queues.first { $0.queue.topic == "T" } }
      #expect(await eventually { queue()?.cachedMessages == 12 && queue()?.waitingMessages == 10 })
      #expect(queue()?.lag == 30)
      #expect(queue()?.commitOffset == 0)
      #expect(queue()?.pullOffset == 12)
      gate.open()
      #expect(await eventually { queue()?.lag == 0 })
      #expect(queue()?.cachedBytes == 0)
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  @Test func leavesNothingBehind() async throws {
    weak var consumer: PushConsumer?
    weak var client: RocketMQClient?
    weak var queue: OwnedQueue?
    try await ConsumerRig.run { rig in
      func consume() async throws {
        let itsClient = try rig.client()
        let itself = try PushConsumer(client: itsClient, group: "G", startFrom: .earliest)
        try await itself.subscribe("T")
        let seen = Record<Int>()
        itself.onMessage { message, _ in
          seen.add(1)
          return message.bodyText == "3" && message.reconsumeTimes == 0 ? .retryLater : .success
        }
        try await itself.start()
        try await rig.send(0..<10)
        #expect(await seen.wait(for: 10))
        #expect(await eventually { itself.statistics.sentBack == 1 })
        (consumer, client, queue) = (itself, itsClient, itself.rebalance.held.first)
        #expect(queue != nil)
        await itself.shutdown()
        await itsClient.shutdown()
      }
      try await consume()
      #expect(await eventually { consumer == nil && client == nil && queue == nil })
    }
  }

  @Test func aListenerIsNeeded() async throws {
    try await ConsumerRig.run { rig in
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G")
      await #expect(throws: RocketMQError.self) { try await consumer.start() }
      consumer.onMessage { _, _ in .success }
      try await consumer.start()
      await #expect(throws: RocketMQError.self, "started already") { try await consumer.start() }
      await consumer.shutdown()
      await #expect(throws: RocketMQError.self, "shut down") { try await consumer.start() }
      await client.shutdown()
    }
  }

  @Test func settingsOutsideTheirRangesAreRefused() throws {
    let client = try RocketMQClient(nameServers: ["127.0.0.1:9"])
    let spoil: [@Sendable (inout PushConsumerConfiguration) -> Void] = [
      { $0.concurrency = 0 }, { $0.concurrency = 1001 }, { $0.pullBatchSize = 1025 }, { $0.pullInterval = .seconds(66) },
      { $0.maxCachedMessagesPerQueue = 65_536 }, { $0.maxCachedBytesPerQueue = 0 }, { $0.maxOffsetSpan = 0 },
      { $0.maxReconsumeTimes = -1 }, { $0.consumeTimeout = .zero },
    ]
    for spoil in spoil {
      var configuration = PushConsumerConfiguration()
      spoil(&configuration)
      #expect(throws: RocketMQError.self) { try PushConsumer(client: client, group: "G", configuration: configuration) }
    }
    #expect(throws: RocketMQError.self) { try PushConsumer(client: client, group: "a b") }
  }
}

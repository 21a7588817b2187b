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
      let member = try await Member(rig).started()
      #expect(await member.seen.wait(for: 500))
      #expect(await member.leave().isClean)
      #expect(member.seen.items.numbers() == Array(0..<500))
      #expect(await rig.committed("G") == rig.ends())
      #expect(member.statistics.consumed == 500)
    }
  }

  /// The best of three: the machine may be busy with something else.
  @Test func theFirstMessageOfAnIdleGroupComesWithinASecond() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<1)
      var best = Duration.seconds(60)
      for attempt in 0..<3 where best >= .seconds(1) {
        let member = try await Member(rig, group: "G\(attempt)")
        let start = ContinuousClock.now
        try await member.consumer.start()
        #expect(await member.seen.wait(for: 1))
        best = min(best, ContinuousClock.now - start)
        await member.leave()
      }
      #expect(best < .seconds(1))
    }
  }

  @Test func getsOnlyTheTagsItAskedForAlsoWhenHashesCollide() async throws {
    try await ConsumerRig.run { rig in
      // "AaAa" and "BBBB" have the same hash, and brokers compare hashes.
      try await rig.send(0..<90) { ["AaAa", "BBBB", "other"][$0 % 3] }
      let member = try await Member(rig, filter: .tags("AaAa")).started()
      #expect(await member.seen.wait(for: 30))
      // What does not match is done with, too.
      #expect(await eventually { member.held.reduce(0) { $0 + $1.commitOffset } == 90 })
      await member.leave()
      #expect(member.seen.items.numbers() == (0..<90).filter { $0 % 3 == 0 })
      #expect(await rig.committed("G") == rig.ends())
    }
  }

  @Test func runsAsManyListenersAtTheSameTimeAsItMay() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<40)
      let gate = Gate()
      let member = try await Member(rig, .init { $0.concurrency = 3 }, gate: gate).started()
      #expect(await member.seen.wait(for: 3))
      #expect(await eventually { member.statistics.queues.reduce(0) { $0 + $1.cachedMessages } == 40 })
      #expect(member.seen.count == 3)
      try member.consumer.setConcurrency(7)
      #expect(await member.seen.wait(for: 7))
      try member.consumer.setConcurrency(1)
      #expect(throws: RocketMQError.self) { try member.consumer.setConcurrency(0) }
      gate.open()
      #expect(await member.seen.wait(for: 40))
      await member.leave()
    }
  }

  /// One worker that falls asleep after nearly every message: a wake-up that gets lost would leave it asleep for good.
  @Test func wakesUpForEveryMessage() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let member = try await Member(rig, .init { $0.concurrency = 1 }).started()
      try await rig.send(0..<4000)
      #expect(await member.seen.wait(for: 4000))
      await member.leave(deadline: .seconds(1))
    }
  }

  @Test func givesBatchesAndTakesBackWhatFailed() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual), topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      let member = try await Member(rig)
      let batches = Record<[ReceivedMessage]>()
      member.consumer.onMessages(batchSize: 10) { messages, _ in
        batches.add(messages)
        return messages[0].reconsumeTimes == 0 ? .partial(successes: messages.count - 1, delayLevel: 1) : .success
      }
      try await member.consumer.start()
      #expect(await batches.wait { $0.reduce(0) { $0 + $1.count } == 10 })
      let failed = batches.items.map { Int($0.last!.bodyText)! }
      #expect(await eventually { member.statistics.sentBack == failed.count })
      #expect(await again(batches, 10 + failed.count, rig))
      await member.leave()
      let second = batches.items.flatMap { $0 }.filter { $0.reconsumeTimes == 1 }
      #expect(second.numbers() == failed.sorted())
    }
  }

  private func again(_ batches: Record<[ReceivedMessage]>, _ count: Int, _ rig: ConsumerRig) async -> Bool {
    await rig.broker.clock.advance(by: .seconds(2))
    return await batches.wait { $0.reduce(0) { $0 + $1.count } == count }
  }

  @Test func pausesAndResumes() async throws {
    try await ConsumerRig.run { rig in
      let member = try await Member(rig)
      member.consumer.pause()
      try await member.consumer.start()
      #expect(await eventually { member.statistics.queues.count == 5 })
      try await rig.send(0..<20)
      try await Task.sleep(for: .milliseconds(100))
      #expect(member.seen.count == 0)
      member.consumer.resume()
      #expect(await member.seen.wait(for: 20, within: .seconds(2)))
      await member.leave()
    }
  }

  @Test func beginsWithATopicThatComesIntoBeingLater() async throws {
    try await ConsumerRig.run(topics: [:]) { rig in
      let member = try await Member(rig, topic: "late").started()
      try await rig.broker.createTopic("late", queues: 2)
      try await rig.send(0..<10, to: "late")
      #expect(await member.seen.wait(for: 10))
      await member.leave()
    }
  }

  @Test func subscribesAndUnsubscribesWhileItRuns() async throws {
    try await ConsumerRig.run(topics: ["A": 2, "B": 2]) { rig in
      try await rig.send(0..<10, to: "A")
      try await rig.send(10..<20, to: "B")
      let member = try await Member(rig, topic: "A").started()
      #expect(await member.seen.wait(for: 10))
      let start = ContinuousClock.now
      try await member.consumer.subscribe("B")
      #expect(await member.seen.wait(for: 20))
      #expect(ContinuousClock.now - start < .seconds(2))
      await member.consumer.unsubscribe("A")
      #expect(
        await member.events.wait { events in
          events.contains { if case .rebalanced(let event) = $0 { event.topic == "A" && event.revoked.count == 2 } else { false } }
        })
      #expect(await rig.committed("G", "A") == rig.ends("A"), "released in good order")
      try await rig.send(20..<30, to: "A")
      try await rig.send(30..<40, to: "B")
      #expect(await member.seen.wait(for: 30))
      #expect(member.seen.items.numbers() == Array(0..<20) + Array(30..<40))
      await member.leave()
    }
  }

  @Test func knowsHowFarBehindItIs() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<30)
      var configuration = PushConsumerConfiguration()
      configuration.concurrency = 2
      configuration.pullBatchSize = 4
      configuration.maxCachedMessagesPerQueue = 8
      let gate = Gate()
      let member = try await Member(rig, configuration, gate: gate).started()
      func queue() -> ConsumerStatistics.Queue? { member.held.first }
      #expect(await eventually { queue()?.cachedMessages == 12 && queue()?.waitingMessages == 10 })
      #expect(queue()?.lag == 30)
      #expect(queue()?.commitOffset == 0)
      #expect(queue()?.pullOffset == 12)
      gate.open()
      #expect(await eventually { queue()?.lag == 0 })
      #expect(queue()?.cachedBytes == 0)
      await member.leave()
    }
  }

  @Test func leavesNothingBehind() async throws {
    weak var consumer: PushConsumer?
    weak var client: RocketMQClient?
    weak var queue: OwnedQueue?
    try await ConsumerRig.run { rig in
      func consume() async throws {
        let member = try await Member(rig) { message in
          message.bodyText == "3" && message.reconsumeTimes == 0 ? .retryLater : .success
        }.started()
        try await rig.send(0..<10)
        #expect(await member.seen.wait(for: 10))
        #expect(await eventually { member.statistics.sentBack == 1 })
        (consumer, client, queue) = (member.consumer, member.client, member.consumer.rebalance.held.first)
        #expect(queue != nil)
        await member.leave()
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

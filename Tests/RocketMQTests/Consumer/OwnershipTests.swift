// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("Members of a group", .timeLimit(.minutes(1)))
struct OwnershipTests {
  /// A consumer of its own client, as in a process of its own.
  struct Member {
    let client: RocketMQClient
    let consumer: PushConsumer
    let seen = Record<ReceivedMessage>()
    let events = Record<RebalanceEvent>()

    init(_ rig: ConsumerRig, _ configuration: PushConsumerConfiguration = .init(), startFrom: ConsumeStart = .earliest) async throws {
      client = try rig.client()
      consumer = try PushConsumer(client: client, group: "G", startFrom: startFrom, configuration: configuration)
      try await consumer.subscribe("T")
      let (seen, events) = (seen, events)
      consumer.onMessage { message, _ in
        seen.add(message)
        return .success
      }
      consumer.onEvent { if case .rebalanced(let event) = $0 { events.add(event) } }
    }

    var queues: [Int32] { consumer.statistics.queues.filter { $0.queue.topic == "T" }.map(\.queue.queueID) }

    @discardableResult
    func leave() async -> ShutdownReport {
      let report = await consumer.shutdown()
      await client.shutdown()
      return report
    }
  }

  @Test func shareTheQueuesAndTakeOverFromOneThatLeaves() async throws {
    try await ConsumerRig.run(topics: ["T": 8]) { rig in
      let first = try await Member(rig)
      let second = try await Member(rig)
      try await first.consumer.start()
      #expect(await eventually { first.queues.count == 8 })
      let joined = ContinuousClock.now
      try await second.consumer.start()
      #expect(await eventually { first.queues.count == 4 && second.queues.count == 4 })
      #expect(ContinuousClock.now - joined < .seconds(2))
      #expect((first.queues + second.queues).sorted() == Array(0..<8))
      try await rig.send(0..<200)
      #expect(await eventually { first.seen.count + second.seen.count == 200 })
      #expect(first.seen.count == 100)
      let left = ContinuousClock.now
      #expect(await first.leave().isClean)
      #expect(await eventually { second.queues.count == 8 })
      #expect(ContinuousClock.now - left < .seconds(2))
      try await rig.send(200..<300)
      #expect(await second.seen.wait(for: 200))
      await second.leave()
      #expect((first.seen.items + second.seen.items).numbers() == Array(0..<300), "nothing lost, nothing twice")
      #expect(await rig.committed("G") == rig.ends())
    }
  }

  @Test func tellTheApplicationWhatTheyGotAndGaveUp() async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      let first = try await Member(rig)
      try await first.consumer.start()
      #expect(await first.events.wait { $0.contains { $0.topic == "T" && $0.assigned.count == 4 && $0.owned.count == 4 } })
      let second = try await Member(rig)
      try await second.consumer.start()
      #expect(await first.events.wait { $0.contains { $0.topic == "T" && $0.revoked.count == 2 && $0.owned.count == 2 } })
      #expect(await second.events.wait { $0.contains { $0.topic == "T" && $0.assigned.count == 2 && $0.members.count == 2 } })
      let members = [first.client.clientID, second.client.clientID].sorted(by: javaOrder)
      #expect(second.events.items.last { $0.topic == "T" }?.members == members)
      await first.leave()
      await second.leave()
    }
  }

  @Test func goOnWhereTheyWereWithoutLossAfterARestart() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<1000)
      var seen: [ReceivedMessage] = []
      for round in 0..<5 {
        let member = try await Member(rig)
        try await member.consumer.start()
        #expect(await member.seen.wait(for: round == 4 ? 1000 - seen.count : min(20, 1000 - seen.count)))
        #expect(await member.leave().isClean)
        seen += member.seen.items
      }
      let numbers = seen.numbers()
      #expect(numbers == Array(0..<1000), "a graceful end leaves nothing to be consumed again")
    }
  }

  @Test func waitForTheMessageInHandBeforeTheyGiveAQueueUp() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      let client = try rig.client()
      let first = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await first.subscribe("T")
      let entered = Record<ReceivedMessage>()
      let gate = Gate()
      let events = Record<RebalanceEvent>()
      first.onEvent { if case .rebalanced(let event) = $0 { events.add(event) } }
      first.onMessage { message, _ in
        entered.add(message)
        await gate.pass()
        return .success
      }
      try await first.start()
      try await rig.send(0..<2)
      #expect(await entered.wait(for: 2))
      let second = try await Member(rig)
      try await second.consumer.start()
      #expect(await eventually { first.statistics.queues.filter { $0.queue.topic == "T" }.count == 1 })
      try await Task.sleep(for: .milliseconds(100))
      #expect(!events.items.contains { $0.topic == "T" && !$0.revoked.isEmpty }, "it is being released")
      gate.open()
      #expect(await events.wait { $0.contains { $0.topic == "T" && !$0.revoked.isEmpty } })
      #expect(await rig.committed("G")[1] == 1, "committed before it was given up")
      await first.shutdown()
      await client.shutdown()
      await second.leave()
    }
  }

  @Test func doNotWaitForeverForAMessageInHand() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      let client = try rig.client()
      var configuration = PushConsumerConfiguration()
      configuration.releaseDeadline = .milliseconds(100)
      let first = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await first.subscribe("T")
      let entered = Record<ReceivedMessage>()
      let finished = Record<Bool>()
      let events = Record<RebalanceEvent>()
      first.onEvent { if case .rebalanced(let event) = $0 { events.add(event) } }
      let gate = Gate()
      first.onMessage { message, context in
        entered.add(message)
        await gate.pass()
        finished.add(context.isRevoked)
        return .retryLater
      }
      try await first.start()
      try await rig.send(0..<2)
      #expect(await entered.wait(for: 2))
      let second = try await Member(rig)
      try await second.consumer.start()
      #expect(await second.seen.wait(for: 1), "the new owner is given it")
      #expect(await events.wait { $0.contains { $0.topic == "T" && !$0.revoked.isEmpty } })
      gate.open()
      #expect(await finished.wait(for: 2))
      #expect(finished.items.contains(true))
      #expect(await eventually { first.statistics.sentBack == 1 }, "only the one of the queue it still has")
      await first.shutdown()
      #expect(first.statistics.sentBack == 1)
      await client.shutdown()
      await second.leave()
    }
  }

  @Test func keepTheirQueuesWhenNobodyKnowsTheMembers() async throws {
    try await ConsumerRig.run { rig in
      let member = try await Member(rig)
      try await member.consumer.start()
      #expect(await eventually { member.queues.count == 4 })
      let fault = rig.broker.faults.add(Fault(on: .init(code: 38), effect: .answer(code: 1, remark: "no")))
      member.consumer.membersChanged()
      #expect(await eventually { rig.broker.faults.hits(fault) > 0 })
      try await rig.send(0..<20)
      #expect(await member.seen.wait(for: 20))
      #expect(member.queues.count == 4)
      rig.broker.faults.removeAll()
      await member.leave()
    }
  }

  @Test func neverGuessAnOffset() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      try await rig.commit(4, "G")
      let fault = rig.broker.faults.add(Fault(on: .init(code: 14, topic: "T"), effect: .answer(code: 1, remark: "no")))
      let pulls = rig.broker.faults.add(Fault(on: .init(code: 11, topic: "T"), effect: .delay(.zero)))
      let member = try await Member(rig, startFrom: .latest)
      try await member.consumer.start()
      #expect(await eventually { rig.broker.faults.hits(fault) >= 2 })
      #expect(rig.broker.faults.hits(pulls) == 0)
      #expect(member.seen.count == 0)
      rig.broker.faults.remove(fault)
      #expect(await member.seen.wait(for: 6))
      #expect(member.seen.items.numbers() == Array(4..<10))
      await member.leave()
    }
  }

  @Test func beginWithTheLatestButDoNotSkipWhatComesWhileTheyAreAway() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      // The broker would answer 0 for a young queue.
      let fault = rig.broker.faults.add(Fault(on: .init(code: 14, topic: "T"), effect: .answer(code: 22, remark: "none"), times: 1))
      let first = try await Member(rig, startFrom: .latest)
      try await first.consumer.start()
      #expect(await eventually { first.queues == [0] })
      #expect(rig.broker.faults.hits(fault) == 1)
      await first.leave()
      #expect(await rig.committed("G") == [10])
      try await rig.send(10..<15)
      let second = try await Member(rig, startFrom: .latest)
      try await second.consumer.start()
      #expect(await second.seen.wait(for: 5))
      #expect(second.seen.items.numbers() == Array(10..<15))
      await second.leave()
      #expect(first.seen.count == 0)
    }
  }

  @Test func goOnAtTheBrokersWordWhenTheirOffsetIsOutsideTheQueue() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      try await rig.commit(1_000_000, "G")
      let member = try await Member(rig)
      try await member.consumer.start()
      let isCorrected = await eventually { member.consumer.statistics.queues.first { $0.queue.topic == "T" }?.commitOffset ?? 99 <= 10 }
      #expect(isCorrected)
      #expect(await rig.committed("G")[0]! <= 10, "also backwards")
      try await rig.send(10..<20)
      #expect(await member.seen.wait { $0.numbers().suffix(10) == Array(10..<20) })
      await member.leave()
      #expect(await rig.committed("G") == [20])
    }
  }

  @Test func goOnWithTheFirstMessageThatIsStillThereWhenTheirsIsGone() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      try await rig.commit(2, "G")
      await rig.broker.expireMessages(topic: "T", queueID: 0, before: 6)
      let member = try await Member(rig)
      try await member.consumer.start()
      #expect(await member.seen.wait(for: 4))
      #expect(member.seen.items.numbers() == Array(6..<10))
      await member.leave()
      #expect(await rig.committed("G") == [10])
    }
  }

  /// What was pulled is gone at the broker: whoever would drop it would lose it.
  @Test func consumeWhatTheyHaveBeforeTheyTakeTheBrokersWord() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual), topics: ["T": 1]) { rig in
      try await rig.send(0..<12)
      var configuration = PushConsumerConfiguration()
      configuration.concurrency = 1
      configuration.pullBatchSize = 4
      configuration.maxCachedMessagesPerQueue = 5
      configuration.releaseDeadline = .zero
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      let seen = Record<ReceivedMessage>()
      let (first, second) = (Gate(), Gate())
      consumer.onMessage { message, _ in
        seen.add(message)
        if message.bodyText == "0" { await first.pass() }
        if message.bodyText == "5" { await second.pass() }
        return message.bodyText == "6" && message.reconsumeTimes == 0 ? .retryLater : .success
      }
      try await consumer.start()
      // Two pulls of four are over the limit; the third comes when five are finished, and finds everything before 11 gone.
      #expect(await eventually { consumer.statistics.queues.first { $0.queue.topic == "T" }?.cachedMessages == 8 })
      await rig.broker.expireMessages(topic: "T", queueID: 0, before: 11)
      first.open()
      #expect(await eventually { !consumer.statistics.queues.contains { $0.queue.topic == "T" } })
      second.open()
      #expect(await seen.wait(for: 9))
      #expect(seen.items.numbers() == Array(0..<8) + [11])
      #expect(await eventually { consumer.statistics.sentBack == 1 })
      await rig.broker.clock.advance(by: .seconds(11))
      #expect(await seen.wait(for: 10))
      #expect(seen.items.last?.bodyText == "6")
      await consumer.shutdown()
      #expect(await rig.committed("G") == [12])
      await client.shutdown()
    }
  }

  @Test func beginWithTheEarliestThatIsThereOrWithATime() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual), topics: ["T": 1]) { rig in
      try await rig.send(0..<5)
      await rig.broker.clock.advance(by: .seconds(3600))
      let later = await rig.broker.clock.now
      try await rig.send(5..<10)
      await rig.broker.expireMessages(topic: "T", queueID: 0, before: 3)
      for (start, numbers) in [(ConsumeStart.earliest, 3..<10), (.timestamp(later), 5..<10)] {
        rig.broker.faults.add(Fault(on: .init(code: 14, topic: "T"), effect: .answer(code: 22, remark: "none"), times: 1))
        let client = try rig.client()
        let consumer = try PushConsumer(client: client, group: "G-\(numbers.lowerBound)", startFrom: start)
        try await consumer.subscribe("T")
        let seen = Record<ReceivedMessage>()
        consumer.onMessage { message, _ in
          seen.add(message)
          return .success
        }
        try await consumer.start()
        #expect(await seen.wait(for: numbers.count))
        await consumer.shutdown()
        await client.shutdown()
        #expect(seen.items.numbers() == Array(numbers))
      }
    }
  }

  @Test func takePartInAGroupThatIsSpreadOverSeveralTopics() async throws {
    try await ConsumerRig.run(topics: ["T": 3, "U": 5]) { rig in
      let first = try await Member(rig)
      try await first.consumer.subscribe("U")
      let second = try await Member(rig)
      try await second.consumer.subscribe("U")
      try await first.consumer.start()
      try await second.consumer.start()
      func count(_ member: Member) -> Int { member.consumer.statistics.queues.filter { $0.queue.topic != "%RETRY%G" }.count }
      #expect(await eventually { count(first) + count(second) == 8 && abs(count(first) - count(second)) <= 2 })
      try await rig.send(0..<30)
      try await rig.send(30..<60, to: "U")
      #expect(await eventually { first.seen.count + second.seen.count >= 60 })
      await first.leave()
      await second.leave()
      #expect(Set((first.seen.items + second.seen.items).numbers()) == Set(0..<60))
    }
  }
}

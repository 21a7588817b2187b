// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

/// A broker that is started again knows no member until each has come back.
@Suite("The members of a group when their broker is started again", .timeLimit(.minutes(1)))
struct BrokerRestartTests {
  enum Mode: CaseIterable { case concurrent, exclusive, inOrder }

  /// A consumer of its own client, as in a process of its own.
  struct Member {
    let client: RocketMQClient
    let consumer: PushConsumer
    let events = Record<RebalanceEvent>()
    let locks = Record<QueueLockEvent>()
    let log = LogRecord()

    /// `consumed` gets the numbers of its messages. It goes by the machine's clock where there is no other.
    init(
      _ lasting: LastingBroker, _ mode: Mode = .concurrent, consumed: Record<Int>, clock: (any Clock<Duration>)? = nil,
      _ configure: (inout PushConsumerConfiguration) -> Void = { _ in }
    ) async throws {
      var settings = ClientConfiguration(nameServers: [lasting.broker.nameServerAddress])
      settings.logger = log.logger
      client = try RocketMQClient(settings, clock: clock ?? ContinuousClock())
      var configuration = PushConsumerConfiguration()
      configuration.isExclusive = mode == .exclusive
      configure(&configuration)
      consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      if mode == .inOrder {
        consumer.onMessageInOrder { message, _ in
          await Task.yield()
          consumed.add(Int(message.bodyText) ?? -1)
          return .success
        }
      } else {
        consumer.onMessage { message, _ in
          await Task.yield()
          consumed.add(Int(message.bodyText) ?? -1)
          return .success
        }
      }
      let (events, locks) = (events, locks)
      consumer.onEvent {
        switch $0 {
        case .rebalanced(let event) where event.topic == "T": events.add(event)
        case .lock(let event): locks.add(event)
        default: break
        }
      }
      try await consumer.start()
    }

    var queues: Set<Int32> { Set(consumer.statistics.queues.filter { $0.queue.topic == "T" }.map(\.queue.queueID)) }

    /// Its events explain what it has.
    var hasToldOfItsQueues: Bool {
      events.items.reduce(0) { $0 + $1.assigned.count - $1.revoked.count } == queues.count
    }

    /// A pull that is cut is repeated at once, and then only after the delay: it waits for that now, with every queue.
    func hasGivenPullingUpForNow() async -> Bool {
      let queues = consumer.statistics.queues.map { "\($0.queue)" }
      return await eventually {
        let failures = log.lines(containing: "a pull failed")
        return queues.allSatisfy { queue in failures.count { $0.contains("rocketmq.queue=\(queue)") } >= 2 }
      }
    }

    /// As when its process is killed: it says nothing to anybody.
    func die() { client.loop.stop() }

    func leave() async {
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  /// The broker is gone for so long that these notice.
  private func stop(_ lasting: LastingBroker, missedBy members: [Member]) async {
    func failures(_ member: Member) -> Int { member.log.lines(containing: "connectFailed").count }
    let before = members.map(failures)
    await lasting.stop()
    for (member, before) in zip(members, before) { #expect(await eventually { failures(member) > before }) }
  }

  private func consumedTwice(_ consumed: Record<Int>) -> [Int] {
    Dictionary(grouping: consumed.items) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
  }

  private func areSettled(_ members: [Member], _ share: Int) -> Bool {
    members.allSatisfy { $0.queues.count == share } && Set(members.flatMap(\.queues)).count == members.count * share
  }

  /// The broker knows all members and locks again, and they have heard of each other: nobody asks any more.
  private func untilAllAreBack(_ members: [Member], _ lasting: LastingBroker) async {
    #expect(await eventually { await lasting.broker.members(ofGroup: "G").count == members.count })
    for member in members {
      #expect(
        await member.locks.wait { events in
          Dictionary(grouping: events, by: \.queue).values.allSatisfy { $0.last?.change == .confirmed }
        })
    }
    var (asked, looks) = (0, 0)
    #expect(
      await eventually {
        let now = await lasting.broker.requestCount(code: 38)
        looks = now == asked ? looks + 1 : 0
        asked = now
        return looks == 50
      })
  }

  @Test(arguments: Mode.allCases) func keepTheirQueuesAndConsumeNothingTwice(_ mode: Mode) async throws {
    try await LastingBroker.run(topics: ["T": 6]) { lasting in
      let consumed = Record<Int>()
      var members: [Member] = []
      for _ in 0..<3 { members.append(try await Member(lasting, mode, consumed: consumed)) }
      #expect(await eventually { areSettled(members, 2) })
      #expect(await eventually { members.allSatisfy(\.hasToldOfItsQueues) })
      let eventsBefore = members.map(\.events.count)
      for round in 0..<3 {
        let numbers = (round * 300)..<(round * 300 + 300)
        try await lasting.rig.send(numbers)
        // In the midst of it.
        #expect(await consumed.wait(for: numbers.lowerBound + 100))
        await lasting.stop()
        try await lasting.start()
      }
      #expect(await consumed.wait(within: .seconds(20)) { Set($0).count == 900 })
      await untilAllAreBack(members, lasting)
      #expect(members.map(\.events.count) == eventsBefore, "no queue has moved")
      #expect(consumedTwice(consumed) == [] && consumed.count == 900)
      // A member that leaves in good order is not kept, although the broker has just been started.
      let left = ContinuousClock.now
      await members.removeLast().leave()
      #expect(await eventually { areSettled(members, 3) })
      #expect(ContinuousClock.now - left < .seconds(2))
      for member in members { await member.leave() }
      // Without locks a queue may change hands between the two that stay before what is consumed of it is committed.
      if mode != .concurrent { #expect(consumedTwice(consumed) == [] && consumed.count == 900) }
    }
  }

  /// One is back at once, the others when the test wants it. Java's members may take 30 s.
  private func withOneThatIsBackFirst(
    grace: Duration, _ work: (LastingBroker, _ first: Member, _ others: [Member], Record<Int>) async throws -> Void
  ) async throws {
    try await LastingBroker.run(topics: ["T": 6]) { lasting in
      let consumed = Record<Int>()
      let first = try await Member(lasting, consumed: consumed) { $0.absentMemberGrace = grace }
      let clock = ManualClock()
      var others: [Member] = []
      for _ in 0..<2 {
        others.append(
          try await Member(lasting, consumed: consumed, clock: clock) {
            $0.absentMemberGrace = grace
            $0.pullRetryDelay = .seconds(60)
          })
      }
      #expect(await eventually { areSettled([first] + others, 2) })
      try await lasting.rig.send(0..<60)
      #expect(await consumed.wait(for: 60))
      await stop(lasting, missedBy: [first])
      for other in others { #expect(await other.hasGivenPullingUpForNow()) }
      try await lasting.start()
      await lasting.broker.untilRequests(code: 38, count: 1)
      #expect(await lasting.broker.members(ofGroup: "G") == [first.client.clientID])
      try await work(lasting, first, others, consumed)
      for member in [first] + others { await member.leave() }
    }
  }

  @Test func leaveTheQueuesOfThoseThatAreNotBackYetAlone() async throws {
    try await withOneThatIsBackFirst(grace: .seconds(35)) { lasting, first, others, consumed in
      try await lasting.rig.send(60..<120)
      #expect(await consumed.wait(for: 80))
      #expect(first.queues.count == 2)
      for other in others { other.consumer.membersChanged() }
      #expect(await consumed.wait(for: 120))
      #expect(consumedTwice(consumed) == [] && consumed.count == 120)
      #expect(areSettled([first] + others, 2))
    }
  }

  @Test func takeThemAllOnTheirReturnWhenThereIsNoGrace() async throws {
    try await withOneThatIsBackFirst(grace: .zero) { lasting, first, others, _ in
      #expect(await eventually { first.queues.count == 6 })
      for other in others { other.consumer.membersChanged() }
      #expect(await eventually { areSettled([first] + others, 2) })
    }
  }

  @Test(arguments: Mode.allCases) func takeTheQueuesOfOneThatDiedMeanwhileWhenItsGraceIsOver(_ mode: Mode) async throws {
    try await LastingBroker.run(topics: ["T": 6]) { lasting in
      let consumed = Record<Int>()
      let clock = ManualClock()
      var members: [Member] = []
      for _ in 0..<3 {
        members.append(try await Member(lasting, mode, consumed: consumed, clock: clock) { $0.rebalanceInterval = .seconds(86_400) })
      }
      #expect(
        await eventually {
          clock.advance(by: .milliseconds(100))
          return areSettled(members, 2)
        })
      try await lasting.rig.send(0..<60)
      #expect(await consumed.wait(for: 60))
      #expect(
        await eventually {
          clock.advance(by: .milliseconds(100))
          return await isCommitted(60, lasting)
        })
      let dead = members.removeLast()
      await stop(lasting, missedBy: members)
      dead.die()
      try await lasting.start()
      let restarted = clock.now
      try await lasting.rig.send(60..<120)
      // Those of the dead one wait. What has a lock waits until its renewal is tried again.
      #expect(
        await eventually {
          if mode != .concurrent, consumed.count < 100 { clock.advance(by: .milliseconds(10)) }
          return consumed.count >= 100
        })
      #expect(members.map(\.queues.count) == [2, 2])
      #expect(
        await eventually {
          clock.advance(by: .milliseconds(100))
          return consumed.count >= 120
        })
      #expect(restarted.duration(to: clock.now) >= .seconds(35))
      #expect(
        await eventually {
          clock.advance(by: .milliseconds(100))
          return areSettled(members, 3)
        })
      #expect(consumedTwice(consumed) == [] && consumed.count == 120)
      for member in members + [dead] { await member.leave() }
    }
  }

  private func isCommitted(_ count: Int64, _ lasting: LastingBroker) async -> Bool {
    var sum: Int64 = 0
    for queue in 0..<6 { sum += await lasting.broker.committedOffset(group: "G", topic: "T", queueID: Int32(queue)) ?? 0 }
    return sum == count
  }

  @Test func hearAtOnceOfOneThatDiesWhileTheBrokerRuns() async throws {
    try await LastingBroker.run(topics: ["T": 6]) { lasting in
      let consumed = Record<Int>()
      var members: [Member] = []
      for _ in 0..<3 { members.append(try await Member(lasting, consumed: consumed)) }
      #expect(await eventually { areSettled(members, 2) })
      await lasting.stop()
      try await lasting.start()
      await untilAllAreBack(members, lasting)
      let dead = members.removeLast()
      let died = ContinuousClock.now
      dead.die()
      #expect(await eventually { areSettled(members, 3) })
      #expect(ContinuousClock.now - died < .seconds(2))
      for member in members + [dead] { await member.leave() }
    }
  }
}

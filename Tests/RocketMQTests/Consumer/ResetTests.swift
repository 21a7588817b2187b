// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Synchronization
import Testing

@testable import RocketMQ

@Suite("A reset", .timeLimit(.minutes(1)))
struct ResetTests {
  /// Reset within this time, as promised.
  static let promise: Duration = .seconds(1)

  static let quickCommits = PushConsumerConfiguration { $0.commitInterval = .milliseconds(20) }

  /// As an administrator does it.
  func reset(_ rig: ConsumerRig, _ target: OffsetTarget) async throws -> GroupReset {
    let client = try rig.client()
    let reset = try await Admin(client: client).resetOffsets(of: "G", topic: "T", to: target)
    await client.shutdown()
    return reset
  }

  /// Until the group has committed something for every queue: brokers refuse to reset what they do not know.
  func untilKnown(_ rig: ConsumerRig) async {
    #expect(await eventually { await rig.committed("G").allSatisfy { $0 != nil } })
  }

  // MARK: Backward and forward

  @Test func backwardBringsEverythingAgainWithinASecond() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<40)
      let member = try await Member(rig, Self.quickCommits).started()
      #expect(await member.seen.wait(for: 40))
      #expect(await eventually { await rig.committed("G") == rig.ends() })
      let began = ContinuousClock.now
      let reset = try await reset(rig, .first)
      #expect(reset.toldMembers == 1)
      #expect(reset.changes.map(\.to) == [0, 0, 0, 0] && reset.changes.map(\.from) == [10, 10, 10, 10])
      #expect(await member.seen.wait { $0.count == 80 })
      #expect(ContinuousClock.now - began < Self.promise)
      #expect(
        Set(member.resets.map(\.queue.queueID)) == [0, 1, 2, 3] && member.resets.allSatisfy { $0.to == 0 && $0.from == 10 })
      #expect(await eventually { await rig.committed("G") == rig.ends() })
      await member.leave()
    }
  }

  @Test func forwardPassesOverWhatIsLeft() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<50)
      let gate = Gate()
      var configuration = Self.quickCommits
      configuration.concurrency = 1
      let member = try await Member(rig, configuration, gate: gate).started()
      #expect(await member.seen.wait(for: 1))
      await untilKnown(rig)
      let began = ContinuousClock.now
      _ = try await reset(rig, .last)
      #expect(await eventually { await rig.committed("G") == [50] })
      #expect(ContinuousClock.now - began < Self.promise, "a listener that takes long does not hold it up")
      gate.open()
      try await rig.send(50..<55)
      #expect(await member.seen.wait { Set($0.numbers()).isSuperset(of: 50..<55) })
      #expect(Set(member.seen.items.numbers()) == Set([0] + Array(50..<55)), "what was cached is passed over")
      await member.leave()
    }
  }

  @Test func toATimeGoesOnWithTheMessageOfThatTime() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual), topics: ["T": 1]) { rig in
      try await rig.send(0..<3)
      await rig.broker.clock.advance(by: .seconds(60))
      let time = await rig.broker.clock.now
      try await rig.send(3..<5)
      let member = try await Member(rig, Self.quickCommits).started()
      #expect(await member.seen.wait(for: 5))
      await untilKnown(rig)
      _ = try await reset(rig, .time(time))
      #expect(await member.seen.wait(for: 7))
      #expect(member.seen.items.suffix(2).numbers() == [3, 4])
      await member.leave()
    }
  }

  // MARK: Whatever the queue is doing

  @Test func findsAQueueThatIsBeingReleased() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<20)
      let gate = Gate()
      var configuration = Self.quickCommits
      configuration.releaseDeadline = .seconds(60)
      let first = try await Member(rig, configuration) { message in
        if message.queueOffset > 0 { await gate.pass() }
        return .success
      }.started()
      #expect(await eventually { await rig.committed("G") == [1, 1] })
      let second = try await Member(rig, Self.quickCommits, gate: gate).started()
      #expect(await eventually { first.queues.count == 1 && second.queues.count == 1 }, "the other one waits for its messages")
      let began = ContinuousClock.now
      _ = try await reset(rig, .last)
      #expect(await eventually { await rig.committed("G") == [10, 10] })
      #expect(await first.isReset(times: 2), "the one it is giving up, too")
      #expect(ContinuousClock.now - began < Self.promise)
      gate.open()
      await first.leave()
      await second.leave()
      #expect(await rig.committed("G") == [10, 10])
    }
  }

  @Test func findsAQueueThatIsBeingTaken() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      try await rig.commit(8, "G")
      let count = await rig.broker.requestCount(code: 14)
      rig.broker.faults.add(Fault(on: .init(code: 14, topic: "T"), effect: .delay(.milliseconds(300)), times: 1))
      let member = try await Member(rig, Self.quickCommits).started()
      await rig.broker.untilRequests(code: 14, count: count + 1)
      #expect(await eventually { await !rig.broker.members(ofGroup: "G").isEmpty })
      rig.broker.faults.removeAll()
      _ = try await reset(rig, .first)
      #expect(member.queues == [], "the answer to where it is has not come yet")
      #expect(await member.seen.wait { Set($0.numbers()) == Set(0..<10) })
      #expect(await member.isReset(times: 1))
      #expect(await eventually { await rig.committed("G") == [10] })
      await member.leave()
    }
  }

  @Test func isDoneWhileTheConsumerIsPaused() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<20)
      let member = try await Member(rig, Self.quickCommits).started()
      #expect(await member.seen.wait(for: 20))
      await untilKnown(rig)
      member.consumer.pause()
      _ = try await reset(rig, .first)
      #expect(await eventually { await rig.committed("G") == [0, 0, 0, 0] })
      #expect(await eventually { member.queues.count == 4 })
      #expect(member.seen.count == 20)
      member.consumer.resume()
      #expect(await member.seen.wait(for: 40))
      await member.leave()
    }
  }

  @Test func isTriedAgainUntilTheBrokerTakesTheOffset() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      let member = try await Member(rig).started()
      #expect(await member.seen.wait(for: 10))
      try await rig.commit(0, "G")
      rig.broker.faults.add(Fault(on: .init(code: 15, topic: "T"), effect: .answer(code: 1, remark: "disk full"), times: 3))
      _ = try await reset(rig, .last)
      #expect(await eventually { await rig.committed("G") == [10] })
      #expect(member.seen.count == 10, "nothing is consumed in between")
      await member.leave()
    }
  }

  @Test func leavesTheQueuesOfOtherMembersAlone() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<40)
      let first = try await Member(rig, Self.quickCommits).started()
      let second = try await Member(rig, Self.quickCommits).started()
      #expect(await eventually { first.queues.count == 2 && second.queues.count == 2 })
      #expect(await eventually { await rig.committed("G") == rig.ends() })
      let reset = try await reset(rig, .first)
      #expect(reset.toldMembers == 2)
      #expect(await eventually { first.resets.count + second.resets.count == 4 })
      #expect(Set(first.resets.map(\.queue.queueID)).isDisjoint(with: second.resets.map(\.queue.queueID)))
      #expect(await eventually { await rig.committed("G") == rig.ends() })
      await first.leave()
      await second.leave()
    }
  }

  @Test func inOrderIsStoredAtOnceButTheQueueWaitsForItsListener() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      let gate = Gate()
      let running = Atomic(0)
      let listener: @Sendable (ReceivedMessage) async -> OrderedConsumeResult = { message in
        #expect(running.add(1, ordering: .relaxed).newValue == 1, "one at a time")
        if message.queueOffset == 5 { await gate.pass() }
        running.subtract(1, ordering: .relaxed)
        return .success
      }
      let member = try await Member(rig, Self.quickCommits, inOrder: listener).started()
      #expect(await eventually { await rig.committed("G") == [5] })
      let began = ContinuousClock.now
      _ = try await reset(rig, .first)
      #expect(await member.isReset(times: 1))
      #expect(await rig.committed("G") == [0])
      #expect(ContinuousClock.now - began < Self.promise)
      #expect(member.seen.count == 6)
      gate.open()
      #expect(await member.seen.wait(for: 16))
      #expect(member.seen.items.compactMap { Int($0.bodyText) } == Array(0...5) + Array(0..<10))
      #expect(await eventually { await rig.committed("G") == [10] })
      #expect(await member.leave().isClean)
    }
  }

  // MARK: By the broker itself (5.x)

  @Test func thatTheBrokerDoesItselfIsTakenWithTheNextPull() async throws {
    var settings = EmbeddedBroker.Configuration(storage: .memory)
    settings.resetsOffsetsItself = true
    try await ConsumerRig.run(settings, topics: ["T": 1]) { rig in
      try await rig.send(0..<20)
      let gate = Gate()
      let isReset = Atomic(false)
      let member = try await Member(rig, Self.quickCommits) { message in
        // One listener that never ends must not hold it up.
        if message.queueOffset == 19, !isReset.load(ordering: .acquiring) { await gate.pass() }
        return .success
      }.started()
      #expect(await eventually { await rig.committed("G") == [19] })
      await rig.broker.untilHeld(topic: "T", queueID: 0)
      isReset.store(true, ordering: .releasing)
      _ = try await reset(rig, .first)
      let began = ContinuousClock.now
      try await rig.send(20..<21)
      #expect(await member.seen.wait { $0.numbers().filter { $0 == 5 }.count == 2 })
      #expect(ContinuousClock.now - began < Self.promise)
      #expect(await member.seen.wait { Set($0.numbers()) == Set(0...20) })
      gate.open()
      #expect(await eventually { await rig.committed("G") == [21] })
      #expect(member.resets.map(\.to) == [0])
      await member.leave()
    }
  }

  @Test func thatTheBrokerDoesItselfReachesAGroupWithoutMembers() async throws {
    var settings = EmbeddedBroker.Configuration(storage: .memory)
    settings.resetsOffsetsItself = true
    try await ConsumerRig.run(settings, topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      let first = try await Member(rig, Self.quickCommits).started()
      #expect(await first.seen.wait(for: 10))
      await first.leave()
      _ = try await reset(rig, .first)
      let second = try await Member(rig, Self.quickCommits).started()
      #expect(await second.seen.wait(for: 10))
      #expect(await eventually { await rig.committed("G") == [10] })
      await second.leave()
    }
  }
}

extension Member {
  var resets: [OffsetReset] { Self.resets(events.items) }

  func isReset(times: Int) async -> Bool {
    await events.wait { Self.resets($0).count >= times }
  }

  private static func resets(_ events: [ConsumerEvent]) -> [OffsetReset] {
    events.compactMap { if case .offsetReset(let reset) = $0 { reset } else { nil } }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("The lock of a queue", .timeLimit(.minutes(1)))
struct QueueLockTests {
  /// Consumes in order.
  private func member(
    _ rig: ConsumerRig, _ configuration: PushConsumerConfiguration = .init(), isStepped: Bool = false,
    _ listener: @escaping @Sendable (ReceivedMessage) async throws -> OrderedConsumeResult = { _ in .success }
  ) async throws -> Member {
    try await Member(rig, configuration, isStepped: isStepped, inOrder: listener).started()
  }

  /// What another client of the group gets when it asks for all locks of T.
  private func locks(_ rig: ConsumerRig, as clientID: String, topic: String = "T") async throws -> [Int32] {
    let client = try rig.client()
    let route = try await client.routes.route(of: topic)
    let broker = try #require(route.brokers.first)
    let queues = (0..<(rig.topics[topic] ?? 1)).map { MessageQueue(topic: topic, brokerName: broker.name, queueID: Int32($0)) }
    let locked = try await client.api.lock(queues, at: try #require(broker.addresses[0]), group: "G", clientID: clientID)
    await client.shutdown()
    return locked.map(\.queueID).sorted()
  }

  private func unlock(_ rig: ConsumerRig, as clientID: String) async throws {
    let client = try rig.client()
    let route = try await client.routes.route(of: "T")
    let broker = try #require(route.brokers.first)
    let queues = (0..<4).map { MessageQueue(topic: "T", brokerName: broker.name, queueID: Int32($0)) }
    try await client.api.unlock(queues, at: try #require(broker.addresses[0]), group: "G", clientID: clientID)
    await client.shutdown()
  }

  @Test func isHeldWhileConsumingAndGivenBackWhenTheConsumerHasEnded() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      let member = try await member(rig)
      try await rig.send(0..<10)
      #expect(await member.seen.wait(for: 10))
      #expect(try await locks(rig, as: "other") == [])
      #expect(try await locks(rig, as: "other", topic: "%RETRY%G") == [])
      #expect(await member.leave().isClean)
      #expect(try await locks(rig, as: "other") == [0, 1])
      #expect(try await locks(rig, as: "other", topic: "%RETRY%G") == [0])
    }
  }

  @Test func isAskedForAgainWithinASecondWhenSomebodyElseHasIt() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<3)
      #expect(try await locks(rig, as: "other") == [0])
      let member = try await member(rig)
      let asked = await rig.broker.requestCount(code: 41)
      await rig.broker.untilRequests(code: 41, count: asked + 5)
      #expect(member.seen.count == 0)
      try await unlock(rig, as: "other")
      let freed = ContinuousClock.now
      #expect(await member.seen.wait(for: 3))
      #expect(ContinuousClock.now - freed < .seconds(2))
      await member.leave()
    }
  }

  /// The broker has granted it, and nobody knows: it must not stay locked for a minute.
  @Test(arguments: [.dropReply, .disconnectInsteadOfReply] as [Fault.Effect])
  func isNotLeftBehindWhenTheAnswerIsLost(_ effect: Fault.Effect) async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let fault = rig.broker.faults.add(Fault(on: .init(code: 41), effect: effect))
      let member = try await member(rig)
      #expect(await eventually { rig.broker.faults.hits(fault) >= 2 })
      await member.leave()
      rig.broker.faults.remove(fault)
      #expect(try await locks(rig, as: "other") == [0])
      #expect(try await locks(rig, as: "other", topic: "%RETRY%G") == [0])
    }
  }

  @Test func isGivenBackAlthoughTheFirstAnswerIsLost() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      let member = try await member(rig)
      #expect(await member.seen.wait(for: 1))
      rig.broker.faults.add(Fault(on: .init(code: 42), effect: .disconnect, times: 1))
      #expect(await member.leave().isClean)
      #expect(try await locks(rig, as: "other") == [0])
    }
  }

  @Test func isGivenBackAndTheOffsetCommittedAlthoughTheConnectionIsCutAgainAndAgain() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      let member = try await member(rig)
      #expect(await member.seen.wait(for: 1))
      rig.broker.faults.add(Fault(on: .init(code: 15), effect: .disconnect, times: 5))
      rig.broker.faults.add(Fault(on: .init(code: 42), effect: .disconnect, times: 5))
      #expect(await member.leave().isClean)
      #expect(await rig.committed("G") == [1])
      #expect(try await locks(rig, as: "other") == [0])
    }
  }

  @Test func isGivenBackByAMemberThatLeavesAlthoughItWasRevokedWhenNobodyAnswered() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      // By the stepped clock, which stands still, it is never tried again.
      let member = try await member(rig, isStepped: true)
      #expect(await eventually { member.statistics.queues.count == 3 })
      let fault = rig.broker.faults.add(Fault(on: .init(code: 42), effect: .answer(code: 1, remark: "busy")))
      await member.consumer.unsubscribe("T")
      #expect(await eventually { rig.broker.faults.hits(fault) >= 6 }, "three tries for each queue")
      #expect(await eventually { member.statistics.queues.count == 1 })
      #expect(try await locks(rig, as: "other") == [])
      rig.broker.faults.remove(fault)
      #expect(await member.leave().isClean)
      #expect(try await locks(rig, as: "other") == [0, 1])
    }
  }

  @Test func isRenewedEveryTwentySecondsInOneRequestForEachBroker() async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      try await rig.send(0..<8)
      let member = try await member(rig, isStepped: true)
      #expect(await member.seen.wait(for: 8))
      #expect(await eventually { member.statistics.queues.count == 5 })
      let before = await rig.broker.requestCount(code: 41)
      rig.clock.advance(by: .milliseconds(19_999))
      rig.clock.advance(by: .milliseconds(500))
      await rig.broker.untilRequests(code: 41, count: before + 1)
      try await rig.send(8..<16)
      #expect(await member.seen.wait(for: 16))
      #expect(await rig.broker.requestCount(code: 41) == before + 1)
      await member.leave()
    }
  }

  @Test func countsForThirtySecondsWithoutRenewalAndThenNothingBeginsUntilItIsConfirmed() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<3)
      let member = try await member(rig, isStepped: true)
      #expect(await member.seen.wait(for: 3))
      #expect(await eventually { member.statistics.queues.count == 2 }, "the retry topic's is locked, too")
      let fault = rig.broker.faults.add(Fault(on: .init(code: 41), effect: .answer(code: 1, remark: "no")))
      // Whoever renews may not have fallen asleep yet.
      #expect(
        await eventually {
          if rig.broker.faults.hits(fault) == 0 { rig.clock.advance(by: .seconds(2)) }
          return rig.broker.faults.hits(fault) == 1
        })
      try await rig.send(3..<6)
      #expect(await member.seen.wait(for: 6), "it still counts")
      #expect(member.lockChanges.count == 0)
      #expect(
        await eventually {
          rig.clock.advance(by: .seconds(1))
          return member.lockChanges.count > 0
        })
      #expect(member.lockChanges == [.inDoubt])
      try await rig.send(6..<9)
      let hits = rig.broker.faults.hits(fault)
      #expect(
        await eventually {
          rig.clock.advance(by: .milliseconds(500))
          return rig.broker.faults.hits(fault) > hits + 2
        }, "it goes on asking")
      #expect(member.seen.count == 6)
      rig.broker.faults.remove(fault)
      #expect(
        await eventually {
          rig.clock.advance(by: .milliseconds(500))
          return member.lockChanges.count > 1
        })
      #expect(member.lockChanges == [.inDoubt, .confirmed])
      #expect(await member.seen.wait(for: 9))
      #expect(member.seen.items.map(\.bodyText) == (0..<9).map(String.init), "nothing twice, nothing lost")
      await member.leave()
      #expect(await rig.committed("G") == [9])
    }
  }

  @Test func isInDoubtWhenTheConnectionIsCutAndConsumingGoesOnWhereItWas() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let witness = OrderWitness()
      let member = try await member(rig) { message in
        witness.begins(message, "m")
        witness.ends(message, succeeded: true)
        return .success
      }
      try await rig.send(0..<10)
      #expect(await member.seen.wait(for: 10))
      rig.broker.faults.add(Fault(on: .init(code: 11, topic: "T"), effect: .disconnect, times: 1))
      try await rig.send(10..<20)
      #expect(await member.saw(.inDoubt))
      #expect(await member.saw(.confirmed))
      #expect(await member.seen.wait(for: 20))
      #expect(witness.violations == [] && witness.duplicates == [])
      #expect(!member.held.isEmpty)
      await member.leave()
      #expect(await rig.committed("G") == [20])
    }
  }

  /// A broker that is started again knows of no locks: whoever comes first gets the queue.
  @Test func isLostWhenAnotherMemberGotItMeanwhileAndItsOffsetIsNotTakenBack() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      let gate = Gate()
      let member = try await member(rig) { message in
        if message.bodyText == "4" { await gate.pass() }
        return .success
      }
      #expect(await member.seen.wait(for: 5))
      // As after a restart: the lock is free, another one takes it, and goes on.
      try await unlock(rig, as: member.client.clientID)
      #expect(try await locks(rig, as: "other") == [0])
      try await rig.commit(8, "G")
      rig.broker.faults.add(Fault(on: .init(code: 34), effect: .disconnect, times: 1))
      member.client.subscriptionsChanged()  // a heartbeat, and with it the cut
      #expect(await member.saw(.lost))
      gate.open()
      #expect(await eventually { member.held.isEmpty })
      #expect(member.seen.count == 5, "nothing more begins")
      #expect(await rig.committed("G") == [8])
      try await unlock(rig, as: "other")
      #expect(await member.seen.wait { $0.last?.bodyText == "9" })
      #expect(member.seen.items.map(\.bodyText) == ["0", "1", "2", "3", "4", "8", "9"])
      await member.leave()
      #expect(await rig.committed("G") == [10])
    }
  }

  @Test func isKeptAsLongAsAListenerDoesNotReturn() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      var configuration = PushConsumerConfiguration()
      configuration.releaseDeadline = .milliseconds(50)
      let witness = OrderWitness()
      let gate = Gate()
      let listen: @Sendable (String) -> @Sendable (ReceivedMessage) async throws -> OrderedConsumeResult = { name in
        { message in
          witness.begins(message, name)
          if message.queueOffset == 0 { await gate.pass() }
          witness.ends(message, succeeded: true)
          return .success
        }
      }
      try await rig.send(0..<10)
      let first = try await member(rig, configuration, listen("first"))
      #expect(await first.seen.wait(for: 2))
      let second = try await member(rig, configuration, listen("second"))
      #expect(await first.saw(.kept))
      let asked = await rig.broker.requestCount(code: 41)
      await rig.broker.untilRequests(code: 41, count: asked + 3)
      #expect(second.seen.count == 0)
      gate.open()
      #expect(await witness.seen.wait(for: 10))
      #expect(await second.seen.wait(for: 4))
      #expect(witness.violations == [] && witness.duplicates == [], "what was finished late counts")
      await first.leave()
      await second.leave()
    }
  }

  @Test func isNotGivenBackAtTheEndWhileAListenerStillRuns() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<2)
      let hang = Record<Int>()
      let member = try await member(rig) { _ in
        _ = await hang.wait(for: 1)  // does not hear of cancellation
        return .success
      }
      #expect(await member.seen.wait(for: 1))
      let report = await member.leave(deadline: .milliseconds(20))
      #expect(report.leftOver.map(\.isUnlocked) == [false])
      #expect(!report.isClean)
      #expect(try await locks(rig, as: "other") == [])
      hang.add(1)
    }
  }
}

extension Member {
  /// What became of its locks of T.
  fileprivate var lockChanges: [QueueLockEvent.Change] { Self.lockChanges(events.items) }

  fileprivate func saw(_ change: QueueLockEvent.Change) async -> Bool {
    await events.wait { Self.lockChanges($0).contains(change) }
  }

  private static func lockChanges(_ events: [ConsumerEvent]) -> [QueueLockEvent.Change] {
    events.compactMap { if case .lock(let event) = $0, event.queue.topic == "T" { event.change } else { nil } }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("What fails", .timeLimit(.minutes(1)))
struct RetryTests {
  @Test func comesAgainAfterItsDelayUnderItsOwnTopicAndId() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual)) { rig in
      try await rig.send(0..<8)
      try await consuming(rig) { message in
        message.reconsumeTimes == 0 && Int(message.bodyText)! % 2 == 0 ? .retryLater : .success
      } check: { consumer, seen in
        #expect(await seen.wait(for: 8))
        #expect(await eventually { consumer.statistics.sentBack == 4 })
        await rig.broker.clock.advance(by: .seconds(9))
        #expect(seen.count == 8, "the first delay is 10 s")
        await rig.broker.clock.advance(by: .seconds(2))
        #expect(await seen.wait(for: 12))
        let first = seen.items.prefix(8)
        for message in seen.items.suffix(4) {
          #expect(message.reconsumeTimes == 1)
          #expect(message.topic == "T")
          #expect(message.queue.topic == "%RETRY%G")
          #expect(first.contains { $0.messageID == message.messageID && $0.bodyText == message.bodyText })
        }
      }
      #expect(await rig.committed("G") == rig.ends())
      #expect(await rig.committed("G", "%RETRY%G") == rig.ends("%RETRY%G"))
    }
  }

  @Test func mayChooseItsDelay() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual)) { rig in
      try await rig.send(0..<1)
      try await consuming(rig) {
        $0.reconsumeTimes == 0 ? .retryLater(delayLevel: 5) : .success
      } check: { consumer, seen in
        #expect(await eventually { consumer.statistics.sentBack == 1 })
        await rig.broker.clock.advance(by: .seconds(59))
        #expect(seen.count == 1)
        await rig.broker.clock.advance(by: .seconds(2))
        #expect(await seen.wait(for: 2))
      }
    }
  }

  @Test func throwingCountsAsFailing() async throws {
    struct Trouble: Error {}
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual)) { rig in
      try await rig.send(0..<1)
      try await consuming(rig) {
        if $0.reconsumeTimes == 0 { throw Trouble() } else { .success }
      } check: { consumer, seen in
        #expect(await eventually { consumer.statistics.sentBack == 1 })
        await rig.broker.clock.advance(by: .seconds(11))
        #expect(await seen.wait(for: 2))
      }
    }
  }

  @Test func endsInTheDeadLetterTopicWhenItFailsTooOften() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual)) { rig in
      try await rig.send(0..<1)
      try await consuming(rig, .init { $0.maxReconsumeTimes = 1 }) { _ in
        .retryLater
      } check: { consumer, seen in
        #expect(await eventually { consumer.statistics.sentBack == 1 })
        await rig.broker.clock.advance(by: .seconds(11))
        #expect(await seen.wait(for: 2))
        #expect(await eventually { consumer.statistics.sentBack == 2 })
      }
      #expect(try await deadLetters(rig, 1).map(\.bodyText) == ["0"])
    }
  }

  @Test func mayGoToTheDeadLetterTopicAtOnce() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<1)
      try await consuming(rig) { _ in
        .deadLetter
      } check: { consumer, _ in
        #expect(await eventually { consumer.statistics.sentBack == 1 })
      }
      #expect(try await deadLetters(rig, 1).map(\.bodyText) == ["0"])
    }
  }

  @Test func goesToTheRetryTopicAsACopyWhenItsBrokerDoesNotTakeItBack() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual)) { rig in
      try await rig.send(0..<1)
      rig.broker.faults.add(Fault(on: .init(code: 36), effect: .answer(code: 1, remark: "no")))
      try await consuming(rig) {
        $0.reconsumeTimes == 0 ? .retryLater : .success
      } check: { consumer, seen in
        #expect(await eventually { consumer.statistics.sentBack == 1 })
        await rig.broker.clock.advance(by: .seconds(11))
        try #require(await seen.wait(for: 2))
        #expect(seen.items[1].topic == "T")
        #expect(seen.items[1].reconsumeTimes == 1)
        #expect(seen.items[1].messageID == seen.items[0].messageID)
        #expect(seen.items[1].bodyText == "0")
      }
      #expect(await rig.committed("G") == rig.ends())
    }
  }

  @Test func isTriedAgainHereWhenItCannotBeSentAnywhereAndItsOffsetWaits() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<3)
      rig.broker.faults.add(Fault(on: .init(code: 36), effect: .answer(code: 1, remark: "no")))
      rig.broker.faults.add(Fault(on: .init(code: 310), effect: .answer(code: 1, remark: "no")))
      let member = try await Member(rig, isStepped: true) {
        $0.bodyText == "1" && $0.reconsumeTimes == 0 ? .retryLater : .success
      }.started()
      #expect(await member.seen.wait(for: 3))
      #expect(await eventually { member.held.first?.commitOffset == 1 })
      #expect(await eventually { member.statistics.failed == 1 })
      #expect(member.seen.count == 3)
      // The second try waits five seconds; it may not have fallen asleep yet.
      #expect(
        await eventually {
          rig.clock.advance(by: .seconds(1))
          return member.seen.count == 4
        })
      try #require(member.seen.count == 4)
      #expect(member.seen.items[3].bodyText == "1")
      #expect(member.seen.items[3].reconsumeTimes == 1)
      #expect(await eventually { member.held.first?.commitOffset == 3 })
      rig.broker.faults.removeAll()
      await member.leave()
      #expect(await rig.committed("G") == rig.ends())
    }
  }

  @Test func isLeftOverWhenItCouldNotBeSentAnywhere() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<3)
      rig.broker.faults.add(Fault(on: .init(code: 36), effect: .answer(code: 1, remark: "no")))
      rig.broker.faults.add(Fault(on: .init(code: 310), effect: .answer(code: 1, remark: "no")))
      try await consuming(rig) {
        $0.bodyText == "1" ? .retryLater : .success
      } check: { consumer, seen in
        #expect(await seen.wait(for: 3))
        #expect(await eventually { consumer.statistics.queues.first { $0.queue.topic == "T" }?.cachedMessages == 1 })
        let report = await consumer.shutdown()
        #expect(report.unfinished == 1)
        #expect(report.leftOver.first?.offset == 1)
      }
      #expect(await rig.committed("G") == [1])
    }
  }

  @Test func doesNotHoldUpOtherMessagesWhileTheBrokerIsSilent() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<50)
      rig.broker.faults.add(Fault(on: .init(code: 36), effect: .dropRequest))
      try await consuming(rig, .init { $0.concurrency = 1 }) {
        Int($0.bodyText)! < 40 ? .retryLater : .success
      } check: { consumer, seen in
        #expect(await seen.wait(for: 50, within: .seconds(2)))
        #expect(await eventually { consumer.statistics.consumed == 10 })
        #expect(await rig.committed("G").compactMap { $0 }.max() ?? 0 == 0)
        rig.broker.faults.removeAll()
      }
    }
  }

  @Test func waitsToBeSentBackInBoundedNumber() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.sendBatches(1500)
      rig.broker.faults.add(Fault(on: .init(code: 36), effect: .dropRequest))
      try await consuming(rig, .init { $0.concurrency = 4 }) { _ in
        .retryLater
      } check: { consumer, seen in
        #expect(await eventually { consumer.statistics.queues.reduce(0) { $0 + $1.cachedMessages } == 1500 })
        // So many wait, so many are on their way, and each worker has one in hand.
        let bound = 1024 + 16 + 4
        #expect(await seen.wait(for: bound))
        try await Task.sleep(for: .milliseconds(100))
        #expect(seen.count == bound)
        await consumer.shutdown(deadline: .zero)
      }
    }
  }

  /// Its broker could only send the whole batch back.
  @Test func oneOutOfABatchThatItsBrokerKeepsAsOneComesAgainAlone() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual), topics: ["T": 1]) { rig in
      var batch: [UInt8] = []
      try BatchBody.append(flag: 0, body: Array("inside".utf8), properties: Array("TAGS\u{1}A\u{2}".utf8), to: &batch)
      let innerBatchToUnwrap = 0xC0
      try await rig.send(body: batch, sysFlag: innerBatchToUnwrap)
      try await consuming(rig) {
        $0.reconsumeTimes == 0 ? .retryLater : .success
      } check: { consumer, seen in
        #expect(await eventually { consumer.statistics.sentBack == 1 })
        await rig.broker.clock.advance(by: .seconds(11))
        try #require(await seen.wait(for: 2))
        #expect(seen.items.map(\.bodyText) == ["inside", "inside"])
        #expect(seen.items.map(\.tags) == ["A", "A"])
        #expect(seen.items[1].reconsumeTimes == 1)
      }
      #expect(await rig.broker.requestCount(code: 36) == 0)
      #expect(await rig.committed("G") == [1])
    }
  }

  /// Compressed, it says, but it is not: it must neither block its queue nor vanish.
  @Test func aBodyThatCannotBeReadEndsInTheDeadLetterTopic() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<2)
      try await rig.sendUnreadable()
      try await rig.send(2..<4)
      try await consuming(rig, .init { $0.maxReconsumeTimes = 0 }) { _ in
        .success
      } check: { consumer, seen in
        #expect(await seen.wait(for: 4))
        #expect(await eventually { consumer.statistics.sentBack == 1 })
        #expect(seen.items.numbers() == [0, 1, 2, 3])
      }
      #expect(await rig.committed("G") == [5])
      #expect(await rig.ends("%DLQ%G") == [1])
    }
  }

  @Test func whatTakesTooLongIsSentBackOnce() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<2)
      let gate = Gate()
      let member = try await Member(rig, .init { $0.concurrency = 2 }, isStepped: true) { message in
        if message.bodyText == "0" { await gate.pass() }
        return .success
      }.started()
      #expect(await member.seen.wait(for: 2))
      // Fifteen minutes, and scans a minute apart.
      for _ in 0..<14 { rig.clock.advance(by: .seconds(60)) }
      try await Task.sleep(for: .milliseconds(50))
      #expect(member.statistics.sentBack == 0, "it has a minute left")
      #expect(
        await eventually {
          rig.clock.advance(by: .seconds(60))
          return member.statistics.sentBack == 1
        })
      #expect(await eventually { member.held.first?.commitOffset == 2 })
      rig.clock.advance(by: .seconds(60))
      gate.open()
      await member.leave()
      #expect(member.statistics.sentBack == 1)
      #expect(await rig.committed("G") == [2])
    }
  }

  private func consuming(
    _ rig: ConsumerRig, _ configuration: PushConsumerConfiguration = .init(),
    _ listener: @escaping @Sendable (ReceivedMessage) async throws -> ConsumeResult,
    check: (PushConsumer, Record<ReceivedMessage>) async throws -> Void
  ) async throws {
    let member = try await Member(rig, configuration, listener).started()
    do { try await check(member.consumer, member.seen) } catch {
      await member.leave()
      throw error
    }
    await member.leave()
  }

  private func deadLetters(_ rig: ConsumerRig, _ count: Int) async throws -> [ReceivedMessage] {
    let member = try await Member(rig, group: "undertaker", topic: "%DLQ%G").started()
    #expect(await member.seen.wait(for: count))
    await member.leave()
    return member.seen.items
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Synchronization
import Testing

@testable import RocketMQ

@Suite("Consuming concurrently", .timeLimit(.minutes(1)))
struct ConcurrentTests {
  @Test func givesBatchesAsLargeAsAskedForWhenThereIsEnough() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<100)
      let member = try await Member(rig, .init { $0.concurrency = 1 })
      let batches = Record<[ReceivedMessage]>()
      let gate = Gate()
      member.consumer.onMessages(batchSize: 7) { messages, context in
        batches.add(messages)
        #expect(messages.allSatisfy { $0.queue == context.messageQueue })
        await gate.pass()
        return .success
      }
      try await member.consumer.start()
      #expect(await eventually { member.held.first?.cachedMessages == 100 })
      gate.open()
      #expect(await batches.wait { $0.reduce(0) { $0 + $1.count } == 100 })
      let sizes = batches.items.map(\.count)
      #expect(sizes.allSatisfy { $0 <= 7 } && sizes.dropFirst().dropLast().allSatisfy { $0 == 7 }, "\(sizes)")
      #expect(batches.items.flatMap { $0 }.map(\.bodyText) == (0..<100).map(String.init), "one worker keeps their order")
      await member.leave()
    }
  }

  /// The result of a batch of four, how many come again, at which delay, and how many are dead letters.
  @Test(
    arguments: [
      (.success, 0, nil, 0), (.retryLater(), 4, 3, 0), (.retryLater(delayLevel: 2), 4, 2, 0), (.partial(successes: 1), 3, 3, 0),
      (.partial(successes: 3, delayLevel: 1), 1, 1, 0), (.partial(successes: 4), 0, nil, 0), (.partial(successes: 99), 0, nil, 0),
      (.partial(successes: -1), 4, 3, 0), (.deadLetter, 0, nil, 4),
    ] as [(BatchConsumeResult, Int, Int?, Int64)])
  func sendsBackWhatABatchResultSays(_ result: BatchConsumeResult, _ again: Int, _ level: Int?, _ dead: Int64) async throws {
    let delays = [1: 1, 2: 5, 3: 10]
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual), topics: ["T": 1]) { rig in
      try await rig.sendBatches(4)
      let member = try await Member(rig)
      let seen = member.seen
      member.consumer.onMessages(batchSize: 4) { messages, _ in
        for message in messages { seen.add(message) }
        return messages[0].reconsumeTimes == 0 ? result : .success
      }
      try await member.consumer.start()
      #expect(await seen.wait(for: 4))
      #expect(
        await eventually { member.statistics.sentBack == again + Int(dead) && member.statistics.consumed >= 4 - again - Int(dead) })
      if let level, let delay = delays[level] {
        await rig.broker.clock.advance(by: .milliseconds(delay * 1000 - 200))
        #expect(seen.count == 4)
        await rig.broker.clock.advance(by: .milliseconds(400))
        #expect(await seen.wait(for: 4 + again))
        #expect(Set(seen.items.suffix(again).numbers()) == Set((4 - again)..<4), "those at the end of the batch")
      }
      await member.leave()
      #expect(await rig.committed("G") == [4])
      #expect(await rig.ends("%DLQ%G").first ?? 0 == dead)
    }
  }

  @Test func letsTheBrokerWaitLongerAfterEachFailure() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual), topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      let member = try await Member(rig) { message in
        message.reconsumeTimes < 3 ? .retryLater : .success
      }.started()
      for (failures, delay) in [(1, 10), (2, 30), (3, 60)] {
        #expect(await member.seen.wait(for: failures))
        #expect(await eventually { member.statistics.sentBack == failures })
        await rig.broker.clock.advance(by: .seconds(delay - 1))
        #expect(member.seen.count == failures)
        await rig.broker.clock.advance(by: .seconds(2))
        #expect(await member.seen.wait(for: failures + 1))
      }
      #expect(member.seen.items.map(\.reconsumeTimes) == [0, 1, 2, 3])
      await member.leave()
    }
  }

  @Test func runsFewerListenersSoonAfterItWasToldTo() async throws {
    final class Running: Sendable {
      let now = Atomic(0)
    }
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      try await rig.send(0..<40)
      let running = Running()
      let counts = Record<Int>()
      let gate = Gate()
      let member = try await Member(rig, .init { $0.concurrency = 6 }) { _ in
        counts.add(running.now.wrappingAdd(1, ordering: .relaxed).newValue)
        await gate.pass()
        await Task.yield()
        running.now.wrappingSubtract(1, ordering: .relaxed)
        return .success
      }.started()
      #expect(await counts.wait(for: 6))
      #expect(counts.items.max() == 6)
      try member.consumer.setConcurrency(1)
      gate.open()
      #expect(await counts.wait(for: 40))
      #expect(await eventually { member.statistics.consumed == 40 })
      try await rig.send(40..<140)
      #expect(await counts.wait(for: 140))
      #expect(counts.items.suffix(100).max() == 1)
      await member.leave()
    }
  }
}

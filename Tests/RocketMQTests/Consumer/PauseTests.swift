// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("Queues that are paused", .timeLimit(.minutes(1)))
struct PauseTests {
  private func queue(_ id: Int32) -> MessageQueue { MessageQueue(topic: "T", brokerName: "broker-a", queueID: id) }

  @Test func areNotPulledWhileTheOthersAre() async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      try await consuming(rig) { member in
        #expect(await eventually { member.queues.count == 4 })
        await settle(rig, 4)
        member.consumer.pause([queue(1), queue(2), MessageQueue(topic: "T", brokerName: "broker-a", queueID: 99)])
        #expect(member.consumer.paused == [queue(1), queue(2)])
        try await passOnePull(rig, member, [1, 2])
        let before = member.seen.count
        try await rig.send(100..<120)
        #expect(await member.seen.wait(for: before + 10))
        try await Task.sleep(for: .milliseconds(50))
        #expect(member.seen.items[before...].allSatisfy { [0, 3].contains($0.queueID) })
        member.consumer.resume([queue(1)])
        #expect(await member.seen.wait(for: before + 15))
        // Resuming the consumer does not resume a queue that was paused by name.
        member.consumer.pause()
        member.consumer.resume()
        try await Task.sleep(for: .milliseconds(50))
        #expect(member.consumer.paused == [queue(2)])
        #expect(member.seen.items.filter { $0.queueID == 2 && Int($0.bodyText)! >= 100 }.isEmpty)
        member.consumer.resume([queue(2), queue(3)])
        #expect(await member.seen.wait(for: before + 20))
        #expect(member.consumer.paused.isEmpty)
      }
    }
  }

  @Test func stayPausedWhenTheWholeConsumerResumesOnlyIfTheyWereNotResumedMeanwhile() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await consuming(rig) { member in
        #expect(await eventually { member.queues.count == 1 })
        await settle(rig, 1)
        member.consumer.pause([queue(0)])
        member.consumer.pause()
        try await passOnePull(rig, member, [0])
        let before = member.seen.count
        try await rig.send(100..<105)
        member.consumer.resume([queue(0)])
        try await Task.sleep(for: .milliseconds(50))
        #expect(member.seen.count == before, "the consumer is paused still")
        member.consumer.resume()
        #expect(await member.seen.wait(for: before + 5))
      }
    }
  }

  @Test func areNotPausedWhenTheyComeBackFromAnotherMember() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await consuming(rig) { first in
        #expect(await eventually { first.queues.count == 2 })
        first.consumer.pause([queue(0), queue(1)])
        let second = try await Member(rig).started()
        #expect(await eventually { first.queues.count == 1 && second.queues.count == 1 })
        #expect(await eventually { first.consumer.paused == Set(first.queues.map { queue($0) }) }, "only what it still has")
        await second.leave()
        #expect(await eventually { first.queues.count == 2 })
        let stillPaused = first.consumer.paused
        #expect(stillPaused.count == 1)
        let back = stillPaused.contains(queue(0)) ? 1 : 0
        let before = first.seen.count
        try await rig.send(100..<102)
        #expect(await first.seen.wait { $0.count > before && $0.contains { Int($0.bodyText)! >= 100 && Int($0.queueID) == back } })
      }
    }
  }

  /// A queue whose offset the broker has corrected was never away.
  @Test func stayPausedOverACorrectedOffset() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      try await rig.commit(1_000_000, "G")
      let member = try await Member(rig)
      // The answer of the first pull, which corrects the offset, comes when the queue is paused.
      let late = rig.broker.faults.add(Fault(on: .init(code: 11, topic: "T"), effect: .delay(.milliseconds(300)), times: 1))
      try await member.consumer.start()
      #expect(await eventually { rig.broker.faults.hits(late) == 1 && member.statistics.queues.contains { $0.queue == queue(0) } })
      member.consumer.pause([queue(0)])
      #expect(await eventually { member.statistics.queues.first { $0.queue == queue(0) }?.commitOffset ?? 99 <= 10 })
      #expect(member.consumer.paused == [queue(0)])
      try await rig.send(10..<15)
      try await Task.sleep(for: .milliseconds(50))
      #expect(member.seen.count == 0)
      member.consumer.resume([queue(0)])
      #expect(await member.seen.wait { $0.numbers().suffix(5) == Array(10..<15) })
      await member.leave()
    }
  }

  @Test func areNotTakenForStuck() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let member = try await Member(rig, isStepped: true).started()
      #expect(await eventually { member.statistics.queues.count == 2 })
      member.consumer.pause(member.statistics.queues.map(\.queue))
      for _ in 0..<40 {
        rig.clock.advance(by: .seconds(15))
        try await Task.sleep(for: .milliseconds(2))
      }
      #expect(!member.events.items.contains { if case .queueStuck = $0 { true } else { false } })
      #expect(member.consumer.paused.count == 2)
      await member.leave()
    }
  }

  /// Until each queue's pull waits at the broker.
  private func settle(_ rig: ConsumerRig, _ queues: Int32) async {
    for id in 0..<queues { await rig.broker.untilHeld(topic: "T", queueID: id) }
  }

  /// A pull that waits at the broker when its queue is paused is still answered: one message each takes it away.
  private func passOnePull(_ rig: ConsumerRig, _ member: Member, _ queues: [Int32]) async throws {
    let client = try rig.client()
    let producer = Producer(client: client, group: "rig")
    for id in queues { try await producer.send(Message(topic: "T", body: Array("\(id)".utf8)), to: queue(id)) }
    await producer.shutdown()
    await client.shutdown()
    #expect(await member.seen.wait { seen in queues.allSatisfy { id in seen.contains { $0.queueID == id } } })
  }

  private func consuming(_ rig: ConsumerRig, _ test: (Member) async throws -> Void) async throws {
    let member = try await Member(rig).started()
    do { try await test(member) } catch {
      await member.leave()
      throw error
    }
    await member.leave()
  }
}

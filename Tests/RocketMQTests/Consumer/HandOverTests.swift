// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Synchronization
import Testing

@testable import RocketMQ

/// Members come and go while messages are sent and consumed.
@Suite("Handing queues over", .timeLimit(.minutes(3)))
struct HandOverTests {
  static let messages = 4000

  /// Runs `members` members, at most `atOnce` at the same time and one more that stays until everything is consumed. Each leaves when it
  /// has seen a few messages, or none for a moment.
  private func churn(
    _ rig: ConsumerRig, members: Int, atOnce: Int, consumed: Record<Int>, hasCuts: Bool = false,
    make: @escaping @Sendable (RocketMQClient, String, Record<Int>) throws -> PushConsumer
  ) async throws {
    let sending = Task {
      for start in stride(from: 0, to: Self.messages, by: 200) {
        // No faster than they are consumed: so there is something to do until the last member has left.
        _ = await consumed.wait(within: .seconds(20)) { $0.count >= start - 400 }
        try await rig.send(start..<(start + 200))
      }
    }
    let join: @Sendable (String) async throws -> (RocketMQClient, PushConsumer, Record<Int>) = { name in
      let client = try rig.client()
      let seen = Record<Int>()
      let consumer = try make(client, name, seen)
      try await consumer.subscribe("T")
      try await consumer.start()
      return (client, consumer, seen)
    }
    let (client, anchor, _) = try await join("anchor")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for slot in 0..<atOnce {
        group.addTask {
          var random = SplitMix(seed: UInt64(slot))
          for number in stride(from: slot, to: members, by: atOnce) {
            let (client, consumer, seen) = try await join("member \(number)")
            _ = await seen.wait(for: Int.random(in: 1...40, using: &random), within: .milliseconds(500))
            let report = await consumer.shutdown()
            if !hasCuts { #expect(report.isClean) }
            await client.shutdown()
          }
        }
      }
      try await group.waitForAll()
    }
    try await sending.value
    #expect(await consumed.wait(within: .seconds(60)) { Set($0).count == Self.messages }, "nothing is lost")
    rig.broker.faults.removeAll()
    #expect(await anchor.shutdown().isClean)
    await client.shutdown()
  }

  @Test func exclusivelyNothingIsConsumedTwiceWhenTwentyMembersComeAndGo() async throws {
    try await ConsumerRig.run(topics: ["T": 8]) { rig in
      let consumed = Record<Int>()
      try await churn(rig, members: 20, atOnce: 5, consumed: consumed) { client, name, seen in
        var configuration = PushConsumerConfiguration()
        configuration.isExclusive = true
        let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
        consumer.onMessage { message, _ in
          await Task.yield()
          consumed.add(Int(message.bodyText) ?? -1)
          seen.add(0)
          return .success
        }
        return consumer
      }
      #expect(consumed.items.sorted() == Array(0..<Self.messages), "each once")
      #expect(await rig.committed("G") == rig.ends())
    }
  }

  @Test func exclusivelyTheNextMemberHasAQueueAtOnceAndTheRetryTopicIsHandedOverToo() async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      var configuration = PushConsumerConfiguration()
      configuration.isExclusive = true
      let first = try await OwnershipTests.Member(rig, configuration)
      try await first.consumer.start()
      #expect(await eventually { first.queues.count == 4 })
      let second = try await OwnershipTests.Member(rig, configuration)
      let joined = ContinuousClock.now
      try await second.consumer.start()
      #expect(await eventually { first.queues.count == 2 && second.queues.count == 2 })
      #expect(ContinuousClock.now - joined < .seconds(2))
      let left = ContinuousClock.now
      await first.leave()
      #expect(await eventually { second.consumer.statistics.queues.count == 5 }, "all of T, and the retry topic's")
      #expect(ContinuousClock.now - left < .seconds(2))
      await second.leave()
    }
  }

  @Test func everyQueueStaysInOrderOverTwoHundredChangesOfMembersWithFailuresAndCuts() async throws {
    try await ConsumerRig.run(topics: ["T": 8]) { rig in
      let witness = OrderWitness()
      let calls = Atomic(0)
      let cuts = Atomic(0)
      try await churn(rig, members: 100, atOnce: 5, consumed: witness.seen, hasCuts: true) { client, name, seen in
        let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
        consumer.onMessageInOrder { message, _ in
          witness.begins(message, name)
          await Task.yield()
          seen.add(0)
          let call = calls.add(1, ordering: .relaxed).newValue
          if call % 50 == 0 {
            // Some connection breaks: of the next pull, heartbeat, lock, unlock or commit, before or after it has been handled.
            let cut = cuts.add(1, ordering: .relaxed).oldValue
            let code = ([11, 34, 41, 42, 15] as [Int32])[cut % 5]
            rig.broker.faults.add(Fault(on: .init(code: code), effect: cut % 2 == 0 ? .disconnect : .disconnectInsteadOfReply, times: 1))
          }
          let fails = call % 47 == 0
          witness.ends(message, succeeded: !fails)
          if fails, call % 2 == 0 { throw CancellationError() }
          return fails ? .suspend(for: .zero) : .success
        }
        return consumer
      }
      #expect(witness.violations == [])
      #expect(cuts.load(ordering: .relaxed) > 50)
      #expect(await rig.committed("G") == rig.ends())
    }
  }

  @Test func everyQueueStaysInOrderWhenTheBrokerIsStartedAgain() async throws {
    let directory = try temporaryDirectory()
    defer { removeTree(directory) }
    var configuration = EmbeddedBroker.Configuration(storage: .directory(directory))
    let first = try await EmbeddedBroker.start(configuration)
    try await first.createTopic("T", queues: 4)
    configuration.nameServerPort = port(first.nameServerAddress)
    configuration.brokerPort = port(first.brokerAddress)
    let witness = OrderWitness()
    var members: [(RocketMQClient, PushConsumer)] = []
    for name in ["a", "b", "c"] {
      let client = try RocketMQClient(nameServers: [first.nameServerAddress])
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await consumer.subscribe("T")
      consumer.onMessageInOrder { message, _ in
        witness.begins(message, name)
        await Task.yield()
        witness.ends(message, succeeded: true)
        return .success
      }
      try await consumer.start()
      members.append((client, consumer))
    }
    var broker = first
    for round in 0..<3 {
      let numbers = (round * 300)..<(round * 300 + 300)
      try await ConsumerRig(broker: broker).send(numbers)
      // In the midst of it.
      #expect(await witness.seen.wait(for: numbers.lowerBound + 100))
      await broker.shutdown()
      broker = try await EmbeddedBroker.start(configuration)
    }
    #expect(await witness.seen.wait(for: 900, within: .seconds(30)))
    #expect(witness.violations == [])
    for (client, consumer) in members {
      await consumer.shutdown()
      await client.shutdown()
    }
    await broker.shutdown()
  }

  private func port(_ address: String) -> UInt16 { UInt16(address.split(separator: ":").last ?? "") ?? 0 }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("Limits of a topic", .timeLimit(.minutes(1)))
struct TopicLimitTests {
  /// A consumer whose listener holds every message until the gate opens.
  struct Member {
    let client: RocketMQClient
    let consumer: PushConsumer
    let gate = Gate()
    let seen = Record<ReceivedMessage>()

    init(_ rig: ConsumerRig, _ change: (inout PushConsumerConfiguration) -> Void) async throws {
      client = try rig.client()
      var configuration = PushConsumerConfiguration()
      configuration.pullBatchSize = 4
      configuration.releaseDeadline = .zero
      change(&configuration)
      consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      let (gate, seen) = (gate, seen)
      consumer.onMessage { message, _ in
        seen.add(message)
        await gate.pass()
        return .success
      }
    }

    var held: [ConsumerStatistics.Queue] { consumer.statistics.queues.filter { $0.queue.topic == "T" } }

    func leave() async {
      gate.open()
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  @Test func areSharedByTheQueuesHeldAndShareAnewWhenMembersComeAndGo() async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      try await rig.sendBatches(800)
      let first = try await Member(rig) { $0.maxCachedMessagesPerTopic = 80 }
      try await first.consumer.start()
      // Pulls start at the limit, and bring four more.
      #expect(await eventually { first.held.count == 4 && first.held.allSatisfy { $0.cachedMessages > 20 } })
      try await Task.sleep(for: .milliseconds(50))
      #expect(first.held.allSatisfy { $0.cachedMessages <= 20 + 4 }, "\(first.held.map(\.cachedMessages))")
      let second = try await Member(rig) { _ in }
      try await second.consumer.start()
      // Two queues are left, with twice the share each: pulling goes on though nothing was finished.
      #expect(await eventually { first.held.count == 2 && first.held.allSatisfy { $0.cachedMessages > 40 } })
      try await Task.sleep(for: .milliseconds(50))
      #expect(first.held.allSatisfy { $0.cachedMessages <= 40 + 4 }, "\(first.held.map(\.cachedMessages))")
      // It leaves without having finished anything.
      await second.consumer.shutdown(deadline: .zero)
      await second.leave()
      #expect(await eventually { first.held.count == 4 && first.held.allSatisfy { $0.cachedMessages > 20 } })
      first.gate.open()
      #expect(await eventually { first.held.allSatisfy { $0.commitOffset == 200 } })
      await first.leave()
    }
  }

  @Test func countBytesToo() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(1000..<1200)  // four bytes each
      let member = try await Member(rig) { $0.maxCachedBytesPerTopic = 160 }
      try await member.consumer.start()
      #expect(await eventually { member.held.count == 2 && member.held.allSatisfy { $0.cachedBytes > 80 } })
      try await Task.sleep(for: .milliseconds(50))
      #expect(member.held.allSatisfy { $0.cachedBytes <= 80 + 16 }, "\(member.held.map(\.cachedBytes))")
      member.gate.open()
      #expect(await member.seen.wait(for: 200))
      await member.leave()
    }
  }

  /// The limit of a queue holds as well: the one that is reached first counts.
  @Test func neverLetAQueueHoldMoreThanItsOwnLimit() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.sendBatches(200)
      let member = try await Member(rig) {
        $0.maxCachedMessagesPerTopic = 1_000_000
        $0.maxCachedMessagesPerQueue = 10
      }
      try await member.consumer.start()
      #expect(await eventually { member.held.first?.cachedMessages ?? 0 > 10 })
      try await Task.sleep(for: .milliseconds(50))
      #expect(member.held.first?.cachedMessages ?? 99 <= 14)
      await member.leave()
    }
  }
}

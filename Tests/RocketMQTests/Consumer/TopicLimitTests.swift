// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("Limits of a topic", .timeLimit(.minutes(1)))
struct TopicLimitTests {
  /// Its listener holds every message until the gate opens.
  private func member(
    _ rig: ConsumerRig, _ gate: Gate, _ change: (inout PushConsumerConfiguration) -> Void = { _ in }
  ) async throws -> Member {
    var configuration = PushConsumerConfiguration()
    configuration.pullBatchSize = 4
    configuration.releaseDeadline = .zero
    change(&configuration)
    return try await Member(rig, configuration, gate: gate).started()
  }

  @Test func areSharedByTheQueuesHeldAndShareAnewWhenMembersComeAndGo() async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      try await rig.sendBatches(800)
      let gate = Gate()
      let first = try await member(rig, gate) { $0.maxCachedMessagesPerTopic = 80 }
      // Pulls start at the limit, and bring four more.
      #expect(await eventually { first.held.count == 4 && first.held.allSatisfy { $0.cachedMessages > 20 } })
      try await Task.sleep(for: .milliseconds(50))
      #expect(first.held.allSatisfy { $0.cachedMessages <= 20 + 4 }, "\(first.held.map(\.cachedMessages))")
      let second = try await member(rig, Gate())
      // Two queues are left, with twice the share each: pulling goes on though nothing was finished.
      #expect(await eventually { first.held.count == 2 && first.held.allSatisfy { $0.cachedMessages > 40 } })
      try await Task.sleep(for: .milliseconds(50))
      #expect(first.held.allSatisfy { $0.cachedMessages <= 40 + 4 }, "\(first.held.map(\.cachedMessages))")
      // It leaves without having finished anything.
      await second.leave(deadline: .zero)
      #expect(await eventually { first.held.count == 4 && first.held.allSatisfy { $0.cachedMessages > 20 } })
      gate.open()
      #expect(await eventually { first.held.count == 4 && first.held.allSatisfy { $0.commitOffset == 200 } })
      await first.leave()
    }
  }

  @Test func countBytesToo() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(1000..<1200)  // four bytes each
      let gate = Gate()
      let member = try await member(rig, gate) { $0.maxCachedBytesPerTopic = 160 }
      #expect(await eventually { member.held.count == 2 && member.held.allSatisfy { $0.cachedBytes > 80 } })
      try await Task.sleep(for: .milliseconds(50))
      #expect(member.held.allSatisfy { $0.cachedBytes <= 80 + 16 }, "\(member.held.map(\.cachedBytes))")
      gate.open()
      #expect(await member.seen.wait(for: 200))
      await member.leave()
    }
  }

  /// The limit of a queue holds as well: the one that is reached first counts.
  @Test func neverLetAQueueHoldMoreThanItsOwnLimit() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.sendBatches(200)
      let gate = Gate()
      let member = try await member(rig, gate) {
        $0.maxCachedMessagesPerTopic = 1_000_000
        $0.maxCachedMessagesPerQueue = 10
      }
      #expect(await eventually { member.held.first?.cachedMessages ?? 0 > 10 })
      try await Task.sleep(for: .milliseconds(50))
      #expect(member.held.first?.cachedMessages ?? 99 <= 14)
      gate.open()
      await member.leave()
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("Flow control", .timeLimit(.minutes(1)))
struct FlowControlTests {
  @Test func aBlockedListenerHoldsNoMoreThanTheLimitAndGoesOnAtOnce() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<500)
      var configuration = PushConsumerConfiguration()
      configuration.maxCachedMessagesPerQueue = 100
      configuration.pullBatchSize = 16
      configuration.concurrency = 4
      try await blocked(rig, configuration) { stats, entered, gate in
        #expect(await eventually { stats().cachedMessages > 100 - 16 })
        for _ in 0..<20 {
          #expect(stats().cachedMessages <= 100 + 16)
          try await Task.sleep(for: .milliseconds(5))
        }
        let start = ContinuousClock.now
        gate.open()
        #expect(await entered.wait(for: 500))
        #expect(ContinuousClock.now - start < .seconds(2))
      }
    }
  }

  @Test func bytesCountToo() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(1000..<1300)  // four bytes each
      var configuration = PushConsumerConfiguration()
      configuration.maxCachedBytesPerQueue = 200
      configuration.pullBatchSize = 8
      try await blocked(rig, configuration) { stats, entered, gate in
        #expect(await eventually { stats().cachedBytes > 200 - 32 })
        try await Task.sleep(for: .milliseconds(50))
        #expect(stats().cachedBytes <= 200 + 32)
        gate.open()
        #expect(await entered.wait(for: 300))
      }
    }
  }

  @Test func oneStuckMessageStopsTheQueueAtItsSpan() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<400)
      var configuration = PushConsumerConfiguration()
      configuration.maxOffsetSpan = 64
      configuration.pullBatchSize = 16
      let gate = Gate()
      let member = try await Member(rig, configuration) { message in
        if message.bodyText == "0" { await gate.pass() }
        return .success
      }.started()
      #expect(await member.seen.wait(for: 64))
      try await Task.sleep(for: .milliseconds(50))
      #expect(member.seen.count <= 64 + 16 + 1)
      #expect(member.held.first?.commitOffset == 0)
      gate.open()
      #expect(await member.seen.wait(for: 400))
      await member.leave()
      #expect(await rig.committed("G") == [400])
    }
  }

  @Test func theClientAsAWholeHasALimit() async throws {
    try await ConsumerRig.run(topics: ["T": 8]) { rig in
      try await rig.send(1000..<2000)
      let client = try rig.client { $0.maxCachedBytes = 400 }
      let gate = Gate()
      let member = try await Member(rig, .init { $0.pullBatchSize = 8 }, client: client, gate: gate).started()
      #expect(await eventually { client.cacheBudget.used > 300 })
      try await Task.sleep(for: .milliseconds(50))
      // Each of the eight may have had one pull under way.
      #expect(client.cacheBudget.used <= 400 + 8 * 32)
      gate.open()
      #expect(await member.seen.wait(for: 1000))
      await member.consumer.shutdown()
      #expect(await eventually { client.cacheBudget.used == 0 })
      await client.shutdown()
    }
  }

  private func blocked(
    _ rig: ConsumerRig, _ configuration: PushConsumerConfiguration,
    check: (() -> ConsumerStatistics.Queue, Record<ReceivedMessage>, Gate) async throws -> Void
  ) async throws {
    let gate = Gate()
    let member = try await Member(rig, configuration, gate: gate).started()
    try #require(await eventually { !member.held.isEmpty })
    let nothing = try #require(member.held.first)
    try await check({ member.held.first ?? nothing }, member.seen, gate)
    await member.leave()
  }
}

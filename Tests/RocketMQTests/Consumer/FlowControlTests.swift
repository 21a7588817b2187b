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
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      let seen = Record<ReceivedMessage>()
      let gate = Gate()
      consumer.onMessage { message, _ in
        seen.add(message)
        if message.bodyText == "0" { await gate.pass() }
        return .success
      }
      try await consumer.start()
      #expect(await seen.wait(for: 64))
      try await Task.sleep(for: .milliseconds(50))
      #expect(seen.count <= 64 + 16 + 1)
      #expect(consumer.statistics.queues.first { $0.queue.topic == "T" }?.commitOffset == 0)
      gate.open()
      #expect(await seen.wait(for: 400))
      await consumer.shutdown()
      #expect(await rig.committed("G") == [400])
      await client.shutdown()
    }
  }

  @Test func theClientAsAWholeHasALimit() async throws {
    try await ConsumerRig.run(topics: ["T": 8]) { rig in
      try await rig.send(1000..<2000)
      var settings = ClientConfiguration(nameServers: [rig.broker.nameServerAddress])
      settings.maxCachedBytes = 400
      let client = try RocketMQClient(settings)
      var configuration = PushConsumerConfiguration()
      configuration.pullBatchSize = 8
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      let entered = Record<ReceivedMessage>()
      let gate = Gate()
      consumer.onMessage { message, _ in
        entered.add(message)
        await gate.pass()
        return .success
      }
      try await consumer.start()
      #expect(await eventually { client.cacheBudget.used > 300 })
      try await Task.sleep(for: .milliseconds(50))
      // Each of the eight may have had one pull under way.
      #expect(client.cacheBudget.used <= 400 + 8 * 32)
      gate.open()
      #expect(await entered.wait(for: 1000))
      await consumer.shutdown()
      #expect(await eventually { client.cacheBudget.used == 0 })
      await client.shutdown()
    }
  }

  private func blocked(
    _ rig: ConsumerRig, _ configuration: PushConsumerConfiguration,
    check: (() -> ConsumerStatistics.Queue, Record<ReceivedMessage>, Gate) async throws -> Void
  ) async throws {
    let client = try rig.client()
    let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
    try await consumer.subscribe("T")
    let entered = Record<ReceivedMessage>()
    let gate = Gate()
    consumer.onMessage { message, _ in
      entered.add(message)
      await gate.pass()
      return .success
    }
    try await consumer.start()
    let nothing = try #require(
      await eventually { consumer.statistics.queues.contains { $0.queue.topic == "T" } }
        ? consumer.statistics.queues.first { $0.queue.topic == "T" } : nil)
    try await check({ consumer.statistics.queues.first { $0.queue.topic == "T" } ?? nothing }, entered, gate)
    await consumer.shutdown()
    await client.shutdown()
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Logging
import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("Messages as an asynchronous sequence", .timeLimit(.minutes(1)))
struct MessageSequenceTests {
  @Test func handsOutEveryMessageOnceAndCommitsWhatIsAcknowledged() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<200)
      try await consumer(rig) { consumer in
        var numbers: [Int] = []
        for try await delivery in consumer.messages {
          numbers.append(try #require(Int(delivery.message.bodyText)))
          #expect(delivery.acknowledge())
          #expect(!delivery.acknowledge(), "the first word counts")
          if numbers.count == 200 { break }
        }
        #expect(numbers.sorted() == Array(0..<200))
        #expect(consumer.statistics.consumed == 200)
        #expect(await consumer.shutdown().isClean)
        #expect(await rig.committed("G") == rig.ends())
      }
    }
  }

  @Test func theOffsetStaysInFrontOfAMessageThatIsStillInHand() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<3)
      try await consumer(rig) { consumer in
        var messages = consumer.messages.makeAsyncIterator()
        let first = try #require(try await messages.next())
        let second = try #require(try await messages.next())
        second.acknowledge()
        #expect(consumer.statistics.queues.first { $0.queue.topic == "T" }?.commitOffset == 0)
        let report = await consumer.shutdown(deadline: .milliseconds(50))
        #expect(report.unfinished == 1)
        #expect(await rig.committed("G") == [0])
        first.acknowledge()
      }
    }
  }

  @Test func aDeliveryThatIsDestroyedWithoutAWordComesAgainAndIsLogged() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual)) { rig in
      try await rig.send(0..<1)
      let log = LogRecord()
      try await consumer(rig, logger: log.logger) { consumer in
        var messages = consumer.messages.makeAsyncIterator()
        _ = try #require(try await messages.next())
        #expect(log.items.contains { $0.level == .warning && $0.message.contains("neither acknowledged nor refused") })
        let isSentBack = await eventually { consumer.statistics.sentBack == 1 }
        #expect(isSentBack)
        await rig.broker.clock.advance(by: .seconds(11))
        let again = try #require(try await messages.next())
        #expect(again.message.reconsumeTimes == 1)
        #expect(again.message.topic == "T")
        again.acknowledge()
        #expect(await consumer.shutdown().isClean)
      }
    }
  }

  @Test func whatIsRefusedComesAgainOrGoesToTheDeadLetters() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual)) { rig in
      try await rig.send(0..<2)
      try await consumer(rig) { consumer in
        var messages = consumer.messages.makeAsyncIterator()
        let first = try #require(try await messages.next())
        let second = try #require(try await messages.next())
        first.retryLater(delayLevel: 1)
        second.deadLetter()
        #expect(await eventually { consumer.statistics.sentBack == 2 })
        await rig.broker.clock.advance(by: .seconds(2))
        let again = try #require(try await messages.next())
        #expect(again.message.bodyText == first.message.bodyText)
        again.acknowledge()
        #expect(await rig.broker.offsets(topic: "%DLQ%G", queueID: 0).count == 1)
      }
    }
  }

  @Test func cancellingTheTaskWaitsForWhatOthersHaveInHandAndCommits() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      try await consumer(rig) { consumer in
        let held = Record<Delivery>()
        let reader = Task {
          for try await delivery in consumer.messages { held.add(delivery) }
        }
        #expect(await held.wait(for: 10))
        reader.cancel()
        #expect(await eventually { consumer.statistics.queues.isEmpty }, "it lets go of its queues")
        for delivery in held.items { delivery.acknowledge() }
        try await reader.value
        #expect(await consumer.shutdown().isClean)
        #expect(await rig.committed("G") == [10])
      }
    }
  }

  @Test func aBodyThatThrowsWhenCancelledShutsTheConsumerDownToo() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      try await consumer(rig) { consumer in
        let began = Record<Int>()
        let reader = Task {
          for try await delivery in consumer.messages {
            began.add(0)
            try await Task.sleep(for: .seconds(60))
            delivery.acknowledge()
          }
        }
        #expect(await began.wait(for: 1))
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
        #expect(await eventually { consumer.statistics.queues.isEmpty })
        // What was in hand was not acknowledged: it is back in the group, one way or the other.
        #expect(await consumer.shutdown().isClean)
      }
    }
  }

  @Test func aShutdownEndsTheLoopsOfAllWhoIterate() async throws {
    try await ConsumerRig.run { rig in
      try await consumer(rig) { consumer in
        let readers = (0..<4).map { _ in
          Task {
            var count = 0
            for try await delivery in consumer.messages {
              delivery.acknowledge()
              count += 1
            }
            return count
          }
        }
        try await rig.send(0..<40)
        #expect(await eventually { consumer.statistics.consumed == 40 })
        #expect(await consumer.shutdown().isClean)
        var total = 0
        for reader in readers { total += try await reader.value }
        #expect(total == 40)
        var late = consumer.messages.makeAsyncIterator()
        #expect(try await late.next() == nil)
      }
    }
  }

  @Test func nobodyWhoAsksStopsThePulling() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.sendBatches(500)
      var configuration = PushConsumerConfiguration()
      configuration.maxCachedMessagesPerQueue = 64
      try await consumer(rig, configuration) { consumer in
        var messages = consumer.messages.makeAsyncIterator()
        var last = try #require(try await messages.next())
        #expect(await eventually { consumer.statistics.queues.contains { $0.cachedMessages > 64 } })
        #expect(consumer.statistics.queues.allSatisfy { $0.cachedMessages <= 96 })
        for _ in 1..<500 {
          last.acknowledge()
          last = try #require(try await messages.next())
        }
        last.acknowledge()
        #expect(consumer.statistics.consumed == 500)
      }
    }
  }

  @Test func exclusivelyAQueueGoesToTheNextMemberWhenItsLastDeliveryIsAcknowledged() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<20)
      var configuration = PushConsumerConfiguration()
      configuration.isExclusive = true
      let (numbers, kept) = (Record<Int>(), Record<Delivery>())
      @Sendable func iterate(_ consumer: PushConsumer) async throws {
        for try await delivery in consumer.messages {
          numbers.add(Int(delivery.message.bodyText) ?? -1)
          if delivery.message.queueOffset == 9 { kept.add(delivery) } else { delivery.acknowledge() }
        }
      }
      func queues(_ consumer: PushConsumer) -> Int { consumer.statistics.queues.count { $0.queue.topic == "T" } }
      try await consumer(rig, configuration) { first in
        async let firstLoop: Void = iterate(first)
        #expect(await numbers.wait(for: 20))
        #expect(await kept.wait(for: 2))
        try await consumer(rig, configuration) { second in
          let asked = await rig.broker.requestCount(code: 41)
          async let secondLoop: Void = iterate(second)
          #expect(await eventually { queues(first) == 1 }, "one is being given up")
          #expect(await eventually { await rig.broker.requestCount(code: 41) > asked + 3 }, "the second asks for its lock")
          #expect(queues(second) == 0)
          for delivery in kept.items { #expect(delivery.acknowledge()) }
          #expect(await eventually { queues(second) == 1 })
          try await rig.send(20..<40)
          #expect(await numbers.wait(for: 40))
          #expect(second.statistics.consumed == 10)
          #expect(await second.shutdown().isClean)
          try await secondLoop
          #expect(await eventually { queues(first) == 2 })
          try await rig.send(40..<60)
          #expect(await numbers.wait(for: 60))
        }
        #expect(await first.shutdown().isClean)
        try await firstLoop
      }
      #expect(numbers.items.sorted() == Array(0..<60), "each once")
      #expect(await rig.committed("G") == rig.ends())
    }
  }

  @Test func mayBeStartedByHand() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      try await consumer(rig) { consumer in
        var messages = consumer.messages.makeAsyncIterator()
        try await consumer.start()
        let delivery = try #require(try await messages.next())
        delivery.acknowledge()
      }
    }
  }

  @Test func aConsumerWithAListenerHasNone() async throws {
    try await ConsumerRig.run { rig in
      try await consumer(rig) { consumer in
        consumer.onMessage { _, _ in .success }
        try await consumer.start()
        var messages = consumer.messages.makeAsyncIterator()
        let error = try await failure { _ = try await messages.next() }
        #expect(error.code == .invalidArgument)
      }
    }
  }

  private func consumer(
    _ rig: ConsumerRig, _ configuration: PushConsumerConfiguration = .init(), logger: Logger? = nil,
    _ work: (PushConsumer) async throws -> Void
  ) async throws {
    var settings = ClientConfiguration(nameServers: [rig.broker.nameServerAddress])
    if let logger { settings.logger = logger }
    let client = try RocketMQClient(settings)
    let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
    try await consumer.subscribe("T")
    do {
      try await work(consumer)
    } catch {
      await consumer.shutdown(deadline: .zero)
      await client.shutdown()
      throw error
    }
    await consumer.shutdown(deadline: .zero)
    await client.shutdown()
  }
}

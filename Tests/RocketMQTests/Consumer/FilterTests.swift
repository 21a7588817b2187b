// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("A consumer's filter", .timeLimit(.minutes(1)))
struct FilterTests {
  /// A consumer of "T" in the group "G".
  private func consuming(
    _ rig: ConsumerRig, _ filter: FilterExpression, listener: @escaping @Sendable (ReceivedMessage) -> ConsumeResult = { _ in .success },
    _ test: (PushConsumer, Record<ReceivedMessage>) async throws -> Void
  ) async throws {
    let member = try await Member(rig, filter: filter, listener).started()
    try await test(member.consumer, member.seen)
    await member.leave()
  }

  /// Sends numbers with themselves as property `number` and `tag`, in turn over the queues.
  private func send(_ numbers: Range<Int>, _ rig: ConsumerRig, tag: (Int) -> String? = { _ in nil }) async throws {
    let client = try rig.client()
    let producer = Producer(client: client, group: "rig")
    for number in numbers {
      try await producer.send(
        Message(topic: "T", body: Array("\(number)".utf8), tags: tag(number), properties: ["number": "\(number)"]))
    }
    await producer.shutdown()
    await client.shutdown()
  }

  @Test func inSQLLetsThroughWhatMatches() async throws {
    try await ConsumerRig.run { rig in
      try await send(0..<100, rig) { $0 % 2 == 0 ? "even" : nil }
      try await consuming(rig, .sql("number BETWEEN 10 AND 29 AND TAGS = 'even' OR number >= 98")) { consumer, seen in
        let expected = Array(stride(from: 10, to: 30, by: 2)) + [98, 99]
        #expect(await seen.wait(for: expected.count))
        #expect(await eventually { consumer.statistics.queues.filter { $0.queue.topic == "T" }.reduce(0) { $0 + $1.commitOffset } == 100 })
        // Nothing has to be pulled any more; what comes now wakes the pulls only when it matches.
        for queue in 0..<4 as Range<Int32> { await rig.broker.untilHeld(topic: "T", queueID: queue) }
        try await send(100..<104, rig)
        #expect(await seen.wait(for: expected.count + 4))
        #expect(seen.items.numbers() == expected + Array(100..<104))
      }
      #expect(await rig.committed("G") == rig.ends(), "what does not match is done with, too")
    }
  }

  @Test func inBrokenSQLIsRefusedWithThePlaceOfTheMistake() async throws {
    try await ConsumerRig.run { rig in
      let refused = await #expect(throws: RocketMQError.self) {
        try await consuming(rig, .sql("number > ")) { _, _ in }
      }
      #expect(refused?.code == .brokerError && refused?.brokerCode == .subscriptionParseFailed)
      #expect(refused?.message.contains("line 1, column 10") == true, "\(refused?.message ?? "")")
      try await consuming(rig, .tags("a")) { consumer, seen in
        let refused = await #expect(throws: RocketMQError.self) { try await consumer.subscribe("T", filter: .sql("number LIKE 'x'")) }
        #expect(refused?.brokerCode == .subscriptionParseFailed)
        try await send(0..<4, rig) { _ in "a" }
        #expect(await seen.wait(for: 4), "the filter it had stays")
      }
    }
  }

  @Test func inSQLIsRefusedWhereTheBrokerHasItSwitchedOff() async throws {
    var configuration = EmbeddedBroker.Configuration(storage: .memory)
    configuration.sqlFilters = false
    try await ConsumerRig.run(configuration) { rig in
      let refused = await #expect(throws: RocketMQError.self) { try await consuming(rig, .sql("number > 1")) { _, _ in } }
      #expect(refused?.message.contains("does not support consumer to filter message by SQL92") == true, "\(refused?.message ?? "")")
    }
  }

  @Test func worksForATopicThatComesIntoBeingLater() async throws {
    try await ConsumerRig.run(topics: [:]) { rig in
      try await consuming(rig, .sql("number > 5")) { consumer, seen in
        try await rig.broker.createTopic("T", queues: 2)
        try await send(0..<10, rig)
        #expect(await seen.wait(for: 4))
        #expect(seen.items.numbers() == [6, 7, 8, 9])
      }
    }
  }

  /// Pulls with the old filter are held at the broker all the time, and answered with the new one.
  @Test func changesAtOnceAndLosesNothing() async throws {
    try await ConsumerRig.run { rig in
      try await consuming(rig, .tags("none")) { consumer, seen in
        for round in 0..<30 {
          let tag = "round\(round)"
          let numbers = (round * 8)..<(round * 8 + 8)
          switch round % 3 {
          case 0: try await consumer.subscribe("T", filter: .tags(tag))
          case 1: try await consumer.subscribe("T", filter: .sql("number >= \(numbers.lowerBound)"))
          default: try await consumer.subscribe("T", filter: .sql("TAGS = '\(tag)'"))
          }
          try await send(numbers, rig) { _ in tag }
          #expect(await seen.wait(for: numbers.upperBound, within: .seconds(5)), "round \(round): \(seen.count)")
        }
        #expect(seen.items.numbers() == Array(0..<240))
      }
    }
  }

  /// Messages with both tags come without a pause while the filter changes; those with the first match before and after each change.
  @Test func mayChangeWhileMessagesCome() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await consuming(rig, .tags("a")) { consumer, seen in
        async let sending: Void = send(0..<600, rig) { $0 % 2 == 0 ? "a" : "b" }
        for round in 0..<20 {
          switch round % 3 {
          case 0: try await consumer.subscribe("T", filter: .tags("a", "b"))
          case 1: try await consumer.subscribe("T", filter: .sql("TAGS = 'a'"))
          default: try await consumer.subscribe("T", filter: .tags("a"))
          }
        }
        try await sending
        #expect(
          await seen.wait { seen in Set(seen.numbers()).isSuperset(of: stride(from: 0, to: 600, by: 2)) },
          "every \"a\", whatever the filter was")
      }
    }
  }

  @Test func doesNotKeepAwayWhatFailed() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual)) { rig in
      try await send(0..<4, rig) { _ in "a" }
      try await consuming(rig, .tags("a"), listener: { $0.reconsumeTimes == 0 ? .retryLater : .success }) { consumer, seen in
        #expect(await eventually { consumer.statistics.sentBack == 4 })
        try await consumer.subscribe("T", filter: .sql("TAGS = 'b'"))
        await rig.broker.clock.advance(by: .seconds(11))
        #expect(await seen.wait(for: 8))
        #expect(seen.items.suffix(4).allSatisfy { $0.reconsumeTimes == 1 && $0.tags == "a" })
      }
    }
  }
}

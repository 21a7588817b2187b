// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("Hooks of a consumer", .timeLimit(.minutes(1)))
struct HookTests {
  /// Writes down what it sees.
  struct Witness: ConsumeHook {
    let name: String
    let record: Record<String>

    func willConsume(_ messages: [ReceivedMessage], _ context: ConsumeContext) {
      record.add("\(name) before \(messages.map(\.bodyText).joined(separator: ","))")
    }

    func didConsume(_ messages: [ReceivedMessage], _ context: ConsumeContext, _ outcome: ConsumeOutcome) {
      let error = outcome.error.map { " \($0)" } ?? ""
      record.add("\(name) after \(messages.map(\.bodyText).joined(separator: ",")) \(outcome.successes)\(error)")
    }
  }

  struct Odd: MessageFilterHook {
    func passes(_ message: ReceivedMessage, _ context: ConsumeContext) -> Bool { Int(message.bodyText).map { $0 % 2 == 1 } ?? false }
  }

  struct Failure: Error, CustomStringConvertible { var description: String { "no luck" } }

  @Test func surroundEveryCallTheFirstOutermost() async throws {
    let record = Record<String>()
    try await consuming(1, hooks: [Witness(name: "a", record: record), Witness(name: "b", record: record)]) { consumer in
      consumer.onMessage { message, _ in
        record.add("listener \(message.bodyText)")
        return .success
      }
    } until: {
      #expect(await record.wait(for: 5))
      #expect(record.items == ["a before 0", "b before 0", "listener 0", "b after 0 1", "a after 0 1"])
    }
  }

  @Test func hearWhatTheListenerThrew() async throws {
    let record = Record<String>()
    try await consuming(1, hooks: [Witness(name: "a", record: record)]) { consumer in
      consumer.onMessage { _, _ in throw Failure() }
    } until: {
      #expect(await record.wait(for: 2))
      #expect(record.items.prefix(2) == ["a before 0", "a after 0 0 no luck"])
    }
  }

  @Test func hearHowManyOfABatchAreDone() async throws {
    let record = Record<String>()
    try await consuming(3, hooks: [Witness(name: "a", record: record)]) { consumer in
      consumer.onMessages(batchSize: 3) { _, _ in .partial(successes: 2) }
    } until: {
      #expect(await record.wait { $0.contains("a after 0,1,2 2") })
    }
  }

  @Test func surroundCallsInOrderToo() async throws {
    let record = Record<String>()
    try await consuming(1, hooks: [Witness(name: "a", record: record)]) { consumer in
      consumer.onMessageInOrder { message, _ in message.reconsumeTimes == 0 ? .suspend(for: .zero) : .success }
    } until: {
      #expect(await record.wait(for: 4))
      #expect(record.items == ["a before 0", "a after 0 0", "a before 0", "a after 0 1"])
    }
  }

  @Test func surroundDeliveriesOfASequence() async throws {
    let record = Record<String>()
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      let client = try rig.client()
      var configuration = PushConsumerConfiguration()
      configuration.consumeHooks = [Witness(name: "a", record: record)]
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      for try await delivery in consumer.messages {
        #expect(record.items == ["a before 0"])
        delivery.acknowledge()
        #expect(record.items == ["a before 0", "a after 0 1"])
        break
      }
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  @Test(arguments: [1, 4]) func filtersKeepMessagesFromTheListenerAndFinishThem(_ batchSize: Int) async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.sendBatches(20)
      let member = try await Member(rig, .init { $0.messageFilters = [Odd()] })
      let seen = member.seen
      if batchSize > 1 {
        member.consumer.onMessages(batchSize: batchSize) { messages, _ in
          for message in messages { seen.add(message) }
          return .success
        }
      }
      try await member.consumer.start()
      #expect(await eventually { member.statistics.consumed == 20 })
      #expect(seen.items.numbers() == Array(stride(from: 1, to: 20, by: 2)))
      #expect(await member.leave().isClean)
      #expect(await rig.committed("G") == [20], "what was filtered out is done with")
    }
  }

  private func consuming(
    _ count: Int, hooks: [any ConsumeHook], _ listen: (PushConsumer) -> Void, until: () async throws -> Void
  ) async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.sendBatches(count)
      let member = try await Member(rig, .init { $0.consumeHooks = hooks })
      listen(member.consumer)
      try await member.consumer.start()
      try await until()
      await member.leave(deadline: .zero)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Logging
import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

/// Messages that are no good for the listener, and listeners that are no good for the queue.
@Suite("Consuming in order, with trouble", .timeLimit(.minutes(1)))
struct OrderedTroubleTests {
  /// One consumer in order, with one worker, until the test is over. With a `log` it goes by the rig's clock.
  private func run(
    _ rig: ConsumerRig, _ log: LogRecord? = nil, _ configure: (inout PushConsumerConfiguration) -> Void = { _ in },
    _ listen: (PushConsumer) -> Void, until test: (PushConsumer) async throws -> Void
  ) async throws {
    var settings = ClientConfiguration(nameServers: [rig.broker.nameServerAddress])
    if let log { settings.logger = log.logger }
    let client = log == nil ? try RocketMQClient(settings) : try RocketMQClient(settings, clock: rig.clock)
    var configuration = PushConsumerConfiguration()
    configuration.concurrency = 1
    configuration.suspension = .milliseconds(10)
    configure(&configuration)
    try await rig.withConsumer(configuration, client: client, listen, until: test)
  }

  // MARK: Bodies that cannot be read

  @Test func aBodyThatCannotBeReadIsADeadLetterAtOnceAndItsQueueGoesOn() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<2)
      try await rig.sendUnreadable()
      try await rig.send(2..<4)
      let calls = Record<String>()
      try await run(rig) {
        $0.onMessageInOrder { message, _ in
          calls.add("\(message.bodyText)/\(message.reconsumeTimes)")
          return .success
        }
      } until: { consumer in
        #expect(await calls.wait(for: 4))
        #expect(calls.items == ["0/0", "1/0", "2/0", "3/0"])
        #expect(consumer.statistics.sentBack == 1)
      }
      #expect(await rig.committed("G") == [5])
      #expect(await rig.ends("%DLQ%G") == [1])
    }
  }

  @Test func aBodyThatCannotBeReadHoldsUpItsQueueUntilABrokerHasTakenIt() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      try await rig.sendUnreadable()
      try await rig.send(1..<2)
      let fault = rig.broker.faults.add(Fault(on: .init(code: 36), effect: .answer(code: 1, remark: "no")))
      let seen = Record<String>()
      try await run(rig) {
        $0.onMessageInOrder { message, _ in
          seen.add(message.bodyText)
          return .success
        }
      } until: { consumer in
        #expect(await eventually { rig.broker.faults.hits(fault) > 2 })
        #expect(seen.items == ["0"])
        rig.broker.faults.remove(fault)
        #expect(await seen.wait(for: 2))
      }
      #expect(seen.items == ["0", "1"])
      #expect(await rig.ends("%DLQ%G") == [1])
      #expect(await rig.committed("G") == [3])
    }
  }

  @Test func aBodyThatCannotBeReadEndsABatchAndIsNotBuriedTwiceWhenThatIsRolledBack() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<2)
      try await rig.sendUnreadable()
      try await rig.send(2..<4)
      let calls = Record<[String]>()
      try await run(rig) {
        $0.onMessagesInOrder(batchSize: 8, autoCommit: false) { messages, _ in
          calls.add(messages.map(\.bodyText))
          if messages[0].bodyText == "0" { return .success }
          return calls.count == 2 ? .rollback(after: .zero) : .commit
        }
      } until: { consumer in
        #expect(await calls.wait(for: 4))
        #expect(await eventually { consumer.statistics.queues.contains { $0.queue.topic == "T" && $0.commitOffset == 5 } })
      }
      #expect(calls.items == [["0", "1"], ["2", "3"], ["0", "1"], ["2", "3"]])
      #expect(await rig.ends("%DLQ%G") == [1])
      #expect(await rig.committed("G") == [5])
    }
  }

  @Test func aBodyThatCannotBeReadNeedsNoCommitByHand() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.sendUnreadable()
      try await rig.send(0..<1)
      let seen = Record<String>()
      try await run(rig) {
        $0.onMessagesInOrder(batchSize: 8, autoCommit: false) { messages, _ in
          for message in messages { seen.add(message.bodyText) }
          return .success
        }
      } until: { _ in
        #expect(await seen.wait(for: 1))
      }
      #expect(await rig.committed("G") == [1], "the other one was never committed")
      #expect(await rig.ends("%DLQ%G") == [1])
    }
  }

  // MARK: Filter hooks

  struct Odd: MessageFilterHook {
    func passes(_ message: ReceivedMessage, _ context: ConsumeContext) -> Bool { Int(message.bodyText).map { $0 % 2 == 1 } ?? false }
  }

  struct Nothing: MessageFilterHook {
    func passes(_ message: ReceivedMessage, _ context: ConsumeContext) -> Bool { false }
  }

  @Test(arguments: [1, 4]) func filterHooksKeepMessagesFromTheListenerAndFinishThem(_ batchSize: Int) async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.sendBatches(20)
      let seen = Record<Int>()
      try await run(rig) {
        $0.messageFilters = [Odd()]
      } _: {
        if batchSize == 1 {
          $0.onMessageInOrder { message, _ in
            seen.add(Int(message.bodyText) ?? -1)
            return message.bodyText == "5" && message.reconsumeTimes == 0 ? .suspend : .success
          }
        } else {
          $0.onMessagesInOrder(batchSize: batchSize) { messages, _ in
            for message in messages { seen.add(Int(message.bodyText) ?? -1) }
            return .success
          }
        }
      } until: { consumer in
        #expect(await eventually { consumer.statistics.queues.contains { $0.queue.topic == "T" && $0.commitOffset == 20 } })
      }
      let odd = Array(stride(from: 1, to: 20, by: 2))
      #expect(seen.items == (batchSize == 1 ? [1, 3, 5] + odd.dropFirst(2) : odd))
      #expect(await rig.committed("G") == [20], "what was filtered out is done with")
    }
  }

  /// Nobody would commit what the listener does not hear of.
  @Test func whatFilterHooksKeepFromAListenerThatCommitsByHandIsDoneWith() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.sendBatches(20)
      try await run(rig) {
        $0.messageFilters = [Nothing()]
        $0.maxCachedMessagesPerQueue = 5
        $0.pullBatchSize = 4
      } _: {
        $0.onMessagesInOrder(batchSize: 4, autoCommit: false) { messages, _ in
          Issue.record("called with \(messages.count)")
          return .commit
        }
      } until: { consumer in
        #expect(await eventually { consumer.statistics.queues.contains { $0.queue.topic == "T" && $0.commitOffset == 20 } })
      }
      #expect(await rig.committed("G") == [20])
    }
  }

  // MARK: Listeners that do not commit

  enum Limit: CaseIterable {
    case messages, bytes, messagesOfTheTopic

    func set(in configuration: inout PushConsumerConfiguration) {
      switch self {
      case .messages: configuration.maxCachedMessagesPerQueue = 8
      case .bytes: configuration.maxCachedBytesPerQueue = 8
      case .messagesOfTheTopic: configuration.maxCachedMessagesPerTopic = 8
      }
    }
  }

  @Test(arguments: Limit.allCases) func aListenerThatNeverCommitsIsWarnedOfWhenItsQueueIsNoLongerPulled(_ limit: Limit) async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.sendBatches(100)
      let (log, seen) = (LogRecord(), Record<String>())
      try await run(rig, log) {
        $0.pullBatchSize = 4
        limit.set(in: &$0)
      } _: {
        $0.onMessagesInOrder(batchSize: 4, autoCommit: false) { messages, _ in
          for message in messages { seen.add(message.bodyText) }
          return .success
        }
      } until: { _ in
        #expect(
          await eventually {
            rig.clock.advance(by: .seconds(1))
            return log.lines(containing: "does not commit").count > 0
          })
        let warning = try #require(log.items.first { $0.message.contains("does not commit") })
        #expect(warning.level == .warning)
        #expect(warning.metadata["rocketmq.queue"]?.description.contains("T") == true)
        #expect((8...15).contains(Int(warning.metadata["rocketmq.count"]?.description ?? "") ?? 0))
        #expect(seen.count < 100, "the rest stays at the broker")
      }
      #expect(await rig.committed("G") == [0])
    }
  }

  @Test func aListenerThatCommitsNowAndThenIsNotWarnedOf() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.sendBatches(100)
      let (log, seen) = (LogRecord(), Record<String>())
      try await run(rig, log) {
        $0.pullBatchSize = 4
        $0.maxCachedMessagesPerQueue = 8
      } _: {
        $0.onMessagesInOrder(batchSize: 1, autoCommit: false) { messages, _ in
          seen.add(messages[0].bodyText)
          return seen.count % 5 == 0 ? .commit : .success
        }
      } until: { _ in
        #expect(
          await eventually {
            rig.clock.advance(by: .seconds(1))
            return seen.count == 100
          })
      }
      #expect(log.lines(containing: "does not commit") == [])
      #expect(await rig.committed("G") == [100])
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Synchronization
import Testing

@testable import RocketMQ

@Suite("Consuming in order", .timeLimit(.minutes(1)))
struct OrderedConsumeTests {
  @Test func everyQueueComesInItsOrderAndQueuesAtTheSameTime() async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      try await rig.send(0..<400)
      let witness = OrderWitness()
      let gate = Gate()
      let firsts = Record<Int32>()
      try await rig.withConsumer {
        $0.onMessageInOrder { message, context in
          witness.begins(message, "m")
          if message.queueOffset == 0 {
            firsts.add(message.queueID)
            await gate.pass()
          }
          witness.ends(message, succeeded: true)
          return .success
        }
      } until: { consumer in
        #expect(await firsts.wait(for: 4), "none waits for another")
        gate.open()
        #expect(await witness.seen.wait(for: 400))
        #expect(await eventually { consumer.statistics.consumed == 400 })
      }
      #expect(witness.violations == [] && witness.duplicates == [])
      #expect(await rig.committed("G") == rig.ends())
    }
  }

  @Test func whatFailsComesAgainFirstAndCountsItsFailures() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<5)
      let calls = Record<String>()
      try await rig.withConsumer {
        $0.onMessageInOrder { message, _ in
          calls.add("\(message.bodyText)/\(message.reconsumeTimes)")
          if message.bodyText == "1", message.reconsumeTimes == 0 { throw CancellationError() }
          return message.bodyText == "1" && message.reconsumeTimes < 3 ? .suspend(for: .zero) : .success
        }
      } until: { consumer in
        #expect(await calls.wait(for: 8))
        #expect(await eventually { consumer.statistics.consumed == 5 })
        #expect(calls.items == ["0/0", "1/0", "1/1", "1/2", "1/3", "2/0", "3/0", "4/0"])
        #expect(consumer.statistics.failed == 3)
      }
      #expect(await rig.committed("G") == [5])
    }
  }

  @Test func aSuspendedQueueWaitsAsLongAsTheListenerSays() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      let calls = Record<ContinuousClock.Instant>()
      try await rig.withConsumer {
        $0.onMessageInOrder { message, _ in
          calls.add(.now)
          return message.reconsumeTimes == 0 ? .suspend(for: .milliseconds(150)) : .success
        }
      } until: { _ in
        #expect(await calls.wait(for: 2))
        #expect(calls.items[1] - calls.items[0] >= .milliseconds(150))
      }
    }
  }

  @Test func aSuspensionLastsTenMillisecondsToThirtySeconds() {
    let usual = PushConsumerConfiguration().suspension
    #expect(usual == .seconds(1))
    #expect(OrderlyDispatcher.pause(nil, usually: usual) == .seconds(1))
    #expect(OrderlyDispatcher.pause(.zero, usually: usual) == .milliseconds(10))
    #expect(OrderlyDispatcher.pause(.milliseconds(70), usually: usual) == .milliseconds(70))
    #expect(OrderlyDispatcher.pause(.seconds(3600), usually: usual) == .seconds(30))
  }

  @Test func aQueueThatWaitsHoldsUpNoOther() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<200)
      var configuration = PushConsumerConfiguration()
      configuration.concurrency = 1
      let seen = Record<Int32>()
      try await rig.withConsumer(configuration) {
        $0.onMessageInOrder { message, _ in
          if message.queueID == 0 { return .suspend(for: .seconds(30)) }
          seen.add(message.queueID)
          return .success
        }
      } until: { _ in
        #expect(await seen.wait(for: 100))
      }
      #expect(await rig.committed("G") == [0, 100])
    }
  }

  @Test func queuesTakeTurnsAtOneWorker() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<400)
      var configuration = PushConsumerConfiguration()
      configuration.concurrency = 1
      let seen = Record<Int32>()
      let gate = Gate()
      try await rig.withConsumer(configuration) {
        $0.onMessageInOrder { message, _ in
          await gate.pass()
          seen.add(message.queueID)
          return .success
        }
      } until: { consumer in
        #expect(await eventually { consumer.statistics.queues.filter { $0.queue.topic == "T" }.map(\.cachedMessages) == [200, 200] })
        gate.open()
        #expect(await seen.wait(for: 400))
      }
      let turns = zip(seen.items, seen.items.dropFirst()).count { $0 != $1 }
      #expect(turns >= 10, "not one queue after the other")
    }
  }

  @Test func afterTooManyFailuresAMessageIsADeadLetterAndTheQueueGoesOn() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<4)
      var configuration = PushConsumerConfiguration()
      configuration.maxReconsumeTimes = 2
      let calls = Record<String>()
      try await rig.withConsumer(configuration) {
        $0.onMessageInOrder { message, _ in
          calls.add("\(message.bodyText)/\(message.reconsumeTimes)")
          return message.bodyText == "1" ? .suspend(for: .zero) : .success
        }
      } until: { consumer in
        #expect(await calls.wait(for: 6))
        #expect(calls.items == ["0/0", "1/0", "1/1", "1/2", "2/0", "3/0"])
        #expect(consumer.statistics.sentBack == 1)
      }
      #expect(await rig.committed("G") == [4])
      #expect(await rig.broker.offsets(topic: "%DLQ%G", queueID: 0).count == 1)
      #expect(await rig.broker.offsets(topic: "%RETRY%G", queueID: 0).isEmpty)
      let dead = try await deadLetters(rig)
      #expect(dead.map(\.bodyText) == ["1"])
      #expect(dead.first?.properties["RETRY_TOPIC"] == "T")
      #expect(dead.first?.reconsumeTimes == 2)
    }
  }

  @Test func aDeadLetterThatNoBrokerTakesHoldsUpItsQueueInsteadOfGettingLost() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<2)
      let fault = rig.broker.faults.add(Fault(on: .init(code: 310, topic: "%RETRY%G"), effect: .answer(code: 1, remark: "no")))
      var configuration = PushConsumerConfiguration()
      configuration.maxReconsumeTimes = 0
      let calls = Record<String>()
      try await rig.withConsumer(configuration) {
        $0.onMessageInOrder { message, _ in
          calls.add(message.bodyText)
          return message.bodyText == "0" ? .suspend(for: .zero) : .success
        }
      } until: { _ in
        #expect(await calls.wait(for: 3))
        #expect(Set(calls.items) == ["0"])
        rig.broker.faults.remove(fault)
        #expect(await calls.wait { $0.last == "1" })
      }
      #expect(try await deadLetters(rig).map(\.bodyText) == ["0"])
    }
  }

  @Test func withoutALimitAMessageIsNeverGivenUp() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      let calls = Record<Int>()
      try await rig.withConsumer {
        $0.onMessageInOrder { message, _ in
          calls.add(message.reconsumeTimes)
          return message.reconsumeTimes < 20 ? .suspend(for: .zero) : .success
        }
      } until: { _ in
        #expect(await calls.wait(for: 21))
        #expect(calls.items == Array(0...20))
      }
    }
  }

  // MARK: Batches

  @Test func aBatchThatFailsComesAgainAsAWhole() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<7)
      let calls = Record<[String]>()
      try await rig.withConsumer(collected()) {
        $0.onMessagesInOrder(batchSize: 3) { messages, _ in
          calls.add(messages.map { "\($0.bodyText)/\($0.reconsumeTimes)" })
          return messages.contains { $0.bodyText == "4" && $0.reconsumeTimes == 0 } ? .suspend(for: .zero) : .success
        }
      } until: { _ in
        #expect(await calls.wait { $0.joined().contains("6/0") })
      }
      #expect(calls.items == [["0/0", "1/0", "2/0"], ["3/0", "4/0", "5/0"], ["3/1", "4/1", "5/1"], ["6/0"]])
      #expect(await rig.committed("G") == [7])
    }
  }

  @Test func aDeadLetterInABatchDoesNotComeAgainWithIt() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<2)
      var configuration = collected()
      configuration.maxReconsumeTimes = 1
      configuration.suspension = .milliseconds(10)
      let calls = Record<[String]>()
      let third = Gate()
      try await rig.withConsumer(configuration) {
        $0.onMessagesInOrder(batchSize: 3) { messages, _ in
          calls.add(messages.map { "\($0.bodyText)/\($0.reconsumeTimes)" })
          // The two that have failed before are joined by a third one.
          if calls.count == 1 { await third.pass() }
          return calls.count < 3 ? .suspend : .success
        }
      } until: { consumer in
        #expect(await calls.wait(for: 1))
        try await rig.send(2..<3)
        #expect(await eventually { consumer.statistics.queues.first { $0.queue.topic == "T" }?.cachedMessages == 3 })
        third.open()
        #expect(await calls.wait(for: 3))
        #expect(calls.items == [["0/0", "1/0"], ["0/1", "1/1", "2/0"], ["2/1"]])
      }
      #expect(try await deadLetters(rig).map(\.bodyText) == ["0", "1"])
      #expect(await rig.committed("G") == [3])
    }
  }

  @Test func withoutAutoCommitNothingIsCommittedUntilTheListenerSaysSo() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<6)
      let calls = Record<[String]>()
      let rolledBack = Atomic(false)
      try await rig.withConsumer(collected()) {
        $0.onMessagesInOrder(batchSize: 2, autoCommit: false) { messages, _ in
          calls.add(messages.map { "\($0.bodyText)/\($0.reconsumeTimes)" })
          switch messages[0].bodyText {
          case "2": return rolledBack.exchange(true, ordering: .relaxed) ? .commit : .rollback(after: .zero)
          default: return .success
          }
        }
      } until: { consumer in
        #expect(await calls.wait(for: 5))
        #expect(calls.items == [["0/0", "1/0"], ["2/0", "3/0"], ["0/0", "1/0"], ["2/0", "3/0"], ["4/0", "5/0"]])
        #expect(await eventually { consumer.statistics.queues.first { $0.queue.topic == "T" }?.commitOffset == 4 })
      }
      #expect(await rig.committed("G") == [4], "the last two were never committed")
    }
  }

  @Test func withoutAutoCommitASuspensionConcernsOnlyItsOwnMessages() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<4)
      let calls = Record<[String]>()
      try await rig.withConsumer(collected()) {
        $0.onMessagesInOrder(batchSize: 2, autoCommit: false) { messages, _ in
          calls.add(messages.map { "\($0.bodyText)/\($0.reconsumeTimes)" })
          if messages[0].bodyText == "0" { return .success }
          return messages[0].reconsumeTimes == 0 ? .suspend(for: .zero) : .commit
        }
      } until: { consumer in
        #expect(await calls.wait(for: 3))
        #expect(calls.items == [["0/0", "1/0"], ["2/0", "3/0"], ["2/1", "3/1"]])
        #expect(await eventually { consumer.statistics.queues.first { $0.queue.topic == "T" }?.commitOffset == 4 })
      }
      #expect(await rig.committed("G") == [4])
    }
  }

  // MARK: Beside the queue

  @Test func theRetryTopicIsConsumedInOrderToo() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      // A member that consumes in no order has left something there.
      try await rig.send(0..<3)
      let client = try rig.client()
      let other = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await other.subscribe("T")
      other.onMessage { _, _ in .retryLater(delayLevel: 1) }
      try await other.start()
      #expect(await eventually { other.statistics.sentBack >= 3 })
      await other.shutdown()
      await client.shutdown()
      let seen = Record<ReceivedMessage>()
      try await rig.withConsumer {
        $0.onMessageInOrder { message, _ in
          seen.add(message)
          return .success
        }
      } until: { _ in
        #expect(await seen.wait(for: 3))
      }
      #expect(seen.items.map(\.topic) == ["T", "T", "T"] && seen.items.numbers() == [0, 1, 2])
      #expect(seen.items.map(\.queue.topic) == ["%RETRY%G", "%RETRY%G", "%RETRY%G"])
      #expect(seen.items.map(\.queueOffset) == [0, 1, 2])
    }
  }

  @Test func aListenerThatHangsDoesNotKeepTheConsumerFromEnding() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<3)
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await consumer.subscribe("T")
      let (calls, gate) = (Record<Int>(), Gate())
      consumer.onMessageInOrder { message, _ in
        calls.add(Int(message.bodyText) ?? -1)
        await gate.pass()  // ends when its task is cancelled
        return .success
      }
      try await consumer.start()
      #expect(await calls.wait(for: 1))
      let report = await consumer.shutdown(deadline: .milliseconds(50))
      #expect(report.leftOver.map(\.unfinished) == [1])
      #expect(report.leftOver.map(\.isUnlocked) == [true], "it returned when it was cancelled")
      #expect(calls.count == 1)
      #expect(await rig.committed("G") == [0])
      await client.shutdown()
    }
  }

  // MARK: Parts

  /// All messages are there before the first call: so batches are full.
  private func collected() -> PushConsumerConfiguration {
    var configuration = PushConsumerConfiguration()
    configuration.concurrency = 1
    return configuration
  }

  private func deadLetters(_ rig: ConsumerRig) async throws -> [ReceivedMessage] {
    let client = try rig.client()
    let consumer = try PushConsumer(client: client, group: "undertaker", startFrom: .earliest)
    try await consumer.subscribe("%DLQ%G")
    let seen = Record<ReceivedMessage>()
    consumer.onMessageInOrder { message, _ in
      seen.add(message)
      return .success
    }
    try await consumer.start()
    let count = await rig.broker.offsets(topic: "%DLQ%G", queueID: 0).count
    _ = await seen.wait(for: count)
    await consumer.shutdown()
    await client.shutdown()
    return seen.items
  }
}

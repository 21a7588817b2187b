// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

/// Where a group begins with a queue.
@Suite("Where to start", .timeLimit(.minutes(1)))
struct StartTests {
  enum Policy: CaseIterable {
    case latest, earliest, timestamp
  }

  /// A queue that was cleaned up to 3 and ends at 10, of which 5 is the first message at or behind the time; or one without messages.
  struct Case: CustomStringConvertible {
    var policy: Policy
    var isRetryTopic: Bool
    var isEmpty: Bool
    /// What the broker has stored.
    var stored: Int64?

    var description: String { "\(policy)\(isRetryTopic ? ", retry topic" : "")\(isEmpty ? ", empty" : "") stored \(stored ?? -1)" }

    /// The documented start, and the beginning of the reason.
    var expected: (offset: Int64, reason: String) {
      if let stored { return (stored, "stored offset") }
      if isRetryTopic { return (isEmpty ? 0 : 3, "nothing stored, retry topic: first message") }
      return switch policy {
      case .latest: (isEmpty ? 0 : 10, "nothing stored, latest: end of the queue")
      case .earliest: (isEmpty ? 0 : 3, "nothing stored, earliest: first message")
      case .timestamp: (isEmpty ? 0 : 5, "nothing stored, timestamp: nearest to")
      }
    }

    static let all = Policy.allCases.flatMap { policy in
      [false, true].flatMap { isRetryTopic in
        [false, true].flatMap { isEmpty in
          [nil, 0, 7, 1000].map { Case(policy: policy, isRetryTopic: isRetryTopic, isEmpty: isEmpty, stored: $0) }
        }
      }
    }
  }

  @Test func isWhereTheTableSays() async throws {
    let retry = TopicName.retry(ofGroup: "G")
    try await ConsumerRig.run(
      .init(storage: .memory, clock: .manual), topics: ["T": 1, "E": 1, retry: 1, TopicName.retry(ofGroup: "E"): 1]
    ) { rig in
      for topic in ["T", retry] { try await rig.send(0..<5, to: topic) }
      await rig.broker.clock.advance(by: .seconds(3600))
      let time = await rig.broker.clock.now
      for topic in ["T", retry] {
        try await rig.send(5..<10, to: topic)
        await rig.broker.expireMessages(topic: topic, queueID: 0, before: 3)
      }
      for row in Case.all {
        let group = row.isEmpty ? "E" : "G"
        let topic = row.isRetryTopic ? TopicName.retry(ofGroup: group) : row.isEmpty ? "E" : "T"
        // A broker says 0 for a young queue: here it says what the row wants.
        rig.broker.faults.removeAll()
        if let stored = row.stored { try await rig.commit(stored, group, topic) }
        if row.stored == nil { rig.broker.faults.add(Fault(on: .init(code: 14), effect: .answer(code: 22, remark: "none"))) }
        let beginning = try await consumer(rig, group, row.policy, time) { consumer in
          try await consumer.beginning(of: MessageQueue(topic: topic, brokerName: "broker-a", queueID: 0))
        }
        #expect(beginning.offset == row.expected.offset, "\(row)")
        #expect(beginning.stored == row.stored, "\(row)")
        #expect(beginning.reason.hasPrefix(row.expected.reason), "\(row): \(beginning.reason)")
      }
    }
  }

  @Test func isNotGuessedWhenAQuestionFails() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      // The stored offset; the end, the first message, the message at a time.
      for (code, policy): (Int32, Policy) in [(14, .latest), (30, .latest), (31, .earliest), (29, .timestamp)] {
        for answer: Int32 in [1, 2, 3] {
          rig.broker.faults.removeAll()
          rig.broker.faults.add(Fault(on: .init(code: code), effect: .answer(code: answer, remark: "no")))
          if code != 14 { rig.broker.faults.add(Fault(on: .init(code: 14), effect: .answer(code: 22, remark: "none"))) }
          let error = try await failure {
            _ = try await consumer(rig, "G", policy, Timestamp.now) { consumer in
              try await consumer.beginning(of: MessageQueue(topic: "T", brokerName: "broker-a", queueID: 0))
            }
          }
          #expect(error.brokerCode?.rawValue == answer)
        }
      }
    }
  }

  @Test func isTriedAgainUntilTheQuestionIsAnsweredAndSaysWhyInTheLog() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      rig.broker.faults.add(Fault(on: .init(code: 14, topic: "T"), effect: .answer(code: 22, remark: "none")))
      let fault = rig.broker.faults.add(Fault(on: .init(code: 30, topic: "T"), effect: .answer(code: 1, remark: "no")))
      let log = LogRecord()
      let client = try rig.client { $0.logger = log.logger }
      let member = try await Member(rig, client: client, startFrom: .latest).started()
      #expect(await eventually { rig.broker.faults.hits(fault) >= 2 })
      #expect(member.held.isEmpty)
      #expect(!log.lines(containing: "a queue cannot be taken yet").isEmpty)
      rig.broker.faults.remove(fault)
      #expect(await eventually { !member.held.isEmpty })
      let taken = log.lines(containing: "queue taken").filter { $0.contains("T@broker-a:0") && $0.contains("rocketmq.offset=10") }
      #expect(taken.count == 1 && taken[0].contains("rocketmq.start=nothing stored, latest: end of the queue"))
      try await rig.send(10..<12)
      #expect(await member.seen.wait(for: 2))
      #expect(member.seen.items.numbers() == [10, 11])
      await member.leave()
    }
  }

  private func consumer<R>(
    _ rig: ConsumerRig, _ group: String, _ policy: Policy, _ time: Timestamp, _ work: (PushConsumer) async throws -> R
  ) async throws -> R {
    let start: ConsumeStart =
      switch policy {
      case .latest: .latest
      case .earliest: .earliest
      case .timestamp: .timestamp(time)
      }
    let client = try rig.client()
    let consumer = try PushConsumer(client: client, group: group, startFrom: start)
    let result: Result<R, any Error>
    do {
      for topic in ["T", "E", TopicName.retry(ofGroup: group)] { _ = try? await client.routes.route(of: topic) }
      result = .success(try await work(consumer))
    } catch { result = .failure(error) }
    await client.shutdown()
    return try result.get()
  }
}

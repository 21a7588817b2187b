// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

/// The rules of sending that need no network.
@Suite struct ProducerRuleTests {
  @Suite struct Attempts {
    private let timeout = RocketMQError(.timeout, "no answer")

    @Test func oneBrokerGetsAllTheTime() {
      let attempts = SendAttempts(limit: 3, perAttempt: nil)
      #expect(attempts.share(of: .seconds(3), brokers: 1) == .seconds(3))
    }

    @Test func aBrokerThatDoesNotAnswerLeavesTimeForAnother() {
      var attempts = SendAttempts(limit: 3, perAttempt: nil)
      #expect(attempts.share(of: .seconds(3), brokers: 2) == .milliseconds(1500))
      #expect(attempts.failed(on: "a", timeout, left: .milliseconds(1500), brokers: 2) == true)
      #expect(attempts.share(of: .milliseconds(1500), brokers: 2) == .milliseconds(1500))
      #expect(attempts.failedBrokers == ["a"])
    }

    @Test func manyBrokersShareTheTimeAmongTheAttempts() {
      let attempts = SendAttempts(limit: 3, perAttempt: nil)
      #expect(attempts.share(of: .seconds(3), brokers: 10) == .seconds(1))
      #expect(SendAttempts(limit: 1, perAttempt: nil).share(of: .seconds(3), brokers: 10) == .seconds(3))
      #expect(SendAttempts(limit: 3, perAttempt: .milliseconds(100)).share(of: .seconds(3), brokers: 1) == .milliseconds(100))
    }

    @Test func theyEndWithTheirNumberOrTheTime() {
      var attempts = SendAttempts(limit: 2, perAttempt: nil)
      #expect(attempts.failed(on: "a", timeout, left: .seconds(1), brokers: 2) == true)
      #expect(attempts.failed(on: "b", timeout, left: .seconds(1), brokers: 2) == false)
      var late = SendAttempts(limit: 3, perAttempt: nil)
      #expect(late.failed(on: "a", timeout, left: .zero, brokers: 2) == false)
    }

    @Test func onlyWhatMayHelpIsTriedAgain() {
      func retries(_ code: ResponseCode, _ message: String = "x", other: Bool = false) -> Bool {
        SendAttempts.isWorthRetrying(RocketMQError(.brokerError, message, brokerCode: code), hasOther: other)
      }
      for code: ResponseCode in [
        .topicNotExist, .serviceNotAvailable, .systemError, .noPermission, .noBuyerID, .notInCurrentUnit, .systemBusy,
      ] {
        #expect(retries(code))
      }
      for code: ResponseCode in [.messageIllegal, .flowControl, .subscriptionGroupNotExist] { #expect(!retries(code)) }
      #expect(!retries(.systemError, "org.apache.rocketmq.acl.common.AclException: No acl config for x", other: true))
      for code: RocketMQError.Code in [.timeout, .connectFailed, .connectionClosed] {
        #expect(SendAttempts.isWorthRetrying(RocketMQError(code, "x"), hasOther: false))
      }
      for code: RocketMQError.Code in [.cancelled, .notRunning, .tooLarge, .invalidArgument, .outOfMemory] {
        #expect(!SendAttempts.isWorthRetrying(RocketMQError(code, "x"), hasOther: true))
      }
    }

    @Test func aBusyBrokerGetsAMomentWhenThereIsNoOther() {
      let busy = RocketMQError(.brokerError, "x", brokerCode: .systemBusy)
      var attempts = SendAttempts(limit: 3, perAttempt: nil)
      _ = attempts.failed(on: "a", busy, left: .seconds(3), brokers: 2)
      #expect(attempts.pause(after: busy, left: .seconds(3), brokers: 2) == .zero, "b may not be busy")
      #expect(attempts.pause(after: busy, left: .seconds(3), brokers: 1) == .milliseconds(100))
      _ = attempts.failed(on: "b", busy, left: .seconds(3), brokers: 2)
      #expect(attempts.pause(after: busy, left: .seconds(3), brokers: 2) == .milliseconds(200))
      #expect(attempts.pause(after: busy, left: .milliseconds(50), brokers: 2) == .milliseconds(25))
      #expect(attempts.pause(after: timeout, left: .seconds(3), brokers: 2) == .zero)
    }

    @Test func theErrorTellsAllThatHappened() {
      var attempts = SendAttempts(limit: 3, perAttempt: nil)
      _ = attempts.failed(on: "a", timeout, left: .seconds(1), brokers: 2)
      let last = RocketMQError(.brokerError, "x", brokerCode: .systemError, address: "h:1")
      _ = attempts.failed(on: "b", last, left: .seconds(1), brokers: 2)
      let summary = attempts.summary(last, topic: "orders")
      #expect(summary.code == .brokerError && summary.brokerCode == .systemError && summary.address == "h:1")
      #expect(summary.message == "sending to orders failed after 2 attempts (a: timeout; b: SYSTEM_ERROR(1))")
    }
  }

  @Suite struct Health {
    private let start = ContinuousClock.now

    @Test func aBrokerThatFailsIsLeftAloneForLongerEachTime() {
      let health = BrokerHealth()
      var now = start
      var breaks: [Duration] = []
      for _ in 0..<7 {
        health.failed("a", at: now)
        health.failed("a", at: now)  // of another message, for the same reason
        let begin = now
        while health.suspects(at: now).contains("a") { now += .milliseconds(500) }
        breaks.append(now - begin)
      }
      #expect(breaks == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
    }

    @Test func anAnswerClearsIt() {
      let health = BrokerHealth()
      health.failed("a", at: start)
      health.failed("b", at: start)
      health.answered("a")
      #expect(health.suspects(at: start) == ["b"])
      health.failed("a", at: start)
      #expect(health.suspects(at: start + .milliseconds(1500)) == [])
    }

    @Test func onlyWhatSaysSomethingOfTheBrokerCounts() {
      #expect(BrokerHealth.isItsFault(RocketMQError(.timeout, "")))
      #expect(!BrokerHealth.isItsFault(RocketMQError(.brokerError, "")))
      #expect(!BrokerHealth.isItsFault(RocketMQError(.cancelled, "")))
    }
  }

  @Suite struct Gate {
    private let loop: Loop
    init() throws { loop = try Loop() }

    @Test func whatFitsGoesInAtOnce() async throws {
      let gate = ByteGate(limit: 100)
      for _ in 0..<4 { try await gate.enter(25, within: .seconds(1), on: loop) }
      #expect(gate.bytesInside == 100)
      for _ in 0..<4 { gate.leave(25) }
      #expect(gate.bytesInside == 0)
    }

    @Test func whoWaitsComesInInTheOrderOfArrival() async throws {
      let gate = ByteGate(limit: 10)
      try await gate.enter(10, within: .seconds(1), on: loop)
      let (order, sink) = AsyncStream<Int>.makeStream()
      await withThrowingTaskGroup(of: Void.self) { group in
        for i in 0..<20 {
          group.addTask { [loop] in
            try await gate.enter(i == 0 ? 10 : 1, within: .seconds(10), on: loop)
            sink.yield(i)
            gate.leave(i == 0 ? 10 : 1)
          }
          while gate.waitingCount < i + 1 { await Task.yield() }
        }
        gate.leave(10)
      }
      sink.finish()
      var seen: [Int] = []
      for await i in order { seen.append(i) }
      // The large one at the front is not overtaken by the small ones behind it.
      #expect(seen.first == 0)
      #expect(Set(seen) == Set(0..<20))
      #expect(gate.bytesInside == 0)
    }

    @Test func somethingLargerThanTheLimitGoesInAlone() async throws {
      let gate = ByteGate(limit: 10)
      try await gate.enter(50, within: .seconds(1), on: loop)
      await #expect(throws: RocketMQError.self) { try await gate.enter(1, within: .milliseconds(20), on: loop) }
      gate.leave(50)
      #expect(gate.bytesInside == 0)
    }

    @Test func whoGivesUpLeavesNoTrace() async throws {
      let gate = ByteGate(limit: 10)
      try await gate.enter(10, within: .seconds(1), on: loop)
      let waiting = (0..<50).map { _ in Task { [loop] in try await gate.enter(10, within: .seconds(60), on: loop) } }
      while gate.waitingCount < 50 { await Task.yield() }
      for task in waiting.dropLast() { task.cancel() }
      for task in waiting.dropLast() {
        let error = await #expect(throws: RocketMQError.self) { try await task.value }
        #expect(error?.code == .cancelled)
      }
      #expect(gate.waitingCount < 50)
      gate.leave(10)
      try await waiting[49].value
      gate.leave(10)
      #expect(gate.bytesInside == 0 && gate.waitingCount == 0)
    }

    @Test func waitingIsBoundedInTime() async throws {
      let gate = ByteGate(limit: 10)
      try await gate.enter(10, within: .seconds(1), on: loop)
      let error = await #expect(throws: RocketMQError.self) { try await gate.enter(1, within: .milliseconds(20), on: loop) }
      #expect(error?.code == .timeout)
      await #expect(throws: RocketMQError.self) { try await gate.drain(within: .milliseconds(20), on: loop) }
      gate.leave(10)
      try await gate.drain(within: .seconds(1), on: loop)
    }
  }
}

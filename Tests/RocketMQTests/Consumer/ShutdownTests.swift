// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import ServiceLifecycle
import Testing

@testable import RocketMQ

@Suite("The end of a consumer", .timeLimit(.minutes(1)))
struct ShutdownTests {
  @Test func waitsForMessagesInHandAndCommitsThem() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      try await blocked(rig) { consumer, gate in
        async let report = consumer.shutdown(deadline: .seconds(30))
        #expect(await eventually { consumer.statistics.queues.isEmpty })
        try await Task.sleep(for: .milliseconds(100))
        #expect(await rig.committed("G") == [nil], "it still waits")
        gate.open()
        #expect(await report.isClean)
        #expect(await rig.committed("G") == [1])
      }
    }
  }

  @Test func doesNotWaitLongerThanItsDeadlineAndSaysWhatIsLeft() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      try await blocked(rig) { consumer, _ in
        let start = ContinuousClock.now
        let report = await consumer.shutdown(deadline: .milliseconds(200))
        let took = ContinuousClock.now - start
        #expect(took >= .milliseconds(200) && took < .seconds(2))
        #expect(report.unfinished == 1)
        #expect(report.leftOver.map(\.queue.topic) == ["T"])
        #expect(report.leftOver.first?.offset == 0)
        #expect(report.leftOver.first?.isCommitted == true)
        let again = await consumer.shutdown(deadline: .seconds(30))
        #expect(again.unfinished == 1, "the same report")
      }
      #expect(await rig.committed("G") == [0])
    }
  }

  @Test func aShorterDeadlineOfASecondCallCounts() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      try await blocked(rig) { consumer, _ in
        async let patient = consumer.shutdown(deadline: .seconds(50))
        let hasty = await consumer.shutdown(deadline: .milliseconds(50))
        #expect(hasty.unfinished == 1)
        #expect(await patient.unfinished == 1)
      }
    }
  }

  @Test func mayComeBeforeTheStart() async throws {
    let client = try RocketMQClient(nameServers: ["127.0.0.1:9"])
    let consumer = try PushConsumer(client: client, group: "G")
    #expect(await consumer.shutdown().isClean)
    #expect(await consumer.shutdown().isClean)
    await client.shutdown()
  }

  @Test func isBoundedWhenNobodyAnswers() async throws {
    let client = try RocketMQClient(nameServers: ["127.0.0.1:9"])
    let consumer = try PushConsumer(client: client, group: "G")
    try await consumer.subscribe("T")
    consumer.onMessage { _, _ in .success }
    try await consumer.start()
    let start = ContinuousClock.now
    #expect(await consumer.shutdown(deadline: .seconds(1)).isClean)
    #expect(ContinuousClock.now - start < .seconds(4))
    await client.shutdown()
  }

  @Test func isBoundedWhenTheBrokerIsGone() async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      try await rig.send(0..<100)
      let member = try await Member(rig).started()
      #expect(await member.seen.wait(for: 100))
      await rig.broker.shutdown()
      let start = ContinuousClock.now
      let report = await member.consumer.shutdown(deadline: .seconds(1))
      #expect(ContinuousClock.now - start < .seconds(5))
      #expect(!report.leftOver.isEmpty && report.leftOver.allSatisfy { !$0.isCommitted }, "it says what could not be committed")
      await member.client.shutdown()
    }
  }

  @Test(arguments: [15, 35] as [Int32])
  func isBoundedWhenTheBrokerIsSilent(_ code: Int32) async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      try await rig.send(0..<100)
      let member = try await Member(rig).started()
      #expect(await member.seen.wait(for: 100))
      rig.broker.faults.add(Fault(on: .init(code: code), effect: .dropReply))
      let start = ContinuousClock.now
      let report = await member.consumer.shutdown(deadline: .seconds(1))
      #expect(ContinuousClock.now - start < .seconds(6))
      #expect(report.unfinished == 0)
      rig.broker.faults.removeAll()
      #expect(await rig.committed("G") == rig.ends(), "what was handled counts, heard or not")
      await member.client.shutdown()
    }
  }

  @Test func cancellingRunEndsItInGoodOrder() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<50)
      let member = try await Member(rig)
      let running = Task { try await member.consumer.run() }
      #expect(await member.seen.wait(for: 50))
      running.cancel()
      try await running.value
      #expect(await rig.committed("G") == rig.ends())
      await member.client.shutdown()
    }
  }

  @Test func shutdownEndsRun() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      let member = try await Member(rig)
      let running = Task { try await member.consumer.run() }
      #expect(await eventually { !member.consumer.statistics.queues.isEmpty })
      #expect(await member.consumer.shutdown().isClean)
      try await running.value
      await member.client.shutdown()
    }
  }

  @Test func aServiceGroupEndsItGracefully() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<50)
      let member = try await Member(rig)
      let services = ServiceGroup(services: [member.consumer], logger: member.client.logger)
      let running = Task { try await services.run() }
      #expect(await member.seen.wait(for: 50))
      await services.triggerGracefulShutdown()
      try await running.value
      #expect(await rig.committed("G") == rig.ends())
      await member.client.shutdown()
    }
  }

  @Test func underLoadNothingIsLostAndNothingFinishedComesTwice() async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      let sending = Task { try await rig.send(0..<1500) }
      var finished: [Int] = []
      var unfinished = 0
      for _ in 0..<6 {
        let member = try await Member(rig).started()
        _ = await member.seen.wait(for: 100, within: .seconds(2))
        unfinished += await member.leave(deadline: .seconds(5)).unfinished
        finished += member.seen.items.numbers()
      }
      try await sending.value
      let member = try await Member(rig).started()
      #expect(await eventually { await rig.ends().compactMap { $0 }.reduce(0, +) == 1500 })
      #expect(await eventually { Set(finished + member.seen.items.numbers()).count == 1500 })
      await member.leave()
      #expect((finished + member.seen.items.numbers()).count <= 1500 + unfinished)
    }
  }

  @Test func startAndStopMayComeInAnyOrder() async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      let client = try rig.client()
      for round in 0..<40 {
        let consumer = try PushConsumer(client: client, group: "G\(round % 4)", startFrom: .earliest)
        try await consumer.subscribe("T")
        consumer.onMessage { _, _ in .success }
        async let started: Void? = try? consumer.start()
        if round % 3 > 0 { try await Task.sleep(for: .milliseconds(round % 7)) }
        await consumer.shutdown(deadline: .seconds(1))
        await started
        await consumer.shutdown(deadline: .seconds(1))
      }
      await client.shutdown()
    }
  }

  private func blocked(_ rig: ConsumerRig, check: (PushConsumer, Gate) async throws -> Void) async throws {
    let gate = Gate()
    let member = try await Member(rig, gate: gate).started()
    #expect(await member.seen.wait(for: 1))
    try await check(member.consumer, gate)
    await member.leave(deadline: .zero)
  }
}

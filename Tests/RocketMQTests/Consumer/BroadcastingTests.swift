// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("Broadcasting", .timeLimit(.minutes(1)))
struct BroadcastingTests {
  private func broadcasting(_ store: FileOffsetStore, retries: Int = 0) -> PushConsumerConfiguration {
    .init {
      $0.messageModel = .broadcasting
      $0.offsetStore = store
      $0.maxLocalRetries = retries
    }
  }

  /// With a directory of its own, as on a machine of its own.
  private func broadcasting(_ directory: String, retries: Int = 0) -> PushConsumerConfiguration {
    broadcasting(FileOffsetStore(directory: directory), retries: retries)
  }

  @Test func givesEveryMessageToEveryMember() async throws {
    try await run { rig, directory in
      try await rig.send(0..<40)
      let first = try await Member(rig, broadcasting("\(directory)/1"))
      let second = try await Member(rig, broadcasting("\(directory)/2"))
      try await first.consumer.start()
      try await second.consumer.start()
      #expect(await first.seen.wait(for: 40))
      #expect(await second.seen.wait(for: 40))
      try await rig.send(40..<60)
      #expect(await first.seen.wait(for: 60))
      #expect(await second.seen.wait(for: 60))
      #expect(first.statistics.queues.count == 4, "all queues, and no retry topic")
      #expect(first.consumer.heartbeat().messageModel == "BROADCASTING")
      #expect(first.consumer.heartbeat().subscriptions.map(\.topic) == ["T"])
      #expect(await first.leave().isClean)
      #expect(await second.leave().isClean)
      for member in [first, second] { #expect(member.seen.items.numbers() == Array(0..<60)) }
    }
  }

  @Test func asksTheBrokerNeitherForMembersNorForOffsets() async throws {
    try await run { rig, directory in
      let member = try await Member(rig, broadcasting(directory)) { $0.bodyText == "3" ? .retryLater : .success }
      try await member.consumer.start()
      try await rig.send(0..<20)
      #expect(await member.seen.wait(for: 20))
      // A second pull of each queue would carry a commit.
      try await rig.send(20..<40)
      #expect(await member.seen.wait(for: 40))
      await member.leave()
      // Members, stored offsets, commits, send-back.
      for code: Int32 in [38, 14, 15, 36] { #expect(await rig.broker.requestCount(code: code) == 0, "request code \(code)") }
      #expect(await rig.committed("G") == [nil, nil, nil, nil])
    }
  }

  @Test func goesOnFromItsFileWhateverItsClientIsCalled() async throws {
    try await run { rig, directory in
      let first = try await Member(rig, broadcasting(directory), startFrom: .latest)
      try await rig.send(0..<20)
      try await first.consumer.start()
      #expect(await eventually { first.statistics.queues.count == 4 })
      #expect(await first.leave().isClean)
      #expect(first.seen.count == 0, "the end of the queues is meant, also of young ones")
      // What came while nobody was there.
      try await rig.send(20..<40)
      let second = try await Member(rig, broadcasting(directory), startFrom: .latest)
      #expect(second.client.clientID != first.client.clientID)
      try await second.consumer.start()
      #expect(await second.seen.wait(for: 20))
      await second.leave()
      #expect(second.seen.items.numbers() == Array(20..<40))
      let file = try #require(readFile("\(directory)/G/offsets.json"))
      let ends = await rig.ends()
      for (queue, end) in try OffsetFileFormat.offsets(Array(file.utf8)) { #expect(end == ends[Int(queue.queueID)]) }
    }
  }

  @Test func passesOverWhatFailsAndCountsIt() async throws {
    try await run { rig, directory in
      try await rig.send(0..<20)
      struct Trouble: Error {}
      let member = try await Member(rig, broadcasting(directory)) { message in
        switch message.bodyText {
        case "3": .retryLater
        case "4": throw Trouble()
        case "5": .deadLetter
        default: .success
        }
      }
      try await member.consumer.start()
      #expect(await member.seen.wait(for: 20))
      #expect(await eventually { member.statistics.passedOver == 3 && member.statistics.consumed == 17 })
      #expect(member.statistics.failed == 3)
      #expect(member.statistics.sentBack == 0)
      let offsets = member.statistics.queues.map(\.commitOffset)
      #expect(offsets.reduce(0, +) == 20, "they hold nothing up")
      #expect(await member.leave().isClean)
      #expect(member.seen.count == 20)
      for topic in ["%RETRY%G", "%DLQ%G"] { #expect(await rig.ends(topic).allSatisfy { $0 ?? 0 == 0 }) }
    }
  }

  @Test func triesWhatFailsAgainHereWhenItIsToldTo() async throws {
    try await run(queues: 1) { rig, directory in
      try await rig.send(0..<3)
      let member = try await Member(rig, broadcasting(directory, retries: 2), isStepped: true) {
        $0.bodyText == "0" || ($0.bodyText == "1" && $0.reconsumeTimes == 0) ? .retryLater : .success
      }
      try await member.consumer.start()
      #expect(await member.seen.wait(for: 3))
      #expect(await eventually { member.statistics.failed == 2 })
      #expect(member.statistics.queues.first?.commitOffset == 0, "the offset waits")
      for count in [5, 6] {
        #expect(
          await eventually {
            rig.clock.advance(by: .seconds(1))
            return member.seen.count == count
          })
      }
      #expect(await eventually { member.statistics.passedOver == 1 })
      #expect(member.statistics.queues.first?.commitOffset == 3)
      let tries = member.seen.items.filter { $0.bodyText == "0" }.map(\.reconsumeTimes)
      #expect(tries == [0, 1, 2])
      #expect(await member.leave().isClean)
    }
  }

  @Test func writesTheOffsetsOfAllQueuesAtOnceAndOnlyWhenTheyChange() async throws {
    try await run(queues: 40) { rig, directory in
      let writes = Record<Int>()
      let store = FileOffsetStore(directory) { (step) throws(RocketMQError) in if step == .madeAside { writes.add(1) } }
      let member = try await Member(rig, broadcasting(store), isStepped: true).started()
      try await rig.send(0..<80)
      #expect(await member.seen.wait(for: 80))
      #expect(await eventually { member.statistics.consumed == 80 })
      #expect(
        await eventually {
          rig.clock.advance(by: .seconds(1))
          return writes.count > 0
        })
      #expect(await eventually { readFile("\(directory)/G/offsets.json") != nil })
      // Nothing has changed since: the next ten intervals write nothing.
      for _ in 0..<50 { rig.clock.advance(by: .seconds(1)) }
      #expect(await member.leave().isClean)
      #expect(writes.count == 1)
      let offsets = try OffsetFileFormat.offsets(Array(#require(readFile("\(directory)/G/offsets.json")).utf8))
      #expect(offsets.count == 40 && offsets.values.reduce(0, +) == 80)
    }
  }

  @Test func goesOnWhenItsFileCannotBeWrittenAndWritesItLater() async throws {
    try await run { rig, directory in
      let isFull = Record<Bool>()
      let failures = Record<Int>()
      let store = FileOffsetStore(directory) { (step) throws(RocketMQError) in
        if step == .wroteHalf, isFull.items.last == true {
          failures.add(1)
          throw RocketMQError(.storageFailed, "no space left")
        }
      }
      isFull.add(true)
      let member = try await Member(rig, broadcasting(store), isStepped: true).started()
      try await rig.send(0..<20)
      #expect(await member.seen.wait(for: 20))
      for attempt in 1...2 {
        #expect(
          await eventually {
            rig.clock.advance(by: .seconds(1))
            return failures.count >= attempt
          })
      }
      isFull.add(false)
      try await rig.send(20..<30)
      #expect(await member.seen.wait(for: 30))
      #expect(await member.leave().isClean)
      let offsets = try OffsetFileFormat.offsets(Array(#require(readFile("\(directory)/G/offsets.json")).utf8))
      #expect(offsets.values.reduce(0, +) == 30)
    }
  }

  @Test func refusesAFileThatAnotherHasAndMayStartLater() async throws {
    try await run { rig, directory in
      let first = try await Member(rig, broadcasting(directory))
      let second = try await Member(rig, broadcasting(directory))
      try await first.consumer.start()
      let error = try await failure { try await second.consumer.start() }
      #expect(error.code == .storageFailed && error.message.contains("in use by another consumer of this process"))
      await first.leave()
      try await second.consumer.start()
      try await rig.send(0..<4)
      #expect(await second.seen.wait(for: 4))
      await second.leave()
    }
  }

  /// In Java 4.9 the members would take each other's queues away by the brokers' locks.
  @Test func inOrderLocksNothingAndGivesNothingUp() async throws {
    try await run(queues: 2) { rig, directory in
      try await rig.send(0..<20)
      var members: [(Member, Record<ReceivedMessage>)] = []
      for number in 1...2 {
        var configuration = broadcasting("\(directory)/\(number)")
        configuration.suspension = .milliseconds(10)
        let member = try await Member(rig, configuration)
        let finished = Record<ReceivedMessage>()
        member.consumer.onMessageInOrder { message, _ in
          if message.bodyText == "4", message.reconsumeTimes < 2 { return .suspend }
          finished.add(message)
          return .success
        }
        try await member.consumer.start()
        members.append((member, finished))
      }
      for (member, finished) in members {
        #expect(await finished.wait(for: 20))
        for queue in 0..<2 {
          #expect(finished.items.filter { $0.queueID == queue }.map(\.queueOffset) == Array(0..<10))
        }
        #expect(await member.leave().isClean)
      }
      // Lock, unlock, send-back.
      for code: Int32 in [41, 42, 36] { #expect(await rig.broker.requestCount(code: code) == 0, "request code \(code)") }
    }
  }

  /// Offsets in a file are no business of broadcasting alone.
  @Test func aClusteringGroupMayKeepItsOffsetsInAFileToo() async throws {
    try await run { rig, directory in
      try await rig.send(0..<20)
      for expected in [0..<20, 20..<30] {
        let member = try await Member(rig, .init { $0.offsetStore = FileOffsetStore(directory: directory) }).started()
        #expect(await member.seen.wait(for: expected.count))
        #expect(await member.leave().isClean)
        #expect(member.seen.items.numbers() == Array(expected))
        try await rig.send(20..<30)
      }
    }
  }

  private func run(queues: Int = 4, _ test: (ConsumerRig, String) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
      try await ConsumerRig.run(topics: ["T": queues]) { rig in try await test(rig, directory) }
    }
  }
}

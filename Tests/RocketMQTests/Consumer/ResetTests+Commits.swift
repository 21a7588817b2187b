// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Synchronization
import Testing

@testable import RocketMQ

/// Nothing of before is written over a reset.
extension ResetTests {
  @Test func standsUntilTheFirstMessageIsFinishedWhateverListenersOfBeforeDo() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<20)
      let (old, new) = (Gate(), Gate())
      let isReset = Atomic(false)
      let finishedOld = Record<Int>()
      var configuration = Self.quickCommits
      configuration.concurrency = 100  // so that those who wait hold up nobody
      let member = try await Member(rig, configuration) { message in
        guard message.queueID == 0 else { return .success }
        if isReset.load(ordering: .acquiring) {
          await new.pass()
        } else if message.queueOffset >= 5 {
          await old.pass()
          finishedOld.add(0)
        }
        return message.queueOffset == 7 ? .retryLater : .success
      }.started()
      #expect(await eventually { await rig.committed("G") == [5, 10] })
      isReset.store(true, ordering: .releasing)
      _ = try await reset(rig, .first)
      #expect(await eventually { await rig.committed("G")[0] == 0 })
      #expect(await member.seen.wait { $0.filter { $0.queueID == 0 }.count >= 20 })
      old.open()
      #expect(await finishedOld.wait(for: 5))
      // Commits go on.
      try await rig.send(20..<40)
      #expect(await eventually { await rig.committed("G")[1] == 20 })
      #expect(await rig.committed("G")[0] == 0)
      new.open()
      #expect(await eventually { await rig.committed("G") == [20, 20] })
      await member.leave()
    }
  }

  @Test func cannotBeOverwrittenByACommitThatIsOnItsWay() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      for queue in 0..<1 { try await rig.commit(0, "G", queue: Int32(queue)) }
      let store = SlowStore()
      var configuration = Self.quickCommits
      configuration.offsetStore = store
      let member = try await Member(rig, configuration).started()
      #expect(await store.began.wait { $0.contains(10) }, "the commit of the end is on its way")
      _ = try await reset(rig, .first)
      try await Task.sleep(for: .milliseconds(50))
      #expect(store.written("T") == [], "it waits for the other to end")
      store.gate.open()
      #expect(await member.seen.wait(for: 20))
      #expect(await eventually { store.written("T").last == 10 })
      #expect(store.written("T").prefix(2) == [10, 0])
      await member.leave()
    }
  }

  /// Only so many commits are sent to one broker at a time; the others follow, one by one.
  @Test func cannotBeOverwrittenByACommitThatWaitsForItsTurn() async throws {
    try await ConsumerRig.run(topics: ["T": 24]) { rig in
      try await rig.send(0..<240)
      for queue in 0..<24 { try await rig.commit(0, "G", queue: Int32(queue)) }
      let store = SlowStore { $0 > 0 }
      let gate = Gate()
      let isReset = Atomic(false)
      var configuration = Self.quickCommits
      configuration.offsetStore = store
      configuration.concurrency = 400
      let member = try await Member(rig, configuration, isStepped: true) { _ in
        if isReset.load(ordering: .acquiring) { await gate.pass() }
        return .success
      }.started()
      #expect(await eventually { member.statistics.queues.filter { $0.commitOffset == 10 }.count == 24 })
      rig.clock.advance(by: .milliseconds(20))
      #expect(await store.began.wait { $0.filter { $0 > 0 }.count >= 16 })
      isReset.store(true, ordering: .releasing)
      _ = try await reset(rig, .first)
      #expect(await member.isReset(times: 8), "where no commit is on its way there is nothing to wait for")
      store.gate.open()
      #expect(await member.isReset(times: 24))
      #expect(await member.seen.wait(for: 480))
      #expect(store.offsets("T") == Array(repeating: 0, count: 24))
      gate.open()
      #expect(
        await eventually {
          rig.clock.advance(by: .milliseconds(20))
          return store.offsets("T") == Array(repeating: 10, count: 24)
        })
      await member.leave()
    }
  }

  /// Pulls tell the broker how far the consumer is, long before it commits: what it committed last is not what is stored.
  @Test func isWrittenAlsoWhenItIsWhatWasCommittedLast() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual), topics: ["T": 1]) { rig in
      try await rig.send(0..<3)
      await rig.broker.clock.advance(by: .seconds(60))
      let time = await rig.broker.clock.now
      try await rig.send(3..<10)
      try await rig.commit(3, "G")
      let member = try await Member(rig).started()
      #expect(await member.seen.wait(for: 7))
      try await rig.send(10..<11)
      #expect(await member.seen.wait(for: 8))
      #expect(await eventually { await rig.committed("G")[0] ?? 0 >= 10 })
      _ = try await reset(rig, .time(time))
      #expect(await member.seen.wait { $0.numbers().filter { $0 == 3 }.count == 2 })
      await member.leave()
    }
  }

  /// A broker handles pulls, which carry offsets, and commits side by side.
  @Test func isWrittenAgainWhenAnOffsetOfBeforeHasSlippedIn() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      try await rig.commit(0, "G")
      let store = SlowStore()
      store.gate.open()
      var configuration = Self.quickCommits
      configuration.offsetStore = store
      let member = try await Member(rig, configuration).started()
      #expect(await eventually { store.written("T").last == 10 })
      store.overwriteNext(with: 8)
      _ = try await reset(rig, .first)
      #expect(await member.seen.wait(for: 20))
      #expect(store.written("T").prefix(3) == [10, 0, 0])
      await member.leave()
    }
  }
}

/// A store whose writes of T wait at a gate: all of them, or those of certain offsets.
private final class SlowStore: OffsetStore {
  private struct State {
    var offsets: [MessageQueue: Int64] = [:]
    var history: [(MessageQueue, Int64)] = []
    var overwrite: Int64?
  }

  let gate = Gate()
  /// Offsets of T that began to be written.
  let began = Record<Int64>()
  private let isSlow: @Sendable (Int64) -> Bool
  private let state = Mutex(State())

  init(_ isSlow: @escaping @Sendable (Int64) -> Bool = { _ in true }) { self.isSlow = isSlow }

  /// In the order of the queues.
  func offsets(_ topic: String) -> [Int64] {
    state.withLock { $0.offsets.filter { $0.key.topic == topic }.sorted { $0.key < $1.key }.map(\.value) }
  }

  func written(_ topic: String) -> [Int64] { state.withLock { $0.history.filter { $0.0.topic == topic }.map(\.1) } }

  /// Somebody else writes this right after the next write.
  func overwriteNext(with offset: Int64) { state.withLock { $0.overwrite = offset } }

  func offset(of queue: MessageQueue, group: String) async throws(RocketMQError) -> Int64? {
    state.withLock { $0.offsets[queue] ?? 0 }
  }

  func commit(_ offset: Int64, of queue: MessageQueue, group: String) async throws(RocketMQError) {
    if queue.topic == "T" {
      began.add(offset)
      if isSlow(offset) { await gate.pass() }
    }
    state.withLock { state in
      state.history.append((queue, offset))
      state.offsets[queue] = state.overwrite ?? offset
      state.overwrite = nil
    }
  }
}

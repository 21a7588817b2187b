// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Synchronization
import Testing

@testable import RocketMQ

@Suite("A reset", .timeLimit(.minutes(1)))
struct ResetTests {
  /// Reset within this time, as promised.
  static let promise: Duration = .seconds(1)

  /// A consumer of T whose listeners wait at the gate that `gates` has for their turn; without one they return at once.
  struct Member {
    let client: RocketMQClient
    let consumer: PushConsumer
    let entered = Record<ReceivedMessage>()
    let resets = Record<OffsetReset>()

    init(
      _ rig: ConsumerRig, _ configuration: PushConsumerConfiguration = Member.quickCommits, isStepped: Bool = false,
      _ listener: @escaping @Sendable (ReceivedMessage) async -> ConsumeResult = { _ in .success }
    ) async throws {
      client = try rig.client(isStepped: isStepped)
      consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      let (entered, resets) = (entered, resets)
      consumer.onMessage { message, _ in
        entered.add(message)
        return await listener(message)
      }
      consumer.onEvent { if case .offsetReset(let reset) = $0 { resets.add(reset) } }
    }

    static var quickCommits: PushConsumerConfiguration {
      var configuration = PushConsumerConfiguration()
      configuration.commitInterval = .milliseconds(20)
      return configuration
    }

    var queues: [Int32] { consumer.statistics.queues.filter { $0.queue.topic == "T" }.map(\.queue.queueID) }

    func leave() async {
      await consumer.shutdown(deadline: .seconds(1))
      await client.shutdown()
    }
  }

  /// As an administrator does it.
  private func reset(_ rig: ConsumerRig, _ target: OffsetTarget) async throws -> GroupReset {
    let client = try rig.client()
    let reset = try await Admin(client: client).resetOffsets(of: "G", topic: "T", to: target)
    await client.shutdown()
    return reset
  }

  /// Until the group has committed something for every queue: brokers refuse to reset what they do not know.
  private func untilKnown(_ rig: ConsumerRig) async {
    #expect(await eventually { await rig.committed("G").allSatisfy { $0 != nil } })
  }

  // MARK: Backward and forward

  @Test func backwardBringsEverythingAgainWithinASecond() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<40)
      let member = try await Member(rig)
      try await member.consumer.start()
      #expect(await member.entered.wait(for: 40))
      #expect(await eventually { await rig.committed("G") == rig.ends() })
      let began = ContinuousClock.now
      let reset = try await reset(rig, .first)
      #expect(reset.toldMembers == 1)
      #expect(reset.changes.map(\.to) == [0, 0, 0, 0] && reset.changes.map(\.from) == [10, 10, 10, 10])
      #expect(await member.entered.wait { $0.count == 80 })
      #expect(ContinuousClock.now - began < Self.promise)
      #expect(
        Set(member.resets.items.map(\.queue.queueID)) == [0, 1, 2, 3] && member.resets.items.allSatisfy { $0.to == 0 && $0.from == 10 })
      #expect(await eventually { await rig.committed("G") == rig.ends() })
      await member.leave()
    }
  }

  @Test func forwardPassesOverWhatIsLeft() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<50)
      let gate = Gate()
      var configuration = Member.quickCommits
      configuration.concurrency = 1
      let member = try await Member(rig, configuration) { _ in
        await gate.pass()
        return .success
      }
      try await member.consumer.start()
      #expect(await member.entered.wait(for: 1))
      await untilKnown(rig)
      let began = ContinuousClock.now
      _ = try await reset(rig, .last)
      #expect(await eventually { await rig.committed("G") == [50] })
      #expect(ContinuousClock.now - began < Self.promise, "a listener that takes long does not hold it up")
      gate.open()
      try await rig.send(50..<55)
      #expect(await member.entered.wait { Set($0.numbers()).isSuperset(of: 50..<55) })
      #expect(Set(member.entered.items.numbers()) == Set([0] + Array(50..<55)), "what was cached is passed over")
      await member.leave()
    }
  }

  @Test func toATimeGoesOnWithTheMessageOfThatTime() async throws {
    try await ConsumerRig.run(.init(storage: .memory, clock: .manual), topics: ["T": 1]) { rig in
      try await rig.send(0..<3)
      await rig.broker.clock.advance(by: .seconds(60))
      let time = await rig.broker.clock.now
      try await rig.send(3..<5)
      let member = try await Member(rig)
      try await member.consumer.start()
      #expect(await member.entered.wait(for: 5))
      await untilKnown(rig)
      _ = try await reset(rig, .time(time))
      #expect(await member.entered.wait(for: 7))
      #expect(member.entered.items.suffix(2).numbers() == [3, 4])
      await member.leave()
    }
  }

  // MARK: Nothing of before is written over it

  @Test func standsUntilTheFirstMessageIsFinishedWhateverListenersOfBeforeDo() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<20)
      let (old, new) = (Gate(), Gate())
      let isReset = Atomic(false)
      let finishedOld = Record<Int>()
      var configuration = Member.quickCommits
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
      }
      try await member.consumer.start()
      #expect(await eventually { await rig.committed("G") == [5, 10] })
      isReset.store(true, ordering: .releasing)
      _ = try await reset(rig, .first)
      #expect(await eventually { await rig.committed("G")[0] == 0 })
      #expect(await member.entered.wait { $0.filter { $0.queueID == 0 }.count >= 20 })
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
      var configuration = Member.quickCommits
      configuration.offsetStore = store
      let member = try await Member(rig, configuration)
      try await member.consumer.start()
      #expect(await store.began.wait { $0.contains(10) }, "the commit of the end is on its way")
      _ = try await reset(rig, .first)
      try await Task.sleep(for: .milliseconds(50))
      #expect(store.written("T") == [], "it waits for the other to end")
      store.gate.open()
      #expect(await member.entered.wait(for: 20))
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
      var configuration = Member.quickCommits
      configuration.offsetStore = store
      configuration.concurrency = 400
      let member = try await Member(rig, configuration, isStepped: true) { _ in
        if isReset.load(ordering: .acquiring) { await gate.pass() }
        return .success
      }
      try await member.consumer.start()
      #expect(await eventually { member.consumer.statistics.queues.filter { $0.commitOffset == 10 }.count == 24 })
      rig.clock.advance(by: .milliseconds(20))
      #expect(await store.began.wait { $0.filter { $0 > 0 }.count >= 16 })
      isReset.store(true, ordering: .releasing)
      _ = try await reset(rig, .first)
      #expect(await member.resets.wait(for: 8), "where no commit is on its way there is nothing to wait for")
      store.gate.open()
      #expect(await member.resets.wait(for: 24))
      #expect(await member.entered.wait(for: 480))
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
      let member = try await Member(rig, .init())
      try await member.consumer.start()
      #expect(await member.entered.wait(for: 7))
      try await rig.send(10..<11)
      #expect(await member.entered.wait(for: 8))
      #expect(await eventually { await rig.committed("G")[0] ?? 0 >= 10 })
      _ = try await reset(rig, .time(time))
      #expect(await member.entered.wait { $0.numbers().filter { $0 == 3 }.count == 2 })
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
      var configuration = Member.quickCommits
      configuration.offsetStore = store
      let member = try await Member(rig, configuration)
      try await member.consumer.start()
      #expect(await eventually { store.written("T").last == 10 })
      store.overwriteNext(with: 8)
      _ = try await reset(rig, .first)
      #expect(await member.entered.wait(for: 20))
      #expect(store.written("T").prefix(3) == [10, 0, 0])
      await member.leave()
    }
  }

  // MARK: Whatever the queue is doing

  @Test func findsAQueueThatIsBeingReleased() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<20)
      let gate = Gate()
      var configuration = Member.quickCommits
      configuration.releaseDeadline = .seconds(60)
      let first = try await Member(rig, configuration) { message in
        if message.queueOffset > 0 { await gate.pass() }
        return .success
      }
      try await first.consumer.start()
      #expect(await eventually { await rig.committed("G") == [1, 1] })
      let second = try await Member(rig, Member.quickCommits) { _ in
        await gate.pass()
        return .success
      }
      try await second.consumer.start()
      #expect(await eventually { first.queues.count == 1 && second.queues.count == 1 }, "the other one waits for its messages")
      let began = ContinuousClock.now
      _ = try await reset(rig, .last)
      #expect(await eventually { await rig.committed("G") == [10, 10] })
      #expect(await first.resets.wait(for: 2), "the one it is giving up, too")
      #expect(ContinuousClock.now - began < Self.promise)
      gate.open()
      await first.leave()
      await second.leave()
      #expect(await rig.committed("G") == [10, 10])
    }
  }

  @Test func findsAQueueThatIsBeingTaken() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      try await rig.commit(8, "G")
      let count = await rig.broker.requestCount(code: 14)
      rig.broker.faults.add(Fault(on: .init(code: 14, topic: "T"), effect: .delay(.milliseconds(300)), times: 1))
      let member = try await Member(rig)
      try await member.consumer.start()
      await rig.broker.untilRequests(code: 14, count: count + 1)
      #expect(await eventually { await !rig.broker.members(ofGroup: "G").isEmpty })
      rig.broker.faults.removeAll()
      _ = try await reset(rig, .first)
      #expect(member.queues == [], "the answer to where it is has not come yet")
      #expect(await member.entered.wait { Set($0.numbers()) == Set(0..<10) })
      #expect(await member.resets.wait(for: 1))
      #expect(await eventually { await rig.committed("G") == [10] })
      await member.leave()
    }
  }

  @Test func isDoneWhileTheConsumerIsPaused() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<20)
      let member = try await Member(rig)
      try await member.consumer.start()
      #expect(await member.entered.wait(for: 20))
      await untilKnown(rig)
      member.consumer.pause()
      _ = try await reset(rig, .first)
      #expect(await eventually { await rig.committed("G") == [0, 0, 0, 0] })
      #expect(await eventually { member.queues.count == 4 })
      #expect(member.entered.count == 20)
      member.consumer.resume()
      #expect(await member.entered.wait(for: 40))
      await member.leave()
    }
  }

  @Test func isTriedAgainUntilTheBrokerTakesTheOffset() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      let member = try await Member(rig, .init())
      try await member.consumer.start()
      #expect(await member.entered.wait(for: 10))
      try await rig.commit(0, "G")
      rig.broker.faults.add(Fault(on: .init(code: 15, topic: "T"), effect: .answer(code: 1, remark: "disk full"), times: 3))
      _ = try await reset(rig, .last)
      #expect(await eventually { await rig.committed("G") == [10] })
      #expect(member.entered.count == 10, "nothing is consumed in between")
      await member.leave()
    }
  }

  @Test func leavesTheQueuesOfOtherMembersAlone() async throws {
    try await ConsumerRig.run { rig in
      try await rig.send(0..<40)
      let (first, second) = (try await Member(rig), try await Member(rig))
      try await first.consumer.start()
      try await second.consumer.start()
      #expect(await eventually { first.queues.count == 2 && second.queues.count == 2 })
      #expect(await eventually { await rig.committed("G") == rig.ends() })
      let reset = try await reset(rig, .first)
      #expect(reset.toldMembers == 2)
      #expect(await eventually { first.resets.count + second.resets.count == 4 })
      #expect(Set(first.resets.items.map(\.queue.queueID)).isDisjoint(with: second.resets.items.map(\.queue.queueID)))
      #expect(await eventually { await rig.committed("G") == rig.ends() })
      await first.leave()
      await second.leave()
    }
  }

  @Test func inOrderIsStoredAtOnceButTheQueueWaitsForItsListener() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: Member.quickCommits)
      try await consumer.subscribe("T")
      let (entered, resets) = (Record<ReceivedMessage>(), Record<OffsetReset>())
      let gate = Gate()
      let running = Atomic(0)
      consumer.onMessageInOrder { message, _ in
        #expect(running.add(1, ordering: .relaxed).newValue == 1, "one at a time")
        entered.add(message)
        if message.queueOffset == 5 { await gate.pass() }
        running.subtract(1, ordering: .relaxed)
        return .success
      }
      consumer.onEvent { if case .offsetReset(let reset) = $0 { resets.add(reset) } }
      try await consumer.start()
      #expect(await eventually { await rig.committed("G") == [5] })
      let began = ContinuousClock.now
      _ = try await reset(rig, .first)
      #expect(await resets.wait(for: 1))
      #expect(await rig.committed("G") == [0])
      #expect(ContinuousClock.now - began < Self.promise)
      #expect(entered.count == 6)
      gate.open()
      #expect(await entered.wait(for: 16))
      #expect(entered.items.compactMap { Int($0.bodyText) } == Array(0...5) + Array(0..<10))
      #expect(await eventually { await rig.committed("G") == [10] })
      #expect(await consumer.shutdown().isClean)
      await client.shutdown()
    }
  }

  // MARK: By the broker itself (5.x)

  @Test func thatTheBrokerDoesItselfIsTakenWithTheNextPull() async throws {
    var settings = EmbeddedBroker.Configuration(storage: .memory)
    settings.resetsOffsetsItself = true
    try await ConsumerRig.run(settings, topics: ["T": 1]) { rig in
      try await rig.send(0..<20)
      let gate = Gate()
      let isReset = Atomic(false)
      let member = try await Member(rig) { message in
        // One listener that never ends must not hold it up.
        if message.queueOffset == 19, !isReset.load(ordering: .acquiring) { await gate.pass() }
        return .success
      }
      try await member.consumer.start()
      #expect(await eventually { await rig.committed("G") == [19] })
      await rig.broker.untilHeld(topic: "T", queueID: 0)
      isReset.store(true, ordering: .releasing)
      _ = try await reset(rig, .first)
      let began = ContinuousClock.now
      try await rig.send(20..<21)
      #expect(await member.entered.wait { $0.numbers().filter { $0 == 5 }.count == 2 })
      #expect(ContinuousClock.now - began < Self.promise)
      #expect(await member.entered.wait { Set($0.numbers()) == Set(0...20) })
      gate.open()
      #expect(await eventually { await rig.committed("G") == [21] })
      #expect(member.resets.items.map(\.to) == [0])
      await member.leave()
    }
  }

  @Test func thatTheBrokerDoesItselfReachesAGroupWithoutMembers() async throws {
    var settings = EmbeddedBroker.Configuration(storage: .memory)
    settings.resetsOffsetsItself = true
    try await ConsumerRig.run(settings, topics: ["T": 1]) { rig in
      try await rig.send(0..<10)
      let first = try await Member(rig)
      try await first.consumer.start()
      #expect(await first.entered.wait(for: 10))
      await first.leave()
      _ = try await reset(rig, .first)
      let second = try await Member(rig)
      try await second.consumer.start()
      #expect(await second.entered.wait(for: 10))
      #expect(await eventually { await rig.committed("G") == [10] })
      await second.leave()
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

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite("Rebalance decides")
struct RebalanceStateTests {
  final class Held: Sendable {}
  typealias State = Rebalance<Held>

  let q0 = MessageQueue(topic: "T", brokerName: "b", queueID: 0)
  let q1 = MessageQueue(topic: "T", brokerName: "b", queueID: 1)

  @Test func aRoundComputesAllTopicsAndTriggersDuringItMakeOneMore() {
    var state = State()
    #expect(state.handle(.subscribed(["T", "R"])).texts == ["compute R T"])
    #expect(state.handle(.due).texts == [])
    #expect(state.handle(.due).texts == [])
    #expect(state.handle(.roundEnded).texts == ["compute R T"])
    #expect(state.handle(.roundEnded).texts == [])
  }

  @Test func queuesAreTakenAndTheApplicationHearsOfThemTogether() {
    var state = subscribed()
    #expect(state.handle(allocated(q1, q0)).texts == ["take 0", "take 1"])
    #expect(state.handle(.taken(q0, Held())).texts == [])
    #expect(state.handle(.taken(q1, Held())).texts == ["tell +0,1 -"])
    #expect(Set(state.held.keys) == [q0, q1])
  }

  @Test func whatIsHeldStaysWhenNobodyKnowsTheMembers() {
    var state = holding(q0, q1)
    #expect(state.handle(.notAllocated(topic: "T", retry: true)).texts == ["retry"])
    #expect(state.handle(.notAllocated(topic: "T", retry: true)).texts == [], "one retry is enough")
    #expect(state.held.count == 2)
    #expect(state.handle(.retryDue).texts == ["compute T"])
  }

  @Test func aLostQueueIsReleased() {
    var state = holding(q0, q1)
    #expect(state.handle(allocated(q0)).texts == ["release 1 revoked"])
    #expect(Set(state.held.keys) == [q0])
    #expect(state.handle(.released(q1, retakeAtOnce: true)).texts == ["tell + -1"])
  }

  @Test func aQueueThatIsBeingReleasedIsTakenOnlyAfterwards() {
    var state = holding(q0)
    #expect(state.handle(allocated(q1)).texts == ["release 0 revoked", "take 1"])
    #expect(state.handle(allocated(q0, q1)).texts == [])
    #expect(state.handle(.released(q0, retakeAtOnce: true)).texts == ["take 0", "tell + -0"])
  }

  @Test func aQueueThatIsNoLongerWantedWhenItHasBeenTakenIsReleasedUnheard() {
    var state = subscribed()
    _ = state.handle(allocated(q0))
    #expect(state.handle(allocated(q1)).texts == ["take 1"])
    #expect(state.handle(.taken(q0, Held())).texts == ["release 0 revoked"])
  }

  @Test func whatCannotBeTakenIsTriedAgainAfterASecondAndNotGuessed() {
    var state = subscribed()
    _ = state.handle(allocated(q0, q1))
    #expect(state.handle(.notTaken(q0)).texts == ["retry"])
    #expect(state.handle(.taken(q1, Held())).texts == ["tell +1 -"])
    #expect(state.handle(.retryDue).texts == ["take 0"])
  }

  @Test func aQueueThatAnotherMemberStillHasIsTriedAgainInAMomentButNotForever() {
    var state = subscribed()
    _ = state.handle(allocated(q0, q1))
    #expect(state.handle(.locked(q0)).texts == ["retry soon"])
    #expect(state.handle(.locked(q1)).texts == [], "one retry is enough")
    #expect(state.handle(.retrySoonDue).texts == ["take 0", "take 1"])
    _ = state.handle(.taken(q1, Held()))
    var soon = 0
    while state.handle(.locked(q0)).texts.contains("retry soon") {
      soon += 1
      #expect(state.handle(.retrySoonDue).texts == ["take 0"])
    }
    #expect(soon == 18)
    #expect(state.handle(.retryDue).texts == ["take 0"], "after a second, as long as it takes")
    #expect(state.handle(allocated(q1)).texts == [])
    #expect(state.handle(.locked(q0)).texts == [], "it is not wanted any more")
  }

  @Test func aQueueWhoseLockIsLostIsReleasedAndTriedAgainLater() {
    var state = holding(q0)
    let held = state.held[q0]!
    #expect(state.handle(.lockLost(q0, Held())).texts == [], "that was another life of the queue")
    #expect(state.handle(.lockLost(q0, held)).texts == ["release 0 lost"])
    #expect(state.handle(.released(q0, retakeAtOnce: false)).texts == ["retry", "tell + -0"])
    #expect(state.handle(.retryDue).texts == ["take 0"])
  }

  @Test func anIllegalOffsetIsCorrectedAndTheQueueTakenAgain() {
    var state = holding(q0)
    let held = state.held[q0]!
    #expect(state.handle(.offsetIllegal(q0, held, next: 7)).texts == ["release 0 7"])
    #expect(state.handle(.offsetIllegal(q0, held, next: 7)).texts == [], "it is being released already")
    #expect(state.handle(.released(q0, retakeAtOnce: true)).texts == ["take 0", "tell + -0"])
    #expect(state.handle(.taken(q0, Held())).texts == ["tell +0 -"])
    #expect(state.handle(.offsetIllegal(q0, held, next: 7)).texts == [], "that was another life of the queue")
  }

  @Test func aCorrectionThatFailsIsTriedAgainLater() {
    var state = holding(q0)
    _ = state.handle(.offsetIllegal(q0, state.held[q0]!, next: 7))
    #expect(state.handle(.released(q0, retakeAtOnce: false)).texts == ["retry", "tell + -0"])
    #expect(state.handle(.retryDue).texts == ["take 0"])
  }

  @Test func aQueueThatIsResetIsReleasedWithTheNewOffsetAndTakenAgain() {
    var state = holding(q0, q1)
    #expect(state.handle(.reset(q0, to: 7)).texts == ["release 0 reset 7"])
    #expect(Set(state.held.keys) == [q1])
    #expect(state.handle(.released(q0, retakeAtOnce: true, reset: 7)).texts == ["take 0", "tell + -0"])
    #expect(state.handle(.taken(q0, Held())).texts == ["tell +0 -"])
  }

  @Test func aResetThatFindsTheQueueBeingTakenIsDoneAfterwards() {
    var state = subscribed()
    _ = state.handle(allocated(q0))
    #expect(state.handle(.reset(q0, to: 7)).texts == [])
    #expect(state.handle(.taken(q0, Held())).texts == ["release 0 reset 7"], "it may have begun at the offset of before")
    #expect(state.handle(.released(q0, retakeAtOnce: true, reset: 7)).texts == ["take 0"])
    #expect(state.handle(.taken(q0, Held())).texts == ["tell +0 -"])
  }

  @Test func aResetThatFindsTheQueueBeingReleasedIsWrittenAfterwardsAlsoWhenAnotherMemberGetsIt() {
    var state = holding(q0)
    #expect(state.handle(allocated(q1)).texts == ["release 0 revoked", "take 1"])
    #expect(state.handle(.reset(q0, to: 7)).texts == ["hurry 7"])
    #expect(state.handle(.released(q0, retakeAtOnce: true)).texts == ["release 0 reset 7"])
    #expect(state.handle(.released(q0, retakeAtOnce: true, reset: 7)).texts == ["tell + -0"])
  }

  @Test func aReleaseThatStoresTheResetItselfIsEnough() {
    var state = holding(q0)
    _ = state.handle(allocated(q1))
    #expect(state.handle(.reset(q0, to: 7)).texts == ["hurry 7"])
    #expect(state.handle(.released(q0, retakeAtOnce: true, reset: 7)).texts == ["tell + -0"])
  }

  @Test func ofTwoResetsTheLastCounts() {
    var state = holding(q0)
    #expect(state.handle(.reset(q0, to: 7)).texts == ["release 0 reset 7"])
    #expect(state.handle(.reset(q0, to: 9)).texts == ["hurry 9"])
    #expect(state.handle(.released(q0, retakeAtOnce: true)).texts == ["release 0 reset 9"])
    #expect(state.handle(.released(q0, retakeAtOnce: true, reset: 9)).texts == ["take 0", "tell + -0"])
  }

  @Test func aResetThatCannotBeWrittenIsTriedAgainBeforeAnythingIsConsumed() {
    var state = holding(q0)
    _ = state.handle(.reset(q0, to: 7))
    #expect(state.handle(.released(q0, retakeAtOnce: false)).texts == ["retry", "tell + -0"])
    #expect(state.handle(.retryDue).texts == ["take 0"])
    #expect(state.handle(.taken(q0, Held())).texts == ["release 0 reset 7"])
    #expect(state.handle(.released(q0, retakeAtOnce: true, reset: 7)).texts == ["take 0"])
  }

  @Test func aResetThatFindsTheQueueWaitingToBeTakenTakesItAtOnce() {
    var state = subscribed()
    _ = state.handle(allocated(q0))
    _ = state.handle(.notTaken(q0))
    #expect(state.handle(.reset(q0, to: 7)).texts == ["take 0"])
    #expect(state.handle(.taken(q0, Held())).texts == ["release 0 reset 7"])
  }

  @Test func aResetOfAQueueOfAnotherMemberIsItsAffair() {
    var state = holding(q0)
    #expect(state.handle(.reset(q1, to: 7)).texts == [])
    #expect(state.handle(allocated(q0, q1)).texts == ["take 1"])
    #expect(state.handle(.taken(q1, Held())).texts == ["tell +1 -"])
  }

  @Test func aResetIsWrittenBeforeTheEnd() {
    var state = holding(q0)
    #expect(state.handle(.stop).texts == ["release 0 stopping"])
    #expect(state.handle(.reset(q0, to: 7)).texts == ["hurry 7"])
    #expect(state.handle(.released(q0, retakeAtOnce: true)).texts == ["release 0 reset 7"])
    #expect(state.handle(.released(q0, retakeAtOnce: false)).texts == ["tell + -0", "ended"], "it has been tried")
  }

  @Test func unsubscribingReleasesTheTopic() {
    var state = holding(q0, q1)
    #expect(state.handle(.subscribed(["R"])).texts == ["release 0 revoked", "release 1 revoked", "compute R"])
    #expect(state.handle(allocated(q0, q1)).texts == [], "a late answer to the round before")
  }

  @Test func stoppingReleasesEverythingAndThenEnds() {
    var state = holding(q0)
    _ = state.handle(allocated(q0, q1))
    #expect(state.handle(.stop).texts == ["release 0 stopping"])
    #expect(state.handle(.released(q0, retakeAtOnce: true)).texts == ["tell + -0"])
    #expect(state.handle(.due).texts == [])
    #expect(state.handle(.taken(q1, Held())).texts == ["release 1 stopping"], "it was being taken when the stop came")
    #expect(state.handle(.released(q1, retakeAtOnce: true)).texts == ["ended"])
    #expect(state.handle(.stop).texts == [])
  }

  @Test func stoppingWithNothingEndsAtOnce() {
    var state = State()
    #expect(state.handle(.stop).texts == ["ended"])
  }

  /// Random schedules: no queue is ever taken while another life of it is not over, and none is held while a reset has to be written.
  @Test func noQueueEverHasTwoLives() {
    var random = SplitMix(seed: 7)
    for _ in 0..<300 {
      var state = subscribed()
      var taking: Set<MessageQueue> = []
      var alive: [MessageQueue: Held] = [:]
      var releasing: [MessageQueue: (held: Held, reason: State.ReleaseReason)] = [:]
      var resets: [MessageQueue: Int64] = [:]
      var wanted: Set<MessageQueue> = []
      for step in 0..<60 {
        let event: State.Event
        switch Int.random(in: 0..<8, using: &random) {
        case 0: event = allocated(contentsOf: [q0, q1].filter { _ in Bool.random(using: &random) })
        case 1: event = taking.randomElement(using: &random).map { .taken($0, Held()) } ?? .due
        case 2: event = taking.randomElement(using: &random).map { .notTaken($0) } ?? .due
        case 3:
          event =
            releasing.randomElement(using: &random).map { queue, life in
              let isStored = Bool.random(using: &random)
              let reset: Int64? = if isStored, case .reset(let offset) = life.reason { offset } else { nil }
              return .released(queue, retakeAtOnce: isStored, reset: reset)
            } ?? .due
        case 4: event = alive.randomElement(using: &random).map { .offsetIllegal($0.key, $0.value, next: 1) } ?? .due
        case 5: event = .retryDue
        case 6: event = .reset([q0, q1].randomElement(using: &random)!, to: Int64(step))
        default: event = step > 50 ? .stop : .roundEnded
        }
        var released: (queue: MessageQueue, held: Held)?
        switch event {
        case .taken(let queue, let held):
          taking.remove(queue)
          alive[queue] = held
        case .notTaken(let queue): taking.remove(queue)
        case .released(let queue, _, let stored):
          released = (queue, releasing.removeValue(forKey: queue)!.held)
          if let stored, stored == resets[queue] { resets[queue] = nil }
        case .allocated(_, let allocation): if !state.isStopping { wanted = allocation.queues }
        case .stop: wanted = []
        case .reset(let queue, let offset):
          if wanted.contains(queue) || taking.contains(queue) || alive[queue] != nil || releasing[queue] != nil { resets[queue] = offset }
        default: break
        }
        for action in state.handle(event) {
          switch action {
          case .take(let queue):
            #expect(!taking.contains(queue) && alive[queue] == nil && releasing[queue] == nil)
            taking.insert(queue)
          case .release(let queue, let held, let reason):
            #expect(alive[queue] === held || released?.queue == queue && released?.held === held)
            alive[queue] = nil
            releasing[queue] = (held, reason)
          case .ended: #expect(taking.isEmpty && alive.isEmpty && releasing.isEmpty)
          default: break
          }
        }
        #expect(Set(state.held.keys) == Set(alive.keys))
        // Where it is gone and not wanted any more, it is another member's.
        resets = resets.filter { queue, _ in taking.contains(queue) || releasing[queue] != nil || wanted.contains(queue) }
        for queue in resets.keys { #expect(alive[queue] == nil) }
      }
    }
  }

  private func subscribed() -> State {
    var state = State()
    _ = state.handle(.subscribed(["T"]))
    _ = state.handle(.roundEnded)
    return state
  }

  private func holding(_ queues: MessageQueue...) -> State {
    var state = subscribed()
    _ = state.handle(allocated(contentsOf: queues))
    for queue in queues { _ = state.handle(.taken(queue, Held())) }
    return state
  }

  private func allocated(_ queues: MessageQueue...) -> State.Event { allocated(contentsOf: queues) }
  private func allocated(contentsOf queues: [MessageQueue]) -> State.Event {
    .allocated(topic: "T", .init(queues: Set(queues), members: ["c0"]))
  }
}

extension [RebalanceStateTests.State.Action] {
  fileprivate var texts: [String] {
    map { action in
      switch action {
      case .computeAllocations(let topics): "compute \(topics.sorted().joined(separator: " "))"
      case .take(let queue): "take \(queue.queueID)"
      case .release(let queue, _, .revoked): "release \(queue.queueID) revoked"
      case .release(let queue, _, .stopping): "release \(queue.queueID) stopping"
      case .release(let queue, _, .lockLost): "release \(queue.queueID) lost"
      case .release(let queue, _, .offsetIllegal(let next)): "release \(queue.queueID) \(next)"
      case .release(let queue, _, .reset(let offset)): "release \(queue.queueID) reset \(offset)"
      case .hurry(_, let offset): "hurry \(offset)"
      case .retryLater: "retry"
      case .retrySoon: "retry soon"
      case .tell(let event): "tell +\(event.assigned.ids) -\(event.revoked.ids)"
      case .ended: "ended"
      }
    }
  }
}

extension [MessageQueue] {
  fileprivate var ids: String { map { String($0.queueID) }.joined(separator: ",") }
}

/// The same numbers in every run.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

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

  /// Random schedules: no queue is ever taken while another life of it is not over.
  @Test func noQueueEverHasTwoLives() {
    var random = SplitMix(seed: 7)
    for _ in 0..<300 {
      var state = subscribed()
      var taking: Set<MessageQueue> = []
      var alive: [MessageQueue: Held] = [:]
      var releasing: Set<MessageQueue> = []
      for step in 0..<60 {
        let event: State.Event
        switch Int.random(in: 0..<7, using: &random) {
        case 0: event = allocated(contentsOf: [q0, q1].filter { _ in Bool.random(using: &random) })
        case 1: event = taking.randomElement(using: &random).map { .taken($0, Held()) } ?? .due
        case 2: event = taking.randomElement(using: &random).map { .notTaken($0) } ?? .due
        case 3: event = releasing.randomElement(using: &random).map { .released($0, retakeAtOnce: Bool.random(using: &random)) } ?? .due
        case 4: event = alive.randomElement(using: &random).map { .offsetIllegal($0.key, $0.value, next: 1) } ?? .due
        case 5: event = .retryDue
        default: event = step > 50 ? .stop : .roundEnded
        }
        switch event {
        case .taken(let queue, let held):
          taking.remove(queue)
          alive[queue] = held
        case .notTaken(let queue): taking.remove(queue)
        case .released(let queue, _): releasing.remove(queue)
        default: break
        }
        for action in state.handle(event) {
          switch action {
          case .take(let queue):
            #expect(!taking.contains(queue) && alive[queue] == nil && !releasing.contains(queue))
            taking.insert(queue)
          case .release(let queue, let held, _):
            #expect(alive[queue] === held)
            alive[queue] = nil
            releasing.insert(queue)
          case .ended: #expect(taking.isEmpty && alive.isEmpty && releasing.isEmpty)
          default: break
          }
        }
        #expect(Set(state.held.keys) == Set(alive.keys))
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

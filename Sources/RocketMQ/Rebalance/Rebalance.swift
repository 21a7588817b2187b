// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a consumer's queues are doing and what is to be done next: rebalance without its effects. Java: `RebalanceImpl`.
///
/// Every queue goes `taking -> held -> releasing -> gone`. A queue that is wanted again while it is being released is taken only when that
/// is over, so nothing of its two lives can mix. `Held` is what stands for a queue that is consumed;
/// each time a queue is taken there is a new one.
package struct Rebalance<Held: AnyObject & Sendable>: Sendable {
  /// What has happened.
  package enum Event: Sendable {
    /// These are the subscribed topics now; those that are new get a round, those that are gone lose their queues.
    case subscribed(Set<String>)
    /// Something may have changed: compute all allocations anew.
    case due
    /// The answer to ``Action/computeAllocations(_:)``, topic by topic.
    case allocated(topic: String, Allocation)
    /// It could not be computed: what is held stays. `retry` is false when somebody will say that it is due again.
    case notAllocated(topic: String, retry: Bool)
    case roundEnded
    /// The answers to ``Action/take(_:)``.
    case taken(MessageQueue, Held)
    case notTaken(MessageQueue)
    /// Not taken either: another member still has it.
    case locked(MessageQueue)
    /// A held queue is another member's by now: nothing of it may be consumed or committed any more.
    case lockLost(MessageQueue, Held)
    /// The broker says that the offset of a held queue is outside the queue, and which one to go on with.
    case offsetIllegal(MessageQueue, Held, next: Int64)
    /// Something is wrong with a held queue: it is released, and taken anew.
    case stuck(MessageQueue, Held)
    /// Somebody has said where the group is to go on with a queue. It concerns whoever has the queue, or is about to.
    case reset(MessageQueue, to: Int64)
    /// The answer to ``Action/release(_:_:_:)``. `retakeAtOnce` is false when something failed. `reset`: the offset of a reset that has
    /// been stored with it.
    case released(MessageQueue, retakeAtOnce: Bool, reset: Int64? = nil)
    /// The answers to ``Action/retryLater`` and ``Action/retrySoon``.
    case retryDue
    case retrySoonDue
    case stop
  }

  /// What is to be done; each is answered by an event.
  package enum Action: Sendable {
    case computeAllocations(Set<String>)
    case take(MessageQueue)
    case release(MessageQueue, Held, ReleaseReason)
    /// A queue that is being released has been reset: its offset is of no interest any more, nor is waiting for messages in hand, unless
    /// for its lock. Where it is too late to store this one with it, another ``release(_:_:_:)`` follows. Not answered.
    case hurry(Held, to: Int64)
    /// Come back in a second.
    case retryLater
    /// Come back in a moment: another member is about to give a queue up.
    case retrySoon
    /// Tell the application; not answered.
    case tell(RebalanceEvent)
    /// Stopped, and every queue is gone; not answered.
    case ended
  }

  /// One member's share of a topic.
  package struct Allocation: Sendable, Equatable {
    package var queues: Set<MessageQueue>
    /// Of the whole group, sorted.
    package var members: [String]

    package init(queues: Set<MessageQueue>, members: [String]) {
      self.queues = queues
      self.members = members
    }
  }

  package enum ReleaseReason: Sendable, Equatable {
    /// Another member gets it, or the topic is no longer subscribed to.
    case revoked
    /// The stored offset must be set to this one.
    case offsetIllegal(next: Int64)
    case lockLost
    /// The stored offset must be set to this one, and nothing of what was pulled matters any more.
    case reset(to: Int64)
    case stopping
  }

  private enum Phase {
    case taking
    case held(Held)
    case releasing(Held, ReleaseReason)

    var isTaking: Bool { if case .taking = self { true } else { false } }
    var isReleasing: Bool { if case .releasing = self { true } else { false } }
  }

  private var topics: Set<String> = []
  private var wanted: [String: Allocation] = [:]
  private var phases: [MessageQueue: Phase] = [:]
  /// Where queues that are not gone must go on; each stays until it is written.
  private var resets: [MessageQueue: Int64] = [:]
  private var isComputing = false
  private var isDueAgain = false
  private var isRetrying = false
  private var isRetryingSoon = false
  /// How often in a row queues have been found locked.
  private var refusals: [MessageQueue: Int] = [:]
  /// So often a locked queue is tried again in a moment; then it seems to be locked for longer.
  private static var impatience: Int { 20 }
  private var mustCompute = false
  private var hasEnded = false
  package private(set) var isStopping = false
  /// Not yet told: assigned and revoked queues by topic.
  private var assigned: [String: Set<MessageQueue>] = [:]
  private var revoked: [String: Set<MessageQueue>] = [:]

  package init() {}

  /// The queues that are consumed now.
  package var held: [MessageQueue: Held] {
    phases.compactMapValues { if case .held(let held) = $0 { held } else { nil } }
  }

  /// How many queues of a topic are consumed now, or soon.
  package func shareCount(ofTopic topic: String) -> Int { wanted[topic]?.queues.count ?? 0 }

  package mutating func handle(_ event: Event) -> [Action] {
    var actions: [Action] = []
    switch event {
    case .subscribed(let topics): subscribed(topics, &actions)
    case .due: compute(&actions)
    case .allocated(let topic, let allocation): allocated(topic, allocation, &actions)
    case .notAllocated(let topic, let mayRetry):
      if mayRetry, topics.contains(topic) {
        mustCompute = true
        retry(&actions)
      }
    case .roundEnded:
      isComputing = false
      if isDueAgain { compute(&actions) }
    case .taken(let queue, let held): taken(queue, held, &actions)
    case .notTaken(let queue):
      phases[queue] = nil
      refusals[queue] = nil
      if isWanted(queue) { retry(&actions) }
    case .locked(let queue): locked(queue, &actions)
    case .lockLost(let queue, let whose):
      if case .held(let held)? = phases[queue], held === whose { release(queue, held, .lockLost, &actions) }
    case .offsetIllegal(let queue, let whose, let next):
      if case .held(let held)? = phases[queue], held === whose { release(queue, held, .offsetIllegal(next: next), &actions) }
    case .stuck(let queue, let whose):
      if case .held(let held)? = phases[queue], held === whose { release(queue, held, .revoked, &actions) }
    case .reset(let queue, let offset): reset(queue, to: offset, &actions)
    case .released(let queue, let retakeAtOnce, let stored): released(queue, retakeAtOnce, stored, &actions)
    case .retryDue:
      isRetrying = false
      tryAgain(&actions)
    case .retrySoonDue:
      isRetryingSoon = false
      tryAgain(&actions)
    case .stop: stop(&actions)
    }
    // Somebody else's, from now on.
    if !resets.isEmpty { resets = resets.filter { phases[$0.key] != nil || isWanted($0.key) } }
    tell(&actions)
    if isStopping, phases.isEmpty, !hasEnded {
      hasEnded = true
      actions.append(.ended)
    }
    return actions
  }

  // MARK: Allocations

  private mutating func subscribed(_ topics: Set<String>, _ actions: inout [Action]) {
    guard !isStopping else { return }
    self.topics = topics
    for topic in wanted.keys where !topics.contains(topic) {
      wanted[topic] = nil
      letGo(of: topic, &actions)
    }
    compute(&actions)
  }

  private mutating func compute(_ actions: inout [Action]) {
    guard !isStopping, !topics.isEmpty else { return }
    isDueAgain = isComputing
    guard !isComputing else { return }
    isComputing = true
    mustCompute = false
    actions.append(.computeAllocations(topics))
  }

  private mutating func allocated(_ topic: String, _ allocation: Allocation, _ actions: inout [Action]) {
    guard !isStopping, topics.contains(topic) else { return }
    wanted[topic] = allocation
    letGo(of: topic, &actions)
    for queue in allocation.queues.sorted() where phases[queue] == nil { take(queue, &actions) }
  }

  private func isWanted(_ queue: MessageQueue) -> Bool {
    !isStopping && wanted[queue.topic]?.queues.contains(queue) == true
  }

  // MARK: Queues

  private mutating func take(_ queue: MessageQueue, _ actions: inout [Action]) {
    phases[queue] = .taking
    actions.append(.take(queue))
  }

  private mutating func locked(_ queue: MessageQueue, _ actions: inout [Action]) {
    phases[queue] = nil
    guard isWanted(queue) else {
      refusals[queue] = nil
      return
    }
    refusals[queue, default: 0] += 1
    if refusals[queue, default: 0] < Self.impatience { retrySoon(&actions) } else { retry(&actions) }
  }

  private mutating func taken(_ queue: MessageQueue, _ held: Held, _ actions: inout [Action]) {
    refusals[queue] = nil
    if let offset = resets[queue] {
      // It may have begun at the offset of before.
      releaseUnheard(queue, held, .reset(to: offset), &actions)
    } else if isWanted(queue) {
      phases[queue] = .held(held)
      assigned[queue.topic, default: []].insert(queue)
    } else {
      releaseUnheard(queue, held, isStopping ? .stopping : .revoked, &actions)
    }
  }

  private mutating func reset(_ queue: MessageQueue, to offset: Int64, _ actions: inout [Action]) {
    switch phases[queue] {
    case .held(let held): release(queue, held, .reset(to: offset), &actions)
    case .releasing(let held, _): actions.append(.hurry(held, to: offset))
    case .taking: break
    case nil:
      // Whoever has the queue is told, too.
      guard isWanted(queue) else { return }
      take(queue, &actions)
    }
    resets[queue] = offset
  }

  private mutating func released(_ queue: MessageQueue, _ retakeAtOnce: Bool, _ stored: Int64?, _ actions: inout [Action]) {
    guard case .releasing(let held, let reason)? = phases[queue] else { return }
    if let offset = resets[queue] {
      if stored == offset {
        resets[queue] = nil
      } else if reason != .reset(to: offset) {
        return releaseUnheard(queue, held, .reset(to: offset), &actions)
      }
    }
    phases[queue] = nil
    if isWanted(queue) { if retakeAtOnce { take(queue, &actions) } else { retry(&actions) } }
  }

  /// Releases the held queues of `topic` that are no longer wanted.
  private mutating func letGo(of topic: String, _ actions: inout [Action]) {
    for (queue, phase) in phases.sorted(by: { $0.key < $1.key }) where queue.topic == topic && !isWanted(queue) {
      guard case .held(let held) = phase else { continue }
      release(queue, held, isStopping ? .stopping : .revoked, &actions)
    }
  }

  private mutating func release(_ queue: MessageQueue, _ held: Held, _ reason: ReleaseReason, _ actions: inout [Action]) {
    // Not told as assigned yet: then there is nothing to take back.
    if assigned[queue.topic]?.remove(queue) == nil { revoked[queue.topic, default: []].insert(queue) }
    releaseUnheard(queue, held, reason, &actions)
  }

  private mutating func releaseUnheard(_ queue: MessageQueue, _ held: Held, _ reason: ReleaseReason, _ actions: inout [Action]) {
    phases[queue] = .releasing(held, reason)
    actions.append(.release(queue, held, reason))
  }

  private mutating func retry(_ actions: inout [Action]) {
    guard !isStopping, !isRetrying else { return }
    isRetrying = true
    actions.append(.retryLater)
  }

  private mutating func retrySoon(_ actions: inout [Action]) {
    guard !isStopping, !isRetryingSoon else { return }
    isRetryingSoon = true
    actions.append(.retrySoon)
  }

  private mutating func tryAgain(_ actions: inout [Action]) {
    guard !isStopping else { return }
    if mustCompute { compute(&actions) }
    for (_, allocation) in wanted {
      for queue in allocation.queues.sorted() where phases[queue] == nil { take(queue, &actions) }
    }
  }

  private mutating func stop(_ actions: inout [Action]) {
    guard !isStopping else { return }
    isStopping = true
    for topic in Set(phases.keys.map(\.topic)) { letGo(of: topic, &actions) }
  }

  // MARK: Telling

  /// One event a topic for what was taken together, one for what was released together.
  private mutating func tell(_ actions: inout [Action]) {
    for (topic, queues) in assigned where queues.isEmpty { assigned[topic] = nil }
    for (topic, queues) in assigned where !phases.contains(where: { $0.key.topic == topic && $0.value.isTaking }) {
      assigned[topic] = nil
      actions.append(.tell(event(topic, assigned: queues, revoked: [])))
    }
    for (topic, queues) in revoked where !phases.contains(where: { $0.key.topic == topic && $0.value.isReleasing }) {
      revoked[topic] = nil
      actions.append(.tell(event(topic, assigned: [], revoked: queues)))
    }
  }

  private func event(_ topic: String, assigned: Set<MessageQueue>, revoked: Set<MessageQueue>) -> RebalanceEvent {
    RebalanceEvent(
      topic: topic, assigned: assigned.sorted(), revoked: revoked.sorted(), owned: held.keys.filter { $0.topic == topic }.sorted(),
      members: wanted[topic]?.members ?? [])
  }
}

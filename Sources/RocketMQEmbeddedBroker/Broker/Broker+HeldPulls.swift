// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// A pull that waits for messages. Java: `PullRequest`.
struct HeldPull {
  struct ID: Hashable {
    let number: UInt64
  }

  /// Milliseconds; nobody waits longer, whatever it asks for.
  static let longest: Int64 = 24 * 3_600_000

  let id: ID
  let pull: PullRequest
  let filter: MessageFilter
  let path: ReplyPath
  /// Ends the wait.
  let timer: TimerQueue<Broker.TimerAction>.Handle
}

/// Someone who waits for pulls to wait.
struct HoldWatcher {
  let queue: ConsumeQueue
  let count: Int
  let continuation: CheckedContinuation<Void, Never>

  var isSatisfied: Bool { queue.held.count >= count }
}

// Long polling. Java: `PullRequestHoldService`. Everything happens on one thread, so nothing can arrive between looking at a queue and
// waiting on it; the Java broker's checks every 5 s are not needed, and a wait ends when it should.
extension Broker {
  /// False when the pull does not want to wait.
  func hold(_ pull: PullRequest, _ filter: MessageFilter, on queue: ConsumeQueue, _ path: ReplyPath) -> Bool {
    guard let holdTime = pull.holdTime, holdTime > 0 else { return false }
    lastHeldPull += 1
    let id = HeldPull.ID(number: lastHeldPull)
    let timer = at(now + min(holdTime, HeldPull.longest), .endHold(queue, id))
    var path = path
    path.responder = path.responder.inJSON
    queue.held.append(HeldPull(id: id, pull: pull, filter: filter, path: path, timer: timer))
    tellHoldWatchers()
    return true
  }

  /// Returns when at least `count` pulls wait on the queue, or the broker stops.
  func untilHeld(topic: String, queueID: Int32, count: Int) async {
    let queue = store.queue(topic, queueID)
    if isClosed || queue.held.count >= count { return }
    await withCheckedContinuation { holdWatchers.append(HoldWatcher(queue: queue, count: count, continuation: $0)) }
  }

  private func tellHoldWatchers() {
    for watcher in holdWatchers where watcher.isSatisfied { watcher.continuation.resume() }
    holdWatchers.removeAll { $0.isSatisfied }
  }

  func dismissHoldWatchers() {
    for watcher in holdWatchers { watcher.continuation.resume() }
    holdWatchers = []
  }

  /// Its time is over: it is answered with what there is now.
  func endHold(_ id: HeldPull.ID, on queue: ConsumeQueue) {
    guard let index = queue.held.firstIndex(where: { $0.id == id }) else { return }
    resume(queue.held.remove(at: index))
  }

  /// Messages from `offset` on have come into `queue`.
  func wakeHeldPulls(of queue: ConsumeQueue, from offset: Int64) {
    if queue.held.isEmpty { return }
    let held = queue.held
    queue.held = held.filter { !isWanted($0, queue, from: offset) }
    if queue.held.count == held.count { return }
    for pull in held where isWanted(pull, queue, from: offset) { resume(pull) }
  }

  private func isWanted(_ held: HeldPull, _ queue: ConsumeQueue, from offset: Int64) -> Bool {
    queue.withEntries(from: min(max(offset, held.pull.offset), queue.next)) { entries in
      entries.contains { store.passes($0, held.filter) }
    }
  }

  private func resume(_ held: HeldPull) {
    cancel(held.timer)
    answer(held.pull, held.path, mayHold: false)
  }

  /// All that wait on the queue are answered, whatever there is.
  func resumeHeldPulls(of queue: ConsumeQueue) {
    let held = queue.held
    queue.held = []
    for pull in held { resume(pull) }
  }

  /// There is nobody left to answer.
  func dropHeldPulls(of connection: ConnectionID) {
    for queue in store.allQueues where !queue.held.isEmpty {
      for held in queue.held where held.path.connection == connection { cancel(held.timer) }
      queue.held.removeAll { $0.path.connection == connection }
    }
  }
}

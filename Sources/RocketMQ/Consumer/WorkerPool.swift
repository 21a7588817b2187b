// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// What a worker has done since it last held the lock.
struct WorkDone {
  var slot: RunSlot?
  /// No longer in hand.
  var count = 0
  var consumed = 0
  var failed = 0
  var passedOver = 0
  /// In order: given back, and whether the queue's next turn waits.
  var back = 0
  var suspends = false
}

/// The tasks of a dispatcher, and the line of queues that they serve: who sleeps, who is woken, who waits for a queue's end.
///
/// A fixed number of tasks, however many queues there are; one lock a slice of messages.
final class WorkerPool<Again: Sendable>: Sendable {
  typealias Line = RunQueue<OwnedQueue, Again>

  struct State {
    var line: Line
    var counts = DispatchCounts()
    fileprivate var sleepers: [UnsafeContinuation<Void, Never>] = []
    /// Woken between being told to sleep and falling asleep.
    fileprivate var wokenEarly = 0
    fileprivate var drains: [RunSlot: UnsafeContinuation<Void, Never>] = [:]
    fileprivate var isWaitingOver = false
    /// Those who come for a message themselves get none any more.
    fileprivate var hasEnded = false
  }

  /// The workers, and whatever else ends with them.
  let tasks = TaskBag()
  private let state: Mutex<State>
  private let discipline: Line.Discipline
  private let clock: any Clock<Duration>

  init(workers: Int, _ discipline: Line.Discipline, clock: any Clock<Duration>) {
    self.discipline = discipline
    self.clock = clock
    state = Mutex(State(line: Line(wantedWorkers: workers, discipline)))
  }

  var counts: DispatchCounts { state.withLock { $0.counts } }

  func add(_ make: (RunSlot) throws(RocketMQError) -> OwnedQueue) throws(RocketMQError) -> OwnedQueue {
    try state.withLock { (state) throws(RocketMQError) in try state.line.add(make) }
  }

  func remove(_ queue: OwnedQueue) { state.withLock { $0.line.remove(queue.slot) } }

  func unfinished(_ queue: OwnedQueue) -> Int { state.withLock { $0.line.unfinished(queue.slot) } }

  func isBusy(_ queue: OwnedQueue) -> Bool { state.withLock { $0.line.isBusy(queue.slot) } }

  /// Changes the line, then wakes those who have to hear of it: a worker when `wake` is true, who waits for the end of `ended` when that
  /// is not nil.
  func update(_ change: (inout State) -> (wake: Bool, ended: RunSlot?)) {
    let (sleeper, drained) = state.withLock { state in
      let (wake, ended) = change(&state)
      return (wake ? state.wakeOne() : nil, ended.flatMap { state.drains.removeValue(forKey: $0) })
    }
    sleeper?.resume()
    drained?.resume()
  }

  /// For what ends elsewhere than on the worker that began it.
  func report(_ done: WorkDone) {
    update { state in
      let ended = state.finish(done, discipline)
      return (state.line.wakesOne(), ended)
    }
  }

  // MARK: The end of a queue

  /// Until `begin`, or the last message of the queue, says that it is done; not longer than `bound`, and not at all when waiting is over.
  func wait(
    for queue: OwnedQueue, within bound: Duration?, evenAtTheEnd: Bool = false, begin: (inout Line) -> Bool
  ) async {
    let timer = bound.map { bound in
      Task {
        try? await clock.sleep(for: bound)
        state.withLock { $0.drains.removeValue(forKey: queue.slot) }?.resume()
      }
    }
    await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
      let waits = state.withLock { state in
        if begin(&state.line) || (state.isWaitingOver && !evenAtTheEnd) || queue.isAbandoned { return false }
        state.drains[queue.slot] = done
        return true
      }
      if !waits { done.resume() }
    }
    timer?.cancel()
  }

  func stopWaiting(for queue: OwnedQueue) { state.withLock { $0.drains.removeValue(forKey: queue.slot) }?.resume() }

  func giveUpWaiting() {
    let drains = state.withLock { state in
      state.isWaitingOver = true
      return exchange(&state.drains, with: [:])
    }
    for drained in drains.values { drained.resume() }
  }

  // MARK: Callers that are no workers

  var hasEnded: Bool { state.withLock { $0.hasEnded } }

  func end() {
    state.withLock { $0.hasEnded = true }
    wakeAll()
  }

  /// Whoever sleeps looks again, though there may be nothing to take.
  func wakeAll() {
    let sleepers = state.withLock { state in
      (0..<state.line.wakeAll()).compactMap { _ in state.wakeOne() }
    }
    for sleeper in sleepers { sleeper.resume() }
  }

  /// Goes away instead of asking for the next step.
  func leave(_ done: WorkDone, _ wasWoken: Bool) {
    update { state in
      let ended = state.finish(done, discipline)
      return (wasWoken && state.line.leave(), ended)
    }
  }

  // MARK: Workers

  /// How many workers to start.
  func setWantedWorkers(_ count: Int) -> Int {
    let (start, wake) = state.withLock { state -> (Int, [UnsafeContinuation<Void, Never>]) in
      let (start, wake) = state.line.setWantedWorkers(count)
      return (start, (0..<wake).compactMap { _ in state.wakeOne() })
    }
    for sleeper in wake { sleeper.resume() }
    return start
  }

  func next(_ done: WorkDone, _ wasWoken: Bool, _ slice: Int) -> Line.Step {
    let (step, wake, drained) = state.withLock { state in
      let ended = state.finish(done, discipline)
      let (step, wake) = state.line.next(wasWoken: wasWoken, atMost: slice)
      return (step, wake ? state.wakeOne() : nil, ended.flatMap { state.drains.removeValue(forKey: $0) })
    }
    wake?.resume()
    drained?.resume()
    return step
  }

  func sleep() async {
    await withUnsafeContinuation { (sleeper: UnsafeContinuation<Void, Never>) in
      let stays = state.withLock { state in
        guard state.wokenEarly == 0 else {
          state.wokenEarly -= 1
          return false
        }
        state.sleepers.append(sleeper)
        return true
      }
      if !stays { sleeper.resume() }
    }
  }
}

extension WorkerPool.State {
  /// Whom to resume; nil when the one to wake is not asleep yet, and will not fall asleep.
  fileprivate mutating func wakeOne() -> UnsafeContinuation<Void, Never>? {
    if sleepers.isEmpty { wokenEarly += 1 }
    return sleepers.popLast()
  }

  /// The queue that has ended with this: it is closed, or drained, and nothing of it is in hand any more.
  fileprivate mutating func finish(_ done: WorkDone, _ discipline: WorkerPool.Line.Discipline) -> RunSlot? {
    counts.consumed += done.consumed
    counts.failed += done.failed
    counts.passedOver += done.passedOver
    guard let slot = done.slot else { return nil }
    let isDone =
      discipline == .inOrder
      ? line.endTurn(slot, finished: done.count, back: done.back, suspends: done.suspends) : line.finish(slot, count: done.count)
    return isDone ? slot : nil
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

/// Consumes messages on a fixed number of tasks, in no order. Java: `ConsumeMessageConcurrentlyService`.
///
/// A worker takes a slice of a queue that stands in line, calls the listener message by message, and acknowledges: one lock a slice, no
/// task and no allocation a message beyond the message itself. What fails goes to ``SendBack``, so that a broker that does not answer
/// holds up nothing else.
final class ConcurrentDispatcher: MessageDispatcher {
  /// A message that could not be sent back either, on its way to the listener a second time.
  struct SecondTry: Sendable {
    let queue: OwnedQueue
    let position: UInt64
    let box: MessageBox
  }

  struct Options: Sendable {
    var concurrency: Int
    var bodyLimit: Int
    /// Until a message that could neither be consumed nor sent back is handed out again.
    var secondTryDelay: Duration
    var clock: any Clock<Duration>
    var hooks: [any ConsumeHook] = []
    var filters: [any MessageFilterHook] = []
  }

  struct State {
    var run: RunQueue<OwnedQueue, SecondTry>
    var sleepers: [UnsafeContinuation<Void, Never>] = []
    /// Woken between being told to sleep and falling asleep.
    var wokenEarly = 0
    var drains: [RunSlot: UnsafeContinuation<Void, Never>] = [:]
    var counts = DispatchCounts()
    var isWaitingOver = false
    /// Of a sequence: no more deliveries.
    var hasEnded = false
  }

  /// What a worker has done since it last held the lock.
  struct Done {
    var slot: RunSlot?
    /// No longer in hand.
    var count = 0
    var consumed = 0
    var failed = 0
  }

  let state: Mutex<State>
  let listener: MessageListener
  let options: Options
  let sendBack: SendBack
  let workers = TaskBag()
  let logger: Logger

  init(_ listener: MessageListener, _ options: Options, logger: Logger, send: @escaping SendBack.Send) {
    self.listener = listener.hooked(by: options.hooks)
    self.options = options
    self.logger = logger
    sendBack = SendBack(send: send)
    let spreads = if case .single = listener { true } else { false }
    state = Mutex(State(run: RunQueue(wantedWorkers: options.concurrency, spreads: spreads)))
  }

  // MARK: Queues

  func add(_ make: (RunSlot) throws(RocketMQError) -> OwnedQueue) throws(RocketMQError) -> OwnedQueue {
    try state.withLock { (state) throws(RocketMQError) in try state.run.add(make) }
  }

  func messagesReady(_ queue: OwnedQueue, count: Int) {
    state.withLock { $0.run.ready(queue.slot, count: count) ? $0.wakeOne() : nil }?.resume()
  }

  func drain(_ queue: OwnedQueue, within bound: Duration) async {
    await wait(for: queue, within: bound) { $0.drain(queue.slot) }
  }

  func close(_ queue: OwnedQueue, within bound: Duration?) async -> Int {
    await wait(for: queue, within: bound) { $0.close(queue.slot) }
    return state.withLock { $0.run.unfinished(queue.slot) }
  }

  /// Until `begin`, or the last message of the queue, says that it is done.
  private func wait(
    for queue: OwnedQueue, within bound: Duration?, begin: (inout RunQueue<OwnedQueue, SecondTry>) -> Bool
  ) async {
    let timer = bound.map { bound in
      Task {
        try? await options.clock.sleep(for: bound)
        state.withLock { $0.drains.removeValue(forKey: queue.slot) }?.resume()
      }
    }
    await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
      let waits = state.withLock { state in
        if begin(&state.run) || state.isWaitingOver { return false }
        state.drains[queue.slot] = done
        return true
      }
      if !waits { done.resume() }
    }
    timer?.cancel()
  }

  func giveUpWaiting() {
    let drains = state.withLock { state in
      state.isWaitingOver = true
      return exchange(&state.drains, with: [:])
    }
    for drained in drains.values { drained.resume() }
  }

  func remove(_ queue: OwnedQueue) { state.withLock { $0.run.remove(queue.slot) } }

  var counts: DispatchCounts { state.withLock { $0.counts } }

  // MARK: Workers

  func start() { setConcurrency(options.concurrency) }

  private var hasWorkers: Bool { if case .sequence = listener { false } else { true } }

  func setConcurrency(_ count: Int) {
    guard hasWorkers else { return }
    let (start, wake) = state.withLock { state -> (Int, [UnsafeContinuation<Void, Never>]) in
      let (start, wake) = state.run.setWantedWorkers(count)
      return (start, (0..<wake).compactMap { _ in state.wakeOne() })
    }
    for sleeper in wake { sleeper.resume() }
    for _ in 0..<start { workers.run { await self.work() } }
  }

  func stop() {
    sendBack.stop()
    setConcurrency(0)
    workers.cancelAll()
  }

  private func work() async {
    var pace = Pace(listener)
    var buffer = TakeBuffer(capacity: pace.largestSlice)
    var done = Done()
    var wasWoken = false
    while true {
      switch next(done, wasWoken, pace.slice) {
      case .take(let queue, _, let count): done = await consume(queue, count, &buffer)
      case .again(let item, _): done = await consume(item)
      case .sleep:
        done = Done()
        await sleep()
        wasWoken = true
        pace.woke(at: Core.nowMilliseconds())
        continue
      case .retire: return
      }
      wasWoken = false
      // A listener that never waits would keep the thread from everything else that runs on the pool.
      if pace.finishedSlice(at: Core.nowMilliseconds()) { await Task.yield() }
    }
  }

  func next(_ done: Done, _ wasWoken: Bool, _ slice: Int) -> RunQueue<OwnedQueue, SecondTry>.Step {
    let (step, wake, drained) = state.withLock { state in
      let drained = state.finish(done)
      let (step, wake) = state.run.next(wasWoken: wasWoken, atMost: slice)
      return (step, wake ? state.wakeOne() : nil, drained)
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

extension ConcurrentDispatcher.State {
  /// Whom to resume; nil when the one to wake is not asleep yet, and will not fall asleep.
  mutating func wakeOne() -> UnsafeContinuation<Void, Never>? {
    if sleepers.isEmpty { wokenEarly += 1 }
    return sleepers.popLast()
  }

  /// Whom to resume because the queue is closed and nothing of it is in hand any more.
  mutating func finish(_ done: ConcurrentDispatcher.Done) -> UnsafeContinuation<Void, Never>? {
    counts.consumed += done.consumed
    counts.failed += done.failed
    guard let slot = done.slot, run.finish(slot, count: done.count) else { return nil }
    return drains.removeValue(forKey: slot)
  }
}

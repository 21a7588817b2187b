// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// A dispatcher with a ``WorkerPool``: it says only how a slice of messages is consumed.
protocol PooledDispatcher: MessageDispatcher {
  associatedtype Again: Sendable

  var pool: WorkerPool<Again> { get }
  /// What every worker begins with.
  var pace: Pace { get }

  /// False: the application comes for messages itself.
  var hasWorkers: Bool { get }

  /// Takes so many messages of the queue, and consumes them.
  func consume(_ queue: OwnedQueue, _ count: Int, _ buffer: inout TakeBuffer) async -> WorkDone

  /// Consumes what is handed out a second time.
  func consume(_ item: Again) async -> WorkDone
}

extension PooledDispatcher {
  var counts: DispatchCounts { pool.counts }
  var hasWorkers: Bool { true }

  func add(_ make: (RunSlot) throws(RocketMQError) -> OwnedQueue) throws(RocketMQError) -> OwnedQueue { try pool.add(make) }

  func messagesReady(_ queue: OwnedQueue, count: Int) {
    pool.update { ($0.line.ready(queue.slot, count: count), nil) }
  }

  func park(_ queue: OwnedQueue) {
    pool.update { state in
      state.line.park(queue.slot)
      return (false, nil)
    }
  }

  func unpark(_ queue: OwnedQueue) {
    pool.update { ($0.line.unpark(queue.slot), nil) }
  }

  func drain(_ queue: OwnedQueue, within bound: Duration) async {
    await pool.wait(for: queue, within: bound) { $0.drain(queue.slot) }
  }

  func close(_ queue: OwnedQueue, within bound: Duration?) async -> Int {
    await pool.wait(for: queue, within: bound) { $0.close(queue.slot) }
    return pool.unfinished(queue)
  }

  func isBusy(_ queue: OwnedQueue) -> Bool { pool.isBusy(queue) }

  func cancel(_ queue: OwnedQueue, grace: Duration) async {
    pool.tasks.cancelAll()
    await pool.wait(for: queue, within: grace, evenAtTheEnd: true) { $0.close(queue.slot) }
  }

  func stopWaiting(for queue: OwnedQueue) { pool.stopWaiting(for: queue) }

  func giveUpWaiting() { pool.giveUpWaiting() }

  func remove(_ queue: OwnedQueue) { pool.remove(queue) }

  func setConcurrency(_ count: Int) {
    guard hasWorkers else { return }
    for _ in 0..<pool.setWantedWorkers(count) { pool.tasks.run { await self.work() } }
  }

  func stopWorkers() {
    setConcurrency(0)
    pool.tasks.cancelAll()
  }

  private func work() async {
    var pace = pace
    var buffer = TakeBuffer(capacity: pace.largestSlice)
    var done = WorkDone()
    var wasWoken = false
    while true {
      switch pool.next(done, wasWoken, pace.slice) {
      case .take(let queue, _, let count):
        done = await consume(queue, count, &buffer)
        queue.noteConsumed(at: Core.nowMilliseconds())
      case .again(let item, _): done = await consume(item)
      case .sleep:
        done = WorkDone()
        await pool.sleep()
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
}

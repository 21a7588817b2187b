// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Names a queue of a ``RunQueue``; never reused.
package struct RunSlot: Hashable, Sendable {
  fileprivate let index: Int
  fileprivate let generation: UInt64
}

/// Which queues have messages to take, and which workers wait for them: a dispatcher without its effects.
///
/// A queue stands in line once, whatever it holds; a worker that takes a slice of it puts it back at the end while it holds more, so
/// queues take turns and several workers may have slices of one queue. In order, one worker has the queue for its turn, and the queue
/// stands in line again when the turn is over. `Again` is what is handed out a second time (a message that could be neither consumed nor
/// sent back).
///
/// Waking: at most one woken worker is on its way. It wakes the next one when it has taken its slice and there is still more. So a
/// listener that never waits keeps as many workers busy as there are threads, and one that waits soon has all of them, without a
/// thundering herd in either case.
package struct RunQueue<Queue: Sendable, Again: Sendable>: Sendable {
  package typealias Slot = RunSlot

  /// What a worker does next.
  package enum Step: Sendable {
    /// Take this many messages of the queue; report them with ``finish(_:count:)``.
    case take(Queue, Slot, count: Int)
    /// Hand this out again; one message, likewise.
    case again(Again, Slot)
    /// Nothing to do: sleep until woken.
    case sleep
    /// There are more workers than wanted: end.
    case retire
  }

  /// How messages are shared out.
  package enum Discipline: Sendable {
    /// Slices are smaller when there are not enough messages for all workers.
    case spread
    /// Slices are as large as is wanted (batch listeners).
    case batches
    /// As large as is wanted, and a queue is with one worker at a time.
    case inOrder
  }

  private struct Entry {
    var queue: Queue
    var generation: UInt64
    /// Messages that may be taken.
    var ready = 0
    /// Messages that workers have, or that are on their way back to the broker.
    var inHand = 0
    /// Messages that wait to be handed out again.
    var delayed = 0
    var isInLine = false
    /// In order: a worker has the queue.
    var isServed = false
    /// Nothing is handed out for the time being: the listener wants a break, or the queue's lock is in doubt.
    var isSuspended = false
    var isParked = false
    var state = EntryState.open

    var mayStandInLine: Bool { ready > 0 && !isInLine && !isServed && !isSuspended && !isParked }
  }

  private enum EntryState {
    case open
    /// What is there is still handed out.
    case draining
    case closed
  }

  private var entries: [Entry?] = []
  private var free: [Int] = []
  private var generation: UInt64 = 0
  private var line = Fifo<Int>()
  private var secondLine = Fifo<(Again, Slot)>()
  private var totalReady = 0
  private var sleeping = 0
  private var isWaking = false
  /// Workers that have not been told to retire.
  package private(set) var workers = 0
  package private(set) var wantedWorkers: Int
  private let discipline: Discipline

  package init(wantedWorkers: Int, _ discipline: Discipline) {
    self.wantedWorkers = wantedWorkers
    self.discipline = discipline
  }

  // MARK: Queues

  /// `make` is given the name of the queue that it makes.
  package mutating func add<E: Error>(_ make: (Slot) throws(E) -> Queue) throws(E) -> Queue {
    generation += 1
    let slot = Slot(index: free.last ?? entries.count, generation: generation)
    let queue = try make(slot)
    if free.popLast() == nil { entries.append(nil) }
    entries[slot.index] = Entry(queue: queue, generation: generation)
    return queue
  }

  /// Messages came in. True: wake a worker.
  package mutating func ready(_ slot: Slot, count: Int) -> Bool {
    guard count > 0, let index = index(of: slot), entries[index]!.state != .closed else { return false }
    entries[index]!.ready += count
    totalReady += count
    standInLine(index)
    return wakesOne()
  }

  private mutating func standInLine(_ index: Int) {
    guard entries[index]!.mayStandInLine else { return }
    entries[index]!.isInLine = true
    line.append(index)
  }

  /// Nothing of this queue is handed out until ``unpark(_:)``; what workers have, they keep.
  package mutating func park(_ slot: Slot) {
    guard let index = index(of: slot) else { return }
    entries[index]!.isParked = true
    leaveLine(index)
  }

  /// True: wake a worker.
  package mutating func unpark(_ slot: Slot) -> Bool {
    guard let index = index(of: slot), entries[index]!.isParked else { return false }
    entries[index]!.isParked = false
    standInLine(index)
    return wakesOne()
  }

  /// In order: a turn is over. `finished` messages are done with, `back` have been given back, and come first next time; what is in hand
  /// beyond that waits to be committed. `suspends`: there is no next turn before ``resume(_:)``. True: the queue is closed, or has been
  /// drained.
  package mutating func endTurn(_ slot: Slot, finished: Int, back: Int, suspends: Bool) -> Bool {
    guard let index = index(of: slot) else { return false }
    entries[index]!.isServed = false
    entries[index]!.isSuspended = suspends
    entries[index]!.inHand -= finished + back
    if entries[index]!.state != .closed {
      entries[index]!.ready += back
      totalReady += back
      standInLine(index)
    }
    return isDone(slot)
  }

  /// A suspended queue gets its turn again. True: wake a worker.
  package mutating func resume(_ slot: Slot) -> Bool {
    guard let index = index(of: slot) else { return false }
    entries[index]!.isSuspended = false
    standInLine(index)
    return wakesOne()
  }

  private mutating func leaveLine(_ index: Int) {
    guard entries[index]!.isInLine else { return }
    entries[index]!.isInLine = false
    _ = line.removeAll { $0 == index }
  }

  /// A message is no longer in hand, but not finished either: it is to be handed out again. True: the queue is closed, and this was the
  /// last in hand.
  package mutating func delay(_ slot: Slot) -> Bool {
    guard let index = index(of: slot) else { return false }
    entries[index]!.delayed += 1
    return finish(slot, count: 1)
  }

  /// Puts a delayed message in the second line. True: wake a worker.
  package mutating func again(_ item: Again, _ slot: Slot) -> Bool {
    guard let index = index(of: slot), entries[index]!.state != .closed else { return false }
    entries[index]!.delayed -= 1
    entries[index]!.inHand += 1
    secondLine.append((item, slot))
    return wakesOne()
  }

  /// Nothing more comes into this queue. True: nothing is left of it.
  package mutating func drain(_ slot: Slot) -> Bool {
    guard let index = index(of: slot) else { return true }
    if entries[index]!.state == .open { entries[index]!.state = .draining }
    return isDone(slot)
  }

  /// Nothing of this queue is handed out from now on. True: nothing of it is in hand either.
  package mutating func close(_ slot: Slot) -> Bool {
    guard let index = index(of: slot) else { return true }
    entries[index]!.state = .closed
    totalReady -= entries[index]!.ready
    entries[index]!.ready = 0
    let again = secondLine.removeAll { $0.1 == slot }.count
    entries[index]!.inHand -= again
    entries[index]!.delayed += again
    return isDone(slot)
  }

  /// So many messages are no longer in hand. True: the queue is closed, or being drained, and these were the last.
  package mutating func finish(_ slot: Slot, count: Int) -> Bool {
    guard let index = index(of: slot) else { return false }
    entries[index]!.inHand -= count
    return isDone(slot)
  }

  /// Messages of this queue that workers have, that are on their way back to the broker, or that wait to be handed out again.
  package func unfinished(_ slot: Slot) -> Int {
    index(of: slot).map { entries[$0]!.inHand + entries[$0]!.delayed } ?? 0
  }

  /// Workers have messages of this queue, or they are on their way back to the broker.
  package func isBusy(_ slot: Slot) -> Bool {
    guard let index = index(of: slot), let entry = entries[index] else { return false }
    return discipline == .inOrder ? entry.isServed : entry.inHand > 0
  }

  private func isDone(_ slot: Slot) -> Bool {
    guard let index = index(of: slot), let entry = entries[index], !isBusy(slot) else { return false }
    switch entry.state {
    case .open: return false
    case .draining: return entry.ready == 0 && entry.delayed == 0
    case .closed: return true
    }
  }

  /// Forgets a queue; what is still in hand will finish unheard.
  package mutating func remove(_ slot: Slot) {
    _ = close(slot)
    guard let index = index(of: slot) else { return }
    leaveLine(index)
    entries[index] = nil
    free.append(index)
  }

  private func index(of slot: Slot) -> Int? {
    entries[slot.index]?.generation == slot.generation ? slot.index : nil
  }

  // MARK: Workers

  /// How many workers to start, already counted.
  package mutating func setWantedWorkers(_ wanted: Int) -> (start: Int, wake: Int) {
    wantedWorkers = wanted
    let start = max(0, wanted - workers)
    workers += start
    // Those who sleep must hear that they are too many; all of them are woken, and what is wanted goes to sleep again.
    let wake = workers > wanted ? sleeping : 0
    sleeping -= wake
    return (start, wake)
  }

  /// What the calling worker does next, and whether it must wake another one first.
  ///
  /// - Parameters:
  ///   - wasWoken: It comes out of its sleep.
  ///   - atMost: The largest slice that it wants.
  package mutating func next(wasWoken: Bool, atMost: Int) -> (step: Step, wake: Bool) {
    if wasWoken { isWaking = false }
    if workers > wantedWorkers {
      workers -= 1
      return (.retire, wakesOne())
    }
    if let (item, slot) = secondLine.popFirst() { return (.again(item, slot), wakesOne()) }
    while let index = line.popFirst() {
      entries[index]!.isInLine = false
      let ready = entries[index]!.ready
      if ready == 0 { continue }  // closed meanwhile
      let count = min(ready, slice, atMost)
      entries[index]!.ready -= count
      entries[index]!.inHand += count
      totalReady -= count
      entries[index]!.isServed = discipline == .inOrder
      standInLine(index)
      let entry = entries[index]!
      return (.take(entry.queue, Slot(index: index, generation: entry.generation), count: count), wakesOne())
    }
    sleeping += 1
    return (.sleep, false)
  }

  /// Whoever sleeps must look again, though there may be nothing to take. Returns how many that are.
  package mutating func wakeAll() -> Int {
    defer { sleeping = 0 }
    return sleeping
  }

  /// A woken worker goes away without looking. True: wake another one in its place.
  package mutating func leave() -> Bool {
    isWaking = false
    return wakesOne()
  }

  /// So many messages that no worker has to wait while another has a long slice before it.
  private var slice: Int {
    discipline == .spread ? max(1, totalReady / max(1, wantedWorkers)) : .max
  }

  /// True: wake a worker, there is something for it.
  package mutating func wakesOne() -> Bool {
    guard sleeping > 0, !isWaking, !line.isEmpty || !secondLine.isEmpty else { return false }
    sleeping -= 1
    isWaking = true
    return true
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite("The run queue")
struct RunQueueTests {
  typealias Queue = RunQueue<String, Int>

  @Test func aQueueStandsInLineOnceAndOneWorkerIsWokenAtATime() {
    var (run, slots) = make(workers: 3, "a")
    fallAsleep(3, &run)
    #expect(run.ready(slots[0], count: 1) == true)
    #expect(run.ready(slots[0], count: 5) == false, "one is on its way already")
    let (step, wake) = run.next(wasWoken: true, atMost: 32)
    #expect(step.text == "take a 2")
    #expect(wake, "there is more, and one sleeps")
    #expect(run.next(wasWoken: false, atMost: 32).wake == false, "that one has not come yet")
  }

  @Test func slicesLeaveWorkForAllWorkers() {
    var (run, slots) = make(workers: 20, "a")
    _ = run.ready(slots[0], count: 32)
    #expect(run.next(wasWoken: false, atMost: 32).step.text == "take a 1")
    _ = run.ready(slots[0], count: 4000)
    #expect(run.next(wasWoken: false, atMost: 32).step.text == "take a 32")
  }

  @Test func batchesAreAsLargeAsCanBe() {
    var run = Queue(wantedWorkers: 20, .batches)
    let slot = add("a", &run)
    _ = run.ready(slot, count: 14)
    #expect(run.next(wasWoken: false, atMost: 10).step.text == "take a 10")
    #expect(run.next(wasWoken: false, atMost: 10).step.text == "take a 4")
  }

  @Test func queuesTakeTurns() {
    var (run, slots) = make(workers: 1, "a", "b")
    _ = run.ready(slots[0], count: 100)
    _ = run.ready(slots[1], count: 10)
    #expect(texts(6, &run) == ["take a 32", "take b 10", "take a 32", "take a 32", "take a 4", "sleep"])
  }

  @Test func everyMessageIsTakenOnce() {
    var (run, slots) = make(workers: 7, "a", "b", "c")
    var random = SplitMix(seed: 3)
    var ready = 0
    var taken = 0
    for _ in 0..<5000 {
      if Bool.random(using: &random) {
        let count = Int.random(in: 1...40, using: &random)
        _ = run.ready(slots.randomElement(using: &random)!, count: count)
        ready += count
      } else if case .take(_, let slot, let count) = run.next(wasWoken: false, atMost: 32).step {
        taken += count
        #expect(run.finish(slot, count: count) == false)
      }
    }
    while case .take(_, _, let count) = run.next(wasWoken: false, atMost: 32).step { taken += count }
    #expect(taken == ready)
  }

  @Test func aClosedQueueGivesNothingAndSaysWhenItsLastMessageIsFinished() {
    var (run, slots) = make(workers: 1, "a", "b")
    _ = run.ready(slots[0], count: 40)
    #expect(run.next(wasWoken: false, atMost: 32).step.text == "take a 32")
    #expect(run.close(slots[0]) == false)
    #expect(run.unfinished(slots[0]) == 32)
    #expect(run.next(wasWoken: false, atMost: 32).step.text == "sleep")
    #expect(run.finish(slots[0], count: 31) == false)
    #expect(run.finish(slots[0], count: 1) == true)
    #expect(run.ready(slots[0], count: 3) == false, "late news")
    #expect(run.close(slots[1]) == true, "nothing in hand")
  }

  @Test func aQueueThatIsDrainedGivesAllItHasAndSaysWhenThatIsFinished() {
    var (run, slots) = make(workers: 1, "a", "b")
    _ = run.ready(slots[0], count: 40)
    #expect(run.next(wasWoken: false, atMost: 32).step.text == "take a 32")
    #expect(run.drain(slots[0]) == false)
    #expect(run.finish(slots[0], count: 31) == false)
    #expect(run.delay(slots[0]) == false)
    #expect(run.next(wasWoken: false, atMost: 32).step.text == "take a 8")
    #expect(run.finish(slots[0], count: 8) == false, "one is delayed")
    _ = run.again(1, slots[0])
    #expect(run.next(wasWoken: false, atMost: 32).step.text == "again 1")
    #expect(run.finish(slots[0], count: 1) == true)
    #expect(run.drain(slots[1]) == true, "it has nothing")
  }

  @Test func whatIsHandedOutAgainKeepsItsQueueOpenAndGoesWithIt() {
    var (run, slots) = make(workers: 1, "a")
    _ = run.ready(slots[0], count: 1)
    _ = run.next(wasWoken: false, atMost: 32)
    #expect(run.delay(slots[0]) == false)
    #expect(run.unfinished(slots[0]) == 1)
    fallAsleep(1, &run)
    #expect(run.again(17, slots[0]) == true)
    #expect(run.next(wasWoken: true, atMost: 32).step.text == "again 17")
    #expect(run.close(slots[0]) == false)
    #expect(run.delay(slots[0]) == true, "the last in hand")
    #expect(run.unfinished(slots[0]) == 1)
    #expect(run.again(17, slots[0]) == false)

    (run, slots) = make(workers: 1, "a")
    _ = run.ready(slots[0], count: 1)
    _ = run.next(wasWoken: false, atMost: 32)
    _ = run.delay(slots[0])
    _ = run.again(17, slots[0])
    #expect(run.close(slots[0]) == true, "nobody had it yet")
    #expect(run.unfinished(slots[0]) == 1)
    #expect(run.next(wasWoken: false, atMost: 32).step.text == "sleep")
  }

  @Test func aNewQueueInAnOldPlaceHearsNothingMeantForTheOldOne() {
    var (run, slots) = make(workers: 1, "a")
    run.remove(slots[0])
    let slot = add("b", &run)
    _ = run.ready(slots[0], count: 5)
    #expect(run.next(wasWoken: false, atMost: 32).step.text == "sleep")
    _ = run.ready(slot, count: 5)
    #expect(run.finish(slots[0], count: 5) == false)
    #expect(run.next(wasWoken: false, atMost: 32).step.text == "take b 5")
    #expect(run.unfinished(slot) == 5)
  }

  @Test func inOrderAQueueIsWithOneWorkerAndTakesTurns() {
    var (run, slots) = make(workers: 2, "a", "b", as: .inOrder)
    _ = run.ready(slots[0], count: 40)
    _ = run.ready(slots[1], count: 3)
    #expect(texts(3, &run) == ["take a 32", "take b 3", "sleep"], "no second worker for a")
    #expect(run.ready(slots[0], count: 2) == false, "its worker will see")
    #expect(run.endTurn(slots[1], finished: 3, back: 0, suspends: false) == false)
    #expect(run.endTurn(slots[0], finished: 30, back: 2, suspends: false) == false)
    #expect(texts(1, &run) == ["take a 12"], "what was given back comes again")
    #expect(run.unfinished(slots[0]) == 12)
  }

  @Test func inOrderASuspendedQueueHasNoTurnUntilItIsResumed() {
    var (run, slots) = make(workers: 1, "a", as: .inOrder)
    _ = run.ready(slots[0], count: 4)
    _ = texts(1, &run)
    _ = run.endTurn(slots[0], finished: 1, back: 3, suspends: true)
    fallAsleep(1, &run)
    #expect(run.ready(slots[0], count: 1) == false)
    #expect(run.resume(slots[0]) == true)
    #expect(run.next(wasWoken: true, atMost: 32).step.text == "take a 4")
  }

  @Test func aParkedQueueHandsOutNothing() {
    for discipline in [Queue.Discipline.spread, .inOrder] {
      var (run, slots) = make(workers: 1, "a", as: discipline)
      _ = run.ready(slots[0], count: 1)
      run.park(slots[0])
      fallAsleep(1, &run)
      #expect(run.ready(slots[0], count: 1) == false)
      #expect(run.unpark(slots[0]) == true)
      #expect(run.unpark(slots[0]) == false)
      #expect(run.next(wasWoken: true, atMost: 1).step.text == "take a 1")
    }
  }

  @Test func inOrderAClosedQueueIsDoneWhenItsTurnIs() {
    var (run, slots) = make(workers: 1, "a", as: .inOrder)
    _ = run.ready(slots[0], count: 4)
    _ = texts(1, &run)
    // One finished, one that waits for a commit.
    #expect(run.endTurn(slots[0], finished: 1, back: 2, suspends: false) == false)
    _ = texts(1, &run)
    #expect(run.isBusy(slots[0]))
    #expect(run.close(slots[0]) == false)
    #expect(run.endTurn(slots[0], finished: 0, back: 2, suspends: true) == true)
    #expect(!run.isBusy(slots[0]))
    #expect(run.unfinished(slots[0]) == 1, "the uncommitted one")
    #expect(run.resume(slots[0]) == false)
  }

  @Test func workersComeAndGo() {
    var run = Queue(wantedWorkers: 2, .spread)
    #expect(run.setWantedWorkers(2) == (2, 0))
    fallAsleep(2, &run)
    #expect(run.setWantedWorkers(5) == (3, 0))
    #expect(run.setWantedWorkers(1) == (0, 2), "those who sleep are woken, so that they hear it")
    for _ in 0..<4 { #expect(run.next(wasWoken: true, atMost: 32).step.text == "retire") }
    #expect(run.next(wasWoken: false, atMost: 32).step.text == "sleep")
    #expect(run.workers == 1)
  }

  @Test func aSliceTakesAFewMilliseconds() {
    var pace = Pace(largestSlice: 32, adapts: true)
    #expect(pace.slice == 1)
    pace.woke(at: 100)
    for slice in [2, 4, 8, 16, 32, 32] {
      #expect(pace.finishedSlice(at: 100) == false)
      #expect(pace.slice == slice)
    }
    #expect(pace.finishedSlice(at: 101) == false)
    #expect(pace.finishedSlice(at: 102) == true, "time to let others have the thread")
    #expect(pace.slice == 32)
    #expect(pace.finishedSlice(at: 103) == false, "it has just done so")
    #expect(pace.finishedSlice(at: 110) == true)
    #expect(pace.slice == 1)
    #expect(Pace(largestSlice: 500, adapts: false).slice == 500)
  }

  @Test func aFifoKeepsItsOrder() {
    var fifo = Fifo<Int>()
    var next = 0
    var expected = 0
    var random = SplitMix(seed: 5)
    for _ in 0..<2000 {
      if Int.random(in: 0..<5, using: &random) < 3 {
        fifo.append(next)
        next += 1
      } else if let first = fifo.popFirst() {
        #expect(first == expected)
        expected += 1
      }
    }
    #expect(fifo.count == next - expected)
    let odd = fifo.removeAll { $0 % 2 == 1 }
    #expect(odd == (expected..<next).filter { $0 % 2 == 1 })
    #expect(fifo.removeAll { _ in true } == (expected..<next).filter { $0 % 2 == 0 })
    #expect(fifo.isEmpty)
  }

  private func make(workers: Int, _ names: String..., as discipline: Queue.Discipline = .spread) -> (Queue, [RunSlot]) {
    var run = Queue(wantedWorkers: workers, discipline)
    _ = run.setWantedWorkers(workers)
    let slots = names.map { add($0, &run) }
    return (run, slots)
  }

  private func add(_ name: String, _ run: inout Queue) -> RunSlot {
    var added: RunSlot?
    _ = run.add { slot in
      added = slot
      return name
    }
    return added!
  }

  private func fallAsleep(_ count: Int, _ run: inout Queue) {
    for _ in 0..<count { #expect(run.next(wasWoken: false, atMost: 32).step.text == "sleep") }
  }

  private func texts(_ count: Int, _ run: inout Queue) -> [String] {
    (0..<count).map { _ in run.next(wasWoken: false, atMost: 32).step.text }
  }
}

extension RunQueue<String, Int>.Step {
  fileprivate var text: String {
    switch self {
    case .take(let queue, _, let count): "take \(queue) \(count)"
    case .again(let item, _): "again \(item)"
    case .sleep: "sleep"
    case .retire: "retire"
    }
  }
}

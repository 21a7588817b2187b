// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What is to happen when, on the broker's clock: a heap whose entries can be taken out again.
///
/// A pure value: it neither knows what time it is nor runs anything. Adding and cancelling are O(log n); ties come out in the order in
/// which they were added.
struct TimerQueue<Action> {
  struct Handle: Hashable {
    fileprivate let slot: Int
    fileprivate let serial: UInt64
  }

  private struct Slot {
    /// Milliseconds since 1970.
    var deadline: Int64
    /// Grows with every add, so that a handle of an earlier use of the slot is recognised.
    var serial: UInt64
    var heapIndex: Int
    /// nil: the slot is free.
    var action: Action?
  }

  private var slots: [Slot] = []
  private var freeSlots: [Int] = []
  /// Indexes of `slots`.
  private var heap: [Int] = []
  private var lastSerial: UInt64 = 0

  var count: Int { heap.count }

  /// The earliest deadline, in milliseconds since 1970.
  var next: Int64? { heap.first.map { slots[$0].deadline } }

  mutating func add(at deadline: Int64, _ action: Action) -> Handle {
    lastSerial += 1
    let slot = Slot(deadline: deadline, serial: lastSerial, heapIndex: heap.count, action: action)
    let index: Int
    if let free = freeSlots.popLast() {
      index = free
      slots[index] = slot
    } else {
      index = slots.count
      slots.append(slot)
    }
    heap.append(index)
    siftUp(heap.count - 1)
    return Handle(slot: index, serial: lastSerial)
  }

  /// Nothing happens when the action is gone already.
  mutating func cancel(_ handle: Handle) {
    guard slots[handle.slot].serial == handle.serial, slots[handle.slot].action != nil else { return }
    _ = remove(at: slots[handle.slot].heapIndex)
  }

  /// The earliest action whose deadline is not after `now`.
  mutating func popDue(_ now: Int64) -> Action? {
    guard let next, next <= now else { return nil }
    return remove(at: 0)
  }

  private mutating func remove(at position: Int) -> Action? {
    let index = heap[position]
    let last = heap.count - 1
    swapEntries(position, last)
    heap.removeLast()
    if position < last {
      siftUp(position)
      siftDown(slots[heap[position]].heapIndex)
    }
    freeSlots.append(index)
    return slots[index].action.take()
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    let (a, b) = (slots[heap[a]], slots[heap[b]])
    return (a.deadline, a.serial) < (b.deadline, b.serial)
  }

  private mutating func swapEntries(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    slots[heap[a]].heapIndex = a
    slots[heap[b]].heapIndex = b
  }

  private mutating func siftUp(_ start: Int) {
    var position = start
    while position > 0, precedes(position, (position - 1) / 2) {
      swapEntries(position, (position - 1) / 2)
      position = (position - 1) / 2
    }
  }

  private mutating func siftDown(_ start: Int) {
    var position = start
    while true {
      var least = position
      for child in [2 * position + 1, 2 * position + 2] where child < heap.count && precedes(child, least) { least = child }
      if least == position { return }
      swapEntries(position, least)
      position = least
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore

/// Body bytes that all queues of a client may hold together.
package final class ByteBudget: Sendable {
  let handle: Handle

  package init(limit: Int) throws(RocketMQError) {
    var budget: OpaquePointer?
    let status = rocket_byte_budget_new(nil, UInt64(limit), &budget)
    guard status == 0, let budget else { throw coreError(status, "making a byte budget of \(limit) bytes") }
    handle = Handle(raw: budget)
  }

  deinit { rocket_byte_budget_release(handle.raw) }

  package var used: Int { Int(rocket_byte_budget_used(handle.raw)) }
}

/// The lock-free window of one queue's messages. Java: `ProcessQueue`. Promises and invariants: rocket_process_queue.h.
package final class ProcessQueue: Sendable {
  let handle: Handle

  package struct Limits: Sendable {
    package var count = 1000
    package var bytes = 100 << 20
    /// 0: none (orderly).
    package var span = 2000
    package var largestPull = 32
    package init() {}
  }

  package struct Stats: Sendable {
    package let count: Int
    package let ready: Int
    package let bytes: Int
    package let span: Int
    package let commitOffset: Int64
    package let lastOffset: Int64
    package let isDropped: Bool
  }

  package init(firstOffset: Int64, limits: Limits, budget: ByteBudget?) throws(RocketMQError) {
    var options = rocket_process_queue_options()
    rocket_process_queue_options_default(&options)
    options.max_count = UInt32(clamping: limits.count)
    options.max_bytes = UInt64(clamping: limits.bytes)
    options.max_span = UInt32(clamping: limits.span)
    options.largest_pull = UInt32(clamping: limits.largestPull)
    options.budget = budget?.handle.raw
    var queue: OpaquePointer?
    let status = rocket_process_queue_new(&options, firstOffset, &queue)
    guard status == 0, let queue else { throw coreError(status, "making a process queue from offset \(firstOffset)") }
    handle = Handle(raw: queue)
  }

  deinit { rocket_process_queue_release(handle.raw) }

  /// Of the first unfinished message, or where the next one will be.
  package var commitOffset: Int64 { rocket_process_queue_commit_offset(handle.raw) }

  package var stats: Stats {
    var raw = rocket_process_queue_stats()
    rocket_process_queue_get_stats(handle.raw, &raw)
    return Stats(
      count: Int(raw.count), ready: Int(raw.ready), bytes: Int(raw.bytes), span: Int(raw.span), commitOffset: raw.commit_offset,
      lastOffset: raw.last_offset, isDropped: raw.dropped)
  }

  /// Other limits from now on, but for the largest pull; a puller that waits goes on when they leave room. Within the ranges of those it
  /// was made with.
  package func setLimits(_ limits: Limits) {
    let status = rocket_process_queue_set_limits(
      handle.raw, UInt32(clamping: limits.count), UInt64(clamping: limits.bytes), UInt32(clamping: limits.span))
    assert(status == 0, "limits out of range: \(limits)")
  }

  /// Marks a message finished. False: it was finished before.
  @discardableResult
  package func acknowledge(_ position: UInt64) -> Bool { rocket_process_queue_ack(handle.raw, position) == 0 }

  package func acknowledge(from first: UInt64, count: Int) { rocket_process_queue_ack_many(handle.raw, first, UInt32(count)) }

  /// Finishes all that is held in order. Only the holder.
  package func commitHeld() { _ = rocket_process_queue_commit(handle.raw) }

  /// Gives all that is held in order back: the same messages come again, in their order. Those acknowledged before, which must be the
  /// first ones, stay finished. Only the holder.
  package func giveBackHeld() { rocket_process_queue_rollback(handle.raw) }

  /// The same for the messages from this position on: those before stay held. Only the holder.
  package func giveBackHeld(from position: UInt64) { rocket_process_queue_give_back(handle.raw, position) }

  /// Takers get nothing more; what is taken may still be acknowledged.
  package func drop() { rocket_process_queue_drop(handle.raw) }

  package var isDropped: Bool { rocket_process_queue_is_dropped(handle.raw) }
}

/// Room for one worker's takes, reused from take to take.
package struct TakeBuffer: ~Copyable {
  private let storage: UnsafeMutableBufferPointer<rocket_taken>
  /// Messages of the last take whose frame counts have not gone to a `MessageBox` yet.
  private var next = 0
  package private(set) var count = 0

  package init(capacity: Int) {
    storage = .allocate(capacity: capacity)
    storage.initialize(repeating: rocket_taken())
  }

  deinit {
    for i in next..<count { rocket_frame_release(storage[i].frame) }
    storage.deallocate()
  }

  /// Takes up to `max` messages (and not more than the capacity). Returns how many; 0 when there are none.
  package mutating func take(from queue: ProcessQueue, max: Int) -> Int {
    releaseRest()
    count = Int(
      rocket_process_queue_take(queue.handle.raw, UInt32(min(max, storage.count)), rocket_now_ms(), storage.baseAddress))
    return count
  }

  /// Takes up to `max` messages in order, and holds them: nobody else gets any until they are committed, or given back. 0 also when
  /// somebody else holds messages.
  package mutating func takeInOrder(from queue: ProcessQueue, max: Int) -> Int {
    releaseRest()
    var taken: UInt32 = 0
    let status = rocket_process_queue_take_ordered(
      queue.handle.raw, UInt32(min(max, storage.count)), rocket_now_ms(), storage.baseAddress, &taken)
    count = status == 0 ? Int(taken) : 0
    return count
  }

  /// Takes further messages behind those that are held. Only the holder.
  package mutating func takeMoreInOrder(from queue: ProcessQueue, max: Int) -> Int {
    releaseRest()
    var taken: UInt32 = 0
    let status = rocket_process_queue_take_more(
      queue.handle.raw, UInt32(min(max, storage.count)), rocket_now_ms(), storage.baseAddress, &taken)
    count = status == 0 ? Int(taken) : 0
    return count
  }

  /// Messages of the given queue that, at `now` (`Core.nowMilliseconds()`), have been taken for longer than `timeout`, each reported once.
  package mutating func scanExpired(of queue: ProcessQueue, timeout: Duration, now: UInt64) -> Int {
    releaseRest()
    count = Int(
      rocket_process_queue_scan_expired(
        queue.handle.raw, now, UInt64(timeout.wholeMilliseconds), UInt32(storage.count), storage.baseAddress))
    return count
  }

  /// For acknowledging the message with this index.
  package func position(_ index: Int) -> UInt64 { storage[index].position }
  package func queueOffset(_ index: Int) -> Int64 { storage[index].queue_offset }

  /// The next message of the take, in order; each may be had once. Throws `malformedData` or `tooLarge` when it cannot be read: then
  /// `nextUnreadMessage` goes on.
  package mutating func nextMessage(bodyLimit: Int) throws(RocketMQError) -> MessageBox {
    precondition(next < count, "no message is left in this take")
    let box = try MessageBox(owning: storage[next].frame, record: storage[next].record, bodyLimit: bodyLimit)
    next += 1
    return box
  }

  /// The message that `nextMessage` could not read, its body as it is stored; nil when not even its header can be read.
  package mutating func nextUnreadMessage() -> MessageBox? {
    precondition(next < count, "no message is left in this take")
    defer { next += 1 }
    do throws(RocketMQError) {
      return try MessageBox(owning: storage[next].frame, record: storage[next].record, bodyLimit: nil)
    } catch {
      rocket_frame_release(storage[next].frame)
      return nil
    }
  }

  private mutating func releaseRest() {
    for i in next..<count { rocket_frame_release(storage[i].frame) }
    next = 0
    count = 0
  }
}

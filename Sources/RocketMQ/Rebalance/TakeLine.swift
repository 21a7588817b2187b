// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Queues that are to be taken, so many at a time from each broker: thousands of questions at once are kind neither to a broker nor to this
/// process's memory, and a broker that does not answer must not keep those of the others waiting. Java takes one after the other.
struct TakeLine {
  private let width: Int
  private var running: [String: Int] = [:]
  private var waiting: [String: Fifo<MessageQueue>] = [:]
  private var isClosed = false

  init(width: Int) { self.width = width }

  /// True: its turn is now; false: it will be, when another one has ended.
  mutating func add(_ queue: MessageQueue) -> Bool {
    guard !isClosed, running[queue.brokerName, default: 0] >= width else {
      running[queue.brokerName, default: 0] += 1
      return true
    }
    waiting[queue.brokerName, default: Fifo()].append(queue)
    return false
  }

  /// Whether taken or not. Returns the one whose turn is now.
  mutating func ended(_ queue: MessageQueue) -> MessageQueue? {
    guard !isClosed else { return nil }
    if let next = waiting[queue.brokerName]?.popFirst() { return next }
    waiting[queue.brokerName] = nil
    let left = running[queue.brokerName, default: 1] - 1
    running[queue.brokerName] = left > 0 ? left : nil
    return nil
  }

  /// Nobody waits any more. Returns those that did.
  mutating func close() -> [MessageQueue] {
    isClosed = true
    return waiting.values.flatMap { fifo in
      var fifo = fifo
      return fifo.removeAll { _ in true }
    }
  }
}

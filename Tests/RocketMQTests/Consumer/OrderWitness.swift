// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Synchronization

@testable import RocketMQ

/// Sees every call of every member's listener, and says when a queue is not consumed in its order: a message must not begin before
/// the one before it has succeeded somewhere, and no two calls of one queue may run at the same time.
final class OrderWitness: Sendable {
  private struct Queue {
    /// The next message that has not succeeded yet.
    var next: Int64 = 0
    var running: String?
  }

  private struct State {
    var queues: [MessageQueue: Queue] = [:]
    var violations: [String] = []
    var duplicates: [String] = []
    var succeeded = 0
  }

  private let state = Mutex(State())
  /// Messages that have succeeded for the first time.
  let seen = Record<Int>()

  var violations: [String] { state.withLock { $0.violations } }
  /// Messages that came again after they had succeeded.
  var duplicates: [String] { state.withLock { $0.duplicates } }

  func begins(_ message: ReceivedMessage, _ member: String) {
    state.withLock { state in
      var queue = state.queues[message.queue] ?? Queue()
      if let other = queue.running { state.violations.append("\(message.queue) \(message.queueOffset): \(member) while \(other) is at it") }
      if message.queueOffset > queue.next {
        state.violations.append("\(message.queue) \(message.queueOffset): \(member) before \(queue.next) has succeeded")
      }
      if message.queueOffset < queue.next { state.duplicates.append("\(message.queue) \(message.queueOffset): \(member)") }
      queue.running = "\(member) with \(message.queueOffset)"
      state.queues[message.queue] = queue
    }
  }

  func ends(_ message: ReceivedMessage, succeeded: Bool) {
    let isNew = state.withLock { state in
      state.queues[message.queue]?.running = nil
      guard succeeded, message.queueOffset == state.queues[message.queue]?.next else { return false }
      state.queues[message.queue]?.next += 1
      return true
    }
    if isNew { seen.add(Int(message.bodyText) ?? -1) }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// How many messages a worker takes at once, by how fast its listener is: so few that a slice takes a few milliseconds. With a slow
/// listener that is one, so that no message waits behind it while other workers are free, and the end of a queue need not wait long.
package struct Pace: Sendable {
  package let largestSlice: Int
  package private(set) var slice: Int
  private let adapts: Bool
  private var startedAt: UInt64 = 0
  private var yieldedAt: UInt64 = 0

  init(_ listener: MessageListener) {
    switch listener {
    case .single: self.init(largestSlice: 32, adapts: true)
    case .batch(let size, _): self.init(largestSlice: size, adapts: false)
    case .sequence: self.init(largestSlice: 1, adapts: false)
    }
  }

  init(_ listener: OrderedListener) {
    switch listener.call {
    case .single: self.init(largestSlice: 32, adapts: true)
    case .batch(let size, _, _): self.init(largestSlice: size, adapts: false)
    }
  }

  package init(largestSlice: Int, adapts: Bool) {
    self.largestSlice = largestSlice
    self.adapts = adapts
    slice = adapts ? 1 : largestSlice
  }

  /// Times are milliseconds of any clock.
  package mutating func woke(at now: UInt64) { (startedAt, yieldedAt) = (now, now) }

  /// A slice is finished. True: the worker has not let others have its thread for a while, and does so now. Not after each slice: a task
  /// that yields costs an allocation and a turn in the executor's queue.
  package mutating func finishedSlice(at now: UInt64) -> Bool {
    let took = now - startedAt
    startedAt = now
    if adapts {
      if took <= Self.quick { slice = min(slice * 2, largestSlice) } else if took > Self.slow { slice = 1 }
    }
    guard now - yieldedAt >= Self.turn else { return false }
    yieldedAt = now
    return true
  }

  private static let quick: UInt64 = 1
  private static let slow: UInt64 = 5
  private static let turn: UInt64 = 2
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// How long a queue may be consumed: what whoever consumes it asks before each call of a listener. Java: `ProcessQueue.isLocked`,
/// `isLockExpired`.
///
/// The time is asked for, and not only a timer waited for: in a process that was stopped for a minute (a paused machine) the timer would
/// be late, and another member might have the queue already.
final class QueueLease: Sendable {
  /// Milliseconds of `now`; 0: in doubt, or lost.
  private let until: Atomic<UInt64>
  private let lost = Atomic(false)
  private let now: @Sendable () -> UInt64

  /// Of a queue that needs no lock.
  static let unlimited = QueueLease(until: .max) { 0 }

  init(until: UInt64, now: @escaping @Sendable () -> UInt64) {
    self.until = Atomic(until)
    self.now = now
  }

  /// There is a lock, held or not.
  var needsLock: Bool { self !== Self.unlimited }

  var isValid: Bool {
    let until = until.load(ordering: .acquiring)
    return until == .max || now() < until
  }

  /// It will not become valid any more.
  var isLost: Bool { lost.load(ordering: .acquiring) }

  func extend(until time: UInt64) { until.store(time, ordering: .releasing) }
  func suspend() { until.store(0, ordering: .releasing) }

  func lose() {
    suspend()
    lost.store(true, ordering: .releasing)
  }
}

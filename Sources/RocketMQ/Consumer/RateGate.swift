// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// Lets something through at most once in an interval.
final class RateGate: Sendable {
  private let intervalMilliseconds: UInt64
  private let last = Mutex<UInt64?>(nil)

  init(interval: Duration) { intervalMilliseconds = UInt64(interval.wholeMilliseconds) }

  /// True: go ahead.
  func pass() -> Bool {
    let now = Core.nowMilliseconds()
    return last.withLock { last in
      if let before = last, now - before < intervalMilliseconds { return false }
      last = now
      return true
    }
  }
}

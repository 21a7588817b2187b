// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The core's milliseconds, moved on by a clock that tests may move: messages are stamped with the core's time when they are taken, and
/// expire by this one.
struct ElapsedTime: Sendable {
  private let start = Core.nowMilliseconds()
  private let sinceStart: @Sendable () -> Duration

  init(_ clock: any Clock<Duration>) { sinceStart = Self.measure(clock) }

  private static func measure<C: Clock<Duration>>(_ clock: C) -> @Sendable () -> Duration {
    let start = clock.now
    return { start.duration(to: clock.now) }
  }

  /// On the scale of `Core.nowMilliseconds()`.
  var milliseconds: UInt64 {
    let (seconds, attoseconds) = sinceStart().components
    return start + UInt64(max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000))
  }
}

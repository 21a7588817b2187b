// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The core's milliseconds, moved on by a clock that tests may move: messages are stamped with the core's time when they are taken, and
/// expire by this one. The machine's own clock moves it as it moves the core's: not while the machine is suspended.
struct ElapsedTime: Sendable {
  private let now: @Sendable () -> UInt64

  init(_ clock: any Clock<Duration>) { now = clock is ContinuousClock ? Core.nowMilliseconds : Self.movedOn(by: clock) }

  private static func movedOn<C: Clock<Duration>>(by clock: C) -> @Sendable () -> UInt64 {
    let (start, begin) = (Core.nowMilliseconds(), clock.now)
    return { start + UInt64(max(0, begin.duration(to: clock.now).wholeMilliseconds)) }
  }

  /// On the scale of `Core.nowMilliseconds()`.
  var milliseconds: UInt64 { now() }
}

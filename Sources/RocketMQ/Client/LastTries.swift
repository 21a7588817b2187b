// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// How often something is tried that others wait for, and that may not be done later: the last commit of a queue, the return of its lock.
///
/// A connection that is cut says nothing of the broker, and whoever is cut off once may be cut off again: that is tried until the time is
/// up. Anything else only a few times, so that nobody who ends waits long for a broker that is gone.
struct LastTries {
  private let deadline: Deadline
  private var failures = 0

  private static let attempts = 3
  private static let pause: Duration = .milliseconds(100)

  init(within limit: Duration) { deadline = Deadline(limit) }

  /// How long to wait before the next try; nil: that was the last.
  mutating func pause(after error: RocketMQError) -> Duration? {
    if error.code != .connectionClosed { failures += 1 }
    let isOver = error.code == .notRunning || error.code == .cancelled || failures >= Self.attempts
    return isOver || deadline.left < Self.pause ? nil : Self.pause
  }
}

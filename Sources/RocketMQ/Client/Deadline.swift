// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// A point in real time to be done by.
struct Deadline: Sendable {
  private let end: ContinuousClock.Instant

  init(_ limit: Duration) { end = .now + limit }

  /// Negative when it is over.
  var left: Duration { ContinuousClock.now.duration(to: end) }
}

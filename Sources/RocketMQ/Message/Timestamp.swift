// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// A point in time as brokers and producers write it: milliseconds since 1970-01-01 UTC.
///
/// With Foundation: `Date(timeIntervalSince1970: timestamp.secondsSince1970)`.
public struct Timestamp: Hashable, Sendable {
  public var millisecondsSince1970: Int64

  public init(millisecondsSince1970: Int64) { self.millisecondsSince1970 = millisecondsSince1970 }

  public var secondsSince1970: Double { Double(millisecondsSince1970) / 1000 }

  /// This machine's wall clock.
  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(millisecondsSince1970: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// Negative when `other` is earlier.
  public func duration(to other: Timestamp) -> Duration {
    .milliseconds(other.millisecondsSince1970 - millisecondsSince1970)
  }
}

extension Timestamp: Comparable {
  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.millisecondsSince1970 < b.millisecondsSince1970 }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// How long each delay level is. Java: `messageDelayLevel`, `ScheduleMessageService`.
enum DelayLevels {
  /// "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h"
  private static let seconds: [Int64] = [
    1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200,
  ]

  /// Levels are 1...count.
  static var count: Int { seconds.count }

  /// A higher level is taken for the highest.
  static func clamp(_ level: Int) -> Int { min(level, count) }

  static func milliseconds(_ level: Int) -> Int64 { seconds[level - 1] * 1000 }

  /// The queue of the schedule topic.
  static func queueID(_ level: Int) -> Int32 { Int32(level - 1) }
  static func level(queueID: Int32) -> Int { Int(queueID) + 1 }
}

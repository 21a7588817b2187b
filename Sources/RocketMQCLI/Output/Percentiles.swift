// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Collects durations and tells how long the slowest took: in fixed memory, each within 0.8 %.
struct Percentiles {
  private static let exact = 256
  private static let eachDoubling = 128
  /// Durations below `exact` nanoseconds one by one, then 128 steps from each power of two to the next.
  private var counts = [Int](repeating: 0, count: exact + eachDoubling * 56)
  private(set) var count = 0

  mutating func record(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    counts[Self.index(UInt64(max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)))] += 1
    count += 1
  }

  /// The shortest time within which this share of the durations lies, in microseconds; 0 when there are none.
  func microseconds(_ share: Double) -> Double {
    var left = max(1, Int((share * Double(count)).rounded(.up)))
    for (index, count) in counts.enumerated() where count > 0 {
      left -= count
      if left <= 0 { return Double(Self.middle(index)) / 1000 }
    }
    return 0
  }

  private static func index(_ nanoseconds: UInt64) -> Int {
    guard nanoseconds >= exact else { return Int(nanoseconds) }
    let exponent = 63 - nanoseconds.leadingZeroBitCount
    return exact + (exponent - 8) * eachDoubling + Int(nanoseconds >> UInt64(exponent - 7)) - eachDoubling
  }

  private static func middle(_ index: Int) -> UInt64 {
    guard index >= exact else { return UInt64(index) }
    let (doublings, step) = (index - exact).quotientAndRemainder(dividingBy: eachDoubling)
    return (UInt64(step + eachDoubling) << UInt64(doublings + 1)) + (UInt64(1) << UInt64(doublings))
  }
}

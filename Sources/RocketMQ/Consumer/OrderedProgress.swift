// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What has become of the first messages of a queue that is consumed in order. Positions are the window's. Empty as long as nothing fails
/// and nothing waits for a commit.
package struct OrderedProgress: Sendable {
  /// How often unfinished messages have failed.
  private var failures: [UInt64: Int] = [:]
  /// Unfinished in the window, but done with: they are dead letters, and only wait for those before them.
  private var gone: Set<UInt64> = []
  /// Messages that the listener is done with and has not committed yet (manual commit).
  package var uncommitted = 0

  package init() {}

  package var isEmpty: Bool { failures.isEmpty && gone.isEmpty }

  package func failures(of position: UInt64) -> Int { failures[position] ?? 0 }
  package func isGone(_ position: UInt64) -> Bool { gone.contains(position) }

  package mutating func failed(_ position: UInt64) { failures[position, default: 0] += 1 }

  package mutating func becameDeadLetter(_ position: UInt64) {
    failures[position] = nil
    gone.insert(position)
  }

  /// Everything up to and with this position is finished.
  package mutating func finished(through position: UInt64) {
    if !failures.isEmpty { failures = failures.filter { $0.key > position } }
    if !gone.isEmpty { gone = gone.filter { $0 > position } }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Finds queues that nobody pulls though somebody should: the last line against a lost wake-up, an answer that never came or a thread that
/// died. Java has it as `isPullExpired`.
///
/// A pure state: it is shown all queues from time to time, and says which have had no sign of life for too long. `Key` stands for one life
/// of a queue: taking it again is another one.
package struct QueueWatch<Key: Hashable & Sendable>: Sendable {
  /// What there is to see of one queue.
  package struct Sight: Sendable {
    package var key: Key
    /// `Core.nowMilliseconds()` at the last pull; 0: none yet.
    package var lastPull: UInt64
    /// Somebody wants it to stand still: it is paused, or what was pulled has not been consumed yet.
    package var mayRest: Bool

    package init(key: Key, lastPull: UInt64, mayRest: Bool) {
      self.key = key
      self.lastPull = lastPull
      self.mayRest = mayRest
    }
  }

  private struct Life {
    var lastPull: UInt64
    /// When the last sign of life was seen.
    var seenAt: UInt64
    var isReported = false
  }

  private let limitMilliseconds: UInt64
  private var lives: [Key: Life] = [:]

  /// `limit`: without a sign of life for longer than this, a queue is stuck.
  package init(limit: Duration) { limitMilliseconds = UInt64(limit.wholeMilliseconds) }

  /// All queues there are, at `now` (milliseconds of any clock that does not go back). Returns the stuck ones, each once in its life, and
  /// for how many milliseconds they have been.
  package mutating func look(at sights: [Sight], now: UInt64) -> [(key: Key, forMilliseconds: UInt64)] {
    var stuck: [(key: Key, forMilliseconds: UInt64)] = []
    var next: [Key: Life] = [:]
    for sight in sights {
      var life = lives[sight.key] ?? Life(lastPull: sight.lastPull, seenAt: now)
      if sight.mayRest || sight.lastPull != life.lastPull { life = Life(lastPull: sight.lastPull, seenAt: now) }
      if now - life.seenAt > limitMilliseconds, !life.isReported {
        life.isReported = true
        stuck.append((sight.key, now - life.seenAt))
      }
      next[sight.key] = life
    }
    lives = next
    return stuck
  }
}

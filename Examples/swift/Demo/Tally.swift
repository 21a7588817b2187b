// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// What all consumers have reported so far.
final class Tally: Sendable {
  struct Counts: Sendable {
    /// Messages that a listener took; the same line may be there twice.
    var consumed = 0
    /// Different lines among them.
    var distinct = 0
    /// Lines that were taken after they had failed.
    var retried = 0
    /// Messages by name of the consumer.
    var byConsumer: [String: Int] = [:]
  }

  private struct State {
    var counts = Counts()
    var missing: Set<String>
    var milestones: [Int]
  }

  private let state: Mutex<State>
  private let events: Events

  /// `milestones`, numbers of different lines in rising order, are told to `events` when they are reached.
  init(expecting lines: [SourceLine], milestones: [Int], _ events: Events) {
    state = Mutex(State(missing: Set(lines.map(\.key)), milestones: milestones))
    self.events = events
  }

  func consumed(_ key: String, failures: Int, by consumer: String) {
    state.withLock { state in
      state.counts.consumed += 1
      state.counts.byConsumer[consumer, default: 0] += 1
      guard state.missing.remove(key) != nil else { return }
      state.counts.distinct += 1
      if failures > 0 { state.counts.retried += 1 }
      while let next = state.milestones.first, next <= state.counts.distinct {
        state.milestones.removeFirst()
        events.happened(.reached(next))
      }
    }
  }

  var counts: Counts { state.withLock { $0.counts } }

  /// Lines nobody has consumed, in order.
  var missing: [String] { state.withLock { $0.missing.sorted() } }
}

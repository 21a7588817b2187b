// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// Which brokers a producer had better leave alone for a while: those that could not be reached, or did not answer. Any thread.
///
/// Without it, every message whose turn falls on a dead broker would wait for that broker before it goes to another.
///
/// Java: `MQFaultStrategy`, `LatencyFaultToleranceImpl` (there off by default, and by latency).
final class BrokerHealth: Sendable {
  typealias Instant = ContinuousClock.Instant

  private struct Suspicion {
    var failures: Int
    var until: Instant
  }

  private let suspects = Mutex<[String: Suspicion]>([:])
  /// How many suspects there are; spares healthy times the lock.
  private let count = Atomic(0)

  static let firstBreak: Duration = .seconds(1)
  static let longestBreak: Duration = .seconds(30)

  /// Those to leave alone now.
  func suspects(at now: Instant = .now) -> Set<String> {
    if count.load(ordering: .relaxed) == 0 { return [] }
    return suspects.withLock { Set($0.filter { $0.value.until > now }.keys) }
  }

  /// Each failure in a row doubles the break; failures during a break do not count, they come from the same cause.
  func failed(_ broker: String, at now: Instant = .now) {
    suspects.withLock { suspects in
      var suspicion = suspects[broker] ?? Suspicion(failures: 0, until: now)
      guard suspicion.until <= now else { return }
      suspicion.failures += 1
      suspicion.until = now + min(Self.firstBreak * (1 << min(suspicion.failures - 1, 5)), Self.longestBreak)
      suspects[broker] = suspicion
      count.store(suspects.count, ordering: .relaxed)
    }
  }

  func answered(_ broker: String) {
    if count.load(ordering: .relaxed) == 0 { return }
    suspects.withLock { suspects in
      suspects[broker] = nil
      count.store(suspects.count, ordering: .relaxed)
    }
  }

  /// Errors that say something of the broker, and not of the message.
  static func isItsFault(_ error: RocketMQError) -> Bool {
    switch error.code {
    case .connectFailed, .tlsFailed, .certificateRefused, .connectionClosed, .badAddress, .timeout: true
    default: false
    }
  }
}

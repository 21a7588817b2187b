// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// Lookups by name of which those for one name that run at the same time are one: everybody gets its answer.
///
/// A lookup belongs to nobody: who asked for it may stop waiting (deadline, cancellation) while it goes on to its own end.
final class SharedLookups<Value: Sendable>: Sendable {
  private let waiting = Mutex<[String: [Waiter<Value>]]>([:])

  /// Throws what `lookup` throws, `timeout` after `limit` (`what` says for what it waited), or `cancelled`.
  func value(
    of name: String, within limit: Duration, on loop: Loop, waitingFor what: @autoclosure @escaping @Sendable () -> String,
    lookup: @escaping @Sendable () async throws(RocketMQError) -> Value
  ) async throws(RocketMQError) -> Value {
    let waiter = Waiter<Value>()
    join(name, waiter, lookup)
    return try await waiter.value(within: limit, on: loop, waitingFor: what())
  }

  /// The same without waiting for the answer.
  func start(_ name: String, lookup: @escaping @Sendable () async throws(RocketMQError) -> Value) { join(name, nil, lookup) }

  private func join(_ name: String, _ waiter: Waiter<Value>?, _ lookup: @escaping @Sendable () async throws(RocketMQError) -> Value) {
    let isFirst = waiting.withLock { waiting in
      let isFirst = waiting[name] == nil
      waiting[name, default: []].append(contentsOf: waiter.map { [$0] } ?? [])
      return isFirst
    }
    guard isFirst else { return }
    Task {
      let result: Result<Value, RocketMQError>
      do throws(RocketMQError) { result = .success(try await lookup()) } catch { result = .failure(error) }
      let waiters = waiting.withLock { $0.removeValue(forKey: name) ?? [] }
      for waiter in waiters { waiter.finish(result) }
    }
  }
}

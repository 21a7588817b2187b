// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// The moment at which `consume` has seen enough.
final class EndOfInput: Sendable {
  private struct State {
    var isReached = false
    var waiter: UnsafeContinuation<Void, Never>?
    var lastMessage = ContinuousClock.now
  }

  private let state = Mutex(State())
  private let idleLimit: Duration?

  /// `idleLimit` nil: it may be quiet for ever.
  init(idleLimit: Duration?) { self.idleLimit = idleLimit }

  func sawMessage() { state.withLock { $0.lastMessage = .now } }

  /// As many as were asked for, or ^C, or quiet for long enough.
  func reached() {
    let waiter = state.withLock { state in
      state.isReached = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// For one caller. The time without messages begins to count now.
  func wait() async {
    sawMessage()
    let watch = idleLimit.map { limit in Task { await watchIdleness(limit) } }
    await withUnsafeContinuation { waiter in
      let isReached = state.withLock { state in
        if !state.isReached { state.waiter = waiter }
        return state.isReached
      }
      if isReached { waiter.resume() }
    }
    watch?.cancel()
  }

  /// Sleeps until the limit would be over if nothing came, and looks again.
  private func watchIdleness(_ limit: Duration) async {
    while true {
      let end = state.withLock { $0.lastMessage } + limit
      if end <= .now { return reached() }
      do { try await Task.sleep(until: end, clock: .continuous) } catch { return }
    }
  }
}

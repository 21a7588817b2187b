// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// A bell that one task waits for. Ringing it while nobody waits is remembered, once.
package final class Wake: Sendable {
  private struct State {
    var isRung = false
    var waiter: UnsafeContinuation<Bool, Never>?
  }

  private let state = Mutex(State())

  package init() {}

  package func ring() {
    let waiter = state.withLock { state in
      if state.waiter == nil { state.isRung = true }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: true)
  }

  /// Waits until it rings; false when the task is cancelled instead. One task at a time.
  @discardableResult
  package func wait() async -> Bool {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let rung: Bool? = state.withLock { state in
          precondition(state.waiter == nil, "two tasks wait for one bell")
          if state.isRung || Task.isCancelled {
            defer { state.isRung = false }
            return state.isRung
          }
          state.waiter = continuation
          return nil
        }
        if let rung { continuation.resume(returning: rung) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume(returning: false)
    }
  }

  /// Waits until it rings, but not longer than `limit`. True: it rang.
  package func wait(atMost limit: Duration, on clock: any Clock<Duration>) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask { await self.wait() }
      group.addTask {
        try? await clock.sleep(for: limit)
        return false
      }
      var rang = await group.next() ?? false
      group.cancelAll()
      for await other in group { rang = rang || other }
      return rang
    }
  }
}

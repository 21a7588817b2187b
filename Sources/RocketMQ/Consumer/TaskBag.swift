// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// Tasks that end with their owner: it can cancel what still runs.
package final class TaskBag: Sendable {
  private struct State {
    var tasks: [UInt64: Task<Void, Never>] = [:]
    var nextID: UInt64 = 0
    var isCancelled = false
  }

  private let state = Mutex(State())

  package init() {}

  /// Does nothing after ``cancelAll()``.
  package func run(_ work: @escaping @Sendable () async -> Void) {
    state.withLock { state in
      guard !state.isCancelled else { return }
      let id = state.nextID
      state.nextID += 1
      // The task cannot end, and remove itself, before it is in the table: that needs the lock, too.
      state.tasks[id] = Task {
        await work()
        self.state.withLock { $0.tasks[id] = nil }
      }
    }
  }

  /// For good.
  package func cancelAll() {
    let tasks = state.withLock { state in
      state.isCancelled = true
      return state.tasks.values
    }
    for task in tasks { task.cancel() }
  }
}

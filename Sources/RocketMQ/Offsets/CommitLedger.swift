// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What is known to be committed, and which commits are on their way: at most one for each queue, so that none overtakes another.
package struct CommitLedger<Waiter: Sendable>: Sendable {
  private struct Entry {
    /// nil: the store has none.
    var committed: Int64?
    var isCommitting = false
    var isSealed = false
    var waiters: [Waiter] = []
  }

  private var entries: [MessageQueue: Entry] = [:]

  package init() {}

  /// A queue is consumed from now on. `stored`: what the store said; nil when it has none, so that the first commit is due at once.
  package mutating func open(_ queue: MessageQueue, stored: Int64?) {
    entries[queue] = Entry(committed: stored)
  }

  /// May a commit of this offset start? False: it is committed already, or another commit is on its way, or the queue is sealed or closed.
  package mutating func begin(_ queue: MessageQueue, _ offset: Int64) -> Bool {
    guard let entry = entries[queue], !entry.isSealed, !entry.isCommitting, offset > entry.committed ?? -1 else { return false }
    entries[queue]!.isCommitting = true
    return true
  }

  /// A commit is over; `offset` is nil when it failed. Whoever waits for it may go on.
  package mutating func end(_ queue: MessageQueue, committed offset: Int64?) -> [Waiter] {
    guard var entry = entries[queue] else { return [] }
    if let offset { entry.committed = offset }
    entry.isCommitting = false
    let waiters = entry.waiters
    entry.waiters = []
    entries[queue] = entry
    return waiters
  }

  /// No commit of this queue starts any more. False: one is on its way, and `waiter` is handed out when it ends.
  package mutating func seal(_ queue: MessageQueue, _ waiter: Waiter) -> Bool {
    guard entries[queue] != nil else { return true }
    entries[queue]!.isSealed = true
    if entries[queue]!.isCommitting { entries[queue]!.waiters.append(waiter) }
    return !entries[queue]!.isCommitting
  }

  package mutating func close(_ queue: MessageQueue) { entries[queue] = nil }

  package func committed(_ queue: MessageQueue) -> Int64? { entries[queue]?.committed }
}

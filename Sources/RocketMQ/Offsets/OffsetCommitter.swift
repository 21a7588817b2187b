// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

/// Decides when offsets are written, and sees to it that no commit of a queue overtakes another.
///
/// Java: `RemoteBrokerOffsetStore.persistAll`, `persist`.
final class OffsetCommitter: Sendable {
  private let store: any OffsetStore
  private let group: String
  private let loop: Loop
  private let logger: Logger
  private let ledger = Mutex(CommitLedger<UnsafeContinuation<Void, Never>>())

  /// How many commits to one broker may be on their way.
  private static let width = 16

  init(store: any OffsetStore, group: String, loop: Loop, logger: Logger) {
    self.store = store
    self.group = group
    self.loop = loop
    self.logger = logger
  }

  func openStore() async throws(RocketMQError) { try await store.open(group: group, logger: logger) }
  func closeStore() async { await store.close(group: group) }

  /// Where the group is with a queue, as the store says; nil: nowhere yet.
  func stored(_ queue: MessageQueue) async throws(RocketMQError) -> Int64? { try await store.offset(of: queue, group: group) }

  /// A queue is consumed from now on. With nothing stored its first commit is due at once: so that a group that has begun with the latest
  /// message does not skip what comes while it is away.
  func open(_ queue: MessageQueue, stored: Int64?) { ledger.withLock { $0.open(queue, stored: stored) } }

  /// Writes what has changed: in one go where the store can; else every broker on its own: one that does not answer delays no other, and is
  /// asked once.
  func commitChanged(_ queues: [(queue: MessageQueue, window: ProcessQueue)]) async {
    if let store = store as? any BatchOffsetStore { return await commitTogether(queues, store) }
    await withDiscardingTaskGroup { group in
      for (_, queues) in Dictionary(grouping: queues, by: \.queue.brokerName) {
        group.addTask { await self.commitAtOneBroker(queues) }
      }
    }
  }

  private func commitTogether(_ queues: [(queue: MessageQueue, window: ProcessQueue)], _ store: any BatchOffsetStore) async {
    let due = queues.compactMap { queue, window in begin(queue, window).map { (queue: queue, offset: $0) } }
    if due.isEmpty { return }
    var failure: RocketMQError?
    do throws(RocketMQError) {
      try await store.commit(Dictionary(due.map { ($0.queue, $0.offset) }) { $1 }, group: group)
    } catch { failure = error }
    let isCommitted = failure == nil
    let waiters = ledger.withLock { ledger in due.flatMap { ledger.end($0.queue, committed: isCommitted ? $0.offset : nil) } }
    for waiter in waiters { waiter.resume() }
    if let failure, failure.code != .cancelled {
      logger.warning(
        "offsets could not be committed; they are tried again",
        metadata: [LogKey.count: "\(due.count)", LogKey.error: "\(failure)"])
    }
  }

  /// The offset to commit now; nil: none. A queue is dropped before it is sealed: so what was held when a commit began, and has been
  /// released and taken anew since, cannot write the offset of its former life.
  private func begin(_ queue: MessageQueue, _ window: ProcessQueue) -> Int64? {
    ledger.withLock { ledger in
      let offset = window.commitOffset
      return !window.isDropped && ledger.begin(queue, offset) ? offset : nil
    }
  }

  private func commitAtOneBroker(_ queues: [(queue: MessageQueue, window: ProcessQueue)]) async {
    await withTaskGroup(of: RocketMQError?.self) { group in
      var running = 0
      for (queue, window) in queues {
        if running == Self.width {
          running -= 1
          if let failure = await group.next() ?? nil, failure.brokerCode == nil { break }
        }
        guard let offset = begin(queue, window) else { continue }
        running += 1
        group.addTask { await self.commit(queue, offset) }
      }
    }
  }

  /// For a commit that the ledger has let begin.
  private func commit(_ queue: MessageQueue, _ offset: Int64) async -> RocketMQError? {
    var failure: RocketMQError?
    do throws(RocketMQError) { try await store.commit(offset, of: queue, group: group) } catch { failure = error }
    let waiters = ledger.withLock { $0.end(queue, committed: failure == nil ? offset : nil) }
    for waiter in waiters { waiter.resume() }
    if let failure, failure.code != .cancelled {
      logger.warning("an offset could not be committed; it is tried again", metadata: metadata(queue, offset, failure))
    }
    return failure
  }

  /// The last write of a queue, before it is forgotten: what was consumed, or (also backwards) what the broker has said. False: it could
  /// not be done within `limit`; whoever gets the queue next begins where the last commit was.
  ///
  /// - Parameter overrides: It must stand whatever was written before, also by pulls that are still on their way: a broker handles pulls
  ///   and commits side by side. So it is looked at afterwards.
  func commitFinally(_ offset: Int64, of queue: MessageQueue, overrides: Bool = false, within limit: Duration) async -> Bool {
    await settle(queue)
    defer { ledger.withLock { $0.close(queue) } }
    if !overrides, ledger.withLock({ $0.committed(queue) }) == offset { return true }
    let done = Waiter<Void>()
    let writing = Task {
      do throws(RocketMQError) {
        try await writeTrying(offset, queue, within: limit)
        if overrides, try await stored(queue) != offset { try await writeTrying(offset, queue, within: limit) }
        done.finish(.success(()))
      } catch {
        done.finish(.failure(error))
      }
    }
    defer { writing.cancel() }
    do throws(RocketMQError) {
      try await done.value(within: limit, on: loop, waitingFor: "the commit of \(queue)")
      return true
    } catch {
      logger.warning(
        "an offset could not be committed; messages that were consumed may be consumed again", metadata: metadata(queue, offset, error))
      return false
    }
  }

  /// Nothing more is written of a queue, and it is forgotten.
  func close(_ queue: MessageQueue) async {
    await settle(queue)
    ledger.withLock { $0.close(queue) }
  }

  /// No commit of the queue begins any more; returns when the one on its way has ended.
  private func settle(_ queue: MessageQueue) async {
    await withUnsafeContinuation { (settled: UnsafeContinuation<Void, Never>) in
      if ledger.withLock({ $0.seal(queue, settled) }) { settled.resume() }
    }
  }

  private func writeTrying(_ offset: Int64, _ queue: MessageQueue, within limit: Duration) async throws(RocketMQError) {
    var tries = LastTries(within: limit)
    while true {
      do throws(RocketMQError) {
        return try await store.commit(offset, of: queue, group: group)
      } catch {
        guard let pause = tries.pause(after: error) else { throw error }
        try? await Task.sleep(for: pause)
      }
    }
  }

  private func metadata(_ queue: MessageQueue, _ offset: Int64, _ error: RocketMQError) -> Logger.Metadata {
    [LogKey.queue: "\(queue)", LogKey.offset: "\(offset)", LogKey.error: "\(error)"]
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// A queue that this consumer has now: what was pulled and is not finished, and what pulls it. Java: `ProcessQueue` with its `PullRequest`.
///
/// Taking a queue again makes a new one of these, so nothing that still refers to the old one can touch the new one.
final class OwnedQueue: Sendable {
  let messageQueue: MessageQueue
  let group: String
  /// Its name in the dispatcher.
  let slot: RunSlot
  let window: ProcessQueue
  /// The broker's lock on it.
  let lease: QueueLease
  let origin: MessageOrigin
  /// What is consumed in order: what has failed of it, and what waits for a commit.
  let order = Mutex(OrderedProgress())
  private let pulling = Mutex<Puller?>(nil)
  private let forgotten = Atomic(false)
  private let reset = Mutex<(wanted: Int64?, stored: Int64?)>((nil, nil))
  private let consumed = Atomic<UInt64>(0)

  init(_ messageQueue: MessageQueue, group: String, slot: RunSlot, window: ProcessQueue, lease: QueueLease) {
    self.messageQueue = messageQueue
    self.group = group
    self.slot = slot
    self.window = window
    self.lease = lease
    origin = MessageOrigin(queue: messageQueue, group: group)
  }

  /// The same for a message that is handed out again here, after so many failures.
  func origin(failures: Int) -> MessageOrigin { MessageOrigin(queue: messageQueue, group: group, failuresHere: failures) }

  var puller: Puller? {
    get { pulling.withLock { $0 } }
    set { pulling.withLock { $0 = newValue } }
  }

  func apply(_ subscription: SubscriptionData) {
    puller?.setSubscription(
      expressionType: subscription.expressionType, expression: subscription.expression, version: subscription.version,
      tags: subscription.tags)
  }

  /// Released for good: what its messages come to is of no interest here any more.
  var isForgotten: Bool { forgotten.load(ordering: .acquiring) }
  func forget() { forgotten.store(true, ordering: .releasing) }

  /// Its offset is to be this one, whatever its messages come to; nil: it has not been reset.
  var wantedReset: Int64? { reset.withLock { $0.wanted } }
  func supersede(with offset: Int64) { reset.withLock { $0.wanted = offset } }
  /// The last one of these that is stored.
  var storedReset: Int64? { reset.withLock { $0.stored } }
  func resetStored(_ offset: Int64) { reset.withLock { $0.stored = offset } }
  /// Nobody has to wait for its listeners: it has been reset, and is not to be handed over with a lock.
  var isAbandoned: Bool { !lease.needsLock && wantedReset != nil }

  /// `Core.nowMilliseconds()` when a listener last was through with messages of this queue; 0 before. Java: `lastConsumeTimestamp`.
  var lastConsumedMilliseconds: UInt64 { consumed.load(ordering: .relaxed) }
  func noteConsumed(at now: UInt64) { consumed.store(now, ordering: .relaxed) }
}

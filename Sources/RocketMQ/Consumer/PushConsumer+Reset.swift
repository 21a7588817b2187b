// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

extension PushConsumer {
  /// Somebody says where the group is to go on with queues: the broker asks all members (220), or says so when it is pulled from (5.x).
  /// Nothing that was pulled before is handed out any more, nothing that is in hand is waited for, and no offset of before is written over
  /// the new one. Java: `resetOffset`, which waits for ten seconds instead.
  func resetOffsets(_ offsets: [(queue: MessageQueue, offset: Int64)]) {
    for (queue, offset) in offsets { rebalance.post(.reset(queue, to: offset)) }
  }

  /// The last act of a queue that has been reset; it is taken again afterwards. False: the offset could not be stored.
  ///
  /// It is stored before anybody waits. A locked queue then waits for its listener, as always: messages of a queue that is consumed in
  /// order, or exclusively, are with one listener at a time.
  func reset(_ queue: OwnedQueue, to offset: Int64, _ dispatcher: any MessageDispatcher) async -> Bool {
    // It has been given up, with its lock: whoever has it now has been told, too.
    if queue.lease.needsLock, queue.isForgotten || queue.lease.isLost { return true }
    queue.supersede(with: offset)
    queue.window.drop()
    if !queue.lease.needsLock { queue.forget() }
    let isStored = await storeReset(offset, of: queue)
    _ = await unlock(queue, await close(queue, dispatcher, within: configuration.releaseDeadline))
    if !isStored {
      let left = ShutdownReport.Queue(queue: queue.messageQueue, unfinished: 0, offset: offset, isCommitted: false, isUnlocked: true)
      state.withLock { if case .ending = $0.phase { $0.leftOver.append(left) } }
    }
    return isStored
  }

  func storeReset(_ offset: Int64, of queue: OwnedQueue) async -> Bool {
    let before = queue.window.commitOffset
    guard await offsets.commitFinally(offset, of: queue.messageQueue, overrides: true, within: Self.finalCommitLimit) else { return false }
    queue.resetStored(offset)
    logger.notice(
      "offset reset", metadata: [LogKey.queue: "\(queue.messageQueue)", "rocketmq.from": "\(before)", LogKey.offset: "\(offset)"])
    tell(.offsetReset(OffsetReset(queue: queue.messageQueue, from: before, to: offset)))
    return true
  }

  func hurry(_ queue: OwnedQueue, to offset: Int64) {
    queue.supersede(with: offset)
    if queue.isAbandoned { state.withLock { $0.dispatcher }?.stopWaiting(for: queue) }
  }
}

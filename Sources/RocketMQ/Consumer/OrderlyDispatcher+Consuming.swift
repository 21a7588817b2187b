// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

extension OrderlyDispatcher {
  /// A message that the worker has in hand.
  struct Item: Sendable {
    let message: ReceivedMessage
    let position: UInt64
    /// Its body cannot be read: nobody will ever consume it.
    var isUnreadable = false
  }

  /// What a listener was called with.
  struct Slice: Sendable {
    /// Without those that are dead letters already.
    let live: [Item]
    let positions: ClosedRange<UInt64>
    /// What is in hand before it stays there (manual commit).
    var keepsHolding = false
  }

  // MARK: One by one

  /// The hot loop. What is in hand is finished from the front, so that it can be given back from there at any time.
  func consumeOneByOne(
    _ queue: OwnedQueue, _ count: Int, _ listen: OrderedListener.Single, _ buffer: inout TakeBuffer
  ) async -> WorkDone {
    var done = WorkDone(slot: queue.slot)
    let taken = buffer.takeInOrder(from: queue.window, max: count)
    guard taken > 0 else { return nothingTaken(queue, count, done) }
    var progress = queue.order.withLock { $0 }
    let context = ConsumeContext(queue: queue)
    while done.count < taken, mayListen(queue) {
      let position = buffer.position(done.count)
      guard let item = read(position, &buffer, queue, progress) else {
        return giveBack(queue, count, &done, suspendsFor: .some(nil))
      }
      let result: OrderedConsumeResult =
        if item.isUnreadable { .suspend } else if passes(item.message, context) { await call(listen, item.message, context) } else {
          .success
        }
      if queue.isForgotten { break }
      if case .suspend(let delay) = result {
        done.failed += 1
        return await failed(Slice(live: [item], positions: position...position), for: delay, queue, count, done)
      }
      queue.window.acknowledge(position)
      done.count += 1
      done.consumed += 1
      if !progress.isEmpty {
        progress.finished(through: position)
        queue.order.withLock { [progress] in $0 = progress }
      }
    }
    return giveBack(queue, count, &done)
  }

  /// A queue that is dropped gives nothing more: its turns wait for its end instead of coming again and again.
  private func nothingTaken(_ queue: OwnedQueue, _ count: Int, _ done: WorkDone) -> WorkDone {
    var done = done
    done.back = count
    if queue.window.isDropped {
      suspend(queue, for: nil)
      done.suspends = true
    }
    return done
  }

  /// nil: not even its header can be read, which has been logged.
  private func read(_ position: UInt64, _ buffer: inout TakeBuffer, _ queue: OwnedQueue, _ progress: OrderedProgress) -> Item? {
    let failures = progress.isEmpty ? 0 : progress.failures(of: position)
    let origin = failures == 0 ? queue.origin : MessageOrigin(queue: queue.messageQueue, group: queue.group, failuresHere: failures)
    do throws(RocketMQError) {
      return Item(message: ReceivedMessage(try buffer.nextMessage(bodyLimit: options.bodyLimit), from: origin), position: position)
    } catch {
      logger.error(
        "a message cannot be read; it becomes a dead letter",
        metadata: [LogKey.queue: "\(queue.messageQueue)", "rocketmq.position": "\(position)", LogKey.error: "\(error)"])
    }
    guard let box = buffer.nextUnreadMessage() else { return nil }
    return Item(message: ReceivedMessage(box, from: origin), position: position, isUnreadable: true)
  }

  // MARK: Batches

  func consumeBatch(
    _ queue: OwnedQueue, _ count: Int, _ autoCommit: Bool, _ listen: OrderedListener.Batch, _ buffer: inout TakeBuffer
  ) async -> WorkDone {
    var done = WorkDone(slot: queue.slot)
    let progress = queue.order.withLock { $0 }
    let taken =
      progress.uncommitted > 0
      ? buffer.takeMoreInOrder(from: queue.window, max: count) : buffer.takeInOrder(from: queue.window, max: count)
    guard taken > 0 else { return nothingTaken(queue, count, done) }
    let first = buffer.position(0)
    var batch: [Item] = []
    for index in 0..<taken {
      guard let item = read(buffer.position(index), &buffer, queue, progress), batch.isEmpty || !item.isUnreadable else { break }
      batch.append(item)
      if item.isUnreadable { break }
    }
    // What comes behind one that cannot be read waits until that one is gone.
    if batch.count < taken { queue.window.giveBackHeld(from: first + UInt64(batch.count)) }
    done.back = count - batch.count
    guard let last = batch.last else {
      suspend(queue, for: nil)
      done.suspends = true
      return done
    }
    guard mayListen(queue) else {
      queue.window.giveBackHeld(from: first)
      done.back = count
      return done
    }
    let context = ConsumeContext(queue: queue)
    let live = batch.filter { !progress.isGone($0.position) && ($0.isUnreadable || passes($0.message, context)) }
    var result = OrderedConsumeResult.success
    if live.isEmpty {
      // The listener has nothing to commit, and does not hear of these.
      if progress.uncommitted == 0 { result = .commit }
    } else if last.isUnreadable {
      result = .suspend
    } else {
      result = await call(listen, live.map(\.message), context)
    }
    if queue.isForgotten { return done }
    switch (autoCommit, result) {
    case (_, .suspend(let delay)):
      done.failed += live.count
      let slice = Slice(live: live, positions: first...last.position, keepsHolding: !autoCommit)
      return await failed(slice, for: delay, queue, count, done)
    case (false, .rollback(let delay)):
      queue.window.giveBackHeld()
      done.back += batch.count + uncommitted(queue, becomes: 0)
      suspend(queue, for: delay)
      done.suspends = true
    case (false, .success):
      keep(batch.count, queue)
      done.consumed += live.count
    case (true, _), (false, .commit):
      queue.window.commitHeld()
      done.count = batch.count + uncommitted(queue, becomes: 0)
      done.consumed += live.count
      if !progress.isEmpty { queue.order.withLock { $0.finished(through: last.position) } }
    }
    return done
  }

  /// They are done with, and wait for a commit.
  private func keep(_ count: Int, _ queue: OwnedQueue) {
    queue.order.withLock { $0.uncommitted += count }
  }

  private func uncommitted(_ queue: OwnedQueue, becomes count: Int) -> Int {
    queue.order.withLock { order in
      defer { order.uncommitted = count }
      return order.uncommitted
    }
  }

  // MARK: Failures

  /// Counts them as failed. Those that have failed too often become dead letters, the others come again. Java: `checkReconsumeTimes`.
  private func failed(
    _ slice: Slice, for delay: Duration?, _ queue: OwnedQueue, _ count: Int, _ done: WorkDone
  ) async -> WorkDone {
    let limit = options.maxReconsumeTimes ?? .max
    let dead = slice.live.filter { $0.isUnreadable || $0.message.reconsumeTimes >= limit }
    var done = done
    guard !dead.isEmpty else {
      queue.order.withLock { order in for item in slice.live { order.failed(item.position) } }
      return giveBack(queue, count, &done, from: slice.keepsHolding ? slice.positions.lowerBound : nil, suspendsFor: .some(delay))
    }
    // Beside the workers, since it may take long. The turn ends when it is done.
    var counted = done
    counted.slot = nil
    (done.consumed, done.failed) = (0, 0)
    pool.tasks.run { [done] in
      var done = done
      let comesAgain = await self.bury(dead, of: slice, queue)
      if comesAgain || queue.isForgotten {
        let first = slice.keepsHolding ? slice.positions.lowerBound : nil
        done = self.giveBack(queue, count, &done, from: first, suspendsFor: .some(delay))
      } else if slice.keepsHolding, queue.order.withLock({ $0.uncommitted }) > 0 {
        self.keep(slice.positions.count, queue)
      } else {
        queue.window.acknowledge(from: slice.positions.lowerBound, count: slice.positions.count)
        queue.order.withLock { $0.finished(through: slice.positions.upperBound) }
        done.count += slice.positions.count
        done = self.giveBack(queue, count, &done)
      }
      self.pool.report(done)
    }
    return counted
  }

  /// True: some of the slice come again.
  private func bury(_ dead: [Item], of slice: Slice, _ queue: OwnedQueue) async -> Bool {
    var buried: Set<UInt64> = []
    for item in dead where await buryDead(item.message) { buried.insert(item.position) }
    queue.order.withLock { [buried] order in
      for item in slice.live {
        if buried.contains(item.position) { order.becameDeadLetter(item.position) } else { order.failed(item.position) }
      }
    }
    pool.update { [buried] state in
      state.counts.sentBack += buried.count
      return (false, nil)
    }
    return buried.count < slice.live.count
  }

  /// The rest of a slice of `count` goes back into the window: everything from position `from` on, or everything that is not finished.
  private func giveBack(
    _ queue: OwnedQueue, _ count: Int, _ done: inout WorkDone, from: UInt64? = nil, suspendsFor delay: Duration?? = nil
  ) -> WorkDone {
    if let from { queue.window.giveBackHeld(from: from) } else { queue.window.giveBackHeld() }
    done.back = count - done.count
    if let delay {
      suspend(queue, for: delay)
      done.suspends = true
    }
    return done
  }

  // MARK: The listener

  /// What the application's filter hooks say.
  private func passes(_ message: ReceivedMessage, _ context: ConsumeContext) -> Bool {
    options.filters.isEmpty || options.filters.allSatisfy { $0.passes(message, context) }
  }

  private func call(_ listen: OrderedListener.Single, _ message: ReceivedMessage, _ context: ConsumeContext) async -> OrderedConsumeResult {
    do { return checked(try await listen(message, context)) } catch { return result(of: error, message) }
  }

  private func call(_ listen: OrderedListener.Batch, _ messages: [ReceivedMessage], _ context: ConsumeContext) async
    -> OrderedConsumeResult
  {
    do { return checked(try await listen(messages, context)) } catch { return result(of: error, messages[0]) }
  }

  private func checked(_ result: OrderedConsumeResult) -> OrderedConsumeResult {
    switch result {
    case .success, .suspend: break
    case .commit, .rollback:
      if commitsItself, warningGate.pass() { logger.warning("\(result) counts as success: the listener has auto-commit") }
    }
    return result
  }

  private func result(of error: any Error, _ message: ReceivedMessage) -> OrderedConsumeResult {
    logger.warning(
      "the listener failed; the queue waits, and the message comes again",
      metadata: [
        LogKey.topic: "\(message.topic)", LogKey.queue: "\(message.queue)", LogKey.offset: "\(message.queueOffset)",
        LogKey.messageID: "\(message.messageID)", LogKey.error: "\(error)",
      ])
    return .suspend
  }
}

extension OrderlyDispatcher {
  // MARK: By request

  /// Beside the queue that it is in: an administrator knows what that means.
  func consumeDirectly(_ message: ReceivedMessage) async -> DirectConsumption? {
    let context = ConsumeContext(directly: message.origin)
    var outcome: DirectConsumption
    do {
      let result: OrderedConsumeResult =
        switch listener.call {
        case .single(let listen): try await listen(message, context)
        case .batch(_, _, let listen): try await listen([message], context)
        }
      outcome =
        switch result {
        case .success: DirectConsumption(.success)
        case .suspend: DirectConsumption(.later)
        case .commit: DirectConsumption(.commit)
        case .rollback: DirectConsumption(.rollback)
        }
    } catch {
      outcome = DirectConsumption(.threw, remark: "\(error)")
    }
    outcome.isOrderly = true
    outcome.commitsAutomatically = commitsItself
    return outcome
  }
}

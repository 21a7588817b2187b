// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging

extension ConcurrentDispatcher {
  func consume(_ queue: OwnedQueue, _ count: Int, _ buffer: inout TakeBuffer) async -> WorkDone {
    var done = WorkDone(slot: queue.slot, count: count)
    let taken = buffer.take(from: queue.window, max: count)
    switch listener {
    case .single(let listen): await consumeOneByOne(taken, listen, queue, &buffer, &done)
    case .batch(_, let listen):
      var batch: [(message: ReceivedMessage, position: UInt64)] = []
      let context = ConsumeContext(queue: queue)
      for index in 0..<taken {
        do throws(RocketMQError) {
          let message = ReceivedMessage(try buffer.nextMessage(bodyLimit: options.bodyLimit), from: queue.origin)
          if passes(message, context) {
            batch.append((message, buffer.position(index)))
          } else {
            await finish(message, buffer.position(index), .success, queue, &done)
          }
        } catch {
          await passOver(index, of: &buffer, error, queue, &done)
        }
      }
      await consume(batch, listen, queue, &done)
    case .sequence: preconditionFailure("a sequence has no workers")
    }
    return done
  }

  /// The hot loop: what succeeds waits for nothing but the listener.
  private func consumeOneByOne(
    _ taken: Int, _ listen: MessageListener.Single, _ queue: OwnedQueue, _ buffer: inout TakeBuffer, _ done: inout WorkDone
  ) async {
    let context = ConsumeContext(queue: queue)
    for index in 0..<taken {
      // Also when the queue is being released: later messages may be finished already, and would come again together with these.
      if queue.isForgotten { break }
      let message: ReceivedMessage
      do throws(RocketMQError) {
        message = ReceivedMessage(try buffer.nextMessage(bodyLimit: options.bodyLimit), from: queue.origin)
      } catch {
        await passOver(index, of: &buffer, error, queue, &done)
        continue
      }
      var result = ConsumeResult.success
      if passes(message, context) {
        do { result = try await listen(message, context) } catch { result = self.result(of: error, message) }
      }
      if case .success = result {
        queue.window.acknowledge(buffer.position(index))
        done.consumed += 1
      } else {
        await finish(message, buffer.position(index), result, queue, &done)
      }
    }
  }

  func consume(_ item: SecondTry) async -> WorkDone {
    var done = WorkDone(slot: item.queue.slot, count: 1)
    if item.queue.window.isDropped { return done }
    let message = ReceivedMessage(item.box, from: item.queue.origin(failures: item.failures))
    if item.box.isBodyAsStored {
      await finish(message, item.position, .retryLater, item.queue, failures: item.failures, &done)
      return done
    }
    switch listener {
    case .single(let listen):
      let result: ConsumeResult
      do { result = try await listen(message, ConsumeContext(queue: item.queue)) } catch { result = self.result(of: error, message) }
      await finish(message, item.position, result, item.queue, failures: item.failures, &done)
    case .batch(_, let listen): await consume([(message, item.position)], listen, item.queue, failures: item.failures, &done)
    case .sequence: preconditionFailure("a sequence has no workers")
    }
    return done
  }

  private func consume(
    _ batch: [(message: ReceivedMessage, position: UInt64)], _ listen: MessageListener.Batch, _ queue: OwnedQueue,
    failures: Int = 0, _ done: inout WorkDone
  ) async {
    guard !batch.isEmpty, !queue.isForgotten else { return }
    let result: BatchConsumeResult
    do {
      result = try await listen(batch.map(\.message), ConsumeContext(queue: queue))
    } catch {
      _ = self.result(of: error, batch[0].message)
      result = .retryLater()
    }
    let (successes, rest) = result.split(batch.count)
    for (index, item) in batch.enumerated() {
      await finish(item.message, item.position, index < successes ? .success : rest, queue, failures: failures, &done)
    }
  }

  /// What the application's filter hooks say.
  func passes(_ message: ReceivedMessage, _ context: ConsumeContext) -> Bool {
    options.filters.allSatisfy { $0.passes(message, context) }
  }

  /// A message whose body cannot be read counts as failed: so it ends in the dead-letter topic, where somebody may look at it, instead of
  /// blocking its queue or vanishing.
  func passOver(
    _ index: Int, of buffer: inout TakeBuffer, _ error: RocketMQError, _ queue: OwnedQueue, _ done: inout WorkDone
  ) async {
    logger.error(
      "a message cannot be read; it counts as failed",
      metadata: [
        LogKey.topic: "\(queue.messageQueue.topic)", LogKey.queue: "\(queue.messageQueue)",
        LogKey.offset: "\(buffer.queueOffset(index))", LogKey.error: "\(error)",
      ])
    guard let box = buffer.nextUnreadMessage() else { return }
    await finish(ReceivedMessage(box, from: queue.origin), buffer.position(index), .retryLater, queue, &done)
  }

  private func result(of error: any Error, _ message: ReceivedMessage) -> ConsumeResult {
    logger.warning(
      "the listener failed",
      metadata: [
        LogKey.topic: "\(message.topic)", LogKey.queue: "\(message.queue)", LogKey.offset: "\(message.queueOffset)",
        LogKey.messageID: "\(message.messageID)", LogKey.error: "\(error)",
      ])
    return .retryLater
  }

  func finish(
    _ message: ReceivedMessage, _ position: UInt64, _ result: ConsumeResult, _ queue: OwnedQueue, failures: Int = 0, _ done: inout WorkDone
  ) async {
    guard let delayLevel = result.delayLevel else {
      queue.window.acknowledge(position)
      done.consumed += 1
      return
    }
    done.failed += 1
    let again = SecondTry(queue: queue, position: position, box: message.box, failures: failures + 1)
    if case .passOver(let retries) = options.failures {
      // It comes again when the consumer starts again.
      if queue.isForgotten { return }
      guard failures < retries, delayLevel >= 0, !message.box.isBodyAsStored else {
        giveUp(message, position, queue, &done)
        return
      }
      done.count -= 1
      handled(again, isSentBack: false)
      return
    }
    // From here on the send-back has it in hand.
    done.count -= 1
    await sendBack.add(
      SendBack.Item(queue: queue, message: message, delayLevel: delayLevel) { isSentBack in
        self.handled(again, isSentBack: isSentBack)
      })
  }

  /// Nobody delivers it again in a broadcasting group, here or elsewhere.
  private func giveUp(_ message: ReceivedMessage, _ position: UInt64, _ queue: OwnedQueue, _ done: inout WorkDone) {
    logger.error(
      "a message of a broadcasting group failed and is passed over",
      metadata: [
        LogKey.topic: "\(message.topic)", LogKey.queue: "\(message.queue)", LogKey.offset: "\(message.queueOffset)",
        LogKey.messageID: "\(message.messageID)",
      ])
    queue.window.acknowledge(position)
    done.passedOver += 1
  }

  /// A failed message is safe at a broker, or stays here for another try.
  private func handled(_ item: SecondTry, isSentBack: Bool) {
    let queue = item.queue
    if isSentBack { queue.window.acknowledge(item.position) }
    pool.update { state in
      if isSentBack { state.counts.sentBack += 1 }
      let isLast = isSentBack ? state.line.finish(queue.slot, count: 1) : state.line.delay(queue.slot)
      return (false, isLast ? queue.slot : nil)
    }
    if isSentBack { return }
    // It stays unfinished, so the offset stays in front of it.
    pool.tasks.run { [options] in
      try? await options.clock.sleep(for: options.secondTryDelay)
      self.pool.update { ($0.line.again(item, queue.slot), nil) }
    }
  }
}

extension ConcurrentDispatcher {
  // MARK: By request

  func consumeDirectly(_ message: ReceivedMessage) async -> DirectConsumption? {
    let context = ConsumeContext(directly: message.origin)
    do {
      let result: ConsumeResult
      switch listener {
      case .single(let listen): result = try await listen(message, context)
      case .batch(_, let listen):
        let (successes, rest) = try await listen([message], context).split(1)
        result = successes == 1 ? .success : rest
      case .sequence: return nil
      }
      return DirectConsumption(result == .success ? .success : .later)
    } catch {
      return DirectConsumption(.threw, remark: "\(error)")
    }
  }
}

extension ConcurrentDispatcher {
  // MARK: Consume timeout

  func sendBackExpired(_ queue: OwnedQueue, after timeout: Duration) async {
    var buffer = TakeBuffer(capacity: Self.largestScan)
    let expired = buffer.scanExpired(of: queue.window, timeout: timeout, now: elapsed.milliseconds)
    let isSentBack = if case .sendBack = options.failures { true } else { false }
    for index in 0..<expired {
      guard let box = (try? buffer.nextMessage(bodyLimit: options.bodyLimit)) ?? buffer.nextUnreadMessage() else { continue }
      let message = ReceivedMessage(box, from: queue.origin)
      let position = buffer.position(index)
      logger.warning(
        "the listener takes too long\(isSentBack ? "; the message is sent back" : "")",
        metadata: [
          LogKey.topic: "\(message.topic)", LogKey.queue: "\(queue.messageQueue)", LogKey.offset: "\(message.queueOffset)",
          LogKey.messageID: "\(message.messageID)",
        ])
      // In a broadcasting group there is nobody else to try it.
      guard isSentBack else { continue }
      await sendBack.add(
        SendBack.Item(queue: queue, message: message, delayLevel: Self.expiredDelayLevel) { isSentBack in
          guard isSentBack else { return }
          queue.window.acknowledge(position)
          self.pool.update { state in
            state.counts.sentBack += 1
            return (false, nil)
          }
        })
    }
  }

  /// Of one scan of one queue; Java: 16.
  private static let largestScan = 16
  /// Java: 3, 10 s.
  private static let expiredDelayLevel: Int32 = 3
}

extension ConsumeResult {
  /// As brokers know it; nil for success.
  fileprivate var delayLevel: Int32? {
    switch self {
    case .success: nil
    case .retryLater(let level): Int32(clamping: max(0, level))
    case .deadLetter: -1
    }
  }
}

extension BatchConsumeResult {
  /// How many from the front are done with, and what becomes of the rest.
  func split(_ count: Int) -> (successes: Int, rest: ConsumeResult) {
    switch self {
    case .success: (count, .success)
    case .retryLater(let level): (0, .retryLater(delayLevel: level))
    case .partial(let successes, let level): (min(max(0, successes), count), .retryLater(delayLevel: level))
    case .deadLetter: (0, .deadLetter)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

// Handing messages out one by one to whoever asks, instead of calling a listener.
extension ConcurrentDispatcher {
  /// The next message; nil when the task is cancelled, or after ``endDeliveries()``. As many callers as there are.
  func nextDelivery() async -> Delivery? {
    var buffer = TakeBuffer(capacity: 1)
    var done = WorkDone()
    var wasWoken = false
    while true {
      if Task.isCancelled || pool.hasEnded {
        pool.leave(done, wasWoken)
        return nil
      }
      let step = pool.next(done, wasWoken, 1)
      done = WorkDone()
      wasWoken = false
      switch step {
      case .take(let queue, _, _):
        if let delivery = await take(queue, &buffer, &done) { return delivery }
      case .again(let item, _):
        if let delivery = again(item, &done) { return delivery }
      case .sleep:
        await withTaskCancellationHandler {
          await pool.sleep()
        } onCancel: {
          pool.wakeAll()
        }
        wasWoken = true
      case .retire: return nil
      }
    }
  }

  /// nil: there was nothing to hand out; `done` says what is no longer in hand.
  private func take(_ queue: OwnedQueue, _ buffer: inout TakeBuffer, _ done: inout WorkDone) async -> Delivery? {
    done = WorkDone(slot: queue.slot, count: 1)
    guard buffer.take(from: queue.window, max: 1) == 1 else { return nil }
    let message: ReceivedMessage
    do throws(RocketMQError) {
      message = ReceivedMessage(try buffer.nextMessage(bodyLimit: options.bodyLimit), from: queue.origin)
    } catch {
      await passOver(0, of: &buffer, error, queue, &done)
      return nil
    }
    let context = ConsumeContext(queue: queue)
    guard passes(message, context) else {
      await finish(message, buffer.position(0), .success, queue, &done)
      return nil
    }
    return delivery(of: message, buffer.position(0), queue, context)
  }

  private func again(_ item: SecondTry, _ done: inout WorkDone) -> Delivery? {
    if item.queue.window.isDropped {
      done = WorkDone(slot: item.queue.slot, count: 1)
      return nil
    }
    return delivery(
      of: ReceivedMessage(item.box, from: item.queue.origin(failures: item.failures)), item.position, item.queue,
      ConsumeContext(queue: item.queue), failures: item.failures)
  }

  private func delivery(
    of message: ReceivedMessage, _ position: UInt64, _ queue: OwnedQueue, _ context: ConsumeContext, failures: Int = 0
  ) -> Delivery {
    Delivery(message, context, hooks: options.hooks, logger: logger) { [self] message, result in
      settle(message, position, result, queue, failures)
    }
  }

  private func settle(
    _ message: ReceivedMessage, _ position: UInt64, _ result: ConsumeResult, _ queue: OwnedQueue, _ failures: Int
  ) {
    queue.noteConsumed(at: Core.nowMilliseconds())
    if case .success = result {
      queue.window.acknowledge(position)
      return pool.report(WorkDone(slot: queue.slot, count: 1, consumed: 1))
    }
    pool.tasks.run { [self] in
      var done = WorkDone(slot: queue.slot, count: 1)
      await finish(message, position, result, queue, failures: failures, &done)
      pool.report(done)
    }
  }

  /// Whoever asks for the next message gets nil from now on.
  func endDeliveries() { pool.end() }
}

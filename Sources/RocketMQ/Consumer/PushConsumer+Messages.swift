// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

extension PushConsumer {
  /// Messages to take one by one instead of having a listener called; each must be acknowledged.
  ///
  /// ```swift
  /// for try await delivery in consumer.messages {
  ///   try await bill(delivery.message)
  ///   delivery.acknowledge()
  /// }
  /// ```
  ///
  /// The first turn starts the consumer, unless ``start()`` or ``run()`` does; cancelling the task shuts it down, and so does
  /// ``shutdown(deadline:)``, which ends the loop. Leaving the loop in another way leaves the consumer as it is: it keeps its queues, pulls
  /// no more than fits its limits, and goes on when somebody iterates again. A delivery that is destroyed without a word is delivered
  /// again. ``PushConsumerConfiguration/concurrency`` does not matter here: as many messages may be in hand as you take. Asking for this
  /// before the start, and before a listener is set, decides that the consumer has none.
  public var messages: MessageSequence {
    state.withLock { state in
      if case .idle = state.phase, state.listener == nil { state.listener = .concurrent(.sequence) }
    }
    return MessageSequence(consumer: self)
  }

  private enum Next {
    case start
    case waitForLaunch
    case take(ConcurrentDispatcher)
    case end
  }

  /// For the iterators of ``messages``; nil when the consumer has been shut down.
  func sequenceDispatcher() async throws(RocketMQError) -> ConcurrentDispatcher? {
    while true {
      switch try next() {
      case .start: try await start(.concurrent(.sequence))
      case .waitForLaunch: await launched()
      case .take(let dispatcher): return dispatcher
      case .end: return nil
      }
    }
  }

  private func next() throws(RocketMQError) -> Next {
    try state.withLock { (state) throws(RocketMQError) in
      guard case .concurrent(.sequence)? = state.listener else {
        throw RocketMQError(.invalidArgument, "the consumer of \(group) has a listener, so its messages cannot be taken one by one")
      }
      switch state.phase {
      case .idle:
        state.phase = .starting
        return .start
      case .starting: return .waitForLaunch
      case .running: return (state.dispatcher as? ConcurrentDispatcher).map(Next.take) ?? .end
      case .ending: return .end
      }
    }
  }

  /// Returns when the phase is no longer `starting`.
  private func launched() async {
    await withUnsafeContinuation { (launched: UnsafeContinuation<Void, Never>) in
      let waits = state.withLock { state in
        guard case .starting = state.phase else { return false }
        state.awaitingLaunch.append(launched)
        return true
      }
      if !waits { launched.resume() }
    }
  }

  func endSequence() async { await shutdown(deadline: configuration.shutdownDeadline) }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The messages of a consumer as an asynchronous sequence: ``PushConsumer/messages``.
///
/// Nothing is buffered for it: ``Iterator/next(isolation:)`` takes a message out of what was pulled, and while nobody asks, or too many are
/// unsettled, pulling stops. Several tasks may iterate at once, each with an iterator of its own; every message goes to one of them.
public struct MessageSequence: AsyncSequence, Sendable {
  public typealias Element = Delivery
  public typealias Failure = RocketMQError

  let consumer: PushConsumer

  /// Starts nothing yet: the first call of `next` does.
  public func makeAsyncIterator() -> Iterator { Iterator(consumer) }

  /// One task's place in the sequence.
  public struct Iterator: AsyncIteratorProtocol {
    private let taker: DeliveryTaker

    init(_ consumer: PushConsumer) { taker = DeliveryTaker(consumer) }

    /// The next message; nil after the consumer has been shut down. Starts the consumer when nobody has.
    ///
    /// When the task is cancelled, the consumer is shut down within ``PushConsumerConfiguration/shutdownDeadline`` (it waits for the
    /// messages that are still unsettled, and commits), and the result is nil.
    ///
    /// - Throws: as ``PushConsumer/start()``; `invalidArgument` when the consumer was started with a listener.
    public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws(RocketMQError) -> Delivery? {
      try await taker.next(isolation: actor)
    }
  }
}

/// What copies of an iterator share.
private final class DeliveryTaker {
  private let consumer: PushConsumer
  private var dispatcher: ConcurrentDispatcher?

  init(_ consumer: PushConsumer) { self.consumer = consumer }

  deinit {
    // The loop's body has thrown because of the cancellation: nobody will ask for the next message, which would have done this.
    if Task.isCancelled, dispatcher != nil { Task { [consumer] in await consumer.endSequence() } }
  }

  func next(isolation actor: isolated (any Actor)?) async throws(RocketMQError) -> Delivery? {
    if dispatcher == nil { dispatcher = try await consumer.sequenceDispatcher() }
    if let delivery = await dispatcher?.nextDelivery() { return delivery }
    if Task.isCancelled { await consumer.endSequence() }
    return nil
  }
}

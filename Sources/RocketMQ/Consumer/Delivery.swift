// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

/// A message in your hands, from ``PushConsumer/messages``: say what has become of it, once. Thread-safe.
///
/// Until then it stays unfinished: its queue's offset does not pass it, and a shutdown waits for it. When it is destroyed before you have
/// said anything, it is delivered again later, and that is logged.
public final class Delivery: Sendable {
  /// The message.
  public let message: ReceivedMessage
  /// Where it comes from.
  public let context: ConsumeContext

  private let settle: @Sendable (ReceivedMessage, ConsumeResult) -> Void
  private let isOpen = Atomic(true)
  private let hooks: [any ConsumeHook]
  private let start: ContinuousClock.Instant?
  private let logger: Logger

  init(
    _ message: ReceivedMessage, _ context: ConsumeContext, hooks: [any ConsumeHook], logger: Logger,
    settle: @escaping @Sendable (ReceivedMessage, ConsumeResult) -> Void
  ) {
    self.message = message
    self.context = context
    self.hooks = hooks
    self.logger = logger
    self.settle = settle
    start = hooks.isEmpty ? nil : ContinuousClock.now
    for hook in hooks { hook.willConsume([message], context) }
  }

  deinit {
    guard finish(.retryLater) else { return }
    logger.warning(
      "a message was neither acknowledged nor refused; it comes again later",
      metadata: [
        LogKey.topic: "\(message.topic)", LogKey.queue: "\(message.queue)", LogKey.offset: "\(message.queueOffset)",
        LogKey.messageID: "\(message.messageID)",
      ])
  }

  /// It is done with. False: something had been said before, which counts. Java: `CONSUME_SUCCESS`.
  @discardableResult
  public func acknowledge() -> Bool { finish(.success) }

  /// Deliver it again later; see ``ConsumeResult/retryLater(delayLevel:)``. False: something had been said before, which counts.
  /// Java: `RECONSUME_LATER`.
  @discardableResult
  public func retryLater(delayLevel: Int = 0) -> Bool { finish(.retryLater(delayLevel: delayLevel)) }

  /// Put it into the dead-letter topic at once. False: something had been said before, which counts.
  @discardableResult
  public func deadLetter() -> Bool { finish(.deadLetter) }

  private func finish(_ result: ConsumeResult) -> Bool {
    guard isOpen.exchange(false, ordering: .relaxed) else { return false }
    if let start {
      hooks.ended(
        [message], context, ConsumeOutcome(successes: result == .success ? 1 : 0, duration: ContinuousClock.now - start))
    }
    settle(message, result)
    return true
  }
}

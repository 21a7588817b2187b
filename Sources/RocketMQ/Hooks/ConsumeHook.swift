// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Sees every call of a consumer's listener, before and after: for tracing, metrics and audits. Java: `ConsumeMessageHook`.
///
/// Both functions run on the task that calls the listener, around each call of it, and hold up what comes after: be quick, do not block.
/// With ``PushConsumer/messages`` a message is given to ``willConsume(_:_:)`` when it is handed out, and to ``didConsume(_:_:_:)`` when it
/// is settled, on whichever task that happens.
public protocol ConsumeHook: Sendable {
  /// The listener is about to be called. Never empty, all of one queue. Java: `consumeMessageBefore`.
  func willConsume(_ messages: [ReceivedMessage], _ context: ConsumeContext)

  /// The listener has returned or thrown, and nothing has been done about it yet. Java: `consumeMessageAfter`.
  func didConsume(_ messages: [ReceivedMessage], _ context: ConsumeContext, _ outcome: ConsumeOutcome)
}

extension ConsumeHook {
  /// Does nothing.
  public func willConsume(_ messages: [ReceivedMessage], _ context: ConsumeContext) {}
  /// Does nothing.
  public func didConsume(_ messages: [ReceivedMessage], _ context: ConsumeContext, _ outcome: ConsumeOutcome) {}
}

/// What a call of a listener came to. Java: `ConsumeReturnType` and the context's status.
public struct ConsumeOutcome: Sendable {
  /// How many messages from the front are done with; all of them after a success.
  public var successes: Int
  /// What the listener threw; nil when it returned.
  public var error: (any Error)?
  /// How long it took.
  public var duration: Duration

  /// For calling hooks by hand.
  public init(successes: Int, error: (any Error)? = nil, duration: Duration) {
    self.successes = successes
    self.error = error
    self.duration = duration
  }
}

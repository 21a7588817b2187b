// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What the application does with messages. Java: `MessageListenerConcurrently`.
enum MessageListener: Sendable {
  typealias Single = @Sendable (ReceivedMessage, ConsumeContext) async throws -> ConsumeResult
  typealias Batch = @Sendable ([ReceivedMessage], ConsumeContext) async throws -> BatchConsumeResult

  case single(Single)
  case batch(size: Int, Batch)
  /// Nobody is called: the application takes messages itself, from ``PushConsumer/messages``.
  case sequence
}

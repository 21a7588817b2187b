// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What the application does with messages, queue by queue in their order. Java: `MessageListenerOrderly`.
struct OrderedListener: Sendable {
  typealias Single = @Sendable (ReceivedMessage, ConsumeContext) async throws -> OrderedConsumeResult
  typealias Batch = @Sendable ([ReceivedMessage], ConsumeContext) async throws -> OrderedConsumeResult

  enum Call: Sendable {
    /// Commits by itself.
    case single(Single)
    case batch(size: Int, autoCommit: Bool, Batch)
  }

  let call: Call
}

/// The two ways to consume.
enum AnyListener: Sendable {
  case concurrent(MessageListener)
  case inOrder(OrderedListener)

  var isInOrder: Bool { if case .inOrder = self { true } else { false } }
}

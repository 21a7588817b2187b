// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Keeps messages from the listener that a broker cannot filter out, for example those meant for another environment.
/// Java: `FilterMessageHook`.
public protocol MessageFilterHook: Sendable {
  /// False: the message counts as consumed, and the listener never sees it. Runs on the task that calls the listener: be quick, do not
  /// block.
  func passes(_ message: ReceivedMessage, _ context: ConsumeContext) -> Bool
}

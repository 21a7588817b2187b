// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ
internal import Synchronization

/// Prints messages until a limit is reached or nobody reads any more.
final class MessagePrinter: Sendable {
  enum Outcome {
    /// Printed, and there may be more.
    case more
    /// Printed, and it was the last.
    case last
    /// Not printed, and none will be from now on.
    case refused
  }

  private struct State {
    var printed = 0
    var failure: Failure?
  }

  private let format: ConsumeCommand.Format
  private let limit: Int
  private let state = Mutex(State())

  /// `limit` nil: no limit.
  init(format: ConsumeCommand.Format, limit: Int?) {
    self.format = format
    self.limit = limit ?? .max
  }

  /// Why printing ended, when it was not the limit.
  var failure: Failure? { state.withLock { $0.failure } }

  func print(_ message: ReceivedMessage) -> Outcome {
    let line = format == .json ? json(message) : message.bodyText
    return state.withLock { state in
      guard state.printed < limit, state.failure == nil else { return .refused }
      do throws(Failure) {
        try Terminal.print(line)
      } catch {
        state.failure = error
        return .refused
      }
      state.printed += 1
      return state.printed == limit ? .last : .more
    }
  }

  private func json(_ message: ReceivedMessage) -> String {
    let bytes = message.bodyBytes
    let body: (String, JSONValue) =
      if let text = String(validating: bytes, as: UTF8.self) { ("body", .string(text)) } else { ("bodyBase64", .string(base64(bytes))) }
    return JSONValue.record([
      ("topic", .string(message.topic)),
      ("brokerName", .string(message.brokerName)),
      ("queue", .number("\(message.queueID)")),
      ("offset", .number("\(message.queueOffset)")),
      ("msgId", .string(message.messageID)),
      ("offsetMsgId", .string(message.offsetMessageID)),
      ("tags", message.tags.map { .string($0) } ?? .null),
      ("keys", .array(message.keys.map { .string($0) })),
      ("properties", .record(message.userProperties.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
      body,
      ("reconsumeTimes", .number("\(message.reconsumeTimes)")),
      ("bornTimestamp", .number("\(message.bornAt.millisecondsSince1970)")),
      ("storeTimestamp", .number("\(message.storedAt.millisecondsSince1970)")),
    ]).string()
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Where a group's offsets are kept: at the broker, in a file, or where you will. Java: `OffsetStore`.
///
/// Only reading and writing: what is in memory, and when it is written, is the consumer's business. Offsets that it writes never pass an
/// unfinished message, and only go back when the broker has said that an offset lies outside its queue.
public protocol OffsetStore: Sendable {
  /// The offset to go on from; nil only when it is certain that there is none. When in doubt, throw: the consumer asks again and does not
  /// guess.
  func offset(of queue: MessageQueue, group: String) async throws(RocketMQError) -> Int64?

  /// Stores it, and returns when it is stored.
  func commit(_ offset: Int64, of queue: MessageQueue, group: String) async throws(RocketMQError)
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

public import Logging

/// Where a group's offsets are kept: at the broker, in a file, or where you will. Java: `OffsetStore`.
///
/// Only reading and writing: what is in memory, and when it is written, is the consumer's business. Offsets that it writes never pass an
/// unfinished message, and only go back when the broker has said that an offset lies outside its queue.
public protocol OffsetStore: Sendable {
  /// A consumer of the group starts; called before everything else. What it throws, ``PushConsumer/start()`` throws. `logger` is the
  /// consumer's. There is a default that does nothing. Java: `load`.
  func open(group: String, logger: Logger) async throws(RocketMQError)

  /// The offset to go on from; nil only when it is certain that there is none. When in doubt, throw: the consumer asks again and does not
  /// guess.
  func offset(of queue: MessageQueue, group: String) async throws(RocketMQError) -> Int64?

  /// Stores it, and returns when it is stored. What it throws is logged, and the offset is written again later.
  func commit(_ offset: Int64, of queue: MessageQueue, group: String) async throws(RocketMQError)

  /// The consumer has ended; nothing is called for the group after it, until it is opened again. There is a default that does nothing.
  func close(group: String) async
}

extension OffsetStore {
  public func open(group: String, logger: Logger) async throws(RocketMQError) {}
  public func close(group: String) async {}
}

/// A store for which many offsets are no more work than one. Java: `persistAll`.
public protocol BatchOffsetStore: OffsetStore {
  /// Stores all of them, or none when it throws.
  func commit(_ offsets: [MessageQueue: Int64], group: String) async throws(RocketMQError)
}

extension BatchOffsetStore {
  public func commit(_ offset: Int64, of queue: MessageQueue, group: String) async throws(RocketMQError) {
    try await commit([queue: offset], group: group)
  }
}

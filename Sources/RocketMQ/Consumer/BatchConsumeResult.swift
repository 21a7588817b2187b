// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a batch listener says of its messages. Java: `ConsumeConcurrentlyStatus` with the context's ack index and delay level.
public enum BatchConsumeResult: Sendable, Hashable {
  /// All are done with.
  case success
  /// All come again later.
  case retryLater(delayLevel: Int = 0)
  /// The first `successes` are done with; the rest comes again later. Java: `ackIndex` = successes - 1.
  case partial(successes: Int, delayLevel: Int = 0)
  /// All go to the dead-letter topic at once.
  case deadLetter
}

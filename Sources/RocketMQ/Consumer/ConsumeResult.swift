// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a listener says of one message. In broadcasting mode nobody delivers a message again: what is not a success is passed over, after
/// ``PushConsumerConfiguration/maxLocalRetries``, and ``deadLetter`` at once.
///
/// Java: `ConsumeConcurrentlyStatus` with the context's delay level.
public enum ConsumeResult: Sendable, Hashable {
  /// It is done with.
  case success
  /// Deliver it again later. `delayLevel`: 0 the broker waits longer each time (10 s, 30 s, 1 min ... 2 h), 1 to 18 exactly that level
  /// (1s 5s 10s 30s 1m ... 2h). After ``PushConsumerConfiguration/maxReconsumeTimes`` the message goes to the dead-letter topic.
  case retryLater(delayLevel: Int = 0)
  /// Put it into the dead-letter topic (`%DLQ%group`) at once. Java: delay level -1.
  case deadLetter

  /// The same, after the broker's own delay.
  public static var retryLater: ConsumeResult { .retryLater() }
}

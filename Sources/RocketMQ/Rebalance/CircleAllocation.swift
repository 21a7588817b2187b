// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Deals the queues out one by one, as cards.
///
/// Java: `AllocateMessageQueueAveragelyByCircle` ("AVG_BY_CIRCLE").
public struct CircleAllocation: AllocationStrategy {
  /// It has no settings.
  public init() {}

  /// "AVG_BY_CIRCLE".
  public var name: String { "AVG_BY_CIRCLE" }

  /// Every so many-th queue for each member. A stranger gets nothing.
  public func allocate(_ request: AllocationRequest) -> [MessageQueue] {
    guard let index = request.index else { return [] }
    return stride(from: index, to: request.queues.count, by: request.members.count).map { request.queues[$0] }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Gives each member one contiguous run of queues; the first members get one more when it does not come out even.
///
/// Java: `AllocateMessageQueueAveragely` ("AVG"), its default.
public struct AverageAllocation: AllocationStrategy {
  /// It has no settings.
  public init() {}

  /// "AVG".
  public var name: String { "AVG" }

  /// One run for each member. A stranger gets nothing.
  public func allocate(_ request: AllocationRequest) -> [MessageQueue] {
    guard let index = request.index else { return [] }
    let (share, rest) = request.queues.count.quotientAndRemainder(dividingBy: request.members.count)
    let start = index * share + min(index, rest)
    let count = share + (index < rest ? 1 : 0)
    return Array(request.queues[start..<(start + count)])
  }
}

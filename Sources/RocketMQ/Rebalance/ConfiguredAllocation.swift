// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Gives the member the queues that it was told, whoever else is in the group: nobody checks that each queue has one owner.
///
/// Java: `AllocateMessageQueueByConfig` ("CONFIG"), which gives the whole list for every topic.
public struct ConfiguredAllocation: AllocationStrategy {
  /// The queues of this member, of all topics. Those of another topic than the one that is being shared out are passed over.
  public var queues: [MessageQueue]

  /// - Parameter queues: The queues of this member.
  public init(queues: [MessageQueue]) { self.queues = queues }

  /// "CONFIG".
  public var name: String { "CONFIG" }

  /// The topic's queues among ``queues``, also when the topic does not have them (then they cannot be taken). The group's retry topic is
  /// shared out as ``AverageAllocation`` does it, unless ``queues`` names one of its queues: else nobody would consume what failed.
  public func allocate(_ request: AllocationRequest) -> [MessageQueue] {
    guard let topic = request.queues.first?.topic else { return [] }
    let own = queues.filter { $0.topic == topic }
    return own.isEmpty && topic == TopicName.retry(ofGroup: request.group) ? AverageAllocation().allocate(request) : own
  }
}

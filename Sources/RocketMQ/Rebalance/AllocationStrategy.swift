// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Decides which queues of a topic one member of a consumer group gets.
///
/// Every member computes its own share alone, from the same sorted lists; so all members of a group, in whatever language, must use the
/// same strategy. Java: `AllocateMessageQueueStrategy`.
public protocol AllocationStrategy: Sendable {
  /// For logs. Java: `getName`.
  var name: String { get }

  /// Whether ``AllocationRequest/owners`` is to be filled in; default false. It costs a question to every other member at each rebalance.
  var wantsOwners: Bool { get }

  /// The share of one member. Must depend on its argument only.
  ///
  /// - Throws: Anything; the member then keeps the queues it has, and asks again at the next rebalance.
  func allocate(_ request: AllocationRequest) throws -> [MessageQueue]
}

extension AllocationStrategy {
  public var wantsOwners: Bool { false }
}

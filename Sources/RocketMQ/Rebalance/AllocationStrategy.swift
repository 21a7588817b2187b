// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Decides which queues of a topic one member of a consumer group gets.
///
/// Every member computes its own share alone, from the same sorted lists; so all members of a group, in whatever language, must use the
/// same strategy. Java: `AllocateMessageQueueStrategy`.
public protocol AllocationStrategy: Sendable {
  /// For logs. Java: `getName`.
  var name: String { get }

  /// The share of one member. Must depend on its arguments only.
  ///
  /// - Parameters:
  ///   - queues: All queues of the topic, sorted by topic, broker name and id; never empty.
  ///   - members: The client ids of the whole group, sorted by UTF-16 code units; holds `member`. May hold duplicates.
  ///   - member: The client id whose share is asked for.
  ///   - group: The consumer group.
  /// - Throws: Anything; the member then keeps the queues it has, and asks again at the next rebalance.
  func allocate(_ queues: [MessageQueue], among members: [String], to member: String, group: String) throws -> [MessageQueue]
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// What a producer needs of a route, worked out once. Java: `TopicPublishInfo`.
final class PublishInfo: Sendable {
  struct Target: Sendable {
    let queue: MessageQueue
    /// Of the broker's master; nil when no route names it (an ordered topic's fixed list does not ask).
    let address: String?
  }

  let targets: [Target]
  let brokerCount: Int
  /// Producers of one client take turns together; the start is random, so that clients do not all begin with the same broker.
  private let turn = Atomic<UInt>(UInt.random(in: 0..<1 << 32))

  init(topic: String, route: TopicRoute, master: (String) -> String?) {
    targets = route.writableQueues(of: topic).map { Target(queue: $0, address: master($0.brokerName)) }
    brokerCount = Set(targets.lazy.map(\.queue.brokerName)).count
  }

  /// The next queue in turn; one of a broker not in `avoiding` when there is one. nil: nothing can be written.
  /// Java: `TopicPublishInfo.selectOneMessageQueue`.
  func next(avoiding failed: Set<String> = []) -> Target? {
    guard !targets.isEmpty else { return nil }
    let start = Int(turn.wrappingAdd(1, ordering: .relaxed).oldValue % UInt(targets.count))
    if failed.isEmpty { return targets[start] }
    for i in targets.indices {
      let target = targets[(start + i) % targets.count]
      if !failed.contains(target.queue.brokerName) { return target }
    }
    return targets[start]
  }

  /// The same queue for the same number as long as the route stays. Java: `SelectMessageQueueByHash`.
  func target(hash: Int32) -> Target? {
    guard !targets.isEmpty else { return nil }
    return targets[Int((Int64(hash) % Int64(targets.count)).magnitude)]
  }
}

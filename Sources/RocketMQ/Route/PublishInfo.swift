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
  private let turn = Atomic<UInt>(UInt(UInt32.random(in: 0...UInt32.max)))

  init(topic: String, route: TopicRoute, master: (String) -> String?) {
    targets = route.writableQueues(of: topic).map { Target(queue: $0, address: master($0.brokerName)) }
    brokerCount = Set(targets.lazy.map(\.queue.brokerName)).count
  }

  /// The next queue in turn; one of a broker that has not `failed`, and is not `suspected` either, when there is one. nil: nothing can be
  /// written. Java: `TopicPublishInfo.selectOneMessageQueue`.
  func next(avoiding failed: Set<String> = [], suspected: Set<String> = []) -> Target? {
    guard !targets.isEmpty else { return nil }
    let turn = Int(truncatingIfNeeded: self.turn.wrappingAdd(1, ordering: .relaxed).oldValue & UInt(Int.max))
    if failed.isEmpty && suspected.isEmpty { return targets[turn % targets.count] }
    for avoided in [failed.union(suspected), failed] {
      let others = targets.filter { !avoided.contains($0.queue.brokerName) }
      if !others.isEmpty { return others[turn % others.count] }
    }
    return targets[turn % targets.count]
  }

  /// The same queue for the same number as long as the route stays. Java: `SelectMessageQueueByHash`.
  func target(hash: Int32) -> Target? {
    guard !targets.isEmpty else { return nil }
    return targets[Int((Int64(hash) % Int64(targets.count)).magnitude)]
  }
}

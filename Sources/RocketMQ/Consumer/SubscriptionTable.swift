// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a consumer subscribes to, with the versions that brokers order by.
package struct SubscriptionTable: Sendable {
  private var filters: [String: (filter: FilterExpression, version: Int64)] = [:]
  private var lastVersion: Int64 = 0

  package init() {}

  package var topics: Set<String> { Set(filters.keys) }

  /// A broker takes over a subscription only when its version is higher than the one it has, and refuses pulls with a higher one than it
  /// has (SUBSCRIPTION_NOT_LATEST(25)). So the version rises with every change of the filter, and with nothing else: Java raises it with
  /// every rebalance too, and then pulls until its next heartbeat in vain.
  ///
  /// - Returns: False when nothing has changed.
  package mutating func set(_ topic: String, _ filter: FilterExpression, nowMilliseconds: Int64) -> Bool {
    if let old = filters[topic], old.filter == filter { return false }
    lastVersion = max(nowMilliseconds, lastVersion + 1)
    filters[topic] = (filter, lastVersion)
    return true
  }

  /// False: it was not subscribed to.
  package mutating func remove(_ topic: String) -> Bool { filters.removeValue(forKey: topic) != nil }

  package func filter(of topic: String) -> FilterExpression? { filters[topic]?.filter }

  /// As heartbeats and pulls carry it.
  package func data(of topic: String) -> SubscriptionData? {
    filters[topic].map { filter, version in
      SubscriptionData(topic: topic, expressionType: filter.type, expression: filter.description, tags: filter.tags, version: version)
    }
  }

  /// All of it, sorted by topic.
  package var data: [SubscriptionData] { filters.keys.sorted(by: javaOrder).compactMap(data(of:)) }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The brokers a name server knows. Java: `ClusterInfo`.
public struct ClusterInfo: Sendable, Hashable {
  /// Sorted by name.
  public var brokers: [TopicRoute.Broker]

  public init(brokers: [TopicRoute.Broker]) {
    self.brokers = brokers.sorted { javaOrder($0.name, $1.name) }
  }

  /// Names of the clusters, sorted.
  public var clusters: [String] { Set(brokers.map(\.cluster)).sorted(by: javaOrder) }
}

extension ClusterInfo {
  init(json: JSONValue) {
    self.init(brokers: json["brokerAddrTable"]?.members.compactMap { TopicRoute.Broker(json: $0.value) } ?? [])
  }
}

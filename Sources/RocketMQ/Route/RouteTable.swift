// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What is known of topics and brokers; a value, so that its rules can be tested without a network.
///
/// Java: `MQClientInstance.topicRouteTable`, `brokerAddrTable`.
struct RouteTable {
  private(set) var routes: [String: TopicRoute] = [:]
  private var publish: [String: PublishInfo] = [:]
  private var addresses: [String: [Int64: String]] = [:]

  /// What a new route changed.
  struct Change: Equatable {
    var routeChanged = false
    /// Not known before, replicas included.
    var newAddresses: [String] = []
    var newMasters: [String] = []
  }

  /// Takes in a route from a name server.
  mutating func update(_ topic: String, _ route: TopicRoute) -> Change {
    guard routes[topic] != route else { return Change() }
    routes[topic] = route
    var change = learnAddresses(of: route)
    change.routeChanged = true
    publish[topic] = PublishInfo(topic: topic, route: route, master: masterAddress)
    return change
  }

  /// Lets producers send by a route that was made up for a topic that does not exist yet; consumers do not see it, and the real route
  /// replaces it.
  mutating func assume(_ topic: String, _ route: TopicRoute) -> Change {
    guard routes[topic] == nil else { return Change() }
    let change = learnAddresses(of: route)
    publish[topic] = PublishInfo(topic: topic, route: route, master: masterAddress)
    return change
  }

  private mutating func learnAddresses(of route: TopicRoute) -> Change {
    let before = Set(allAddresses)
    for broker in route.brokers where !broker.addresses.isEmpty { addresses[broker.name] = broker.addresses }
    return Change(
      newAddresses: allAddresses.filter { !before.contains($0) }, newMasters: masterAddresses.filter { !before.contains($0) })
  }

  /// Forgets addresses that no route names any more. Java: `cleanOfflineBroker`.
  mutating func removeOfflineBrokers() {
    var named: [String: Set<String>] = [:]
    for route in routes.values {
      for broker in route.brokers { named[broker.name, default: []].formUnion(broker.addresses.values) }
    }
    for (name, byID) in addresses {
      let left = byID.filter { named[name]?.contains($0.value) == true }
      addresses[name] = left.isEmpty ? nil : left
    }
  }

  /// Topics to refresh: all that have been asked for.
  var topics: Set<String> { Set(routes.keys).union(publish.keys) }

  func publishInfo(_ topic: String) -> PublishInfo? { publish[topic] }

  // MARK: Addresses

  func addresses(ofBroker name: String) -> [Int64: String] { addresses[name] ?? [:] }

  /// Java: `findBrokerAddressInPublish`.
  func masterAddress(ofBroker name: String) -> String? { addresses[name]?[0] }

  /// The broker's process with this id, else (unless `exactly`) the next, else any. Java: `findBrokerAddressInSubscribe`.
  func address(ofBroker name: String, id: Int64, exactly: Bool) -> BrokerAddress? {
    guard let byID = addresses[name] else { return nil }
    if let address = byID[id] { return BrokerAddress(address: address, isReplica: id != 0) }
    if id != 0, let address = byID[id + 1] { return BrokerAddress(address: address, isReplica: true) }
    guard !exactly, let (id, address) = byID.min(by: { $0.key < $1.key }) else { return nil }
    return BrokerAddress(address: address, isReplica: id != 0)
  }

  /// Some broker that knows the topic: a random one's master, else its first replica; the one at `preferred`, if that is one of them. Java:
  /// `findBrokerAddrByTopic`.
  func anyAddress(forTopic topic: String, preferred: String? = nil) -> String? {
    let addresses = routes[topic]?.brokers.compactMap { $0.addresses[0] ?? $0.addresses.min { $0.key < $1.key }?.value } ?? []
    if let preferred, addresses.contains(preferred) { return preferred }
    return addresses.randomElement()
  }

  var masterAddresses: [String] { Array(Set(addresses.values.compactMap { $0[0] })) }
  var allAddresses: [String] { Array(Set(addresses.values.flatMap(\.values))) }
}

/// One process of a broker.
package struct BrokerAddress: Sendable, Hashable {
  /// "host:port".
  package var address: String
  /// It is not the master.
  package var isReplica: Bool
}

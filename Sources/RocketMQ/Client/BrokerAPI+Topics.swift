// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

extension BrokerAPI {
  /// A topic's route, from a name server: GET_ROUTEINFO_BY_TOPIC(105). Throws `topicNotFound` when the server knows none.
  /// Java: `getTopicRouteInfoFromNameServer`.
  package func getRoute(of topic: String, from nameServer: String, timeout: Duration? = nil) async throws(RocketMQError) -> TopicRoute {
    var command = Command(.getRouteinfoByTopic)
    command.set(.topic, topic)
    command.set(.acceptStandardJsonOnly, true)
    let reply = try await call(nameServer, command, timeout: timeout)
    if reply.code == .topicNotExist {
      throw RocketMQError(
        .topicNotFound, "no name server route for the topic \(topic): \(reply.remark ?? "no remark")", brokerCode: reply.code,
        address: nameServer)
    }
    let body = try json(reply.expect("the route of \(topic)"), "the route of \(topic)")
    guard let route = TopicRoute(json: body) else {
      throw RocketMQError(.malformedData, "the route of \(topic) has no brokerDatas or queueDatas", address: nameServer)
    }
    return route
  }

  /// All brokers, from a name server: GET_BROKER_CLUSTER_INFO(106). Java: `getBrokerClusterInfo`.
  package func clusterInfo(from nameServer: String, timeout: Duration? = nil) async throws(RocketMQError) -> ClusterInfo {
    let reply = try await call(nameServer, Command(.getBrokerClusterInfo), timeout: timeout).expect("the cluster")
    return ClusterInfo(json: try json(reply, "the cluster"))
  }

  /// All topics, from a name server: GET_ALL_TOPIC_LIST_FROM_NAMESERVER(206). Java: `getTopicListFromNameServer`.
  package func topicList(from nameServer: String, timeout: Duration? = nil) async throws(RocketMQError) -> [String] {
    let reply = try await call(nameServer, Command(.getAllTopicListFromNameserver), timeout: timeout).expect("the list of topics")
    return try json(reply, "the list of topics")["topicList"]?.elements.compactMap(\.text) ?? []
  }

  /// Makes or changes a topic on one broker: UPDATE_AND_CREATE_TOPIC(17). Java: `createTopic`.
  package func createTopic(
    _ topic: String, queues: Int32, permission: TopicPermission, at address: String, timeout: Duration = .seconds(6)
  ) async throws(RocketMQError) {
    var command = Command(.updateAndCreateTopic)
    command.set(.topic, topic)
    command.set(.defaultTopic, TopicName.autoCreate)
    command.set(.readQueueNums, queues)
    command.set(.writeQueueNums, queues)
    command.set(.perm, permission.rawValue)
    command.set(.topicFilterType, "SINGLE_TAG")
    command.set(.topicSysFlag, 0)
    command.set(.order, false)
    try await call(address, command, timeout: timeout).expect("creating the topic \(topic)")
  }
}

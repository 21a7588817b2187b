// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// A name server that knows one broker. Java: `RouteInfoManager`, `KVConfigManager`, `DefaultRequestProcessor`.
///
/// A pure value: ``answer(_:)`` gives the response to a request. What it says of topics is what the broker registered last, which may
/// differ from what the broker has: an administrator can take the right to write away here, and a topic removed there stays here until it
/// is removed here.
struct NameServer {
  private let brokerName: String
  private let clusterName: String
  /// "host:port" of the broker.
  var brokerAddress: String
  private var topics: [String: TopicConfiguration] = [:]
  private var values: [String: [String: String]] = [:]

  init(brokerName: String, clusterName: String, brokerAddress: String) {
    self.brokerName = brokerName
    self.clusterName = clusterName
    self.brokerAddress = brokerAddress
  }

  /// The broker tells of a new or changed topic.
  mutating func register(_ topic: TopicConfiguration) { topics[topic.name] = topic }

  mutating func remove(topic name: String) { topics[name] = nil }

  /// nil: not supported.
  mutating func answer(_ request: borrowing InboundRequest) -> Command? {
    switch request.code {
    case .getRouteinfoByTopic: route(request)
    case .getBrokerClusterInfo: clusterInfo
    case .getAllTopicListFromNameserver: topicList
    case .getTopicsByCluster: topicsByCluster(request)
    case .deleteTopicInNamesrv: deleteTopic(request)
    case .wipeWritePermOfBroker: changePermissions(request, counting: "wipeTopicCount") { $0.subtracting(.write) }
    case .addWritePermOfBroker: changePermissions(request, counting: "addTopicCount") { _ in .readWrite }
    case .putKvConfig: putValue(request)
    case .getKvConfig: getValue(request)
    case .deleteKvConfig: deleteValue(request)
    case .getKvlistByNamespace: listValues(request)
    default: nil
    }
  }

  // MARK: Routes

  private func route(_ request: borrowing InboundRequest) -> Command {
    let name = request.command.string(.topic)
    guard let name, let topic = topics[name] else {
      return Command(
        response: .topicNotExist, remark: "No topic route info in name server for the topic: \(name ?? "null")\(helpText)")
    }
    let queues: JSONValue = [
      "brokerName": .string(brokerName), "perm": .int(topic.permission.rawValue), "readQueueNums": .int(topic.readQueues),
      "topicSysFlag": .int(topic.sysFlag), "writeQueueNums": .int(topic.writeQueues),
    ]
    let route: JSONValue = ["brokerDatas": [broker], "filterServerTable": [:], "queueDatas": [queues]]
    // Standard JSON for clients since 4.9.4, or that ask for it.
    let standard = request.command.version >= 401 || request.command.bool(.acceptStandardJsonOnly) == true
    return success(route.bytes(asFastjson: !standard))
  }

  /// Java: `BrokerData`.
  private var broker: JSONValue {
    [
      "brokerAddrs": .object([.init(.number("0"), .string(brokerAddress))]), "brokerName": .string(brokerName),
      "cluster": .string(clusterName),
    ]
  }

  private var clusterInfo: Command {
    let info: JSONValue = [
      "brokerAddrTable": .object([.init(.string(brokerName), broker)]),
      "clusterAddrTable": .object([.init(.string(clusterName), [.string(brokerName)])]),
    ]
    return success(info.bytes(asFastjson: true))
  }

  private var topicList: Command {
    success((["topicList": .array(topics.keys.sorted().map { .string($0) })] as JSONValue).bytes())
  }

  private func topicsByCluster(_ request: borrowing InboundRequest) -> Command {
    if request.command.string(.cluster) == clusterName { return topicList }
    return success((["topicList": []] as JSONValue).bytes())
  }

  private mutating func deleteTopic(_ request: borrowing InboundRequest) -> Command {
    if let name = request.command.string(.topic) { topics[name] = nil }
    return success()
  }

  private mutating func changePermissions(
    _ request: borrowing InboundRequest, counting field: String, _ change: (TopicPermission) -> TopicPermission
  ) -> Command {
    let isMine = request.command.string(.brokerName) == brokerName
    if isMine { topics = topics.mapValues { $0.with(change($0.permission)) } }
    var response = Command(response: .success)
    response.set(named: field, String(isMine ? topics.count : 0))
    return response
  }

  // MARK: Values by namespace and key

  private mutating func putValue(_ request: borrowing InboundRequest) -> Command {
    guard let namespace = request.command.string(.namespace), let key = request.command.string(.key) else {
      return Command(response: .systemError, remark: "namespace or key is null")
    }
    values[namespace, default: [:]][key] = request.command.string(.value)
    return success()
  }

  private func getValue(_ request: borrowing InboundRequest) -> Command {
    let namespace = request.command.string(.namespace) ?? "null"
    let key = request.command.string(.key) ?? "null"
    guard let value = values[namespace]?[key] else {
      var response = Command(response: .queryNotFound, remark: "No config item, Namespace: \(namespace) Key: \(key)")
      response.carriesFields = true
      return response
    }
    var response = Command(response: .success)
    response.set(.value, value)
    return response
  }

  private mutating func deleteValue(_ request: borrowing InboundRequest) -> Command {
    if let namespace = request.command.string(.namespace), let key = request.command.string(.key) { values[namespace]?[key] = nil }
    return success()
  }

  private func listValues(_ request: borrowing InboundRequest) -> Command {
    let namespace = request.command.string(.namespace) ?? "null"
    guard let table = values[namespace] else {
      return Command(response: .queryNotFound, remark: "No config item, Namespace: \(namespace)")
    }
    let members = table.sorted { $0.key < $1.key }.map { JSONValue.Member(.string($0.key), .string($0.value)) }
    return success((["table": .object(members)] as JSONValue).bytes())
  }

  private func success(_ body: [UInt8] = []) -> Command {
    var response = Command(response: .success)
    response.body = body
    return response
  }
}

/// What Java servers add to the remarks of common mistakes. Java: `FAQUrl.suggestTodo`.
let helpText = "\nSee http://rocketmq.apache.org/docs/faq/ for further details."

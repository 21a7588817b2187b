// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

extension TopicRoute {
  /// nil when this is no route. Brokers before 4.9 write `topicSynFlag`.
  package init?(json: JSONValue) {
    guard case .array(let brokers)? = json["brokerDatas"], case .array(let queues)? = json["queueDatas"] else { return nil }
    self.init(
      brokers: brokers.compactMap(Broker.init(json:)),
      queues: queues.compactMap(Queues.init(json:)),
      orderConfiguration: json["orderTopicConf"]?.text)
  }
}

extension TopicRoute.Broker {
  init?(json: JSONValue) {
    guard let name = json["brokerName"]?.text else { return nil }
    self.init(cluster: json["cluster"]?.text ?? "", name: name, addresses: brokerAddresses(json["brokerAddrs"]))
  }
}

extension TopicRoute.Queues {
  init?(json: JSONValue) {
    guard let name = json["brokerName"]?.text, let read = json["readQueueNums"]?.int32, let write = json["writeQueueNums"]?.int32,
      (0...TopicRoute.maxQueues).contains(read), (0...TopicRoute.maxQueues).contains(write)
    else { return nil }
    self.init(
      brokerName: name, readQueues: read, writeQueues: write, permission: TopicPermission(rawValue: json["perm"]?.int32 ?? 0),
      sysFlag: (json["topicSysFlag"] ?? json["topicSynFlag"])?.int32 ?? 0)
  }
}

/// `{"0":"10.0.0.1:10911"}`, with or without quotes around the id.
func brokerAddresses(_ json: JSONValue?) -> [Int64: String] {
  var addresses: [Int64: String] = [:]
  for member in json?.members ?? [] {
    if let id = member.key.int64, let address = member.value.text, !address.isEmpty { addresses[id] = address }
  }
  return addresses
}

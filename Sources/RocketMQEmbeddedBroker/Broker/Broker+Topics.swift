// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

// Topics and the settings of groups. Java: `AdminBrokerProcessor`, `TopicConfigManager`, `SubscriptionGroupManager`.
extension Broker {
  func setTopic(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let name = request.command.string(.topic) ?? ""
    if let fault = faultOfAdministered(name) { return path.refuse(.systemError, fault) }
    var topic = TopicConfiguration(
      name, queues: request.command.int32(.readQueueNums) ?? 0, permission: TopicPermission(rawValue: request.command.int32(.perm) ?? 6),
      sysFlag: request.command.int32(.topicSysFlag) ?? 0)
    topic.writeQueues = request.command.int32(.writeQueueNums) ?? 0
    // Java takes any number, and then spends the memory.
    guard TopicTable.queueCounts.contains(topic.readQueues), TopicTable.queueCounts.contains(topic.writeQueues) else {
      return path.refuse(.systemError, "a topic can have 0 to \(TopicTable.queueCounts.upperBound) queues")
    }
    topic.filterType = request.command.string(.topicFilterType) ?? topic.filterType
    topics.set(topic, now: now)
    topicChanged(topic) { failure in
      // With this remark the Java broker says that all is well.
      if let failure { path.refuse(.systemError, failure.message) } else { path.refuse(.success, "not set any response code") }
    }
  }

  func removeTopic(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let name = request.command.string(.topic) ?? ""
    if let fault = faultOfAdministered(name) { return path.refuse(.systemError, fault) }
    removeTopic(name)
    save(.topics) { failure in
      if let failure { path.refuse(.systemError, failure.message) } else { path.send(Command(response: .success)) }
    }
  }

  /// As in Java the name server keeps its route until it is told, too.
  func removeTopic(_ name: String) {
    topics.remove(name, logEnd: store.endOffset, now: now)
    let queues = store.queues(of: name)
    store.removeTopic(name)
    for queue in queues { resumeHeldPulls(of: queue) }
  }

  private func faultOfAdministered(_ name: String) -> String? {
    TopicTable.fault(in: name) ?? (topics.isSystemTopic(name) ? "The topic[\(name)] is conflict with system topic." : nil)
  }

  /// The topic, made if it does not exist. Java: `createTopicInSendMessageBackMethod`.
  @discardableResult
  func ensureTopic(_ name: String, queues: Int32, sysFlag: Int32 = 0) -> TopicConfiguration {
    if let topic = topics[name] { return topic }
    let topic = TopicConfiguration(name, queues: queues, sysFlag: sysFlag)
    topics.set(topic, now: now)
    topicChanged(topic)
    return topic
  }

  /// `saved` runs when the change will survive the process, on any thread.
  func topicChanged(_ topic: TopicConfiguration, saved: @escaping @Sendable (RocketMQError?) -> Void = { _ in }) {
    nameServer.register(topic)
    save(.topics, saved: saved)
  }

  func allTopics(_ path: ReplyPath) {
    var response = Command(response: .success)
    response.carriesFields = true
    response.body = topics.json.bytes(asFastjson: true)
    path.send(response)
  }

  /// Java: `TopicStatsTable`.
  func topicStatistics(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let name = request.command.string(.topic) ?? ""
    guard let topic = topics[name] else { return path.refuse(.topicNotExist, "topic[\(name)] not exist") }
    let table = (0..<max(topic.writeQueues, 0)).map { id in
      let queue = store.existingQueue(name, id)
      let entry: JSONValue = [
        "lastUpdateTimestamp": .int(queue?.newest?.storedAt ?? 0), "maxOffset": .int(queue?.next ?? 0),
        "minOffset": .int(queue?.first ?? 0),
      ]
      return JSONValue.Member(QueueName(topic: name, brokerName: configuration.brokerName, queueID: id).json, entry)
    }
    path.sendBody((["offsetTable": .object(table)] as JSONValue).bytes(asFastjson: true))
  }

  // MARK: Groups

  func setGroup(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let body = try? request.command.withBody { bytes throws(RocketMQError) in try JSONValue(parsing: bytes) }
    guard let group = body.flatMap(GroupConfiguration.init(json:)) else {
      return path.refuse(.systemError, "the body is no group configuration")
    }
    groups.set(group, now: now)
    groupsChanged(path)
  }

  func removeGroup(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let name = request.command.string(.groupName) ?? ""
    groups.remove(name, now: now)
    if request.command.bool(.removeOffset) == true {
      offsets.remove(group: name)
      saveOffsetsSoon()
    }
    groupsChanged(path)
  }

  private func groupsChanged(_ path: ReplyPath) {
    groups.isChanged = false
    save(.groups) { failure in
      if let failure { path.refuse(.systemError, failure.message) } else { path.send(Command(response: .success)) }
    }
  }

  func saveGroupsIfChanged() {
    guard groups.isChanged else { return }
    groups.isChanged = false
    save(.groups)
  }

  func allGroups(_ path: ReplyPath) { path.sendBody(groups.json.bytes(asFastjson: true)) }
}

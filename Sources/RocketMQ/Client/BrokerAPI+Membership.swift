// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

extension BrokerAPI {
  /// Tells a broker who is here: HEART_BEAT(34). Returns the broker's version. Java: `MQClientAPIImpl.sendHearbeat`.
  package func sendHeartbeat(to address: String, body: [UInt8], timeout: Duration? = nil) async throws(RocketMQError) -> Int32 {
    var command = Command(.heartBeat)
    command.body = body
    return try await call(address, command, timeout: timeout).expect("a heartbeat").version
  }

  /// Says good-bye for one group: UNREGISTER_CLIENT(35). Java: `MQClientAPIImpl.unregisterClient`.
  package func unregister(
    from address: String, clientID: String, producerGroup: String? = nil, consumerGroup: String? = nil, timeout: Duration? = nil
  ) async throws(RocketMQError) {
    var command = Command(.unregisterClient)
    command.set(.clientID, clientID)
    command.set(.producerGroup, producerGroup)
    command.set(.consumerGroup, consumerGroup)
    try await call(address, command, timeout: timeout).expect("unregistering \(producerGroup ?? consumerGroup ?? "")")
  }

  /// The client ids of a group's members: GET_CONSUMER_LIST_BY_GROUP(38). Unsorted; a member connected twice stands there twice.
  /// A group without members is an error of the broker (SYSTEM_ERROR(1)). Java: `getConsumerIdListByGroup`.
  package func consumerIDs(at address: String, group: String, timeout: Duration? = nil) async throws(RocketMQError) -> [String] {
    var command = Command(.getConsumerListByGroup)
    command.set(.consumerGroup, group)
    let reply = try await call(address, command, timeout: timeout).expect("listing the members of \(group)")
    let list = try json(reply, "listing the members of \(group)")["consumerIdList"]
    return list?.elements.compactMap(\.text) ?? []
  }

  /// Locks queues of one broker for this client: LOCK_BATCH_MQ(41). Returns those it got. Java: `lockBatchMQ`.
  package func lock(
    _ queues: [MessageQueue], at address: String, group: String, clientID: String, timeout: Duration = .seconds(1)
  ) async throws(RocketMQError) -> Set<MessageQueue> {
    var command = Command(.lockBatchMq)
    command.body = Self.lockBody(queues, group, clientID)
    let reply = try await call(address, command, timeout: timeout).expect("locking \(queues.count) queues for \(group)")
    let locked = try json(reply, "locking queues for \(group)")["lockOKMQSet"]?.elements ?? []
    return Set(locked.compactMap(MessageQueue.init(json:)))
  }

  /// Gives locked queues of one broker back: UNLOCK_BATCH_MQ(42). Java: `unlockBatchMQ`.
  package func unlock(
    _ queues: [MessageQueue], at address: String, group: String, clientID: String, timeout: Duration = .seconds(1)
  ) async throws(RocketMQError) {
    var command = Command(.unlockBatchMq)
    command.body = Self.lockBody(queues, group, clientID)
    try await call(address, command, timeout: timeout).expect("unlocking \(queues.count) queues for \(group)")
  }

  /// Asks a broker whether it understands a subscription: CHECK_CLIENT_CONFIG(46). Java: `checkClientInBroker`.
  package func checkSubscription(
    _ subscription: SubscriptionData, at address: String, group: String, clientID: String, timeout: Duration? = nil
  ) async throws(RocketMQError) {
    var command = Command(.checkClientConfig)
    command.body = (["clientId": .string(clientID), "group": .string(group), "subscriptionData": subscription.json] as JSONValue).bytes()
    try await call(address, command, timeout: timeout).expect("checking the subscription of \(group) to \(subscription.topic)")
  }

  private static func lockBody(_ queues: [MessageQueue], _ group: String, _ clientID: String) -> [UInt8] {
    ([
      "clientId": .string(clientID), "consumerGroup": .string(group), "mqSet": .array(queues.map(\.json)),
    ] as JSONValue).bytes()
  }
}

extension MessageQueue {
  /// `{"brokerName":"b","queueId":0,"topic":"T"}`, as Java writes it.
  package var json: JSONValue {
    ["brokerName": .string(brokerName), "queueId": .int(queueID), "topic": .string(topic)]
  }

  /// nil when a member is missing.
  package init?(json: JSONValue) {
    guard let topic = json["topic"]?.text, let broker = json["brokerName"]?.text, let queueID = json["queueId"]?.int32 else { return nil }
    self.init(topic: topic, brokerName: broker, queueID: queueID)
  }
}

extension SubscriptionData {
  /// Java: `SubscriptionData` as heartbeats carry it.
  package var json: JSONValue {
    [
      "classFilterMode": false, "codeSet": .array(tags.map { .int(Core.tagHash($0)) }), "expressionType": .string(expressionType),
      "subString": .string(expression), "subVersion": .int(version), "tagsSet": .array(tags.map { .string($0) }),
      "topic": .string(topic),
    ]
  }
}

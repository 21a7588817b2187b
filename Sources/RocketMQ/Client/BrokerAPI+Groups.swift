// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Who is in a group, as one broker knows it. Java: `ConsumerConnection`.
package struct GroupConnections: Sendable, Equatable {
  package struct Member: Sendable, Equatable {
    package var clientID: String
    /// "ip:port", as the broker sees it.
    package var address: String
    /// "JAVA", "GO", "OTHER" ...
    package var language: String
    /// Java: `MQVersion`, by number.
    package var version: Int32
  }

  package var members: [Member]
  /// "CLUSTERING" or "BROADCASTING".
  package var messageModel: String
  /// "CONSUME_PASSIVELY" (push) or "CONSUME_ACTIVELY" (pull).
  package var consumeType: String
  /// "CONSUME_FROM_LAST_OFFSET", ...
  package var consumeFromWhere: String
  /// The newest of each topic, whichever member said so.
  package var subscriptions: [SubscriptionData]

  init(json: JSONValue) {
    members = (json["connectionSet"]?.elements ?? []).compactMap { member in
      guard let clientID = member["clientId"]?.text else { return nil }
      return Member(
        clientID: clientID, address: member["clientAddr"]?.text ?? "", language: member["language"]?.text ?? "OTHER",
        version: member["version"]?.int32 ?? 0)
    }
    messageModel = json["messageModel"]?.text ?? ""
    consumeType = json["consumeType"]?.text ?? ""
    consumeFromWhere = json["consumeFromWhere"]?.text ?? ""
    subscriptions = (json["subscriptionTable"]?.members ?? []).compactMap { SubscriptionData(json: $0.value) }
  }
}

/// Where a group is in a queue. Java: `OffsetWrapper` of `ConsumeStats`.
package struct QueueConsumption: Sendable, Equatable {
  package var brokerOffset: Int64
  /// 0 also when nothing is stored.
  package var consumerOffset: Int64
  /// When the last message that was consumed was stored, in milliseconds since 1970; 0: not known.
  package var consumedUpTo: Int64
}

extension BrokerAPI {
  /// The members of a group: GET_CONSUMER_CONNECTION_LIST(203). nil when it has none at this broker (CONSUMER_NOT_ONLINE(206)).
  /// Java: `getConsumerConnectionList`.
  package func connections(of group: String, at address: String, timeout: Duration? = nil) async throws(RocketMQError) -> GroupConnections?
  {
    var command = Command(.getConsumerConnectionList)
    command.set(.consumerGroup, group)
    let reply = try await call(address, command, timeout: timeout)
    if reply.code == .consumerNotOnline { return nil }
    return GroupConnections(json: try json(reply.expect("the members of \(group)"), "the members of \(group)"))
  }

  /// What a member says of itself, asked through a broker: GET_CONSUMER_RUNNING_INFO(307). Java: `getConsumerRunningInfo`.
  package func runningInfo(
    of clientID: String, group: String, at address: String, timeout: Duration = .seconds(10)
  ) async throws(RocketMQError) -> RunningInfo {
    var command = Command(.getConsumerRunningInfo)
    command.set(.consumerGroup, group)
    command.set(.clientIdLower, clientID)
    command.set(.jstackEnable, false)
    let reply = try await call(address, command, timeout: timeout).expect("asking \(clientID) about \(group)")
    guard let info = RunningInfo(json: try json(reply, "asking \(clientID) about \(group)")) else {
      throw RocketMQError(.malformedData, "what \(clientID) says of \(group) cannot be read", address: address)
    }
    return info
  }

  /// Has a member consume one stored message at once: CONSUME_MESSAGE_DIRECTLY(309). `messageID` is the broker's own
  /// (Java: `offsetMsgId`). Java: `consumeMessageDirectly`.
  package func consumeDirectly(
    _ messageID: String, by clientID: String, group: String, at address: String, timeout: Duration = .seconds(10)
  ) async throws(RocketMQError) -> DirectConsumption {
    var command = Command(.consumeMessageDirectly)
    command.set(.consumerGroup, group)
    command.set(.clientIdLower, clientID)
    command.set(.msgID, messageID)
    let what = "having \(clientID) consume \(messageID)"
    let reply = try await call(address, command, timeout: timeout).expect(what)
    guard let result = DirectConsumption(json: try json(reply, what)) else {
      throw RocketMQError(.malformedData, "the result of \(what) cannot be read", address: address)
    }
    return result
  }

  /// Where a group is in the queues of this broker: GET_CONSUME_STATS(208). Without a topic: of all topics that the group subscribes to
  /// now, or has offsets of. Java: `getConsumeStats`.
  package func consumption(
    of group: String, topic: String? = nil, at address: String, timeout: Duration = .seconds(6)
  ) async throws(RocketMQError) -> [MessageQueue: QueueConsumption] {
    var command = Command(.getConsumeStats)
    command.set(.consumerGroup, group)
    command.set(.topic, topic)
    let reply = try await call(address, command, timeout: timeout).expect("the lag of \(group)")
    let body = try json(reply, "the lag of \(group)")
    var table: [MessageQueue: QueueConsumption] = [:]
    for member in body["offsetTable"]?.members ?? [] {
      guard let queue = QueueOffsetsBody.queue(key: member.key), let end = member.value["brokerOffset"]?.int64,
        let consumed = member.value["consumerOffset"]?.int64
      else { continue }
      table[queue] = QueueConsumption(
        brokerOffset: end, consumerOffset: consumed, consumedUpTo: member.value["lastTimestamp"]?.int64 ?? 0)
    }
    return table
  }

  /// Has the broker tell all members to go on at a time, nil being the end of each queue, also forward:
  /// INVOKE_BROKER_TO_RESET_OFFSET(222). Returns the new offsets; nil when no member is there to be told (CONSUMER_NOT_ONLINE(206)).
  /// Java: `invokeBrokerToResetOffset`.
  package func resetOffsets(
    of group: String, topic: String, to time: Timestamp?, at address: String, timeout: Duration = .seconds(6)
  ) async throws(RocketMQError) -> [MessageQueue: Int64]? {
    var command = Command(.invokeBrokerToResetOffset)
    command.set(.topic, topic)
    command.set(.group, group)
    command.set(.timestamp, time?.millisecondsSince1970 ?? -1)
    command.set(.isForce, true)
    let reply = try await call(address, command, timeout: timeout)
    if reply.code == .consumerNotOnline { return nil }
    let what = "resetting the offsets of \(group) in \(topic)"
    return QueueOffsetsBody.read(try json(reply.expect(what), what)["offsetTable"]) ?? [:]
  }

  /// Where the members themselves say they are in a topic, by client id: INVOKE_BROKER_TO_GET_CONSUMER_STATUS(223).
  /// Java: `invokeBrokerToGetConsumerStatus`.
  package func memberOffsets(
    of group: String, topic: String, clientID: String? = nil, at address: String, timeout: Duration = .seconds(6)
  ) async throws(RocketMQError) -> [String: [MessageQueue: Int64]] {
    var command = Command(.invokeBrokerToGetConsumerStatus)
    command.set(.topic, topic)
    command.set(.group, group)
    command.set(.clientAddr, clientID)
    let what = "the offsets that the members of \(group) have in \(topic)"
    let reply = try await call(address, command, timeout: timeout).expect(what)
    var offsets: [String: [MessageQueue: Int64]] = [:]
    for member in try json(reply, what)["consumerTable"]?.members ?? [] {
      if let clientID = member.key.text { offsets[clientID] = QueueOffsetsBody.read(member.value) ?? [:] }
    }
    return offsets
  }

  /// Makes or changes a group: UPDATE_AND_CREATE_SUBSCRIPTIONGROUP(200). Java: `createSubscriptionGroup`.
  package func createGroup(
    _ group: String, maxReconsumeTimes: Int32, at address: String, timeout: Duration = .seconds(6)
  ) async throws(RocketMQError) {
    var command = Command(.updateAndCreateSubscriptiongroup)
    command.body =
      ([
        "brokerId": 0, "consumeBroadcastEnable": true, "consumeEnable": true, "consumeFromMinEnable": true, "groupName": .string(group),
        "notifyConsumerIdsChangedEnable": true, "retryMaxTimes": .int(maxReconsumeTimes), "retryQueueNums": 1,
        "whichBrokerWhenConsumeSlowly": 1,
      ] as JSONValue).bytes()
    try await call(address, command, timeout: timeout).expect("creating the group \(group)")
  }

  /// Forgets a group's settings, and its offsets too when `offsets`: DELETE_SUBSCRIPTIONGROUP(207). Java: `deleteSubscriptionGroup`.
  package func deleteGroup(
    _ group: String, offsets: Bool, at address: String, timeout: Duration = .seconds(6)
  ) async throws(RocketMQError) {
    var command = Command(.deleteSubscriptiongroup)
    command.set(.groupName, group)
    command.set(.removeOffset, offsets)
    command.set(named: "cleanOffset", offsets ? "true" : "false")  // its name in 5.x
    try await call(address, command, timeout: timeout).expect("deleting the group \(group)")
  }
}

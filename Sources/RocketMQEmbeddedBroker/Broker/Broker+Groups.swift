// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

// Who belongs to which group. Java: `ClientManageProcessor`, `ConsumerManageProcessor`, `DefaultConsumerIdsChangeListener`.
extension Broker {
  func heartbeat(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let body: JSONValue
    do throws(RocketMQError) {
      body = try request.command.withBody { bytes throws(RocketMQError) in try JSONValue(parsing: bytes) }
    } catch {
      return path.refuse(.systemError, "the heartbeat cannot be read: \(error.message)")
    }
    let member = GroupMember(
      connection: request.connection, clientID: body["clientID"]?.text ?? "", language: request.command.language,
      version: request.command.version, peer: request.peer, heardAt: now)
    for consumer in body["consumerDataSet"]?.elements ?? [] {
      guard let name = consumer["groupName"]?.text else { continue }
      let group = groups.find(name, now: now)
      ensureTopic(
        TopicName.retry(ofGroup: name), queues: group.retryQueues, sysFlag: consumer["unitMode"]?.bool == true ? 2 : 0)
      let changed = consumers.register(
        member, group: name, consumeType: consumer["consumeType"]?.text ?? "", messageModel: consumer["messageModel"]?.text ?? "",
        consumeFromWhere: consumer["consumeFromWhere"]?.text ?? "",
        subscriptions: (consumer["subscriptionDataSet"]?.elements ?? []).compactMap(Subscription.init(json:)))
      if changed { notifyMembers(of: name) }
    }
    for producer in body["producerDataSet"]?.elements ?? [] {
      if let name = producer["groupName"]?.text { producers.register(member, group: name) }
    }
    saveGroupsIfChanged()
    watchMembers()
    path.send(Command(response: .success))
  }

  func unregister(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    if let group = request.command.string(.producerGroup) { producers.remove(request.connection, group: group) }
    if let group = request.command.string(.consumerGroup), consumers.unregister(request.connection, group: group) {
      notifyMembers(of: group)
    }
    var response = Command(response: .success)
    response.carriesFields = true
    path.send(response)
  }

  /// Tells every member that the group has changed, also the one whose coming changed it.
  func notifyMembers(of group: String) {
    guard let members = consumers[group]?.members, groups.find(group, now: now).notifiesOfMembers else { return }
    var notice = Command(.notifyConsumerIDsChanged)
    notice.set(.consumerGroup, group)
    for member in members { loop.sendAndForget(.connection(member.connection), notice) }
  }

  func memberIDs(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let group = request.command.string(.consumerGroup) ?? ""
    var response: Command
    if let members = consumers[group]?.members {
      response = Command(response: .success)
      response.body = (["consumerIdList": .array(members.map { .string($0.clientID) })] as JSONValue).bytes()
    } else {
      response = Command(response: .systemError, remark: "no consumer for this group, \(group)")
    }
    response.carriesFields = true
    path.send(response)
  }

  /// Java: `ConsumerConnection`.
  func consumerConnections(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let name = request.command.string(.consumerGroup) ?? ""
    guard let group = consumers[name] else {
      return path.refuse(.consumerNotOnline, "the consumer group[\(name)] not online")
    }
    let subscriptions = group.subscriptions.sorted { $0.key < $1.key }.map { JSONValue.Member(.string($0.key), $0.value.json) }
    let body: JSONValue = [
      "connectionSet": .array(group.members.map(\.json)), "consumeFromWhere": .string(group.consumeFromWhere),
      "consumeType": .string(group.consumeType), "messageModel": .string(group.messageModel), "subscriptionTable": .object(subscriptions),
    ]
    path.sendBody(body.bytes())
  }

  func producerConnections(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let group = request.command.string(.producerGroup) ?? ""
    let members = producers[group]
    if members.isEmpty { return path.refuse(.systemError, "the producer group[\(group)] not exist") }
    path.sendBody((["connectionSet": .array(members.map(\.json))] as JSONValue).bytes())
  }

  /// Before it starts, a consumer asks whether its filter will do. Java: `CheckClientRequestBody`.
  func checkSubscription(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let body = try? request.command.withBody { bytes throws(RocketMQError) in try JSONValue(parsing: bytes) }
    if let subscription = (body?["subscriptionData"]).flatMap(Subscription.init(json:)), !subscription.isByTag {
      guard configuration.sqlFilters else { return path.refuse(.systemError, noFilters(by: subscription.expressionType)) }
      guard subscription.isSQL else { return path.refuse(.subscriptionParseFailed, unknownFilter(subscription.expressionType)) }
      do throws(SQLSyntaxError) { _ = try SQLFilter(subscription.expression) } catch {
        return path.refuse(.subscriptionParseFailed, "\(error)")
      }
    }
    path.send(Command(response: .success))
  }

  func noFilters(by type: String) -> String { "The broker does not support consumer to filter message by \(type)" }
  func unknownFilter(_ type: String) -> String { "the filter type \(type) is not known; TAG and SQL92 are" }

  // MARK: Silence

  /// Milliseconds; nil: members never expire.
  private var memberExpiry: Int64? {
    if let expiry = configuration.memberExpiry { return Int64(expiry.wholeMilliseconds) }
    return manualNow == nil ? 120_000 : nil
  }

  /// Looks for members that have gone silent, every 10 s as long as there are members.
  private func watchMembers() {
    guard memberExpiry != nil, !watchesMembers, consumers.oldestHeartbeat != nil else { return }
    watchesMembers = true
    _ = at(now + 10_000, .removeSilentMembers)
  }

  func removeSilentMembers() {
    watchesMembers = false
    if let memberExpiry {
      for connection in consumers.removeSilent(since: now - memberExpiry) { loop.close(connection) }
    }
    watchMembers()
  }

  // MARK: Locks

  func lock(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    guard let body = lockBody(request) else { return path.refuse(.systemError, "the body names no client, group and queues") }
    let locked = locks.lock(body.queues, group: body.group, clientID: body.clientID, now: now)
    path.sendBody((["lockOKMQSet": .array(locked.map(\.json))] as JSONValue).bytes())
  }

  func unlock(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    guard let body = lockBody(request) else { return path.refuse(.systemError, "the body names no client, group and queues") }
    locks.unlock(body.queues, group: body.group, clientID: body.clientID)
    path.send(Command(response: .success))
  }

  private func lockBody(_ request: borrowing InboundRequest) -> (clientID: String, group: String, queues: [QueueName])? {
    guard let body = try? request.command.withBody({ bytes throws(RocketMQError) in try JSONValue(parsing: bytes) }),
      let clientID = body["clientId"]?.text, let group = body["consumerGroup"]?.text, let queues = body["mqSet"]?.elements
    else { return nil }
    return (clientID, group, queues.compactMap(QueueName.init(json:)))
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// A consumer group's settings. Java: `SubscriptionGroupConfig`.
struct GroupConfiguration: Sendable, Hashable {
  var name: String
  var mayConsume = true
  var mayConsumeFromMin = true
  var mayBroadcast = true
  var retryQueues: Int32 = 1
  var maxRetries: Int32 = 16
  var brokerID: Int64 = 0
  var brokerWhenSlow: Int64 = 1
  var notifiesOfMembers = true

  init(_ name: String) { self.name = name }

  init?(json: JSONValue) {
    guard let name = json["groupName"]?.text else { return nil }
    self.init(name)
    mayConsume = json["consumeEnable"]?.bool ?? mayConsume
    mayConsumeFromMin = json["consumeFromMinEnable"]?.bool ?? mayConsumeFromMin
    mayBroadcast = json["consumeBroadcastEnable"]?.bool ?? mayBroadcast
    retryQueues = json["retryQueueNums"]?.int32 ?? retryQueues
    maxRetries = json["retryMaxTimes"]?.int32 ?? maxRetries
    brokerID = json["brokerId"]?.int64 ?? brokerID
    brokerWhenSlow = json["whichBrokerWhenConsumeSlowly"]?.int64 ?? brokerWhenSlow
    notifiesOfMembers = json["notifyConsumerIdsChangedEnable"]?.bool ?? notifiesOfMembers
  }

  var json: JSONValue {
    [
      "brokerId": .int(brokerID), "consumeBroadcastEnable": .bool(mayBroadcast), "consumeEnable": .bool(mayConsume),
      "consumeFromMinEnable": .bool(mayConsumeFromMin), "groupName": .string(name),
      "notifyConsumerIdsChangedEnable": .bool(notifiesOfMembers), "retryMaxTimes": .int(maxRetries), "retryQueueNums": .int(retryQueues),
      "whichBrokerWhenConsumeSlowly": .int(brokerWhenSlow),
    ]
  }
}

/// The settings of all consumer groups; a group that is asked for is made. Java: `SubscriptionGroupManager`.
struct GroupTable {
  private var groups: [String: GroupConfiguration] = [:]
  private var version: DataVersion
  /// Set by every change, for whoever keeps the table.
  var isChanged = false

  init(now: Int64) {
    version = DataVersion(now: now)
    for name in ["TOOLS_CONSUMER", "FILTERSRV_CONSUMER", "SELF_TEST_C_GROUP", "CID_ONSAPI_OWNER"] {
      groups[name] = GroupConfiguration(name)
    }
  }

  func contains(_ name: String) -> Bool { groups[name] != nil }

  mutating func find(_ name: String, now: Int64) -> GroupConfiguration {
    if let group = groups[name] { return group }
    let group = GroupConfiguration(name)
    set(group, now: now)
    return group
  }

  mutating func set(_ group: GroupConfiguration, now: Int64) {
    groups[group.name] = group
    version.advance(now: now)
    isChanged = true
  }

  mutating func remove(_ name: String, now: Int64) {
    guard groups.removeValue(forKey: name) != nil else { return }
    version.advance(now: now)
    isChanged = true
  }

  var json: JSONValue {
    [
      "dataVersion": version.json,
      "subscriptionGroupTable": .object(groups.sorted { $0.key < $1.key }.map { .init(.string($0.key), $0.value.json) }),
    ]
  }

  /// Takes over what ``json`` gave.
  mutating func restore(_ json: JSONValue) {
    if let version = DataVersion(json: json["dataVersion"]) { self.version = version }
    for member in json["subscriptionGroupTable"]?.members ?? [] {
      if let group = GroupConfiguration(json: member.value) { groups[group.name] = group }
    }
  }
}

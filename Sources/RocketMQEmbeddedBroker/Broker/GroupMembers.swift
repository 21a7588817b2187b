// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// A client's connection as a member of a group. Java: `ClientChannelInfo`.
struct GroupMember {
  var connection: ConnectionID
  var clientID: String
  /// Java: `LanguageCode`, by number.
  var language: Int32
  var version: Int32
  /// "ip:port"
  var peer: String
  /// Time of the last heartbeat, in milliseconds since 1970.
  var heardAt: Int64

  var json: JSONValue {
    ["clientAddr": .string(peer), "clientId": .string(clientID), "language": .string(languageName), "version": .int(version)]
  }

  private var languageName: String {
    let names = [
      "JAVA", "CPP", "DOTNET", "PYTHON", "DELPHI", "ERLANG", "RUBY", "OTHER", "HTTP", "GO", "PHP", "OMS", "RUST", "NODE_JS",
    ]
    return names.indices.contains(Int(language)) ? names[Int(language)] : "OTHER"
  }
}

/// One consumer group with at least one member. Java: `ConsumerGroupInfo`.
struct ConsumerGroup {
  /// In the order in which they came.
  var members: [GroupMember] = []
  var consumeType = ""
  var messageModel = ""
  var consumeFromWhere = ""
  /// By topic.
  var subscriptions: [String: Subscription] = [:]
}

/// Who consumes in which group, by connection. Java: `ConsumerManager`.
///
/// A pure value: what returns groups returns those whose members have changed, for someone to tell the remaining members.
struct ConsumerGroups {
  private var groups: [String: ConsumerGroup] = [:]

  subscript(_ name: String) -> ConsumerGroup? { groups[name] }

  /// True when a member or a topic has come or gone. A newer version of a known subscription replaces it silently; an older one is ignored.
  mutating func register(
    _ member: GroupMember, group name: String, consumeType: String, messageModel: String, consumeFromWhere: String,
    subscriptions: [Subscription]
  ) -> Bool {
    var group = groups[name] ?? ConsumerGroup()
    var changed = false
    group.consumeType = consumeType
    group.messageModel = messageModel
    group.consumeFromWhere = consumeFromWhere
    if let index = group.members.firstIndex(where: { $0.connection == member.connection }) {
      group.members[index] = member
    } else {
      group.members.append(member)
      changed = true
    }
    for var subscription in subscriptions {
      let known = group.subscriptions[subscription.topic]
      if let known, subscription.version <= known.version { continue }
      subscription.compile(replacing: known)
      group.subscriptions[subscription.topic] = subscription
      changed = changed || known == nil
    }
    for topic in group.subscriptions.keys where !subscriptions.contains(where: { $0.topic == topic }) {
      group.subscriptions[topic] = nil
      changed = true
    }
    groups[name] = group
    return changed
  }

  /// True when it was a member. The group goes with its last one.
  mutating func unregister(_ connection: ConnectionID, group name: String) -> Bool {
    guard var group = groups[name], let index = group.members.firstIndex(where: { $0.connection == connection }) else { return false }
    group.members.remove(at: index)
    groups[name] = group.members.isEmpty ? nil : group
    return true
  }

  /// The groups it was a member of.
  mutating func remove(_ connection: ConnectionID) -> [String] {
    groups.keys.filter { unregister(connection, group: $0) }.sorted()
  }

  /// Takes out the members not heard of since `time`. As in Java nobody is told, but their connections are to be closed.
  mutating func removeSilent(since time: Int64) -> [ConnectionID] {
    var silent: [ConnectionID] = []
    for (name, group) in groups {
      for member in group.members where member.heardAt < time {
        _ = unregister(member.connection, group: name)
        silent.append(member.connection)
      }
    }
    return silent
  }

  /// When the member not heard of for the longest was heard of.
  var oldestHeartbeat: Int64? { groups.values.lazy.flatMap(\.members).map(\.heardAt).min() }
}

/// Who produces in which group, by connection. Java: `ProducerManager`.
struct ProducerGroups {
  private var groups: [String: [GroupMember]] = [:]

  subscript(_ name: String) -> [GroupMember] { groups[name] ?? [] }

  mutating func register(_ member: GroupMember, group name: String) {
    remove(member.connection, group: name)
    groups[name, default: []].append(member)
  }

  mutating func remove(_ connection: ConnectionID, group name: String) {
    groups[name]?.removeAll { $0.connection == connection }
    if groups[name]?.isEmpty == true { groups[name] = nil }
  }

  mutating func remove(_ connection: ConnectionID) {
    for name in groups.keys { remove(connection, group: name) }
  }
}

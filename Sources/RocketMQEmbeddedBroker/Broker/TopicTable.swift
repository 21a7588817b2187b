// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// All topics of a broker. Java: `TopicConfigManager`.
struct TopicTable {
  /// How many queues a topic may have.
  static let queueCounts: ClosedRange<Int32> = 0...65_536

  private var topics: [String: TopicConfiguration] = [:]
  private var version: DataVersion
  /// Removed topics, with the end of the log when that happened: what stands before it does not come back when queues are rebuilt from
  /// the log.
  private var removed: [String: Int64] = [:]
  private let systemTopics: Set<String>
  private let autoCreates: Bool

  /// With the topics every broker has.
  init(_ configuration: EmbeddedBroker.Configuration, now: Int64) {
    version = DataVersion(now: now)
    autoCreates = configuration.autoCreateTopics
    let replies = configuration.clusterName + SystemTopic.replySuffix
    systemTopics = SystemTopic.all.union([configuration.clusterName, configuration.brokerName, replies])
    let inheritable: TopicPermission = [.read, .write, .inherit]
    var builtIn = [
      TopicConfiguration(SystemTopic.selfTest, queues: 1),
      TopicConfiguration(SystemTopic.benchmark, queues: 1024),
      TopicConfiguration(configuration.clusterName, queues: 16, permission: inheritable),
      TopicConfiguration(configuration.brokerName, queues: 1, permission: inheritable),
      TopicConfiguration(SystemTopic.offsetMoved, queues: 1),
      TopicConfiguration(SystemTopic.schedule, queues: Int32(DelayLevels.count)),
      TopicConfiguration(replies, queues: 1),
    ]
    if configuration.autoCreateTopics {
      builtIn.append(TopicConfiguration(TopicName.autoCreate, queues: configuration.defaultQueues, permission: inheritable))
    }
    for topic in builtIn { topics[topic.name] = topic }
  }

  subscript(_ name: String) -> TopicConfiguration? { topics[name] }
  var all: [TopicConfiguration] { topics.values.sorted { $0.name < $1.name } }

  func isSystemTopic(_ name: String) -> Bool { systemTopics.contains(name) || name.hasPrefix(SystemTopic.prefix) }

  mutating func set(_ topic: TopicConfiguration, now: Int64) {
    topics[topic.name] = topic
    version.advance(now: now)
  }

  /// `logEnd`: see `removed`.
  mutating func remove(_ name: String, logEnd: Int64, now: Int64) {
    topics[name] = nil
    removed[name] = logEnd
    version.advance(now: now)
  }

  /// The topic that a message to an unknown one makes, after the settings of `model`; nil when that may not be.
  /// Java: `createTopicInSendMessageMethod`.
  mutating func createForSending(_ name: String, like model: String, queues: Int32, sysFlag: Int32, now: Int64) -> TopicConfiguration? {
    guard var template = topics[model] else { return nil }
    if model == TopicName.autoCreate, !autoCreates {
      // As in Java, which thereby takes the right to inherit from the model for good.
      template.permission = .readWrite
      topics[model] = template
    }
    guard template.permission.contains(.inherit) else { return nil }
    var topic = TopicConfiguration(
      name, queues: max(min(queues, template.writeQueues), 0), permission: template.permission.subtracting(.inherit), sysFlag: sysFlag)
    topic.filterType = template.filterType
    set(topic, now: now)
    return topic
  }

  /// Why the name cannot be a topic's; nil when it can. Java: `TopicValidator.validateTopic`.
  static func fault(in name: String) -> String? {
    if name.utf8.allSatisfy({ $0 <= UInt8(ascii: " ") }) { return "The specified topic is blank." }
    if !name.utf8.allSatisfy(isAllowed) {
      return "The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$"
    }
    return name.utf8.count > TopicName.maxBytes ? "The specified topic is longer than topic max length." : nil
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "%"), UInt8(ascii: "|"):
      true
    default: false
    }
  }

  // MARK: Keeping

  var json: JSONValue {
    [
      "dataVersion": version.json,
      "topicConfigTable": .object(all.map { .init(.string($0.name), $0.json) }),
    ]
  }

  /// ``json``, and what only this broker needs to know.
  var stored: JSONValue {
    .object(
      json.members + [
        .init("removedTopics", .object(removed.sorted { $0.key < $1.key }.map { .init(.string($0.key), .int($0.value)) }))
      ])
  }

  /// Takes over what ``stored`` gave.
  mutating func restore(_ json: JSONValue) {
    if let version = DataVersion(json: json["dataVersion"]) { self.version = version }
    for member in json["topicConfigTable"]?.members ?? [] {
      if let topic = TopicConfiguration(json: member.value) { topics[topic.name] = topic }
    }
    for member in json["removedTopics"]?.members ?? [] {
      if let name = member.key.text, let end = member.value.int64 { removed[name] = end }
    }
  }

  /// Does a record of the log still count? Makes the topic when a crash lost its settings.
  mutating func admit(_ name: String, queueID: Int32, logOffset: Int64) -> Bool {
    if let end = removed[name], logOffset < end { return false }
    let queues = queueID + 1
    if let topic = topics[name] {
      if max(topic.readQueues, topic.writeQueues) < queues { topics[name]?.readQueues = queues }
    } else {
      topics[name] = TopicConfiguration(name, queues: queues)
    }
    return true
  }
}

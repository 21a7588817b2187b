// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// A topic's settings. Java: `TopicConfig`.
struct TopicConfiguration: Sendable, Hashable {
  var name: String
  /// Queues 0..<readQueues can be pulled.
  var readQueues: Int32
  /// Queues 0..<writeQueues are announced to producers.
  var writeQueues: Int32
  var permission: TopicPermission
  /// "SINGLE_TAG" or "MULTI_TAG".
  var filterType = "SINGLE_TAG"
  var sysFlag: Int32 = 0
  var isOrdered = false

  init(_ name: String, queues: Int32, permission: TopicPermission = .readWrite, sysFlag: Int32 = 0) {
    self.name = name
    readQueues = queues
    writeQueues = queues
    self.permission = permission
    self.sysFlag = sysFlag
  }

  init?(json: JSONValue) {
    guard let name = json["topicName"]?.text, let read = json["readQueueNums"]?.int32, let write = json["writeQueueNums"]?.int32 else {
      return nil
    }
    self.init(
      name, queues: read, permission: TopicPermission(rawValue: json["perm"]?.int32 ?? 6), sysFlag: json["topicSysFlag"]?.int32 ?? 0)
    writeQueues = write
    filterType = json["topicFilterType"]?.text ?? "SINGLE_TAG"
    isOrdered = json["order"]?.bool ?? false
  }

  var json: JSONValue {
    [
      "order": .bool(isOrdered), "perm": .int(permission.rawValue), "readQueueNums": .int(readQueues),
      "topicFilterType": .string(filterType), "topicName": .string(name), "topicSysFlag": .int(sysFlag),
      "writeQueueNums": .int(writeQueues),
    ]
  }

  func with(_ permission: TopicPermission) -> TopicConfiguration {
    var copy = self
    copy.permission = permission
    return copy
  }

  /// As Java writes it into remarks.
  var javaText: String {
    let read = permission.contains(.read) ? "R" : "-"
    let write = permission.contains(.write) ? "W" : "-"
    let inherit = permission.contains(.inherit) ? "X" : "-"
    return """
      TopicConfig [topicName=\(name), readQueueNums=\(readQueues), writeQueueNums=\(writeQueues), perm=\(read)\(write)\(inherit), \
      topicFilterType=\(filterType), topicSysFlag=\(sysFlag), order=\(isOrdered)]
      """
  }
}

/// Counts the changes of a table. Java: `DataVersion`.
struct DataVersion: Sendable {
  private var counter: Int64 = 0
  /// Milliseconds since 1970.
  private var timestamp: Int64

  init(now: Int64) { timestamp = now }

  init?(json: JSONValue?) {
    guard let json, let counter = json["counter"]?.int64, let timestamp = json["timestamp"]?.int64 else { return nil }
    self.counter = counter
    self.timestamp = timestamp
  }

  mutating func advance(now: Int64) {
    counter += 1
    timestamp = now
  }

  var json: JSONValue { ["counter": .int(counter), "timestamp": .int(timestamp)] }
}

/// The topics that belong to the broker itself. Java: `TopicValidator`.
enum SystemTopic {
  static let schedule = "SCHEDULE_TOPIC_XXXX"
  static let selfTest = "SELF_TEST_TOPIC"
  static let benchmark = "BenchmarkTest"
  static let offsetMoved = "OFFSET_MOVED_EVENT"
  static let halfMessages = "RMQ_SYS_TRANS_HALF_TOPIC"
  static let halfOperations = "RMQ_SYS_TRANS_OP_HALF_TOPIC"
  static let checkedTooOften = "TRANS_CHECK_MAX_TIME_TOPIC"
  static let trace = "RMQ_SYS_TRACE_TOPIC"
  static let prefix = "rmq_sys_"
  static let replySuffix = "_REPLY_TOPIC"

  /// Clients must not send to these.
  static let notForSending: Set<String> = [schedule, halfMessages, halfOperations, checkedTooOften, selfTest, offsetMoved]
  /// Clients must not make or remove these; those named after broker and cluster come on top.
  static let all = notForSending.union([TopicName.autoCreate, benchmark, trace])
}

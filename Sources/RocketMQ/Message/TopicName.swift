// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Rules and derived names of topics and groups. Java: `Validators`, `TopicValidator`, `MixAll`.
package enum TopicName {
  /// Bytes; what the length field of a stored record can hold.
  package static let maxBytes = 127
  /// New topics are made after this one's settings. Java: `AUTO_CREATE_TOPIC_KEY_TOPIC`.
  package static let autoCreate = "TBW102"

  package static let retryPrefix = "%RETRY%"
  package static let deadLetterPrefix = "%DLQ%"
  package static func retry(ofGroup group: String) -> String { retryPrefix + group }
  package static func deadLetter(ofGroup group: String) -> String { deadLetterPrefix + group }

  /// Throws `invalidArgument` that names the rule. Java: `Validators.checkTopic`.
  package static func validate(_ topic: String) throws(RocketMQError) {
    try checkName(topic, "topic", maxBytes)
  }

  /// The same for topics that users send to: brokers keep some for themselves. Java: `isNotAllowedSendTopic`.
  package static func validateForSending(_ topic: String) throws(RocketMQError) {
    try validate(topic)
    if notForSending.contains(topic) {
      throw RocketMQError(.invalidArgument, "the topic \(topic) belongs to the broker; messages cannot be sent to it")
    }
  }

  private static let notForSending: Set<String> = [
    "SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRANS_HALF_TOPIC", "RMQ_SYS_TRANS_OP_HALF_TOPIC", "TRANS_CHECK_MAX_TIME_TOPIC", "SELF_TEST_TOPIC",
    "OFFSET_MOVED_EVENT",
  ]

  fileprivate static func checkName(_ name: String, _ what: String, _ limit: Int) throws(RocketMQError) {
    guard !name.isEmpty else { throw RocketMQError(.invalidArgument, "the \(what) is empty") }
    guard name.utf8.count <= limit else {
      throw RocketMQError(.invalidArgument, "the \(what) has \(name.utf8.count) bytes, \(limit) are allowed: \(name)")
    }
    for byte in name.utf8 where !isAllowed(byte) {
      throw RocketMQError(
        .invalidArgument, "the \(what) \"\(name)\" has a character other than letters, digits, \"_\", \"-\", \"%\" and \"|\"")
    }
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "%"), UInt8(ascii: "|"):
      true
    default: false
    }
  }
}

/// Rules of group names. Java: `Validators.checkGroup`.
package enum GroupName {
  /// So that `%RETRY%group` is still a topic. Java allows 255 and then fails to make the retry topic.
  package static let maxBytes = TopicName.maxBytes - TopicName.retryPrefix.utf8.count
  /// The producer of the client itself: it sends messages back to retry topics.
  package static let innerProducer = "CLIENT_INNER_PRODUCER"

  /// Throws `invalidArgument` that names the rule.
  package static func validate(_ group: String) throws(RocketMQError) {
    try TopicName.checkName(group, "group", maxBytes)
    if group == "DEFAULT_PRODUCER" || group == "DEFAULT_CONSUMER" {
      throw RocketMQError(.invalidArgument, "the group \(group) is RocketMQ's placeholder; choose a name of your own")
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

extension Message {
  /// Throws `invalidArgument` or `tooLarge` that names the rule. Java: `Validators.checkMessage`, `Message.putUserProperty`.
  func validate(_ configuration: ProducerConfiguration) throws(RocketMQError) {
    try TopicName.validateForSending(topic)
    guard !body.isEmpty || !systemProperties.isEmpty else {
      throw RocketMQError(.invalidArgument, "the message to \(topic) has an empty body; brokers refuse it")
    }
    guard body.count <= configuration.maxMessageBytes else {
      throw RocketMQError(
        .tooLarge, "the message to \(topic) has a body of \(body.count) bytes, \(configuration.maxMessageBytes) are allowed")
    }
    guard delayLevel >= 0 else { throw RocketMQError(.invalidArgument, "the delay level \(delayLevel) is negative") }
    if let tags, tags.contains("||") {
      throw RocketMQError(.invalidArgument, "the tag \"\(tags)\" has a \"||\", which separates tags in filters; a message has one tag")
    }
    for key in keys where key.isEmpty || key.contains(" ") {
      throw RocketMQError(.invalidArgument, "the key \"\(key)\" is empty or has a space, which separates keys")
    }
    for name in properties.keys where PropertyName.isReserved(name) {
      throw RocketMQError(.invalidArgument, "the property \(name) is used by RocketMQ itself; choose another name")
    }
  }

  /// Throws `invalidArgument` that names the rule. Java: `MessageBatch.generateFromList`.
  func validate(inBatchOf first: Message) throws(RocketMQError) {
    if topic != first.topic {
      throw RocketMQError(.invalidArgument, "a batch has one topic, this one has \(first.topic) and \(topic)")
    }
    if waitsUntilStored != first.waitsUntilStored {
      throw RocketMQError(.invalidArgument, "waitsUntilStored must be the same for all messages of a batch")
    }
    if delayLevel != 0 { throw RocketMQError(.invalidArgument, "a delayed message cannot be in a batch") }
    if topic.hasPrefix(TopicName.retryPrefix) { throw RocketMQError(.invalidArgument, "a batch cannot go to the retry topic \(topic)") }
  }

  /// All properties as they stand in the header. Throws `invalidArgument`, `tooLarge`.
  func propertyText(id: String) throws(RocketMQError) -> [UInt8] {
    var writer = PropertyWriter()
    func add(_ name: String, _ value: @autoclosure () -> String) throws(RocketMQError) {
      if systemProperties.isEmpty || systemProperties[name] == nil { try writer.append(name, value()) }
    }
    for (name, value) in properties { try add(name, value) }
    if !keys.isEmpty { try add(PropertyName.keys, keys.count == 1 ? keys[0] : keys.joined(separator: " ")) }
    try add(PropertyName.uniqueKey, id)
    try add(PropertyName.wait, waitsUntilStored ? "true" : "false")
    if delayLevel > 0 { try add(PropertyName.delay, String(delayLevel)) }
    if let tags, !tags.isEmpty { try add(PropertyName.tags, tags) }
    for (name, value) in systemProperties { try writer.append(name, value) }
    guard writer.text.count <= PropertyWriter.maxBytes else {
      throw RocketMQError(
        .tooLarge, "the properties of the message to \(topic) have \(writer.text.count) bytes, \(PropertyWriter.maxBytes) are allowed")
    }
    return writer.text
  }
}

/// Writes a property text: `name \u{1} value`, with `\u{2}` between. Java: `MessageDecoder.messageProperties2String`.
struct PropertyWriter {
  static let maxBytes = 32_767
  private(set) var text: [UInt8] = []

  init() { text.reserveCapacity(128) }

  /// Throws `invalidArgument` for what a reader would not get back.
  mutating func append(_ name: String, _ value: String) throws(RocketMQError) {
    guard !name.isEmpty, !value.isEmpty else {
      throw RocketMQError(.invalidArgument, "the property \"\(name)\" = \"\(value)\" is empty; readers would drop it")
    }
    guard !name.utf8.contains(where: { $0 == 1 || $0 == 2 }), !value.utf8.contains(2) else {
      throw RocketMQError(.invalidArgument, "the property \"\(name)\" has a character U+0001 or U+0002, which separate properties")
    }
    if !text.isEmpty { text.append(2) }
    text.append(contentsOf: name.utf8)
    text.append(1)
    text.append(contentsOf: value.utf8)
  }

  /// The properties of a batch as a whole.
  static func wait(_ waits: Bool) -> [UInt8] { Array((waits ? "WAIT\u{1}true" : "WAIT\u{1}false").utf8) }
}

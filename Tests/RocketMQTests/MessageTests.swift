// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite struct MessageTests {
  private let configuration = ProducerConfiguration()

  private func validate(_ change: (inout Message) -> Void) -> RocketMQError? {
    var message = Message(topic: "orders", body: [1])
    change(&message)
    do throws(RocketMQError) {
      try message.validate(configuration)
      _ = try message.propertyText(id: "ID")
      return nil
    } catch { return error }
  }

  @Test(arguments: ["orders", "%RETRY%group", "a-b_c|d", String(repeating: "t", count: 127)])
  func goodTopicsPass(topic: String) { #expect(validate { $0.topic = topic } == nil) }

  @Test(arguments: [
    "", "white space", "Straße", "a.b", String(repeating: "t", count: 128), "SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRANS_HALF_TOPIC",
  ])
  func badTopicsAreRefusedBeforeAnythingIsSent(topic: String) {
    let error = validate { $0.topic = topic }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains(topic) == true)
  }

  @Test(arguments: ["", "DEFAULT_PRODUCER", "DEFAULT_CONSUMER", "a b", String(repeating: "g", count: 121)])
  func badGroupsAreRefused(group: String) {
    #expect(throws: RocketMQError.self) { try GroupName.validate(group) }
  }

  @Test func theLongestGroupStillHasARetryTopic() throws {
    let group = String(repeating: "g", count: 119)
    try GroupName.validate(group)
    try TopicName.validate(TopicName.retry(ofGroup: group))
  }

  @Test func badContentIsRefusedWithTheRule() {
    #expect(validate { $0.body = [] }?.message.contains("empty body") == true)
    #expect(validate { $0.body = [UInt8](repeating: 0, count: (4 << 20) + 1) }?.code == .tooLarge)
    #expect(validate { $0.keys = ["a", "b c"] }?.message.contains("b c") == true)
    #expect(validate { $0.keys = [""] }?.code == .invalidArgument)
    #expect(validate { $0.tags = "a||b" }?.code == .invalidArgument)
    #expect(validate { $0.delayLevel = -1 }?.code == .invalidArgument)
    #expect(validate { $0.properties = ["UNIQ_KEY": "x"] }?.message.contains("UNIQ_KEY") == true)
    #expect(validate { $0.properties = ["": "x"] }?.code == .invalidArgument)
    #expect(validate { $0.properties = ["x": ""] }?.code == .invalidArgument)
    #expect(validate { $0.properties = ["a\u{1}b": "x"] }?.code == .invalidArgument)
    #expect(validate { $0.properties = ["x": "a\u{2}b"] }?.code == .invalidArgument)
    #expect(validate { $0.properties = ["x": String(repeating: "y", count: 32_767)] }?.code == .tooLarge)
    #expect(validate { $0.properties = ["x": "a\u{1}b", "CHECK_IMMUNITY_TIME_IN_SECONDS": "5", "键": "值"] } == nil)
  }

  @Test func propertiesAreWrittenAsJavaWritesThem() throws {
    let message = Message(
      topic: "t", body: [1], tags: "TagA", keys: ["k1", "k2"], properties: ["city": "Zürich"], delayLevel: 3, waitsUntilStored: false)
    let text = try message.propertyText(id: "C0A80001")
    #expect(
      PropertyText.decode(text) == [
        "city": "Zürich", "KEYS": "k1 k2", "UNIQ_KEY": "C0A80001", "WAIT": "false", "DELAY": "3", "TAGS": "TagA",
      ])
    #expect(text.last != 2)
  }

  @Test func systemPropertiesWin() throws {
    var message = Message(topic: "%RETRY%g", body: [1], tags: "mine")
    message.systemProperties = ["UNIQ_KEY": "OLD", "TAGS": "theirs", "RETRY_TOPIC": "t", "RECONSUME_TIME": "2"]
    let text = PropertyText.decode(try message.propertyText(id: "NEW"))
    #expect(text == ["UNIQ_KEY": "OLD", "TAGS": "theirs", "RETRY_TOPIC": "t", "RECONSUME_TIME": "2", "WAIT": "true"])
  }

  @Test func aRequestHasTheFieldsOfTheJavaClient() throws {
    let ids = try UniqueIDs(host: HostAddress(ip: [10, 0, 0, 1], port: 0), process: 1, salt: 1)
    var message = Message(topic: "%RETRY%cg", body: Array("b4".utf8), flag: 7)
    message.systemProperties = ["RECONSUME_TIME": "2", "MAX_RECONSUME_TIMES": "16", "UNIQ_KEY": "X"]
    let outgoing = try OutgoingMessage(message, configuration, ids: ids)
    #expect(outgoing.messageIDs == ["X"])
    #expect(outgoing.reconsumeTimes == "2")
    #expect(outgoing.maxReconsumeTimes == "16")
    #expect(outgoing.sysFlag == 0)
  }

  @Test(arguments: [
    (MessageCompression.zlib(level: 5), Int32(0x301)), (.lz4, 0x101), (.zstd(level: 3), 0x201), (.none, 0),
  ])
  func largeBodiesAreCompressedWhenThatHelps(compression: MessageCompression, sysFlag: Int32) throws {
    let ids = try UniqueIDs(host: HostAddress(ip: [10, 0, 0, 1], port: 0), process: 1, salt: 1)
    var configuration = configuration
    configuration.compression = compression
    func outgoing(_ body: [UInt8]) throws -> OutgoingMessage {
      try OutgoingMessage(Message(topic: "t", body: body), configuration, ids: ids)
    }
    let large = try outgoing([UInt8](repeating: 97, count: 4096))
    #expect(large.sysFlag == sysFlag)
    #expect((large.body.count < 4096) == (compression != .none))
    let small = [UInt8](repeating: 97, count: 4095)
    #expect(try outgoing(small).body == small)
    let random = (0..<8192).map { _ in UInt8.random(in: 0...255) }
    #expect(try outgoing(random).sysFlag == 0)
    #expect(try outgoing(random).body == random)
  }

  @Test func batchesFollowTheirRules() throws {
    let ids = try UniqueIDs(host: HostAddress(ip: [10, 0, 0, 1], port: 0), process: 1, salt: 1)
    func refused(_ batch: [Message]) -> RocketMQError? {
      do throws(RocketMQError) {
        _ = try OutgoingMessage(batch: batch, configuration, ids: ids)
        return nil
      } catch { return error }
    }
    let good = Message(topic: "t", body: [1])
    var delayed = good
    delayed.delayLevel = 1
    var unsafe = good
    unsafe.waitsUntilStored = false
    #expect(refused([])?.code == .invalidArgument)
    #expect(refused([good, Message(topic: "u", body: [1])])?.message.contains("u") == true)
    #expect(refused([good, delayed])?.code == .invalidArgument)
    #expect(refused([good, unsafe])?.code == .invalidArgument)
    #expect(refused([Message(topic: "%RETRY%g", body: [1])])?.code == .invalidArgument)
    let half = Message(topic: "t", body: [UInt8](repeating: 1, count: 2 << 20))
    #expect(refused([half, half])?.code == .tooLarge)
    #expect(refused([good, good]) == nil)

    let batch = try OutgoingMessage(batch: [Message(topic: "t", body: [98, 98], flag: 5), good], configuration, ids: ids)
    #expect(batch.isBatch && batch.messageIDs.count == 2 && Set(batch.messageIDs).count == 2)
    #expect(PropertyText.decode(batch.properties) == ["WAIT": "true"])
    var items: [(Int32, [UInt8], [String: String])] = []
    try batch.body.withUnsafeBytes { bytes in
      try BatchBody.decode(bytes) { items.append(($0, [UInt8]($1), PropertyText.decode($2))) }
    }
    #expect(items.map(\.0) == [5, 0])
    #expect(items.map(\.1) == [[98, 98], [1]])
    #expect(items.map { $0.2["UNIQ_KEY"] } == batch.messageIDs)
  }

  // MARK: Received

  /// A record as a broker would send it, read back.
  private func received(
    topic: String, queue: MessageQueue, group: String, properties: [String: String], body: [UInt8] = Array("hello".utf8),
    sysFlag: Int32 = 0,
    reconsumeTimes: Int32 = 0
  ) async throws -> ReceivedMessage {
    var record = MessageRecord(
      topic: topic, body: body, properties: try PropertyText.encode(properties.map { ($0.key, $0.value) }),
      bornHost: HostAddress(ip: [10, 0, 0, 9], port: 50000), storeHost: HostAddress(ip: [10, 0, 0, 1], port: 10911))
    record.queueID = queue.queueID
    record.queueOffset = 7
    record.commitLogOffset = 1000
    record.flag = 5
    record.bornAt = 1_700_000_000_000
    record.storedAt = 1_700_000_000_123
    record.reconsumeTimes = reconsumeTimes
    record.sysFlag = sysFlag
    let bytes = try record.withEncoded { [UInt8]($0) }
    let server = try StubServer { _ in
      var answer = Command.ok
      answer.body = bytes
      return answer
    }
    let box = try await BrokerAPI(loop: try Loop(), timeout: .seconds(2)).viewMessage(at: 1000, broker: server.address)
    return ReceivedMessage(box, from: MessageOrigin(queue: queue, group: group))
  }

  @Test func whatNewerBrokersAddIsNotTheUsers() async throws {
    let message = try await received(
      topic: "orders", queue: MessageQueue(topic: "orders", brokerName: "broker-a", queueID: 3), group: "cg",
      properties: ["__CRC32#": "8697265611", "DLQ_ORIGIN_TOPIC": "orders", "TIMER_OUT_MS": "1700000000000", "city": "Zürich"])
    #expect(message.userProperties == ["city": "Zürich"])
    #expect(message.property("DLQ_ORIGIN_TOPIC") == "orders")
  }

  @Test func everythingOfARecordCanBeRead() async throws {
    let queue = MessageQueue(topic: "orders", brokerName: "broker-a", queueID: 3)
    let message = try await received(
      topic: "orders", queue: queue, group: "cg",
      properties: ["TAGS": "TagA", "KEYS": "k1 k2", "UNIQ_KEY": "ABC", "city": "Zürich", "WAIT": "true"])
    #expect(message.topic == "orders")
    #expect(message.queue == queue)
    #expect(message.queueOffset == 7 && message.commitLogOffset == 1000)
    #expect(message.messageID == "ABC")
    #expect(message.offsetMessageID == "0A00000100002A9F00000000000003E8")
    #expect(message.tags == "TagA" && message.keys == ["k1", "k2"] && message.flag == 5)
    #expect(message.property("city") == "Zürich" && message.property("none") == nil)
    #expect(message.properties.count == 5)
    #expect(message.userProperties == ["city": "Zürich"])
    #expect(message.bodyText == "hello" && message.bodyBytes == Array("hello".utf8) && message.bodyCount == 5)
    #expect(message.withBody { $0.byteCount } == 5)
    #expect(message.reconsumeTimes == 0)
    #expect(message.bornAt == Timestamp(millisecondsSince1970: 1_700_000_000_000))
    #expect(message.bornAt.duration(to: message.storedAt) == .milliseconds(123))
    #expect(message.bornHost == "10.0.0.9:50000" && message.storeHost == "10.0.0.1:10911")
  }

  @Test func withoutAnIDOfItsProducerTheBrokersIDIsIt() async throws {
    let message = try await received(
      topic: "t", queue: MessageQueue(topic: "t", brokerName: "b", queueID: 0), group: "cg", properties: ["a": "b"])
    #expect(message.messageID == message.offsetMessageID)
    #expect(message.keys.isEmpty && message.tags == nil)
  }

  @Test func theTopicComesBackFromTheOwnRetryTopicOnly() async throws {
    let retry = MessageQueue(topic: "%RETRY%cg", brokerName: "b", queueID: 0)
    let own = try await received(topic: "%RETRY%cg", queue: retry, group: "cg", properties: ["RETRY_TOPIC": "orders"], reconsumeTimes: 2)
    #expect(own.topic == "orders")
    #expect(own.queue.topic == "%RETRY%cg")
    #expect(own.reconsumeTimes == 2)
    let others = try await received(topic: "%RETRY%cg", queue: retry, group: "auditor", properties: ["RETRY_TOPIC": "orders"])
    #expect(others.topic == "%RETRY%cg")
    let bare = try await received(topic: "%RETRY%cg", queue: retry, group: "cg", properties: ["a": "b"])
    #expect(bare.topic == "%RETRY%cg")
  }

  @Test func compressedBodiesAreReadAsTheyWereSent() async throws {
    let body = [UInt8](repeating: 97, count: 10_000)
    let compressed = try BodyCompression.zlib.compress(body, level: 5)
    let message = try await received(
      topic: "t", queue: MessageQueue(topic: "t", brokerName: "b", queueID: 0), group: "cg", properties: ["a": "b"], body: compressed,
      sysFlag: BodyCompression.zlib.sysFlag)
    #expect(message.bodyBytes == body)
    #expect(message.bodyCount == 10_000)
    #expect(message.storedBytes < 1000)
  }
}

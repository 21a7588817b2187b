// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@Suite struct SendTests {
  @Test func aMessageComesBackWithAllItsFields() async throws {
    try await withBroker(clock: .manual(startingAt: Timestamp(millisecondsSince1970: 1_700_000_000_500))) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 2)
      let sent = try await client.call(
        sendRequest(
          "orders", "héllo 世界", queueID: 1, tag: "TagA", keys: "k1 k2", properties: [("city", "Zürich")], flag: 7,
          bornAt: 1_700_000_000_123,
          reconsumeTimes: 2))
      #expect(sent.code == .success)
      #expect(sent.remark == nil)
      #expect(sent.string(.queueID) == "1")
      #expect(sent.string(.queueOffset) == "0")
      #expect(sent.string(.msgRegion) == "DefaultRegion")
      #expect(sent.string(.traceOn) == "true")

      let pulled = try await client.call(pullRequest("orders", queueID: 1))
      #expect(pulled.code == .success)
      #expect(pulled.remark == "FOUND")
      #expect(pulled.string(.nextBeginOffset) == "1")
      #expect(pulled.string(.minOffset) == "0")
      #expect(pulled.string(.maxOffset) == "1")
      #expect(pulled.string(.suggestWhichBrokerID) == "0")
      let message = try #require(try pulled.messages.first)
      #expect(try pulled.messages.count == 1)
      #expect(message.topic == "orders")
      #expect(message.text == "héllo 世界")
      #expect(message.queueID == 1)
      #expect(message.queueOffset == 0)
      #expect(message.commitLogOffset == 0)
      #expect(message.flag == 7)
      #expect(message.sysFlag == 0)
      #expect(message.bornAt == 1_700_000_000_123)
      #expect(message.storedAt == 1_700_000_000_500)
      #expect(message.reconsumeTimes == 2)
      #expect(message.preparedTransactionOffset == 0)
      #expect(message.storeHost == broker.brokerAddress)
      #expect(message.bornHost.hasPrefix("127.0.0.1:"))
      #expect(message.offsetMessageID == sent.string(.msgID))
      // The producer's, without WAIT, and the broker's CLUSTER.
      #expect(message.properties == ["TAGS": "TagA", "KEYS": "k1 k2", "city": "Zürich", "CLUSTER": "DefaultCluster"])
    }
  }

  @Test func messagesOfAQueueFollowEachOther() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 2)
      var offsets: [String?] = []
      for i in 0..<6 {
        offsets.append(try await client.call(sendRequest("orders", "m\(i)", queueID: Int32(i % 2))).string(.queueOffset))
      }
      #expect(offsets == ["0", "0", "1", "1", "2", "2"])
      #expect(try await client.call(pullRequest("orders", queueID: 0)).bodies == ["m0", "m2", "m4"])
      #expect(try await client.call(pullRequest("orders", queueID: 1, offset: 1)).bodies == ["m3", "m5"])
    }
  }

  struct Check: Sendable, CustomTestStringConvertible {
    var what: String
    var request: @Sendable () -> Command = { sendRequest("orders") }
    var code: ResponseCode
    var remark: String?
    var testDescription: String { what }
  }

  static let faq = "\nSee http://rocketmq.apache.org/docs/faq/ for further details."
  static let checks: [Check] = [
    Check(
      what: "queue id too high", request: { sendRequest("orders", queueID: 99) }, code: .systemError,
      remark: """
        request queueId[99] is illegal, TopicConfig [topicName=orders, readQueueNums=2, writeQueueNums=2, perm=RW-, \
        topicFilterType=SINGLE_TAG, topicSysFlag=0, order=false] Producer: PEER
        """),
    Check(
      what: "bad characters", request: { sendRequest("bad topic!") }, code: .systemError,
      remark: "The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$"),
    Check(what: "blank topic", request: { sendRequest(" ") }, code: .systemError, remark: "The specified topic is blank."),
    Check(
      what: "topic of 128", request: { sendRequest(String(repeating: "t", count: 128)) }, code: .systemError,
      remark: "The specified topic is longer than topic max length."),
    Check(
      what: "system topic", request: { sendRequest("SCHEDULE_TOPIC_XXXX") }, code: .noPermission,
      remark: "Sending message to topic[SCHEDULE_TOPIC_XXXX] is forbidden."),
    Check(
      what: "unknown topic, no default", request: { sendRequest("new", defaultTopic: "none") }, code: .topicNotExist,
      remark: "topic[new] not exist, apply first please!\(faq)"),
    Check(
      what: "body too large", request: { sendRequest("orders", String(repeating: "b", count: (4 << 20) + 1)) }, code: .messageIllegal,
      remark: illegal),
    Check(
      what: "properties too large", request: { sendRequest("orders", properties: [("A", String(repeating: "p", count: 33_000))]) },
      code: .messageIllegal, remark: illegal),
    Check(
      what: "transactional", request: { sendRequest("orders", properties: [("TRAN_MSG", "true")]) }, code: .noPermission,
      remark: "the broker[127.0.0.1] sending transaction message is forbidden"),
    Check(what: "read-only topic", request: { sendRequest("readonly") }, code: .success, remark: nil),
    Check(what: "queue id -1", request: { sendRequest("orders", queueID: -1) }, code: .success, remark: nil),
    Check(what: "empty body", request: { sendRequest("orders", "") }, code: .success, remark: nil),
  ]
  static let illegal = """
    the message is illegal, maybe msg body or properties length not matched. \
    msg body length limit 4194304B, msg properties length limit 32KB.
    """

  @Test(arguments: checks) func aSendIsCheckedAsJavaChecksIt(_ check: Check) async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 2)
      try await broker.createTopic("readonly", queues: 1, permission: .read)
      let reply = try await client.call(check.request())
      #expect(reply.code == check.code)
      let remark = reply.remark.map { remark in
        remark.firstRange(of: "Producer: ").map { String(remark[..<$0.upperBound]) + "PEER" } ?? remark
      }
      #expect(remark == check.remark)
      #expect(reply.string(.msgRegion) == "DefaultRegion")
      #expect((reply.string(.msgID) != nil) == (check.code == .success))
    }
  }

  @Test func aSendWithoutAMandatoryFieldIsAnError() async throws {
    try await withBroker { broker in
      var command = Command(.sendMessageV2)
      command.set(.topic, "orders")
      let reply = try await TestClient(broker).call(command)
      #expect(reply.code == .systemError)
      #expect(reply.remark == "the custom field <producerGroup> is null")
    }
  }

  @Test func aMessageToAnUnknownTopicMakesItAfterTheDefaultTopic() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      #expect(try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "new")).code == .topicNotExist)
      #expect(try await client.call(sendRequest("new", queueID: 3, defaultQueues: 4)).code == .success)
      let route = try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "new")).json
      let queues = try #require(route["queueDatas"]?.elements.first)
      #expect(queues["writeQueueNums"]?.int32 == 4)
      #expect(queues["readQueueNums"]?.int32 == 4)
      #expect(queues["perm"]?.int32 == 6)
      // Never more queues than the default topic has.
      #expect(try await client.call(sendRequest("wide", defaultQueues: 16)).code == .success)
      let wide = try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "wide")).json
      #expect(wide["queueDatas"]?.elements.first?["writeQueueNums"]?.int32 == 8)
    }
  }

  @Test func withoutAutoCreationAnUnknownTopicIsRefused() async throws {
    try await withBroker {
      $0.autoCreateTopics = false
    } _: { broker in
      let client = try TestClient(broker)
      #expect(try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "TBW102")).code == .topicNotExist)
      #expect(try await client.call(sendRequest("new")).code == .topicNotExist)
    }
  }

  @Test func aBatchIsStoredAsSingleMessages() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(sendRequest("orders", "first"))
      let reply = try await client.call(
        batchRequest("orders", [("a", [("TAGS", "T"), ("n", "0")]), ("b", [("TAGS", "U")]), ("c", [])]))
      #expect(reply.code == .success)
      #expect(reply.string(.queueOffset) == "1")
      let messages = try await client.call(pullRequest("orders", offset: 1)).messages
      #expect(messages.map(\.text) == ["a", "b", "c"])
      #expect(messages.map(\.queueOffset) == [1, 2, 3])
      #expect(messages.map(\.flag) == [0, 1, 2])
      #expect(reply.string(.msgID) == messages.map(\.offsetMessageID).joined(separator: ","))
      #expect(messages[0].properties == ["TAGS": "T", "n": "0", "CLUSTER": "DefaultCluster", "WAIT": "true"])
      #expect(messages[2].properties == ["CLUSTER": "DefaultCluster", "WAIT": "true"])
      #expect(try await client.call(pullRequest("orders", expression: "U")).bodies == ["b"])
    }
  }

  @Test func aBrokenBatchIsRefusedAsAWhole() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      var command = try batchRequest("orders", [("a", []), ("b", [])])
      command.body.removeLast(3)
      #expect(try await client.call(command).code == .messageIllegal)
      #expect(await broker.offsets(topic: "orders", queueID: 0).isEmpty)
    }
  }

  @Test func aOnewaySendIsStoredAndNotAnswered() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      try await client.callOneway(sendRequest("orders", "quiet"))
      // On the same connection, so it comes after.
      #expect(try await client.call(pullRequest("orders")).bodies == ["quiet"])
    }
  }

  @Test func aDelayedMessageIsSeenWhenItsTimeHasCome() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 4)
      let sent = try await client.call(sendRequest("orders", "later", queueID: 2, tag: "T", delayLevel: 2))
      #expect(sent.string(.queueID) == "2")
      #expect(await broker.offsets(topic: "orders", queueID: 2).isEmpty)
      await broker.clock.advance(by: .milliseconds(4999))
      #expect(await broker.offsets(topic: "orders", queueID: 2).isEmpty)
      await broker.clock.advance(by: .milliseconds(1))
      let message = try #require(try await client.call(pullRequest("orders", queueID: 2, expression: "T")).messages.first)
      #expect(message.text == "later")
      let now = await broker.clock.now.millisecondsSince1970
      #expect(message.storedAt == now)
      #expect(
        message.properties == [
          "TAGS": "T", "DELAY": "2", "WAIT": "true", "CLUSTER": "DefaultCluster", "REAL_TOPIC": "orders", "REAL_QID": "2",
        ])
    }
  }

  @Test func aDelayLevelThatDoesNotExistIsTheHighest() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(sendRequest("orders", "much later", delayLevel: 99))
      await broker.clock.advance(by: .seconds(7200) - .milliseconds(1))
      #expect(await broker.offsets(topic: "orders", queueID: 0).isEmpty)
      await broker.clock.advance(by: .milliseconds(1))
      #expect(try await client.call(pullRequest("orders")).messages.first?.properties["DELAY"] == "18")
    }
  }

  @Test func delayedMessagesComeInTheOrderOfTheirTimes() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      for (body, level) in [("10s", 3), ("5s", 2), ("1s", 1)] { _ = try await client.call(sendRequest("orders", body, delayLevel: level)) }
      await broker.clock.advance(by: .milliseconds(500))
      _ = try await client.call(sendRequest("orders", "1s again", delayLevel: 1))
      let start = await broker.clock.now.millisecondsSince1970 - 500
      await broker.clock.advance(by: .seconds(60))
      let messages = try await client.call(pullRequest("orders")).messages
      #expect(messages.map(\.text) == ["1s", "1s again", "5s", "10s"])
      // Each at its own time, though the clock jumped over all of them.
      #expect(messages.map { $0.storedAt - start } == [1000, 1500, 5000, 10_000])
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@Suite struct PullTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var what: String
    var queueID: Int32 = 0
    var offset: Int64
    var expression = "*"
    var code: ResponseCode
    var remark: String
    var next: Int64
    var range: ClosedRange<Int64>
    var testDescription: String { what }
  }

  /// Queue 0 has five messages, queue 1 none, queue 2 has lost its first two of five.
  static let table: [Row] = [
    Row(what: "from the start", offset: 0, code: .success, remark: "FOUND", next: 5, range: 0...5),
    Row(what: "the last one", offset: 4, code: .success, remark: "FOUND", next: 5, range: 0...5),
    Row(what: "at the end", offset: 5, code: .pullNotFound, remark: "OFFSET_OVERFLOW_ONE", next: 5, range: 0...5),
    Row(what: "one beyond", offset: 6, code: .pullOffsetMoved, remark: "OFFSET_OVERFLOW_BADLY", next: 5, range: 0...5),
    Row(what: "far beyond", offset: 12345, code: .pullOffsetMoved, remark: "OFFSET_OVERFLOW_BADLY", next: 5, range: 0...5),
    Row(what: "negative", offset: -5, code: .pullOffsetMoved, remark: "OFFSET_TOO_SMALL", next: 0, range: 0...5),
    Row(
      what: "no tag matches", offset: 0, expression: "TagX", code: .pullRetryImmediately, remark: "NO_MATCHED_MESSAGE", next: 5,
      range: 0...5),
    Row(what: "empty queue at 0", queueID: 1, offset: 0, code: .pullNotFound, remark: "NO_MESSAGE_IN_QUEUE", next: 0, range: 0...0),
    Row(what: "empty queue at 5", queueID: 1, offset: 5, code: .pullOffsetMoved, remark: "NO_MESSAGE_IN_QUEUE", next: 0, range: 0...0),
    Row(what: "before the first kept", queueID: 2, offset: 1, code: .pullOffsetMoved, remark: "OFFSET_TOO_SMALL", next: 2, range: 2...5),
    Row(what: "the first kept", queueID: 2, offset: 2, code: .success, remark: "FOUND", next: 5, range: 2...5),
  ]

  @Test(arguments: table) func whatAPullFindsIsInItsCodeAndItsOffsets(_ row: Row) async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 3)
      for id: Int32 in [0, 2] { for i in 0..<5 { _ = try await client.call(sendRequest("orders", "m\(i)", queueID: id, tag: "TagA")) } }
      await broker.expireMessages(topic: "orders", queueID: 2, before: 2)
      let reply = try await client.call(
        pullRequest("orders", queueID: row.queueID, offset: row.offset, expression: row.expression))
      #expect(reply.code == row.code)
      #expect(reply.remark == row.remark)
      #expect(reply.string(.nextBeginOffset) == String(row.next))
      #expect(reply.string(.minOffset) == String(row.range.lowerBound))
      #expect(reply.string(.maxOffset) == String(row.range.upperBound))
      #expect(reply.string(.suggestWhichBrokerID) == "0")
      #expect(try reply.messages.count == (row.code == .success ? Int(row.next - row.offset) : 0))
    }
  }

  @Test func aPullIsCheckedAsJavaChecksIt() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 2)
      try await broker.createTopic("writeonly", queues: 1, permission: .write)
      func refused(_ command: Command, _ code: ResponseCode, _ remark: String, _ location: SourceLocation = #_sourceLocation) async throws {
        let reply = try await client.call(command)
        #expect(reply.code == code, sourceLocation: location)
        #expect(reply.remark == remark, sourceLocation: location)
      }
      let faq = SendTests.faq
      try await refused(pullRequest("none"), .topicNotExist, "topic[none] not exist, apply first please! \(faq)")
      try await refused(pullRequest("writeonly"), .noPermission, "the topic[writeonly] pulling message is forbidden")
      try await refused(pullRequest("orders", expression: "||"), .subscriptionParseFailed, "parse the consumer's subscription failed")
      try await refused(pullRequest("orders", expression: nil), .subscriptionNotExist, "the consumer's group info not exist\(faq)")
      let wrongQueue = try await client.call(pullRequest("orders", queueID: 2))
      #expect(wrongQueue.code == .systemError)
      #expect(
        wrongQueue.remark?.hasPrefix("queueId[2] is illegal, topic:[orders] topicConfig.readQueueNums:[2] consumer:[/127.0.0.1:") == true)

      var settings = Command(.updateAndCreateSubscriptiongroup)
      settings.body = [UInt8](#"{"consumeEnable":false,"groupName":"stopped"}"#.utf8)
      #expect(try await client.call(settings).code == .success)
      try await refused(pullRequest("orders", group: "stopped"), .noPermission, "subscription group no permission, stopped")

      settings.body = [UInt8](#"{"consumeBroadcastEnable":false,"groupName":"consumers"}"#.utf8)
      _ = try await client.call(settings)
      let subscription = TestSubscription(topic: "orders", version: 5)
      _ = try await client.call(heartbeatRequest("c1", group: "consumers", subscriptions: [subscription], model: "BROADCASTING"))
      try await refused(
        pullRequest("orders", expression: nil), .noPermission, "the consumer group[consumers] can not consume by broadcast way")
      _ = try await client.call(heartbeatRequest("c1", group: "consumers", subscriptions: [subscription]))
      try await refused(
        pullRequest("writeonly", expression: nil), .noPermission, "the topic[writeonly] pulling message is forbidden")
      try await broker.createTopic("other", queues: 1)
      try await refused(pullRequest("other", expression: nil), .subscriptionNotExist, "the consumer's subscription not exist\(faq)")
      try await refused(
        pullRequest("orders", expression: nil, version: 6), .subscriptionNotLatest, "the consumer's subscription not latest")
      #expect(try await client.call(pullRequest("orders", expression: nil, version: 5)).code == .pullNotFound)
    }
  }

  @Test func tagsAreFilteredByTheirHashes() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      // "AaAa" and "BBBB" have the same hash.
      for (body, tag) in [("1", "AaAa"), ("2", "TagA"), ("3", "BBBB"), ("4", nil), ("5", "TagB")] {
        _ = try await client.call(sendRequest("orders", body, tag: tag))
      }
      func bodies(_ expression: String) async throws -> [String] {
        try await client.call(pullRequest("orders", expression: expression)).bodies
      }
      #expect(try await bodies("AaAa") == ["1", "3"])
      #expect(try await bodies("TagA || TagB") == ["2", "5"])
      #expect(try await bodies("*") == ["1", "2", "3", "4", "5"])
      #expect(try await client.call(pullRequest("orders", expression: "TagB")).string(.nextBeginOffset) == "5")
    }
  }

  @Test func theGroupsSubscriptionFiltersPullsThatCarryNone() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      for tag in ["A", "B", "A"] { _ = try await client.call(sendRequest("orders", tag, tag: tag)) }
      _ = try await client.call(
        heartbeatRequest("c1", group: "consumers", subscriptions: [TestSubscription(topic: "orders", tags: ["B"])]))
      #expect(try await client.call(pullRequest("orders", expression: nil)).bodies == ["B"])
    }
  }

  @Test func aPullGetsAtMostWhatTheLimitsAllow() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      for i in 0..<40 { _ = try await client.call(sendRequest("orders", "m\(i)")) }
      #expect(try await client.call(pullRequest("orders", max: 10)).bodies == (0..<10).map { "m\($0)" })
      let many = try await client.call(pullRequest("orders", max: 1000))
      #expect(try many.messages.count == 32)
      #expect(many.string(.nextBeginOffset) == "32")
      // Asking for none gives one.
      #expect(try await client.call(pullRequest("orders", max: 0)).bodies == ["m0"])
    }
  }

  @Test func thePullLimitsCanBeSet() async throws {
    try await withBroker {
      $0.limits = .init(maxPullMessages: 3, maxPullBytes: 1000)
    } _: { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      for i in 0..<5 { _ = try await client.call(sendRequest("orders", "m\(i)")) }
      #expect(try await client.call(pullRequest("orders")).messages.count == 3)
      for _ in 0..<3 { _ = try await client.call(sendRequest("orders", String(repeating: "x", count: 600))) }
      // The next would be over the limit; the first is given whatever its size.
      #expect(try await client.call(pullRequest("orders", offset: 5)).messages.count == 1)
      _ = try await client.call(sendRequest("orders", String(repeating: "y", count: 5000)))
      #expect(try await client.call(pullRequest("orders", offset: 8)).messages.count == 1)
    }
  }

  @Test func onePullLooksAtEightHundredMessages() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(batchRequest("orders", (0..<1000).map { ("m\($0)", [("TAGS", $0 == 900 ? "B" : "A")]) }))
      let first = try await client.call(pullRequest("orders", expression: "B"))
      #expect(first.code == .pullRetryImmediately)
      #expect(first.string(.nextBeginOffset) == "800")
      #expect(try await client.call(pullRequest("orders", offset: 800, expression: "B")).bodies == ["m900"])
    }
  }

  @Test func aPullCommitsWhatItWasAskedToWhateverItsAnswer() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(pullRequest("orders", commit: 7))
      #expect(await broker.committedOffset(group: "consumers", topic: "orders", queueID: 0) == 7)
      // Not when it is refused.
      _ = try await client.call(pullRequest("orders", queueID: 9, commit: 8))
      #expect(await broker.committedOffset(group: "consumers", topic: "orders", queueID: 9) == nil)
    }
  }

  @Test func theLitePullRequestOfNewerClientsIsAPull() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(sendRequest("orders", "m"))
      var command = pullRequest("orders")
      command.code = RequestCode.litePullMessage.rawValue
      #expect(try await client.call(command).bodies == ["m"])
    }
  }

  @Test func aDeletedTopicIsGoneAlsoForThoseWhoWait() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(sendRequest("orders", "m"))
      async let held = client.call(pullRequest("orders", offset: 1, hold: .seconds(60)))
      await broker.untilHeld(topic: "orders", queueID: 0)
      try await broker.deleteTopic("orders")
      #expect(try await held.code == .topicNotExist)
      #expect(try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "orders")).code == .topicNotExist)
      // The same name is a new topic.
      try await broker.createTopic("orders", queues: 1)
      #expect(try await client.call(sendRequest("orders", "n")).string(.queueOffset) == "0")
    }
  }
}

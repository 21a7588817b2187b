// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Testing

/// What an administrator asks a broker, which asks the members of a group.
@Suite("Requests that reach members", .timeLimit(.minutes(1)))
struct MemberRequestTests {
  /// A member on a plain socket: the frames are what a Java client would see.
  private struct Member {
    let connection: RawConnection
    let clientID: String

    init(_ broker: EmbeddedBroker, _ clientID: String, group: String = "G", version: Int = 409) throws {
      self.clientID = clientID
      connection = try RawConnection(to: broker.brokerAddress)
      let body = heartbeatRequest(clientID, group: group, subscriptions: [TestSubscription(topic: "T")]).body
      try connection.send(header: #"{"code":34,"flag":0,"language":"JAVA","opaque":1,"version":\#(version)}"#, body: body)
      while try connection.receive().header["opaque"]?.int32 != 1 {}
    }

    /// The next request of this kind.
    func request(_ code: Int32) throws -> RawConnection.Frame {
      while true {
        let frame = try connection.receive()
        if frame.header["code"]?.int32 == code, frame.header["flag"]?.int32.map({ $0 & 1 }) == 0 { return frame }
      }
    }

    func answer(_ request: RawConnection.Frame, _ body: String, code: Int = 0) throws {
      let header = #"{"code":\#(code),"flag":1,"language":"JAVA","opaque":\#(request.header["opaque"]?.int32 ?? 0),"version":409}"#
      try connection.send(header: header, body: Array(body.utf8))
    }
  }

  private func resetRequest(_ topic: String, group: String, time: Int64, isForced: Bool = true) -> Command {
    var command = Command(.invokeBrokerToResetOffset)
    command.set(.topic, topic)
    command.set(.group, group)
    command.set(.timestamp, time)
    command.set(.isForce, isForced)
    return command
  }

  /// A request about one member.
  private func memberRequest(_ code: RequestCode, _ clientID: String, messageID: String? = nil) -> Command {
    var command = groupRequest(code, "G")
    command.set(.clientIdLower, clientID)
    command.set(.msgID, messageID)
    if code == .getConsumerRunningInfo { command.set(.jstackEnable, false) }
    return command
  }

  private func offsetsRequest(_ group: String) -> Command {
    var command = Command(.invokeBrokerToGetConsumerStatus)
    command.set(.topic, "T")
    command.set(.group, group)
    return command
  }

  private func fill(_ client: TestClient, _ count: Int, queues: Int32 = 2, committed: Int64?) async throws {
    for queue in 0..<queues {
      for _ in 0..<count { _ = try await client.call(sendRequest("T", queueID: queue)) }
      if let committed { _ = try await client.call(commitRequest("T", queue, group: "G", offset: committed)) }
    }
  }

  // MARK: Resets

  @Test func aResetIsToldToEveryMemberAndChangesNothingItself() async throws {
    try await withBroker { broker in
      try await broker.createTopic("T", queues: 2)
      let client = try TestClient(broker)
      try await fill(client, 5, committed: 4)
      let members = [try Member(broker, "c1"), try Member(broker, "c2")]
      let reply = try await client.call(resetRequest("T", group: "G", time: -1))
      #expect(reply.code == .success && reply.remark == "not set any response code")
      let table = #"{"brokerName":"broker-a","queueId":0,"topic":"T"}:5,{"brokerName":"broker-a","queueId":1,"topic":"T"}:5"#
      #expect(reply.text == #"{"offsetTable":{\#(table)}}"#)
      for member in members {
        let order = try member.request(220)
        #expect(order.header["flag"]?.int32 == 2)
        #expect(
          order.header["extFields"] == ["topic": "T", "group": "G", "timestamp": "-1", "isForce": "false"]
            || Set(order.header["extFields"]?.members.map { "\($0.key.text ?? "")=\($0.value.text ?? "")" } ?? [])
              == ["topic=T", "group=G", "timestamp=-1", "isForce=false"]
        )
        #expect(String(decoding: order.body, as: UTF8.self) == reply.text)
      }
      #expect(await broker.committedOffset(group: "G", topic: "T", queueID: 0) == 4)
    }
  }

  @Test func aCClientSResetIsToldInTheFormForC() async throws {
    try await withBroker { broker in
      try await broker.createTopic("T", queues: 1)
      let client = try TestClient(broker)
      try await fill(client, 3, queues: 1, committed: 1)
      let member = try Member(broker, "c1")
      let admin = try RawConnection(to: broker.brokerAddress)
      try admin.send(
        header: """
          {"code":222,"flag":0,"language":"CPP","opaque":7,"version":409,\
          "extFields":{"topic":"T","group":"G","timestamp":"-1","isForce":"true"}}
          """)
      #expect(try admin.receive().header["code"]?.int32 == 0)
      let order = try member.request(220)
      #expect(
        String(decoding: order.body, as: UTF8.self)
          == #"{"offsetTable":[{"brokerName":"broker-a","offset":3,"queueId":0,"topic":"T"}]}"#)
    }
  }

  @Test func withoutForceAResetOnlyGoesBack() async throws {
    try await withBroker { broker in
      try await broker.createTopic("T", queues: 1)
      let client = try TestClient(broker)
      try await fill(client, 5, queues: 1, committed: 3)
      _ = try Member(broker, "c1")
      let forward = try await client.call(resetRequest("T", group: "G", time: -1, isForced: false))
      #expect(forward.text.hasSuffix(":3}}"))
      let back = try await client.call(resetRequest("T", group: "G", time: 0, isForced: false))
      #expect(back.text.hasSuffix(":0}}"))
    }
  }

  @Test func aResetThatReachesNobodyIsRefusedInJavaSWords() async throws {
    try await withBroker { broker in
      try await broker.createTopic("T", queues: 1)
      let client = try TestClient(broker)
      let topic = try await client.call(resetRequest("X", group: "G", time: 5))
      #expect(topic.code == .systemError && topic.remark == "[reset-offset] reset offset failed, no topic in this broker. topic=X")
      let group = try await client.call(resetRequest("T", group: "G", time: 5))
      #expect(group.code == .systemError && group.remark == "THe consumer group <G> not exist")
      try await fill(client, 1, queues: 1, committed: 1)
      let offline = try await client.call(resetRequest("T", group: "G", time: 5))
      #expect(offline.code == .consumerNotOnline)
      #expect(offline.remark == "Consumer not online, so can not reset offset, Group: G Topic: T Timestamp: 5")
      _ = try Member(broker, "old", version: 27)
      let old = try await client.call(resetRequest("T", group: "G", time: 5))
      #expect(old.code == .systemError && old.remark?.hasPrefix("the client does not support this feature.") == true)
    }
  }

  @Test func aBrokerThatResetsItselfSaysSoWithTheNextPullAndIgnoresCommitsUntilThen() async throws {
    try await withBroker {
      $0.resetsOffsetsItself = true
    } _: { broker in
      try await broker.createTopic("T", queues: 1)
      let client = try TestClient(broker)
      try await fill(client, 5, queues: 1, committed: 4)
      let unknown = try await client.call(resetRequest("X", group: "G", time: 0))
      #expect(unknown.code == .topicNotExist)
      let stranger = try await client.call(resetRequest("T", group: "X", time: 0))
      #expect(stranger.code == .subscriptionGroupNotExist)
      _ = try await client.call(heartbeatRequest("c1", group: "G", subscriptions: [TestSubscription(topic: "T")]))
      let reset = try await client.call(resetRequest("T", group: "G", time: 0))
      #expect(reset.code == .success && reset.text.hasSuffix(":0}}"))
      _ = try await client.call(commitRequest("T", group: "G", offset: 5))
      #expect(try await client.call(queryOffsetRequest("T", group: "G")).int64(.offset) == 0)
      let told = try await client.call(pullRequest("T", offset: 5, group: "G"))
      #expect(told.code == .pullOffsetMoved && told.remark == "OFFSET_RESET")
      #expect(try told.int64(.nextBeginOffset) == 0 && told.int64(.minOffset) == 0 && told.int64(.maxOffset) == 5)
      #expect(try await client.call(pullRequest("T", offset: 0, group: "G")).code == .success, "once")
      _ = try await client.call(commitRequest("T", group: "G", offset: 2))
      #expect(try await client.call(queryOffsetRequest("T", group: "G")).int64(.offset) == 2)
      var outside = resetRequest("T", group: "G", time: 0)
      outside.set(.queueID, 0)
      outside.set(.offset, 7)
      #expect(try await client.call(outside).remark == "Target offset 7 not in consume queue range [0-5]")
    }
  }

  // MARK: Forwarding

  @Test func runningInfoIsTheAnswerOfTheMember() async throws {
    try await withBroker { broker in
      try await broker.createTopic("T", queues: 1)
      let client = try TestClient(broker)
      let members = [try Member(broker, "c1"), try Member(broker, "c2")]
      async let reply = client.call(memberRequest(.getConsumerRunningInfo, "c2"))
      let asked = try members[1].request(307)
      #expect(asked.header["extFields"]?["clientId"]?.text == "c2" && asked.header["extFields"]?["consumerGroup"]?.text == "G")
      try members[1].answer(asked, #"{"mqTable":{}}"#)
      #expect(try await reply.text == #"{"mqTable":{}}"#)
      let nobody = try await client.call(memberRequest(.getConsumerRunningInfo, "c3"))
      #expect(nobody.code == .systemError && nobody.remark == "The Consumer <G> <c3> not online")
    }
  }

  @Test func aMessageIsHandedToTheMemberAsItIsStored() async throws {
    try await withBroker { broker in
      try await broker.createTopic("T", queues: 1)
      let client = try TestClient(broker)
      let id = try #require(try await client.call(sendRequest("T", "hello", keys: "k")).string(.msgID))
      let member = try Member(broker, "c1")
      async let reply = client.call(memberRequest(.consumeMessageDirectly, "c1", messageID: id))
      let order = try member.request(309)
      #expect(order.header["extFields"]?["brokerName"]?.text == "broker-a" && order.header["extFields"]?["msgId"]?.text == id)
      let record = try order.body.withUnsafeBytes { try MessageRecord.decode($0).record }
      #expect(String(decoding: record.body, as: UTF8.self) == "hello" && record.topic == "T")
      try member.answer(order, #"{"consumeResult":"CR_SUCCESS"}"#)
      #expect(try await reply.text == #"{"consumeResult":"CR_SUCCESS"}"#)
      for wrong in ["", "nonsense", "7F00000100002A9F00000000000FFFFF"] {
        let refused = try await client.call(memberRequest(.consumeMessageDirectly, "c1", messageID: wrong))
        #expect(refused.code == .systemError, "\(wrong)")
      }
    }
  }

  @Test func aMemberThatGoesWhileItIsAskedIsAnError() async throws {
    try await withBroker { broker in
      try await broker.createTopic("T", queues: 1)
      let client = try TestClient(broker)
      let member = try Member(broker, "c1")
      async let reply = client.call(memberRequest(.getConsumerRunningInfo, "c1"))
      _ = try member.request(307)
      member.connection.close()
      let failed = try await reply
      #expect(failed.code == .systemError && failed.remark?.hasPrefix("invoke consumer <G> <c1> Exception: ") == true)
    }
  }

  @Test func offsetsOfMembersAreGathered() async throws {
    try await withBroker { broker in
      try await broker.createTopic("T", queues: 1)
      let client = try TestClient(broker)
      let members = [try Member(broker, "c1"), try Member(broker, "c2")]
      async let reply = client.call(offsetsRequest("G"))
      for (number, member) in members.enumerated() {
        let asked = try member.request(221)
        #expect(asked.header["extFields"]?["topic"]?.text == "T" && asked.header["extFields"]?["group"]?.text == "G")
        try member.answer(
          asked, #"{"consumerTable":{},"messageQueueTable":{{"brokerName":"broker-a","queueId":\#(number),"topic":"T"}:3}}"#)
      }
      #expect(
        try await reply.text == """
          {"consumerTable":{"c1":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:3},\
          "c2":{{"brokerName":"broker-a","queueId":1,"topic":"T"}:3}},"messageQueueTable":{}}
          """)
      let nobody = try await client.call(offsetsRequest("nobody"))
      #expect(nobody.code == .systemError && nobody.remark == "No Any Consumer online in the consumer group: [nobody]")
    }
  }
}

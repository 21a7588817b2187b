// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@Suite struct OffsetTests {
  @Test func aGroupThatNeverCommittedStartsAtZero() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      let fresh = try await client.call(queryOffsetRequest("orders", group: "g"))
      #expect(fresh.code == .success)
      #expect(fresh.string(.offset) == "0")
      // Also of a topic that does not exist.
      #expect(try await client.call(queryOffsetRequest("none", 7, group: "g")).string(.offset) == "0")
    }
  }

  @Test func whenTheQueuesBeginIsGoneANewGroupHasNoOffset() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      for _ in 0..<3 { _ = try await client.call(sendRequest("orders")) }
      await broker.expireMessages(topic: "orders", queueID: 0, before: 1)
      let reply = try await client.call(queryOffsetRequest("orders", group: "g"))
      #expect(reply.code == .queryNotFound)
      #expect(reply.remark == "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first")
    }
  }

  @Test func aCommitIsTakenAsItIsAlsoBackwards() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      for offset: Int64 in [5, 9, 2] {
        #expect(try await client.call(commitRequest("orders", 1, group: "g", offset: offset)).code == .success)
        #expect(try await client.call(queryOffsetRequest("orders", 1, group: "g")).string(.offset) == String(offset))
      }
      // Others have their own.
      #expect(try await client.call(queryOffsetRequest("orders", 1, group: "h")).string(.offset) == "0")
      #expect(try await client.call(queryOffsetRequest("orders", 0, group: "g")).string(.offset) == "0")
      let all = try await client.call(Command(.getAllConsumerOffset))
      #expect(all.text == #"{"offsetTable":{"orders@g":{1:2}}}"#)
    }
  }

  @Test func aOnewayCommitCounts() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await client.callOneway(commitRequest("orders", group: "g", offset: 4))
      #expect(try await client.call(queryOffsetRequest("orders", group: "g")).string(.offset) == "4")
    }
  }

  @Test func aQueueHasItsBounds() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 2)
      func offset(_ code: RequestCode, _ topic: String = "orders", _ queueID: Int32 = 0) async throws -> String? {
        try await client.call(queueRequest(code, topic, queueID)).string(.offset)
      }
      #expect(try await offset(.getMaxOffset) == "0")
      #expect(try await offset(.getMinOffset) == "0")
      for _ in 0..<5 { _ = try await client.call(sendRequest("orders")) }
      #expect(try await offset(.getMaxOffset) == "5")
      #expect(try await offset(.getMinOffset) == "0")
      await broker.expireMessages(topic: "orders", queueID: 0, before: 3)
      #expect(try await offset(.getMaxOffset) == "5")
      #expect(try await offset(.getMinOffset) == "3")
      #expect(try await offset(.getMaxOffset, "none", 9) == "0")
      #expect(try await offset(.getMinOffset, "none", 9) == "0")
    }
  }

  @Test func theOffsetOfATimeIsTheNearestMessages() async throws {
    try await withBroker(clock: .manual(startingAt: Timestamp(millisecondsSince1970: 1000))) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 2)
      func search(_ time: Int64, _ queueID: Int32 = 0) async throws -> String? {
        try await client.call(queueRequest(.searchOffsetByTimestamp, "orders", queueID, timestamp: time)).string(.offset)
      }
      // Stored at 1000, 1100, 1100, 1200.
      _ = try await client.call(sendRequest("orders"))
      await broker.clock.advance(by: .milliseconds(100))
      for _ in 0..<2 { _ = try await client.call(sendRequest("orders")) }
      await broker.clock.advance(by: .milliseconds(100))
      _ = try await client.call(sendRequest("orders"))

      #expect(try await search(0) == "0")
      #expect(try await search(1000) == "0")
      #expect(try await search(1040) == "0")
      #expect(try await search(1050) == "0")  // equally near: the earlier
      #expect(try await search(1051) == "1")
      #expect(try await search(1100) == "1")
      #expect(try await search(1150) == "2")
      #expect(try await search(1151) == "3")
      // After all: the last message, not the end.
      #expect(try await search(99_999) == "3")
      #expect(try await search(5, 1) == "0")

      let earliest = try await client.call(queueRequest(.getEarliestMsgStoretime, "orders"))
      #expect(earliest.string(.timestamp) == "1000")
      #expect(try await client.call(queueRequest(.getEarliestMsgStoretime, "orders", 1)).string(.timestamp) == "-1")
    }
  }

  @Test func aGroupsLagCanBeReadFromItsStatistics() async throws {
    try await withBroker(clock: .manual(startingAt: Timestamp(millisecondsSince1970: 5000))) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 2)
      for _ in 0..<3 { _ = try await client.call(sendRequest("orders", queueID: 1)) }
      _ = try await client.call(commitRequest("orders", 1, group: "g", offset: 2))
      let statistics = try await client.call(groupRequest(.getConsumeStats, "g"))
      #expect(
        statistics.text == """
          {"consumeTps":0.0,"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"orders"}:{"brokerOffset":0,"consumerOffset":0,\
          "lastTimestamp":0},{"brokerName":"broker-a","queueId":1,"topic":"orders"}:{"brokerOffset":3,"consumerOffset":2,\
          "lastTimestamp":5000}}}
          """)
      let topic = try await client.call(topicRequest(.getTopicStatsInfo, "orders"))
      #expect(
        topic.text == """
          {"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"orders"}:{"lastUpdateTimestamp":0,"maxOffset":0,"minOffset":0},\
          {"brokerName":"broker-a","queueId":1,"topic":"orders"}:{"lastUpdateTimestamp":5000,"maxOffset":3,"minOffset":0}}}
          """)
      let unknown = try await client.call(topicRequest(.getTopicStatsInfo, "none"))
      #expect(unknown.code == .topicNotExist)
      #expect(unknown.remark == "topic[none] not exist")
    }
  }

  @Test func removingAGroupRemovesItsOffsetsWhenAsked() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      for group in ["g", "h"] { _ = try await client.call(commitRequest("orders", group: group, offset: 3)) }
      for (group, removes) in [("g", true), ("h", false)] {
        var command = Command(.deleteSubscriptiongroup)
        command.set(.groupName, group)
        command.set(.removeOffset, removes)
        #expect(try await client.call(command).code == .success)
      }
      #expect(await broker.committedOffset(group: "g", topic: "orders", queueID: 0) == nil)
      #expect(await broker.committedOffset(group: "h", topic: "orders", queueID: 0) == 3)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@Suite struct RetryTests {
  @Test func aMessageSentBackComesAgainThroughTheRetryTopic() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(
        sendRequest("orders", "poison", tag: "T", keys: "k", properties: [("UNIQ_KEY", "AA")], flag: 3, bornAt: 1_700_000_000_001))
      let original = try #require(try await client.call(pullRequest("orders")).messages.first)
      let answer = try await client.call(sendBackRequest(logOffset: original.commitLogOffset, group: "g", delayLevel: 1))
      #expect(answer.code == .success)
      #expect(await broker.offsets(topic: "%RETRY%g", queueID: 0).isEmpty)
      await broker.clock.advance(by: .seconds(1))

      let retried = try #require(try await client.call(pullRequest("%RETRY%g", group: "g")).messages.first)
      #expect(retried.topic == "%RETRY%g")
      #expect(retried.text == "poison")
      #expect(retried.queueID == 0)
      #expect(retried.queueOffset == 0)
      #expect(retried.reconsumeTimes == 1)
      #expect(retried.flag == 3)
      #expect(retried.bornAt == 1_700_000_000_001)
      #expect(retried.bornHost == original.bornHost)
      #expect(retried.storeHost == original.storeHost)
      #expect(retried.storedAt == original.storedAt + 1000)
      #expect(
        retried.properties == [
          "TAGS": "T", "KEYS": "k", "UNIQ_KEY": "AA", "CLUSTER": "DefaultCluster", "WAIT": "false", "DELAY": "1", "RETRY_TOPIC": "orders",
          "ORIGIN_MESSAGE_ID": original.offsetMessageID, "REAL_TOPIC": "%RETRY%g", "REAL_QID": "0",
        ])
    }
  }

  @Test func theSecondRoundKeepsWhereTheMessageCameFrom() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(sendRequest("orders", "poison"))
      let original = try #require(try await client.call(pullRequest("orders")).messages.first)
      _ = try await client.call(sendBackRequest(logOffset: original.commitLogOffset, group: "g"))
      // Without a level of its own the first retry takes the third, the second the fourth.
      await broker.clock.advance(by: .seconds(10))
      let first = try #require(try await client.call(pullRequest("%RETRY%g")).messages.first)
      _ = try await client.call(sendBackRequest(logOffset: first.commitLogOffset, group: "g"))
      await broker.clock.advance(by: .seconds(29))
      #expect(await broker.offsets(topic: "%RETRY%g", queueID: 0) == 0..<1)
      await broker.clock.advance(by: .seconds(1))
      let second = try #require(try await client.call(pullRequest("%RETRY%g", offset: 1)).messages.first)
      #expect(second.reconsumeTimes == 2)
      #expect(second.properties["DELAY"] == "4")
      #expect(second.properties["RETRY_TOPIC"] == "orders")
      #expect(second.properties["ORIGIN_MESSAGE_ID"] == original.offsetMessageID)
    }
  }

  @Test func afterTooManyTriesTheMessageIsADeadLetter() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(sendRequest("orders", "poison", tag: "T"))
      _ = try await client.call(sendBackRequest(logOffset: 0, group: "g", delayLevel: 1, maxReconsumeTimes: 1))
      await broker.clock.advance(by: .seconds(1))
      let retried = try #require(try await client.call(pullRequest("%RETRY%g")).messages.first)
      _ = try await client.call(sendBackRequest(logOffset: retried.commitLogOffset, group: "g", delayLevel: 1, maxReconsumeTimes: 1))
      // At once.
      let dead = try #require(try await client.call(pullRequest("%DLQ%g")).messages.first)
      #expect(dead.topic == "%DLQ%g")
      #expect(dead.text == "poison")
      #expect(dead.reconsumeTimes == 2)
      #expect(dead.properties["DELAY"] == "0")
      #expect(dead.properties["RETRY_TOPIC"] == "orders")
      #expect(dead.properties["REAL_TOPIC"] == "%RETRY%g")
      #expect(dead.properties["TAGS"] == "T")
      await broker.clock.advance(by: .seconds(7200))
      #expect(await broker.offsets(topic: "%RETRY%g", queueID: 0) == 0..<1)
      let route = try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "%DLQ%g")).json
      #expect(route["queueDatas"]?.elements.first?["writeQueueNums"]?.int32 == 1)
    }
  }

  @Test func aNegativeDelayLevelGivesUpAtOnce() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(sendRequest("orders", "poison"))
      #expect(try await client.call(sendBackRequest(logOffset: 0, group: "g", delayLevel: -1)).code == .success)
      #expect(try await client.call(pullRequest("%DLQ%g")).bodies == ["poison"])
    }
  }

  @Test func theGroupsOwnLimitCountsForOldClients() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      var settings = Command(.updateAndCreateSubscriptiongroup)
      settings.body = [UInt8](#"{"groupName":"g","retryMaxTimes":0}"#.utf8)
      _ = try await client.call(settings)
      _ = try await client.call(sendRequest("orders", "poison"))
      var command = Command(.consumerSendMsgBack)
      command.set(.offset, 0)
      command.set(.group, "g")
      command.set(.delayLevel, 0)
      #expect(try await client.call(command).code == .success)
      #expect(try await client.call(pullRequest("%DLQ%g")).bodies == ["poison"])
    }
  }

  @Test(arguments: [99_999_999_999, -1, 5, 40]) func whatIsNoMessageCannotBeSentBack(_ offset: Int64) async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(sendRequest("orders", "m"))
      let reply = try await client.call(sendBackRequest(logOffset: offset, group: "g"))
      #expect(reply.code == .systemError)
      #expect(reply.remark == "look message by offset failed, \(offset)")
    }
  }

  @Test func aGroupWithoutRetryQueuesLosesWhatFails() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      var settings = Command(.updateAndCreateSubscriptiongroup)
      settings.body = [UInt8](#"{"groupName":"g","retryQueueNums":0}"#.utf8)
      _ = try await client.call(settings)
      _ = try await client.call(sendRequest("orders", "m"))
      #expect(try await client.call(sendBackRequest(logOffset: 0, group: "g")).code == .success)
      await broker.clock.advance(by: .seconds(7200))
      #expect(await broker.offsets(topic: "%RETRY%g", queueID: 0).isEmpty)
    }
  }

  /// What an orderly consumer does, and any consumer whose broker is gone: it sends the message itself.
  @Test func aMessageSentToTheRetryTopicIsDelayedOrDead() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      _ = try await client.call(sendRequest("%RETRY%g", "again", delayLevel: 3, reconsumeTimes: 1, maxReconsumeTimes: 2))
      await broker.clock.advance(by: .seconds(10))
      #expect(try await client.call(pullRequest("%RETRY%g")).bodies == ["again"])
      let answer = try await client.call(sendRequest("%RETRY%g", "dead", delayLevel: 5, reconsumeTimes: 2, maxReconsumeTimes: 2))
      #expect(answer.code == .success)
      // The delay it asked for still holds, as on the Java broker.
      #expect(await broker.offsets(topic: "%DLQ%g", queueID: 0).isEmpty)
      await broker.clock.advance(by: .seconds(60))
      #expect(try await client.call(pullRequest("%DLQ%g")).bodies == ["dead"])
      #expect(await broker.offsets(topic: "%RETRY%g", queueID: 0) == 0..<1)
    }
  }
}

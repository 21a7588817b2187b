// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@Suite struct GroupTests {
  private let orders = TestSubscription(topic: "orders")

  @Test func everyMemberIsToldWhenTheGroupChanges() async throws {
    try await withBroker { broker in
      let (first, second) = (try TestClient(broker), try TestClient(broker))
      #expect(try await first.call(heartbeatRequest("c1", group: "g", subscriptions: [orders])).code == .success)
      // Also the one that has just come.
      #expect(await first.memberNotices(1) == ["g"])
      _ = try await second.call(heartbeatRequest("c2", group: "g", subscriptions: [orders]))
      #expect(await first.memberNotices(2) == ["g", "g"])
      #expect(await second.memberNotices(1) == ["g"])
      let list = try await first.call(groupRequest(.getConsumerListByGroup, "g"))
      #expect(list.text == #"{"consumerIdList":["c1","c2"]}"#)
      #expect(await broker.members(ofGroup: "g") == ["c1", "c2"])

      _ = try await second.call(unregisterRequest("c2", group: "g"))
      #expect(await first.memberNotices(3).count == 3)
      #expect(second.memberNoticeCount == 1)
      #expect(await broker.members(ofGroup: "g") == ["c1"])
    }
  }

  @Test func aBrokenConnectionEndsTheMembership() async throws {
    try await withBroker { broker in
      let (first, second) = (try TestClient(broker), try TestClient(broker))
      _ = try await first.call(heartbeatRequest("c1", group: "g", subscriptions: [orders]))
      _ = try await second.call(heartbeatRequest("c2", group: "g", subscriptions: [orders]))
      _ = await first.memberNotices(2)
      second.disconnect()
      _ = await first.memberNotices(3)
      #expect(await broker.members(ofGroup: "g") == ["c1"])
    }
  }

  @Test func theSameHeartbeatAgainChangesNothing() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      _ = try await client.call(heartbeatRequest("c1", group: "g", subscriptions: [orders]))
      _ = await client.memberNotices(1)
      _ = try await client.call(heartbeatRequest("c1", group: "g", subscriptions: [orders]))
      // A newer version of what was subscribed is taken over silently.
      _ = try await client.call(
        heartbeatRequest("c1", group: "g", subscriptions: [TestSubscription(topic: "orders", tags: ["A"], version: 2)]))
      let changed = try await client.call(groupRequest(.getConsumerConnectionList, "g")).json
      #expect(changed["subscriptionTable"]?["orders"]?["subVersion"]?.int64 == 2)
      // An older one is not.
      _ = try await client.call(heartbeatRequest("c1", group: "g", subscriptions: [orders]))
      let kept = try await client.call(groupRequest(.getConsumerConnectionList, "g")).json
      #expect(kept["subscriptionTable"]?["orders"]?["subVersion"]?.int64 == 2)
      #expect(client.memberNoticeCount == 1)
      // A topic more or less is a change.
      _ = try await client.call(heartbeatRequest("c1", group: "g", subscriptions: [orders, TestSubscription(topic: "more")]))
      _ = await client.memberNotices(2)
      _ = try await client.call(heartbeatRequest("c1", group: "g", subscriptions: [orders]))
      _ = await client.memberNotices(3)
    }
  }

  @Test func aNewConsumerIsToldBeforeItsHeartbeatIsAnswered() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      _ = try await client.call(heartbeatRequest("c1", group: "g", subscriptions: [orders]))
      #expect(client.memberNoticeCount == 1)
    }
  }

  @Test func aHeartbeatMakesTheRetryTopic() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      #expect(try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "%RETRY%g")).code == .topicNotExist)
      _ = try await client.call(heartbeatRequest("c1", group: "g", subscriptions: [orders]))
      let route = try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "%RETRY%g")).json
      #expect(route["queueDatas"]?.elements.first?["readQueueNums"]?.int32 == 1)
      #expect(route["queueDatas"]?.elements.first?["perm"]?.int32 == 6)
    }
  }

  @Test func aGroupCanBeLookedAt() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      _ = try await client.call(heartbeatRequest("c1", group: "g", producers: ["p"], subscriptions: [orders]))
      let json = try await client.call(groupRequest(.getConsumerConnectionList, "g")).json
      #expect(json["consumeType"]?.text == "CONSUME_PASSIVELY")
      #expect(json["messageModel"]?.text == "CLUSTERING")
      #expect(json["consumeFromWhere"]?.text == "CONSUME_FROM_FIRST_OFFSET")
      let member = try #require(json["connectionSet"]?.elements.first)
      #expect(member["clientId"]?.text == "c1")
      #expect(member["language"]?.text == "OTHER")
      #expect(member["version"]?.int32 == 409)
      #expect(member["clientAddr"]?.text?.hasPrefix("127.0.0.1:") == true)
      #expect(json["subscriptionTable"]?["orders"]?["subString"]?.text == "*")

      var producers = Command(.getProducerConnectionList)
      producers.set(.producerGroup, "p")
      #expect(try await client.call(producers).json["connectionSet"]?.elements.first?["clientId"]?.text == "c1")
    }
  }

  @Test func aGroupThatIsNotThereIsAnError() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      let list = try await client.call(groupRequest(.getConsumerListByGroup, "nobody"))
      #expect(list.code == .systemError)
      #expect(list.remark == "no consumer for this group, nobody")
      let connections = try await client.call(groupRequest(.getConsumerConnectionList, "nobody"))
      #expect(connections.code == .consumerNotOnline)
      #expect(connections.remark == "the consumer group[nobody] not online")
    }
  }

  @Test func aHeartbeatThatCannotBeReadIsAnError() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      var command = Command(.heartBeat)
      #expect(try await client.call(command).code == .systemError)
      command.body = [UInt8]("{not json".utf8)
      #expect(try await client.call(command).code == .systemError)
      command.body = [UInt8](#"{"clientID":"x","unknown":1}"#.utf8)
      #expect(try await client.call(command).code == .success)
    }
  }

  @Test func silentMembersGoWithTheirConnection() async throws {
    try await withBroker(clock: .manual) {
      $0.memberExpiry = .seconds(120)
    } _: { broker in
      let (silent, lively) = (try TestClient(broker), try TestClient(broker))
      _ = try await silent.call(heartbeatRequest("silent", group: "g", subscriptions: [orders]))
      await broker.clock.advance(by: .seconds(100))
      _ = try await lively.call(heartbeatRequest("lively", group: "g", subscriptions: [orders]))
      _ = await lively.memberNotices(1)
      await broker.clock.advance(by: .seconds(20))
      #expect(await broker.members(ofGroup: "g") == ["silent", "lively"])
      await broker.clock.advance(by: .seconds(20))
      #expect(await broker.members(ofGroup: "g") == ["lively"])
      // As in Java the others are not told.
      _ = try await lively.call(heartbeatRequest("lively", group: "g", subscriptions: [orders]))
      #expect(lively.memberNoticeCount == 1)
    }
  }

  @Test func onAManualClockMembersStayByDefault() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      _ = try await client.call(heartbeatRequest("c1", group: "g", subscriptions: [orders]))
      await broker.clock.advance(by: .seconds(7200))
      #expect(await broker.members(ofGroup: "g") == ["c1"])
    }
  }

  // MARK: Locks

  private func lockRequest(_ code: RequestCode, _ clientID: String, queues: [Int32]) -> Command {
    let names: [JSONValue] = queues.map { ["brokerName": "broker-a", "queueId": .int($0), "topic": "orders"] }
    var command = Command(code)
    command.body = (["clientId": .string(clientID), "consumerGroup": "g", "mqSet": .array(names)] as JSONValue).bytes()
    return command
  }

  private func lock(_ client: TestClient, _ clientID: String, _ queues: [Int32]) async throws -> [Int32] {
    let reply = try await client.call(lockRequest(.lockBatchMq, clientID, queues: queues))
    return try (reply.json["lockOKMQSet"]?.elements ?? []).compactMap { $0["queueId"]?.int32 }
  }

  @Test func aQueueIsLockedForOneClient() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      #expect(try await lock(client, "c1", [0, 1]) == [0, 1])
      #expect(try await lock(client, "c2", [1, 2]) == [2])
      #expect(try await lock(client, "c1", [0]) == [0])
      // Only the holder can unlock.
      #expect(try await client.call(lockRequest(.unlockBatchMq, "c2", queues: [0])).code == .success)
      #expect(try await lock(client, "c2", [0]) == [])
      _ = try await client.call(lockRequest(.unlockBatchMq, "c1", queues: [0]))
      #expect(try await lock(client, "c2", [0]) == [0])
    }
  }

  @Test func aLockThatIsNotRenewedIsFreeAfterAMinute() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      _ = try await lock(client, "c1", [0, 1])
      await broker.clock.advance(by: .seconds(30))
      #expect(try await lock(client, "c1", [1]) == [1])
      await broker.clock.advance(by: .seconds(30))
      #expect(try await lock(client, "c2", [0, 1]) == [])
      await broker.clock.advance(by: .milliseconds(1))
      #expect(try await lock(client, "c2", [0, 1]) == [0])
    }
  }
}

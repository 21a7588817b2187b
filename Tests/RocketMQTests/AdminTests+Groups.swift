// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("Administration of groups", .timeLimit(.minutes(1)))
struct GroupAdminTests {
  private func consumer(_ client: RocketMQClient, _ seen: Record<ReceivedMessage>) async throws -> PushConsumer {
    var configuration = PushConsumerConfiguration()
    configuration.commitInterval = .milliseconds(20)
    let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
    try await consumer.subscribe("T", filter: .tagExpression("a || b"))
    consumer.onMessage { message, _ in
      seen.add(message)
      return .success
    }
    try await consumer.start()
    return consumer
  }

  @Test func membersAreListedWithWhatTheyHave() async throws {
    try await ConsumerRig.run { rig in
      let client = try rig.client()
      let admin = Admin(client: client)
      #expect(try await admin.members(of: "G") == nil)
      let (one, other) = (try rig.client(), try rig.client())
      let first = try await consumer(one, Record())
      let second = try await consumer(other, Record())
      for consumer in [first, second] {
        #expect(await eventually { consumer.statistics.queues.filter { $0.queue.topic == "T" }.count == 2 })
      }
      let members = try #require(try await admin.members(of: "G"))
      #expect(members.members.map(\.clientID) == [one.clientID, other.clientID].sorted(by: javaOrder))
      #expect(members.messageModel == .clustering && members.agree)
      #expect(members.members.allSatisfy { $0.subscriptions == ["T": "a || b"] && $0.language == "OTHER" })
      let queues = members.members.flatMap { $0.queues ?? [] }.filter { $0.topic == "T" }
      #expect(queues.map(\.queueID).sorted() == [0, 1, 2, 3])
      await second.shutdown()
      await other.shutdown()
      await first.shutdown()
      await one.shutdown()
      await client.shutdown()
    }
  }

  @Test func lagIsCountedQueueByQueueWithItsOwner() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<20, tag: { _ in "a" })
      let client = try rig.client()
      let admin = Admin(client: client)
      #expect(try await admin.lag(of: "G").queues == [])
      for queue in 0..<2 { try await rig.commit(4, "G", queue: Int32(queue)) }
      let offline = try await admin.lag(of: "G")
      #expect(offline.queues.map(\.committed) == [4, 4] && offline.queues.map(\.end) == [10, 10])
      #expect(offline.total == 12 && offline.queues.allSatisfy { $0.member == nil && $0.consumedUpTo != nil })
      let seen = Record<ReceivedMessage>()
      let member = try rig.client()
      let consumer = try await consumer(member, seen)
      #expect(await seen.wait(for: 12))
      #expect(await eventually { await rig.committed("G") == [10, 10] })
      let online = try await admin.lag(of: "G", topic: "T")
      #expect(online.total == 0 && online.queues.map(\.member) == [member.clientID, member.clientID])
      #expect(Set(try await admin.lag(of: "G").queues.map(\.queue.topic)).isSubset(of: ["T", "%RETRY%G"]))
      await consumer.shutdown()
      await member.shutdown()
      let missing = try await failure { _ = try await admin.lag(of: "G", topic: "nowhere") }
      #expect(missing.code == .topicNotFound)
      await client.shutdown()
    }
  }

  @Test func withoutMembersOffsetsAreStoredDirectly() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<20)
      let client = try rig.client()
      let admin = Admin(client: client)
      await rig.broker.expireMessages(topic: "T", queueID: 1, before: 3)
      try await rig.commit(4, "G")
      let plan = try await admin.plannedReset(of: "G", topic: "T", to: .first)
      #expect(plan.changes.map(\.from) == [4, nil] && plan.changes.map(\.to) == [0, 3] && plan.toldMembers == 0)
      #expect(plan.changes.map(\.again) == [4, 0])
      #expect(await rig.committed("G") == [4, nil], "a plan changes nothing")
      #expect(try await admin.resetOffsets(of: "G", topic: "T", to: .first) == plan)
      #expect(await rig.committed("G") == [0, 3])
      try await admin.resetOffsets(of: "G", topic: "T", to: .last)
      #expect(await rig.committed("G") == [10, 10])
      try await admin.resetOffsets(of: "G", topic: "T", to: .offset(7))
      #expect(await rig.committed("G") == [7, 7])
      try await admin.resetOffsets(of: "G", topic: "T", to: .offset(100))
      #expect(await rig.committed("G") == [10, 10], "the nearest inside")
      try await admin.resetOffsets(of: "G", topic: "T", to: .offset(1))
      #expect(await rig.committed("G") == [1, 3])
      try await admin.resetOffsets(of: "G", topic: "T", to: .time(.now))
      #expect(await rig.committed("G") == [9, 9], "the last message is the nearest")
      await client.shutdown()
    }
  }

  @Test func membersCannotBeToldAnOffset() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<20, tag: { _ in "a" })
      let client = try rig.client()
      let seen = Record<ReceivedMessage>()
      let consumer = try await consumer(client, seen)
      #expect(await seen.wait(for: 20))
      #expect(await eventually { await rig.committed("G") == [10, 10] })
      let admin = Admin(client: client)
      #expect(try await admin.plannedReset(of: "G", topic: "T", to: .offset(3)).toldMembers == 1)
      let error = try await failure { try await admin.resetOffsets(of: "G", topic: "T", to: .offset(3)) }
      #expect(error.code == .invalidArgument && error.message.contains("G has 1 member"))
      #expect(await rig.committed("G") == [10, 10])
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  @Test func whatCannotBeResetIsAClearError() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      let client = try rig.client()
      let admin = Admin(client: client)
      let topic = try await failure { try await admin.resetOffsets(of: "G", topic: "nowhere", to: .first) }
      #expect(topic.code == .topicNotFound)
      let group = try await failure { try await admin.resetOffsets(of: "not good", topic: "T", to: .first) }
      #expect(group.code == .invalidArgument)
      let offset = try await failure { try await admin.resetOffsets(of: "G", topic: "T", to: .offset(-1)) }
      #expect(offset.code == .invalidArgument)
      rig.broker.faults.add(Fault(on: .init(code: 15), effect: .answer(code: 16, remark: "not you"), times: 1))
      let refused = try await failure { try await admin.resetOffsets(of: "G", topic: "T", to: .first) }
      #expect(refused.brokerCode == .noPermission)
      await client.shutdown()
    }
  }

  @Test func aGroupIsMadeAndForgotten() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let client = try rig.client()
      let admin = Admin(client: client)
      try await admin.createGroup("G", maxReconsumeTimes: 3)
      let groups = try await client.loop.call(
        .address(rig.broker.brokerAddress), Command(.getAllSubscriptiongroupConfig), timeout: .seconds(5))
      let table = try JSONValue(parsing: groups.body.bytes)["subscriptionGroupTable"]
      #expect(table?["G"]?["retryMaxTimes"]?.int64 == 3)
      try await rig.commit(5, "G")
      try await admin.deleteGroup("G", keepsOffsets: true)
      #expect(await rig.committed("G", "T") == [5])
      try await admin.deleteGroup("G")
      #expect(await rig.committed("G", "T") == [nil])
      let bad = try await failure { try await admin.createGroup("not good") }
      #expect(bad.code == .invalidArgument)
      await client.shutdown()
    }
  }
}

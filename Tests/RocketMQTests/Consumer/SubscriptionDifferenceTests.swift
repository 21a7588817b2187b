// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("Members that subscribe differently", .timeLimit(.minutes(1)))
struct SubscriptionDifferenceTests {
  struct Member {
    let client: RocketMQClient
    let consumer: PushConsumer
    let differences = Record<SubscriptionDifference>()

    init(_ rig: ConsumerRig, _ subscriptions: [String: FilterExpression]) async throws {
      var configuration = ClientConfiguration(nameServers: [rig.broker.nameServerAddress])
      configuration.heartbeatInterval = .milliseconds(300)
      client = try RocketMQClient(configuration)
      consumer = try PushConsumer(client: client, group: "G")
      for (topic, filter) in subscriptions { try await consumer.subscribe(topic, filter: filter) }
      consumer.onMessage { _, _ in .success }
      let differences = differences
      consumer.onEvent { if case .subscriptionsDiffer(let difference) = $0 { differences.add(difference) } }
      try await consumer.start()
    }

    func leave() async {
      await consumer.shutdown()
      await client.shutdown()
    }
  }

  /// So many heartbeats from now on.
  private func heartbeats(_ rig: ConsumerRig, _ count: Int) async {
    await rig.broker.untilRequests(code: 34, count: await rig.broker.requestCount(code: 34) + count)
  }

  @Test func areToldBothOnce() async throws {
    try await ConsumerRig.run { rig in
      let first = try await Member(rig, ["T": .all])
      let second = try await Member(rig, ["T": try .tagExpression("a || b")])
      #expect(await first.differences.wait(for: 1))
      #expect(await second.differences.wait(for: 1))
      #expect(first.differences.items == [.init(topic: "T", mine: "*", theirs: "a || b", members: [second.client.clientID])])
      #expect(second.differences.items == [.init(topic: "T", mine: "a || b", theirs: "*", members: [first.client.clientID])])
      await heartbeats(rig, 12)
      #expect(first.differences.count == 1 && second.differences.count == 1, "no storm")
      await first.leave()
      await second.leave()
    }
  }

  @Test func areToldOfTopicsThatOnlyOneOfThemWants() async throws {
    try await ConsumerRig.run(topics: ["T": 2, "U": 2]) { rig in
      let first = try await Member(rig, ["T": .all])
      let second = try await Member(rig, ["T": .all, "U": .all])
      #expect(await first.differences.wait(for: 1))
      #expect(await second.differences.wait(for: 1))
      #expect(first.differences.items == [.init(topic: "U", mine: nil, theirs: "*", members: [second.client.clientID])])
      #expect(second.differences.items == [.init(topic: "U", mine: "*", theirs: nil, members: [first.client.clientID])])
      await first.leave()
      await second.leave()
    }
  }

  @Test func areToldWhenOneOfThemChangesItsMind() async throws {
    try await ConsumerRig.run { rig in
      let members = [try await Member(rig, ["T": .all]), try await Member(rig, ["T": .all]), try await Member(rig, ["T": .all])]
      #expect(await eventually { await rig.broker.members(ofGroup: "G").count == 3 })
      await heartbeats(rig, 6)
      #expect(members.allSatisfy { $0.differences.count == 0 }, "they agree")
      try await members[1].consumer.subscribe("T", filter: .tagExpression("a"))
      // No broker says so to the others, since the topics are the same: they notice with their next heartbeats.
      for member in members { #expect(await member.differences.wait(for: 1)) }
      #expect(members[0].differences.items.first?.members == [members[1].client.clientID])
      #expect(
        members[1].differences.items.first?.members
          == [members[0].client.clientID, members[2].client.clientID].sorted(by: javaOrder))
      for member in members { await member.leave() }
    }
  }

  @Test func areToldByWhatTheBrokerKnowsWhenAMemberDoesNotAnswer() async throws {
    try await ConsumerRig.run { rig in
      let first = try await Member(rig, ["T": .all])
      // A member that answers no question, but is the last that the broker has heard most of the time.
      var configuration = ClientConfiguration(nameServers: [rig.broker.nameServerAddress])
      configuration.heartbeatInterval = .milliseconds(20)
      let client = try RocketMQClient(configuration)
      _ = try await client.routes.route(of: "T")
      try client.register(TestMember(group: "G", topics: ["T", "U"]))
      #expect(await first.differences.wait { $0.contains { $0.topic == "U" && $0.mine == nil && $0.members == [] } })
      await client.shutdown()
      await first.leave()
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("Members that share their queues stickily", .timeLimit(.minutes(1)))
struct StickyMembersTests {
  @Test func onlyTheQueuesOfWhoLeavesMoveAndOnlyThoseThatWhoJoinsGets() async throws {
    try await ConsumerRig.run(topics: ["T": 12]) { rig in
      var members: [Member] = []
      for _ in 0..<3 { members.append(try await Member(rig)) }
      #expect(await eventually { isEven(members, 4) }, "\(members.map { $0.queues.count })")
      let before = members.map(\.queues)

      let leaver = members.removeLast()
      await leaver.leave()
      #expect(await eventually { isEven(members, 6) }, "\(members.map { $0.queues.count })")
      for (member, old) in zip(members, before) { #expect(member.queues.isSuperset(of: old), "what it had it keeps") }
      let two = members.map(\.queues)

      let joiner = try await Member(rig)
      #expect(await eventually { isEven(members + [joiner], 4) }, "\(members.map { $0.queues.count })")
      for (member, old) in zip(members, two) { #expect(member.queues.isSubset(of: old), "it gets nothing that another member had") }
      for member in members + [joiner] { await member.leave() }
    }
  }

  private func isEven(_ members: [Member], _ share: Int) -> Bool {
    members.allSatisfy { $0.queues.count == share } && Set(members.flatMap(\.queues)).count == share * members.count
  }

  private struct Member {
    let client: RocketMQClient
    let consumer: PushConsumer

    init(_ rig: ConsumerRig) async throws {
      client = try rig.client()
      var configuration = PushConsumerConfiguration()
      configuration.allocation = StickyAllocation()
      consumer = try PushConsumer(client: client, group: "G", configuration: configuration)
      try await consumer.subscribe("T")
      consumer.onMessage { _, _ in .success }
      try await consumer.start()
    }

    var queues: Set<Int32> { Set(consumer.statistics.queues.filter { $0.queue.topic == "T" }.map(\.queue.queueID)) }

    func leave() async {
      await consumer.shutdown()
      await client.shutdown()
    }
  }
}

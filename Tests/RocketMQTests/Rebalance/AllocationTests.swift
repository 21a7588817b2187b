// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite("Allocation")
struct AllocationTests {
  /// 160 generated groups with the shares that the Java classes gave their members, see `Tests/Fixtures/allocation/README.md`.
  @Test(arguments: [
    "AVG", "AVG_BY_CIRCLE", "CONSISTENT_HASH", "CONSISTENT_HASH/0", "CONSISTENT_HASH/1", "CONSISTENT_HASH/100", "MACHINE_ROOM",
    "MACHINE_ROOM_NEARBY-AVG", "MACHINE_ROOM_NEARBY-AVG_BY_CIRCLE", "MACHINE_ROOM_NEARBY-CONSISTENT_HASH",
  ])
  func agreesWithJava(_ name: String) throws {
    let strategy = strategy(name)
    #expect(name.hasPrefix(strategy.name))
    var count = 0
    for group in try JSONValue(parsing: fixture("allocation/shares.json")).elements {
      let topic = group["topic"]?.text ?? ""
      let queues = (group["queues"]?.elements ?? []).map {
        MessageQueue(topic: topic, brokerName: $0.elements[0].text ?? "", queueID: $0.elements[1].int32 ?? -1)
      }
      let members = (group["members"]?.elements ?? []).compactMap(\.text)
      #expect(queues == queues.sorted() && members == members.sorted(by: javaOrder), "sorted as in Java")
      let shares = group["shares"]?[name]?.elements ?? []
      for (member, share) in zip((group["asked"]?.elements ?? []).compactMap(\.text), shares) {
        let got = try strategy.allocate(AllocationRequest(queues: queues, members: members, member: member, group: "G"))
        let expected = share.elements.map { queues[Int($0.int32 ?? -1)] }
        #expect(got == expected, "\(member) of \(members), \(queues)")
        count += 1
      }
    }
    #expect(count > 800)
  }

  private func strategy(_ name: String) -> any AllocationStrategy {
    let parts = name.split(separator: "-", maxSplits: 1)
    if parts.count == 2 { return nearby(strategy(String(parts[1]))) }
    let hash = name.split(separator: "/")
    switch hash[0] {
    case "AVG": return AverageAllocation()
    case "AVG_BY_CIRCLE": return CircleAllocation()
    case "CONSISTENT_HASH": return hash.count == 2 ? ConsistentHashAllocation(virtualNodes: Int(hash[1])!) : ConsistentHashAllocation()
    default: return MachineRoomAllocation(rooms: ["idc1", "idc2", ""])
    }
  }

  private func nearby(_ inner: any AllocationStrategy) -> NearbyAllocation {
    NearbyAllocation(
      inner,
      roomOfQueue: { queue in
        guard let at = queue.brokerName.firstIndex(of: "@") else { return "none" }
        return at == queue.brokerName.startIndex ? "edge" : String(queue.brokerName[..<at])
      },
      roomOfMember: { member in
        guard let dash = member.firstIndex(of: "-"), dash > member.startIndex else { return "none" }
        return String(member[..<dash])
      })
  }

  @Test(arguments: [AverageAllocation() as any AllocationStrategy, CircleAllocation(), ConsistentHashAllocation(), StickyAllocation()])
  func everyQueueGoesToExactlyOneMember(_ strategy: any AllocationStrategy) throws {
    for queueCount in 1...20 {
      for memberCount in 1...12 {
        let queues = queues(queueCount)
        let members = (0..<memberCount).map { "c\($0)" }.sorted(by: javaOrder)
        let shares = try members.map { try strategy.allocate(AllocationRequest(queues: queues, members: members, member: $0, group: "G")) }
        #expect(shares.flatMap { $0 }.sorted() == queues)
        if strategy is ConsistentHashAllocation { continue }
        #expect(shares.map(\.count).max()! - shares.map(\.count).min()! <= 1)
      }
    }
  }

  @Test func aConsistentHashMovesOnlyQueuesOfTheOneThatLeaves() throws {
    let queues = queues(200)
    let members = (0..<10).map { "c\($0)" }
    func owners(_ members: [String]) throws -> [MessageQueue: String] {
      var owners: [MessageQueue: String] = [:]
      for member in members {
        let request = AllocationRequest(queues: queues, members: members, member: member, group: "G")
        for queue in try ConsistentHashAllocation().allocate(request) { owners[queue] = member }
      }
      return owners
    }
    let before = try owners(members)
    let after = try owners(members.filter { $0 != "c4" })
    for queue in queues where before[queue] != "c4" { #expect(before[queue] == after[queue]) }
  }

  @Test func aConfiguredShareIsTakenAsItIs() throws {
    let own = [2, 0].map { MessageQueue(topic: "T", brokerName: "broker-a", queueID: $0) }
    let strategy = ConfiguredAllocation(queues: own + [MessageQueue(topic: "U", brokerName: "broker-a", queueID: 1)])
    #expect(strategy.name == "CONFIG")
    func share(of queues: [MessageQueue]) -> [MessageQueue] {
      strategy.allocate(AllocationRequest(queues: queues, members: ["a", "b"], member: "b", group: "G"))
    }
    #expect(share(of: queues(4)) == own)
    #expect(share(of: [MessageQueue(topic: "V", brokerName: "broker-a", queueID: 0)]) == [])
    let retries = (0..<2).map { MessageQueue(topic: "%RETRY%G", brokerName: "broker-a", queueID: $0) }
    #expect(share(of: retries) == [retries[1]], "what failed is not left lying")
  }

  @Test func withoutARoomThereIsNoShare() {
    let request = AllocationRequest(queues: queues(2), members: ["a", "b"], member: "a", group: "G")
    let noRoom = #expect(throws: RocketMQError.self) {
      try NearbyAllocation(roomOfQueue: { _ in "r" }, roomOfMember: { $0 == "b" ? "" : "r" }).allocate(request)
    }
    #expect(noRoom?.message.contains("the member b is in no machine room") == true)
    #expect(throws: RocketMQError.self) { try NearbyAllocation(roomOfQueue: { _ in "" }, roomOfMember: { _ in "r" }).allocate(request) }
  }

  /// U+FF5E comes before U+1F600 by code point, but after it by UTF-16 code unit, as Java sorts.
  @Test func namesSortByCodeUnits() {
    #expect(["\u{FF5E}", "\u{1F600}", "b", "B", "a"].sorted(by: javaOrder) == ["B", "a", "b", "\u{1F600}", "\u{FF5E}"])
    let late = MessageQueue(topic: "T", brokerName: "\u{FF5E}", queueID: 0)
    let early = MessageQueue(topic: "T", brokerName: "\u{1F600}", queueID: 9)
    #expect(early < late)
    #expect(MessageQueue(topic: "T", brokerName: "b", queueID: 2) < MessageQueue(topic: "T", brokerName: "b", queueID: 10))
  }

  private func queues(_ count: Int) -> [MessageQueue] {
    (0..<count).map { MessageQueue(topic: "T", brokerName: "broker-a", queueID: Int32($0)) }
  }
}

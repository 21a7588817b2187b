// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

/// The tables were made by running the Java classes of 4.9.8.
@Suite("Allocation agrees with Java")
struct AllocationTests {
  struct Vector: Sendable, CustomTestStringConvertible {
    let queues: Int
    let shares: [[Int]]
    var testDescription: String { "\(queues) queues, \(shares.count) members" }
  }

  static let average = [
    Vector(queues: 4, shares: [[0], [1], [2], [3]]),
    Vector(queues: 5, shares: [[0, 1], [2], [3], [4]]),
    Vector(queues: 8, shares: [[0, 1, 2], [3, 4, 5], [6, 7]]),
    Vector(queues: 7, shares: [[0, 1, 2], [3, 4], [5, 6]]),
    Vector(queues: 4, shares: [[0], [1], [2], [3], [], []]),
    Vector(queues: 16, shares: [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12], [13, 14, 15]]),
  ]

  static let circle = [
    Vector(queues: 4, shares: [[0], [1], [2], [3]]),
    Vector(queues: 5, shares: [[0, 4], [1], [2], [3]]),
    Vector(queues: 8, shares: [[0, 3, 6], [1, 4, 7], [2, 5]]),
    Vector(queues: 7, shares: [[0, 3, 6], [1, 4], [2, 5]]),
    Vector(queues: 4, shares: [[0], [1], [2], [3], [], []]),
    Vector(queues: 16, shares: [[0, 5, 10, 15], [1, 6, 11], [2, 7, 12], [3, 8, 13], [4, 9, 14]]),
  ]

  @Test(arguments: average)
  func averageGivesRuns(_ vector: Vector) throws { try check(AverageAllocation(), vector) }

  @Test(arguments: circle)
  func circleDealsOneByOne(_ vector: Vector) throws { try check(CircleAllocation(), vector) }

  @Test func aStrangerGetsNothing() {
    let queues = [MessageQueue(topic: "T", brokerName: "b", queueID: 0)]
    #expect(AverageAllocation().allocate(queues, among: ["c0"], to: "c1", group: "G").isEmpty)
    #expect(CircleAllocation().allocate(queues, among: ["c0"], to: "c1", group: "G").isEmpty)
  }

  @Test(arguments: [AverageAllocation() as any AllocationStrategy, CircleAllocation()])
  func everyQueueGoesToExactlyOneMember(_ strategy: any AllocationStrategy) throws {
    for queueCount in 1...20 {
      for memberCount in 1...12 {
        let queues = queues(queueCount)
        let members = (0..<memberCount).map { "c\($0)" }.sorted(by: javaOrder)
        let shares = try members.map { try strategy.allocate(queues, among: members, to: $0, group: "G") }
        #expect(shares.flatMap { $0 }.sorted() == queues)
        #expect(shares.map(\.count).max()! - shares.map(\.count).min()! <= 1)
      }
    }
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

  private func check(_ strategy: some AllocationStrategy, _ vector: Vector) throws {
    let members = vector.shares.indices.map { "c\($0)" }
    for (member, share) in zip(members, vector.shares) {
      let got = try strategy.allocate(queues(vector.queues), among: members, to: member, group: "G")
      #expect(got.map { Int($0.queueID) } == share, "\(member)")
    }
  }
}

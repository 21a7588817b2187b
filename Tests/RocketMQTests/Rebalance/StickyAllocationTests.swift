// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite("Sticky allocation")
struct StickyAllocationTests {
  private typealias Claims = [String: [MessageQueue]]

  private func queues(_ count: Int) -> [MessageQueue] {
    (0..<count).map { MessageQueue(topic: "T", brokerName: "b", queueID: Int32($0)) }
  }

  private func shares(_ queues: [MessageQueue], _ members: [String], _ owners: [MessageQueue: String]) -> Claims {
    var shares: Claims = [:]
    for member in members {
      shares[member] = StickyAllocation().allocate(
        AllocationRequest(queues: queues, members: members, member: member, group: "G", owners: owners))
    }
    return shares
  }

  private func expectEven(_ shares: Claims, _ queues: [MessageQueue], _ location: SourceLocation = #_sourceLocation) {
    #expect(shares.values.flatMap { $0 }.sorted() == queues, "each queue once", sourceLocation: location)
    let sizes = shares.values.map(\.count)
    #expect(sizes.max()! - sizes.min()! <= 1, sourceLocation: location)
  }

  private func stayed(_ shares: Claims, _ owners: [MessageQueue: String]) -> Int {
    shares.reduce(0) { sum, share in sum + share.value.count { owners[$0] == share.key } }
  }

  /// The most that can stay under any even sharing, tried one by one.
  private func mostThatCanStay(_ queues: [MessageQueue], _ members: [String], _ owners: [MessageQueue: String]) -> Int {
    var best = 0
    var sizes = Array(repeating: 0, count: members.count)
    let (share, extra) = queues.count.quotientAndRemainder(dividingBy: members.count)
    func place(_ index: Int, _ stayed: Int, _ larger: Int) {
      if index == queues.count {
        best = max(best, stayed)
        return
      }
      for (seat, member) in members.enumerated() {
        let grows = sizes[seat] >= share
        if sizes[seat] > share || (grows && larger == extra) { continue }
        sizes[seat] += 1
        place(index + 1, stayed + (owners[queues[index]] == member ? 1 : 0), larger + (grows ? 1 : 0))
        sizes[seat] -= 1
      }
    }
    place(0, 0, 0)
    return best
  }

  /// Every way in which up to five queues can be owned by up to four members, one that has left, and nobody.
  @Test func movesAsFewQueuesAsAnyEvenSharingCould() {
    for queueCount in 1...5 {
      for memberCount in 1...4 {
        let queues = queues(queueCount)
        let members = (0..<memberCount).map { "c\($0)" }
        let choices: [String?] = members + ["gone", nil]
        var total = 1
        for _ in queues { total *= choices.count }
        for number in 0..<total {
          var owners: [MessageQueue: String] = [:]
          var rest = number
          for queue in queues {
            owners[queue] = choices[rest % choices.count]
            rest /= choices.count
          }
          let shares = shares(queues, members, owners)
          expectEven(shares, queues)
          #expect(stayed(shares, owners) == mostThatCanStay(queues, members, owners), "\(owners)")
          #expect(self.shares(queues, members, StickyAllocation.owners(claims: shares)) == shares, "and then nothing moves")
        }
      }
    }
  }

  @Test func joinsAndLeavesMoveOnlyWhatTheyMust() {
    var random = SplitMix(seed: 7)
    for _ in 0..<60 {
      let queues = queues(Int.random(in: 1...60, using: &random))
      var members = ["m"]
      var owners: [MessageQueue: String] = [:]
      var next = 0
      for _ in 0..<25 {
        let isJoin = members.count == 1 || Bool.random(using: &random)
        if isJoin {
          members.append("c\(Int.random(in: 0...9, using: &random))-\(next)")
          next += 1
        } else {
          members.remove(at: Int.random(in: 0..<members.count, using: &random))
        }
        members.sort(by: javaOrder)
        let before = owners
        let shares = shares(queues, members, before)
        expectEven(shares, queues)
        owners = StickyAllocation.owners(claims: shares)
        guard !before.isEmpty else { continue }
        let moved = queues.filter { owners[$0] != before[$0] }
        if isJoin {
          let newcomer = members.first { member in !before.values.contains(member) && shares[member]?.isEmpty == false }
          #expect(moved.allSatisfy { owners[$0] == newcomer }, "only the one that joins gets queues")
          #expect(moved.count <= (queues.count + members.count - 1) / members.count)
        } else {
          #expect(moved.allSatisfy { !members.contains(before[$0]!) }, "only queues of the one that left move")
        }
      }
    }
  }

  /// Members compute one after the other, in every order, each from what the others have by then: some have taken some of their new queues,
  /// others still hold what they are to give up, so that for a while two claim the same. All act as if they had computed at once.
  @Test func membersThatSeeEachOtherHalfwayAgree() {
    var random = SplitMix(seed: 11)
    for _ in 0..<3000 {
      let queues = queues(Int.random(in: 1...14, using: &random))
      let members = (0..<Int.random(in: 1...5, using: &random)).map { "c\($0)" }
      var claims = claims(queues, members, atMost: 1, &random)
      let expected = shares(queues, members, StickyAllocation.owners(claims: claims))
      // What each still has to take; nil: it has not computed yet.
      var todo: [String: [MessageQueue]?] = [:]
      for member in members { todo[member] = .some(nil) }
      while let member = todo.keys.sorted().randomElement(using: &random), let next = todo[member] {
        switch next {
        case nil:
          let share = share(of: member, queues, members, claims)
          todo[member] = share.filter { claims[member]?.contains($0) == false }.shuffled(using: &random)
          claims[member]?.removeAll { !share.contains($0) }
        case let taking? where taking.isEmpty: todo.removeValue(forKey: member)
        case let taking?:
          claims[member]?.append(taking[0])
          todo[member] = Array(taking.dropFirst())
        }
      }
      #expect(claims.mapValues { $0.sorted() } == expected)
    }
  }

  /// However many members claim a queue: after two rounds in any order shares are even, and stay.
  @Test func doubleClaimsAreSettled() {
    var random = SplitMix(seed: 17)
    for _ in 0..<3000 {
      let queues = queues(Int.random(in: 1...14, using: &random))
      let members = (0..<Int.random(in: 1...5, using: &random)).map { "c\($0)" }
      var claims = claims(queues, members, atMost: 3, &random)
      for _ in 0..<2 {
        for member in members.shuffled(using: &random) { claims[member] = share(of: member, queues, members, claims) }
      }
      expectEven(claims, queues)
      #expect(shares(queues, members, StickyAllocation.owners(claims: claims)) == claims)
    }
  }

  private func share(of member: String, _ queues: [MessageQueue], _ members: [String], _ claims: Claims) -> [MessageQueue] {
    StickyAllocation().allocate(
      AllocationRequest(
        queues: queues, members: members, member: member, group: "G", owners: StickyAllocation.owners(claims: claims)))
  }

  /// Each queue is claimed by no one or by up to `most` members.
  private func claims(_ queues: [MessageQueue], _ members: [String], atMost most: Int, _ random: inout SplitMix) -> Claims {
    var claims: Claims = [:]
    for member in members { claims[member] = [] }
    for queue in queues {
      for member in members.shuffled(using: &random).prefix(Int.random(in: 0...most, using: &random)) { claims[member]?.append(queue) }
    }
    return claims
  }

  /// Each member may not have heard from some of the others; as soon as all have heard from all, shares are even and stay.
  @Test func membersWithPartlyDifferentViewsConverge() {
    var random = SplitMix(seed: 13)
    for _ in 0..<500 {
      let queues = queues(Int.random(in: 1...20, using: &random))
      let members = (0..<Int.random(in: 2...6, using: &random)).map { "c\($0)" }
      var claims: Claims = [:]
      for _ in 0..<5 {
        var next: Claims = [:]
        for member in members {
          let heard = claims.filter { $0.key == member || Bool.random(using: &random) }
          let owners = StickyAllocation.owners(claims: heard)
          next[member] = StickyAllocation().allocate(
            AllocationRequest(queues: queues, members: members, member: member, group: "G", owners: owners))
        }
        claims = next
      }
      claims = shares(queues, members, StickyAllocation.owners(claims: claims))
      expectEven(claims, queues)
      #expect(shares(queues, members, StickyAllocation.owners(claims: claims)) == claims)
    }
  }

  @Test func aMemberThatIsConnectedTwiceCountsOnceAndAStrangerNotAtAll() {
    let queues = queues(4)
    let members = ["a", "a", "b"]
    let request = AllocationRequest(queues: queues, members: members, member: "a", group: "G")
    #expect(StickyAllocation().allocate(request).count == 2)
    #expect(StickyAllocation().allocate(AllocationRequest(queues: queues, members: members, member: "x", group: "G")) == [])
  }
}

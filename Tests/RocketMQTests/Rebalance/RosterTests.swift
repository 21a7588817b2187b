// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite("The roster of a group")
struct RosterTests {
  /// A roster that can be told of lists within an expectation.
  private final class Told {
    var roster: Roster

    init(_ roster: Roster) { self.roster = roster }

    /// A broker is asked, and tells: who counts then? nil: the answer counts for nothing.
    func tells(_ address: String, _ list: [String], at now: UInt64) -> Set<String>? {
      answers(roster.question(to: address), list, at: now)
    }

    func answers(_ question: Roster.Question, _ list: [String], at now: UInt64) -> Set<String>? {
      roster.answered(question, list, now: now) ? roster.members : nil
    }

    func disconnected(from address: String, now: UInt64) { roster.disconnected(from: address, now: now) }

    /// It is gone for a while.
    func stopped(_ address: String, now: UInt64) {
      roster.disconnected(from: address, now: now)
      roster.unreachable(address)
    }

    var members: Set<String> { roster.members }
    var absentMembers: Set<String> { roster.absentMembers }
    func nextEnd(now: UInt64) -> UInt64? { roster.nextEnd(now: now) }
  }

  /// With a grace of 35 s; the brokers "a" and "b" have told it of `members` at 0.
  private func roster(_ members: String...) -> Told {
    let told = Told(Roster(grace: .seconds(35)))
    #expect(told.tells("a", members, at: 0) == Set(members))
    #expect(told.tells("b", members, at: 0) == Set(members))
    return told
  }

  @Test func followsTheListsOfABrokerAsLongAsItsConnectionLasts() {
    let roster = roster("x", "y", "z")
    #expect(roster.tells("a", ["x", "y"], at: 1000) == ["x", "y"], "z has left")
    #expect(roster.tells("a", ["w", "x", "y"], at: 2000) == ["w", "x", "y"])
    #expect(roster.absentMembers == [])
    #expect(roster.nextEnd(now: 2000) == nil)
  }

  @Test func countsWhoAStartedBrokerDoesNotKnowAgainYetUntilItsGraceIsOver() {
    let roster = roster("x", "y", "z")
    roster.stopped("a", now: 100_000)
    #expect(roster.members == ["x", "y", "z"])
    #expect(roster.tells("a", ["x"], at: 200_000) == ["x", "y", "z"], "however long the broker was away")
    #expect(roster.absentMembers == ["y", "z"])
    #expect(roster.tells("a", ["x", "z"], at: 201_000) == ["x", "y", "z"])
    #expect(roster.absentMembers == ["y"])
    #expect(roster.nextEnd(now: 201_000) == 34_000)
    #expect(roster.tells("a", ["x", "z"], at: 234_999) == ["x", "y", "z"])
    #expect(roster.nextEnd(now: 235_000) == 0)
    #expect(roster.tells("a", ["x", "z"], at: 235_000) == ["x", "z"])
    #expect(roster.nextEnd(now: 235_000) == nil)
  }

  @Test func waitsOnlyAMomentWhenTheBrokerWasNeverAway() {
    let roster = roster("x", "y", "z")
    roster.disconnected(from: "a", now: 1000)
    #expect(roster.tells("a", ["x", "y"], at: 1010) == ["x", "y", "z"], "has z left, or was it cut off, too?")
    #expect(roster.tells("a", ["x", "y"], at: 4010) == ["x", "y"])
    roster.stopped("a", now: 5000)
    #expect(roster.tells("a", ["x"], at: 6000) == ["x", "y"])
    #expect(roster.tells("a", ["x"], at: 40_999) == ["x", "y"])
    #expect(roster.tells("a", ["x"], at: 41_000) == ["x"])
    let short = Told(Roster(grace: .seconds(1)))
    #expect(short.tells("a", ["x", "y"], at: 0) == ["x", "y"])
    short.disconnected(from: "a", now: 1000)
    #expect(short.tells("a", ["x"], at: 1010) == ["x", "y"])
    #expect(short.tells("a", ["x"], at: 2010) == ["x"], "no longer than it is told to")
  }

  @Test func doesNotKeepWhoHasComeBackAndLeavesThen() {
    let roster = roster("x", "y", "z")
    roster.stopped("a", now: 1000)
    #expect(roster.tells("a", ["x"], at: 2000) == ["x", "y", "z"])
    #expect(roster.tells("a", ["x", "y", "z"], at: 3000) == ["x", "y", "z"])
    #expect(roster.tells("a", ["x", "z"], at: 3001) == ["x", "z"])
  }

  @Test func doesNotKeepWhoLeftBeforeTheConnectionWasLost() {
    let roster = roster("x", "y", "z")
    #expect(roster.tells("a", ["x", "y"], at: 1000) == ["x", "y"])
    roster.stopped("a", now: 1001)
    #expect(roster.tells("a", ["x"], at: 2000) == ["x", "y"])
  }

  @Test func believesABrokerWhoseConnectionHasLasted() {
    let roster = roster("x", "y", "z")
    roster.stopped("a", now: 1000)
    #expect(roster.tells("b", ["x", "y"], at: 1500) == ["x", "y"], "z has left while a was away")
    #expect(roster.tells("a", ["x"], at: 2000) == ["x", "y"])
    #expect(roster.tells("b", ["x"], at: 2500) == ["x"], "y too")
    #expect(roster.tells("b", ["x", "y"], at: 3000) == ["x", "y"])
    #expect(roster.absentMembers == [])
  }

  @Test func countsWhoABrokerThatIsNewDoesNotKnowYet() {
    let roster = roster("x", "y")
    #expect(roster.tells("c", ["x"], at: 1000) == ["x", "y"])
    #expect(roster.tells("c", ["x"], at: 36_000) == ["x"])
  }

  @Test func staysWithTheBrokerThatAnsweredLast() {
    let roster = roster("x", "y", "z")
    #expect(roster.roster.source == "b")
    roster.disconnected(from: "b", now: 1000)
    #expect(roster.roster.source == "b", "a connection that was cut is made anew")
    roster.stopped("b", now: 2000)
    #expect(roster.roster.source == nil)
    #expect(roster.tells("a", ["x", "y", "z"], at: 2500) == ["x", "y", "z"])
    roster.stopped("b", now: 3000)
    #expect(roster.roster.source == "a", "not its business")
    roster.roster.turnAway(from: "a")
    #expect(roster.roster.source == nil)
  }

  @Test func givesNoSecondGraceToWhoHasNotComeBackSince() {
    let roster = roster("x", "y")
    roster.stopped("a", now: 1000)
    #expect(roster.tells("a", ["x"], at: 2000) == ["x", "y"])
    roster.stopped("a", now: 22_000)
    #expect(roster.nextEnd(now: 90_000) == 15_000, "time does not pass while the broker is away again")
    #expect(roster.tells("a", ["x"], at: 100_000) == ["x", "y"])
    #expect(roster.tells("a", ["x"], at: 114_999) == ["x", "y"])
    #expect(roster.tells("a", ["x"], at: 115_000) == ["x"])
    roster.stopped("a", now: 116_000)
    #expect(roster.tells("a", ["x"], at: 117_000) == ["x"])
  }

  @Test func doesNotBelieveAnAnswerToAQuestionFromBeforeTheConnectionWasLost() {
    let roster = roster("x", "y", "z")
    let question = roster.roster.question(to: "a")
    roster.stopped("a", now: 1000)
    #expect(roster.answers(question, ["x", "y", "z"], at: 1001) == nil)
    #expect(roster.tells("a", ["x"], at: 2000) == ["x", "y", "z"], "that is the first list of this connection")
    #expect(roster.answers(question, ["x", "y"], at: 2001) == nil)
    #expect(roster.members == ["x", "y", "z"])
  }

  @Test func withoutAGraceBelievesEveryList() {
    let roster = Told(Roster(grace: .zero))
    #expect(roster.tells("a", ["x", "y"], at: 0) == ["x", "y"])
    roster.stopped("a", now: 1000)
    #expect(roster.tells("a", ["x"], at: 2000) == ["x"])
    #expect(roster.nextEnd(now: 2000) == nil)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite("The table of locks decides")
struct QueueLockTableTests {
  let a0 = MessageQueue(topic: "T", brokerName: "a", queueID: 0)
  let a1 = MessageQueue(topic: "T", brokerName: "a", queueID: 1)
  let b0 = MessageQueue(topic: "T", brokerName: "b", queueID: 0)

  @Test func locksAreRenewedBrokerByBrokerEveryTwentySeconds() {
    var table = holding(a0, a1, b0)
    #expect(table.nextDue == 20_000)
    #expect(table.due(now: 19_999) == [])
    let renewals = table.due(now: 20_000).renewals
    #expect(renewals.map(\.broker) == ["a", "b"])
    #expect(renewals.map { Set($0.queues.keys) } == [[a0, a1], [b0]])
    #expect(table.due(now: 20_500) == [], "they are on their way")
    #expect(
      table.renewed(renewals[0], granted: [a0, a1], now: 20_100)
        == [.extend(a0, until: 50_000, resumes: false), .extend(a1, until: 50_000, resumes: false)], "from when it was asked, not answered")
  }

  @Test func aFailedRenewalIsRepeatedSoonAndTheLockCountsUntilItsThirtySecondsAreOver() {
    var table = holding(a0)
    var now: UInt64 = 20_000
    while now < 30_000 {
      let renewals = table.due(now: now).renewals
      #expect(renewals.count == 1)
      table.renewalFailed(renewals[0], now: now)
      #expect(table.nextDue == min(now + 1000, 30_000))
      now += 1000
    }
    let actions = table.due(now: 30_000)
    #expect(actions.first == .suspend(a0))
    #expect(actions.renewals.map { Set($0.queues.keys) } == [[a0]], "it still wants it")
  }

  @Test func aLockThatWasInDoubtIsVerifiedBeforeItCountsAgain() {
    var table = holding(a0)
    let renewal = table.due(now: 20_000).renewals[0]
    table.renewalFailed(renewal, now: 29_500)
    _ = table.due(now: 30_000)
    let again = table.due(now: 30_500).renewals[0]
    let life = table.renewed(again, granted: [a0], now: 30_600).verification
    #expect(table.verified(a0, life: life + 1, isOurs: true, now: 30_700) == [], "an answer to something else")
    #expect(table.verified(a0, life: life, isOurs: true, now: 30_700) == [.extend(a0, until: 60_500, resumes: true)])
  }

  @Test func aLockThatCannotBeVerifiedStaysInDoubt() {
    var table = holding(a0)
    _ = table.disconnected(from: "a", now: 5000)
    let life = table.renewed(table.due(now: 5000).renewals[0], granted: [a0], now: 5100).verification
    #expect(table.verified(a0, life: life, isOurs: nil, now: 6000) == [])
    #expect(table.due(now: 7000).renewals.count == 1)
  }

  @Test func aQueueThatSomebodyHasGoneOnWithIsLost() {
    var table = holding(a0)
    _ = table.disconnected(from: "a", now: 5000)
    let life = table.renewed(table.due(now: 5000).renewals[0], granted: [a0], now: 5100).verification
    #expect(table.verified(a0, life: life, isOurs: false, now: 5200) == [.lose(a0)])
    #expect(table.due(now: 30_000).renewals == [], "nobody wants it any more")
  }

  @Test func aRefusedRenewalLosesTheLock() {
    var table = holding(a0, a1)
    let renewal = table.due(now: 20_000).renewals[0]
    #expect(table.renewed(renewal, granted: [a1], now: 20_100).contains(.lose(a0)))
    #expect(table.beginUnlocking(a0) == true, "it is given back all the same: no harm done")
    table.unlocked(a0, succeeded: true, now: 20_200)
    #expect(table.due(now: 40_000).renewals.map { Set($0.queues.keys) } == [[a1]])
  }

  @Test func aLostConnectionPutsAllLocksOfItsBrokerInDoubtAtOnce() {
    var table = holding(a0, b0)
    #expect(table.disconnected(from: "a", now: 7000) == [.suspend(a0)])
    #expect(table.nextDue == 7000)
    #expect(table.due(now: 7000).renewals.map(\.broker) == ["a"])
  }

  @Test func whatWasGrantedOverALostConnectionCountsNoMore() {
    var table = holding(a0)
    let renewal = table.due(now: 20_000).renewals[0]
    _ = table.disconnected(from: "a", now: 20_050)
    #expect(table.renewed(renewal, granted: [a0], now: 20_100) == [])
    #expect(table.due(now: 21_100).renewals.count == 1)

    #expect(table.beginAcquiring(a1) == true)
    _ = table.disconnected(from: "a", now: 22_000)
    #expect(table.acquired(a1, sentAt: 21_900) == 0, "in doubt from the start")
  }

  @Test func aRenewalDoesNotTouchTheQueuesNextLife() {
    var table = holding(a0)
    let renewal = table.due(now: 20_000).renewals[0]
    _ = table.beginUnlocking(a0)
    #expect(table.narrowed(renewal).queues.isEmpty, "it would lock the queue again, for nobody")
    table.unlocked(a0, succeeded: true, now: 20_010)
    _ = table.beginAcquiring(a0)
    _ = table.acquired(a0, sentAt: 20_020)
    #expect(table.renewed(renewal, granted: [], now: 20_100) == [])
  }

  @Test func aLockThatCouldNotBeGivenBackIsGivenBackLaterUntilItHasExpiredAnyway() {
    var table = holding(a0)
    #expect(table.beginUnlocking(a0) == true)
    #expect(table.beginAcquiring(a0) == false, "the unlock would undo it")
    table.unlocked(a0, succeeded: false, now: 1000)
    #expect(table.due(now: 2000) == [.unlock(a0)])
    #expect(table.beginAcquiring(a0) == false)
    table.unlocked(a0, succeeded: false, now: 3000)
    #expect(table.beginAcquiring(a0) == true, "the broker takes it for a renewal")
    table.refused(a0)
    #expect(table.due(now: 4000) == [])

    table = holding(a0)
    _ = table.beginUnlocking(a0)
    table.unlocked(a0, succeeded: false, now: 1000)
    #expect(table.due(now: 2000) == [.unlock(a0)])
    table.unlocked(a0, succeeded: false, now: 61_001)
    #expect(table.due(now: 100_000) == [])
    #expect(table.nextDue == nil)
  }

  @Test func aBrokerThatIsBackIsAskedAtOnce() {
    var table = holding(a0, b0)
    #expect(table.connected(to: "a", now: 500) == false, "nothing is in doubt")
    _ = table.disconnected(from: "a", now: 1000)
    let lost = table.due(now: 1000).renewals
    #expect(lost.map(\.broker) == ["a"])
    table.renewalFailed(lost[0], now: 1100)
    #expect(table.nextDue == 2100)
    #expect(table.connected(to: "b", now: 1200) == false)
    #expect(table.connected(to: "a", now: 1200) == true)
    #expect(table.due(now: 1200).renewals.map(\.broker) == ["a"])
  }

  @Test func whatIsInDoubtIsGivenBackAtTheEnd() {
    var table = holding(a0, a1)
    _ = table.beginUnlocking(a0)
    #expect(table.unlockDoubtful() == [], "one is on its way, one is held")
    table.unlocked(a0, succeeded: false, now: 1000)
    #expect(table.unlockDoubtful() == [a0])
    #expect(table.unlockDoubtful() == [], "it is on its way")
    table.unlocked(a0, succeeded: true, now: 1100)
    #expect(table.unlockDoubtful() == [])
  }

  @Test func aRefusedLockLeavesNothingBehind() {
    var table = QueueLockTable()
    #expect(table.beginAcquiring(a0) == true)
    table.refused(a0)
    #expect(table.beginUnlocking(a0) == false, "there is nothing to give back")
    #expect(table.nextDue == nil)
  }

  private func holding(_ queues: MessageQueue...) -> QueueLockTable {
    var table = QueueLockTable()
    for queue in queues {
      _ = table.beginAcquiring(queue)
      _ = table.acquired(queue, sentAt: 0)
    }
    return table
  }
}

extension [QueueLockTable.Action] {
  fileprivate var renewals: [QueueLockTable.Renewal] {
    compactMap { if case .renew(let renewal) = $0 { renewal } else { nil } }
  }

  /// The life in the only verification.
  fileprivate var verification: UInt64 {
    compactMap { if case .verify(_, let life) = $0 { life } else { nil } }.first ?? 0
  }
}

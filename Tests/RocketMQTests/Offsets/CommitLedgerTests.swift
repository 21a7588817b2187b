// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite("The commit ledger")
struct CommitLedgerTests {
  let queue = MessageQueue(topic: "T", brokerName: "b", queueID: 0)

  @Test func onlyWhatHasChangedIsDue() {
    var ledger = opened(stored: 5)
    #expect(ledger.begin(queue, 5) == false)
    #expect(ledger.begin(queue, 4) == false, "it never goes back by itself")
    #expect(ledger.begin(queue, 6) == true)
    _ = ledger.end(queue, committed: 6)
    #expect(ledger.begin(queue, 6) == false)
  }

  @Test func withNothingStoredTheFirstCommitIsDueAtOnce() {
    var ledger = opened(stored: nil)
    #expect(ledger.begin(queue, 0) == true)
  }

  @Test func aFailedCommitIsDueAgain() {
    var ledger = opened(stored: 5)
    #expect(ledger.begin(queue, 6) == true)
    _ = ledger.end(queue, committed: nil)
    #expect(ledger.begin(queue, 6) == true)
  }

  @Test func commitsOfOneQueueDoNotOvertakeEachOther() {
    var ledger = opened(stored: 5)
    #expect(ledger.begin(queue, 6) == true)
    #expect(ledger.begin(queue, 7) == false)
    #expect(ledger.seal(queue, "final") == false)
    #expect(ledger.end(queue, committed: 6) == ["final"])
    #expect(ledger.begin(queue, 7) == false, "sealed: the final commit is not the ledger's")
    #expect(ledger.committed(queue) == 6)
  }

  @Test func aQueueThatIsGoneTakesNoCommit() {
    var ledger = opened(stored: 5)
    #expect(ledger.seal(queue, "final") == true)
    ledger.close(queue)
    #expect(ledger.begin(queue, 9) == false)
    #expect(ledger.end(queue, committed: 9).isEmpty)
  }

  private func opened(stored: Int64?) -> CommitLedger<String> {
    var ledger = CommitLedger<String>()
    ledger.open(queue, stored: stored)
    return ledger
  }
}

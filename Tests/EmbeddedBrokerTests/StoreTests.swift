// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQEmbeddedBroker

@Suite struct TimerQueueTests {
  @Test func actionsComeOutInTheOrderOfTheirDeadlines() {
    var queue = TimerQueue<Int>()
    for deadline in [5, 3, 9, 3, 1, 7] as [Int64] { _ = queue.add(at: deadline, Int(deadline) * 10 + queue.count) }
    #expect(queue.next == 1)
    #expect(queue.popDue(0) == nil)
    var seen: [Int] = []
    while let action = queue.popDue(7) { seen.append(action) }
    // Equal deadlines in the order in which they were added.
    #expect(seen == [14, 31, 33, 50, 75])
    #expect(queue.next == 9)
    #expect(queue.count == 1)
  }

  @Test func aCancelledActionNeverComesOut() {
    var queue = TimerQueue<String>()
    let first = queue.add(at: 1, "first")
    _ = queue.add(at: 2, "second")
    queue.cancel(first)
    queue.cancel(first)
    #expect(queue.next == 2)
    // The place is used again; the old handle does not reach the new action.
    _ = queue.add(at: 1, "third")
    queue.cancel(first)
    #expect(queue.popDue(9) == "third")
    #expect(queue.popDue(9) == "second")
    #expect(queue.popDue(9) == nil)
  }

  @Test func anyMixtureOfAddsAndCancelsKeepsTheOrder() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      var queue = TimerQueue<Int>()
      var expected: [(deadline: Int64, value: Int, handle: TimerQueue<Int>.Handle)] = []
      for value in 0..<200 {
        if value % 3 == 2, let index = expected.indices.randomElement(using: &random) {
          queue.cancel(expected.remove(at: index).handle)
        } else {
          let deadline = Int64.random(in: 0..<40, using: &random)
          expected.append((deadline, value, queue.add(at: deadline, value)))
        }
      }
      let order = expected.sorted { ($0.deadline, $0.value) < ($1.deadline, $1.value) }.map(\.value)
      var seen: [Int] = []
      while let action = queue.popDue(.max) { seen.append(action) }
      #expect(seen == order)
    }
  }
}

@Suite struct PropertyBlockTests {
  private func block(_ text: String) -> PropertyBlock {
    PropertyBlock([UInt8](text.replacing("=", with: "\u{1}").replacing(";", with: "\u{2}").utf8))
  }

  private func text(_ block: PropertyBlock) -> String {
    String(decoding: block.bytes, as: UTF8.self).replacing("\u{1}", with: "=").replacing("\u{2}", with: ";")
  }

  @Test func valuesAreFoundByName() {
    let block = block("KEYS=k1 k2;TAGS=A;TAG=x;TAGS=B;EMPTY=;=v")
    #expect(block.value("KEYS") == "k1 k2")
    #expect(block.value("TAGS") == "B")
    #expect(block.value("TAG") == "x")
    #expect(block.value("EMPTY") == nil)
    #expect(block.value("TA") == nil)
    #expect(PropertyBlock().value("TAGS") == nil)
    // A value may hold what ends a name.
    #expect(self.block("A=x=y;B=z").value("A") == "x\u{1}y")
  }

  @Test(arguments: [
    ("WAIT=true;TAGS=A", "TAGS=A"), ("TAGS=A;WAIT=true", "TAGS=A"), ("A=1;WAIT=true;B=2", "A=1;B=2"), ("WAIT=true", ""),
    ("A=1;WAIT=true;", "A=1;"), ("WAIT=1;A=1;WAIT=2", "A=1"), ("A=1", "A=1"), ("", ""),
  ]) func removingANameKeepsTheRest(_ before: String, _ after: String) {
    var block = block(before)
    block.remove("WAIT")
    #expect(text(block) == after)
  }

  @Test(arguments: [("", "C=x"), ("A=1", "A=1;C=x"), ("A=1;", "A=1;C=x"), ("C=old;A=1", "A=1;C=x")])
  func aNewValueIsJoinedBehind(_ before: String, _ after: String) {
    var block = block(before)
    block.set("C", "x")
    #expect(text(block) == after)
  }
}

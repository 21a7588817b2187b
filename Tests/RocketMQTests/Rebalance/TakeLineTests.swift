// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite("The line of queues to take")
struct TakeLineTests {
  private func queue(_ id: Int32, _ broker: String = "a") -> MessageQueue { MessageQueue(topic: "T", brokerName: broker, queueID: id) }

  @Test func letsSoManyOfABrokerThroughAtATimeInTheirOrder() {
    var line = TakeLine(width: 2)
    let added = (0..<5).map { line.add(queue($0)) }
    #expect(added == [true, true, false, false, false])
    #expect(line.add(queue(0, "b")) == true, "another broker's do not wait")
    #expect(line.ended(queue(1)) == queue(2))
    #expect(line.ended(queue(0)) == queue(3))
    #expect(line.add(queue(5)) == false)
    #expect(line.ended(queue(2)) == queue(4))
    #expect(line.ended(queue(3)) == queue(5))
    #expect(line.ended(queue(4)) == nil)
    #expect(line.add(queue(6)) == true)
    #expect(line.add(queue(7)) == false, "5 and 6 are under way")
  }

  @Test func leavesNobodyWaitingAtTheEnd() {
    var line = TakeLine(width: 1)
    let added = (0..<3).map { line.add(queue($0)) }
    #expect(added == [true, false, false])
    #expect(line.close() == [queue(1), queue(2)])
    #expect(line.ended(queue(0)) == nil)
    #expect(line.ended(queue(1)) == nil)
    #expect(line.add(queue(4)) == true)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@Suite struct LongPollTests {
  @Test func aHeldPullIsAnsweredWhenAMessageComes() async throws {
    // The clock stands still: only the message can end the wait.
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      async let held = client.call(pullRequest("orders", hold: .seconds(15)))
      await broker.untilHeld(topic: "orders", queueID: 0)
      _ = try await client.call(sendRequest("orders", "here"))
      let reply = try await held
      #expect(reply.code == .success)
      #expect(reply.remark == "FOUND")
      #expect(try reply.bodies == ["here"])
      #expect(await broker.heldPulls(topic: "orders", queueID: 0) == 0)
    }
  }

  @Test func aHeldPullGetsTheWholeBatchThatCame() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      async let held = client.call(pullRequest("orders", hold: .seconds(15)))
      await broker.untilHeld(topic: "orders", queueID: 0)
      _ = try await client.call(batchRequest("orders", [("a", []), ("b", []), ("c", [])]))
      #expect(try await held.bodies == ["a", "b", "c"])
    }
  }

  @Test func aHeldPullEndsWhenItsTimeIsOver() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(sendRequest("orders", "old"))
      async let held = client.call(pullRequest("orders", offset: 1, hold: .seconds(15)))
      await broker.untilHeld(topic: "orders", queueID: 0)
      await broker.clock.advance(by: .milliseconds(14_999))
      #expect(await broker.heldPulls(topic: "orders", queueID: 0) == 1)
      await broker.clock.advance(by: .milliseconds(1))
      let reply = try await held
      #expect(reply.code == .pullNotFound)
      #expect(reply.remark == "OFFSET_OVERFLOW_ONE")
      #expect(reply.string(.nextBeginOffset) == "1")
    }
  }

  @Test func onTheSystemClockAHeldPullEndsInTime() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      let clock = ContinuousClock()
      let start = clock.now
      let reply = try await client.call(pullRequest("orders", hold: .milliseconds(300)))
      let taken = clock.now - start
      #expect(reply.code == .pullNotFound)
      #expect(taken >= .milliseconds(295))
      #expect(taken < .milliseconds(1500))
    }
  }

  @Test func aMessageThatTheFilterDropsWakesNobodyAndIsPassedOverLater() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      async let held = client.call(pullRequest("orders", expression: "A", hold: .seconds(15)))
      await broker.untilHeld(topic: "orders", queueID: 0)
      _ = try await client.call(sendRequest("orders", "b", tag: "B"))
      #expect(await broker.heldPulls(topic: "orders", queueID: 0) == 1)
      await broker.clock.advance(by: .seconds(15))
      let reply = try await held
      #expect(reply.code == .pullRetryImmediately)
      #expect(reply.string(.nextBeginOffset) == "1")
    }
  }

  @Test func everyGroupThatWaitsIsAnswered() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      async let first = client.call(pullRequest("orders", group: "one", hold: .seconds(15)))
      async let second = client.call(pullRequest("orders", group: "two", expression: "A", hold: .seconds(15)))
      async let third = client.call(pullRequest("orders", group: "three", expression: "B", hold: .seconds(15)))
      await broker.untilHeld(topic: "orders", queueID: 0, count: 3)
      _ = try await client.call(sendRequest("orders", "a", tag: "A"))
      #expect(try await first.bodies == ["a"])
      #expect(try await second.bodies == ["a"])
      #expect(await broker.heldPulls(topic: "orders", queueID: 0) == 1)
      _ = try await client.call(sendRequest("orders", "b", tag: "B"))
      #expect(try await third.bodies == ["b"])
    }
  }

  @Test func aDelayedMessageWakesThePullOfItsRealQueue() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      async let held = client.call(pullRequest("orders", hold: .seconds(15)))
      await broker.untilHeld(topic: "orders", queueID: 0)
      _ = try await client.call(sendRequest("orders", "later", delayLevel: 1))
      #expect(await broker.heldPulls(topic: "orders", queueID: 0) == 1)
      await broker.clock.advance(by: .seconds(1))
      #expect(try await held.bodies == ["later"])
    }
  }

  @Test func pullsThatFindNothingButDoNotWantToWaitAreAnswered() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      #expect(try await client.call(pullRequest("orders")).code == .pullNotFound)
      // An offset that is wrong is never held.
      #expect(try await client.call(pullRequest("orders", offset: 3, hold: .seconds(15))).code == .pullOffsetMoved)
    }
  }

  @Test func aHeldPullGoesWithItsConnection() async throws {
    try await withBroker(clock: .manual) { broker in
      try await broker.createTopic("orders", queues: 1)
      let leaving = try TestClient(broker)
      let staying = try TestClient(broker)
      async let lost = try? leaving.call(pullRequest("orders", hold: .seconds(15)))
      async let kept = staying.call(pullRequest("orders", hold: .seconds(15)))
      await broker.untilHeld(topic: "orders", queueID: 0, count: 2)
      leaving.disconnect()
      #expect(await lost == nil)
      _ = try await staying.call(sendRequest("orders", "m"))
      #expect(try await kept.bodies == ["m"])
    }
  }

  @Test func aCommitRidesOnAPullThatIsHeld() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      async let held = client.call(pullRequest("orders", hold: .seconds(15), commit: 3))
      await broker.untilHeld(topic: "orders", queueID: 0)
      #expect(await broker.committedOffset(group: "consumers", topic: "orders", queueID: 0) == 3)
      // Committed meanwhile; the pull must not commit again when it is resumed.
      _ = try await client.call(commitRequest("orders", group: "consumers", offset: 9))
      _ = try await client.call(sendRequest("orders", "m"))
      _ = try await held
      #expect(await broker.committedOffset(group: "consumers", topic: "orders", queueID: 0) == 9)
    }
  }
}

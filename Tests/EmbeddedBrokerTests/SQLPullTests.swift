// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@Suite("SQL filters at the broker") struct SQLPullTests {
  private func subscription(_ condition: String, version: Int64 = 1, type: String = "SQL92") -> TestSubscription {
    TestSubscription(topic: "orders", version: version, type: type, expression: condition)
  }

  /// A broker with a topic of one queue, and a client.
  private func run(
    _ configure: (inout EmbeddedBroker.Configuration) -> Void = { _ in }, _ test: (EmbeddedBroker, TestClient) async throws -> Void
  ) async throws {
    try await withBroker(clock: .manual, configure) { broker in
      try await broker.createTopic("orders", queues: 1)
      try await test(broker, try TestClient(broker))
    }
  }

  private func send(_ client: TestClient, _ prices: Int...) async throws {
    for price in prices { _ = try await client.call(sendRequest("orders", "\(price)", properties: [("price", "\(price)")])) }
  }

  @Test func aPullGetsWhatMatchesAndPassesOverTheRest() async throws {
    try await run { broker, client in
      try await send(client, 5, 50, 7, 70, 8)
      _ = try await client.call(heartbeatRequest("c", group: "consumers", subscriptions: [subscription("price > 10")]))
      let reply = try await client.call(pullRequest("orders", expression: nil, version: 1))
      #expect(reply.code == .success)
      #expect(try reply.bodies == ["50", "70"])
      #expect(reply.string(.nextBeginOffset) == "5")
      let none = try await client.call(pullRequest("orders", offset: 4, expression: nil, version: 1))
      #expect(none.code == .pullRetryImmediately)
      #expect(none.string(.nextBeginOffset) == "5")
    }
  }

  @Test func aHeldPullWakesOnlyForWhatMatches() async throws {
    try await run { broker, client in
      _ = try await client.call(heartbeatRequest("c", group: "consumers", subscriptions: [subscription("price BETWEEN 10 AND 20")]))
      async let held = client.call(pullRequest("orders", expression: nil, hold: .seconds(15), version: 1))
      await broker.untilHeld(topic: "orders", queueID: 0)
      try await send(client, 5, 21)
      _ = try await client.call(sendRequest("orders", "without a price"))
      _ = try await client.call(sendRequest("orders", "no number", properties: [("price", "much")]))
      #expect(await broker.heldPulls(topic: "orders", queueID: 0) == 1)
      try await send(client, 15)
      let reply = try await held
      #expect(try reply.bodies == ["15"])
      #expect(reply.string(.nextBeginOffset) == "5")
    }
  }

  @Test func aDelayedMessageIsLookedAtWhenItArrives() async throws {
    try await run { broker, client in
      async let held = client.call(pullRequest("orders", expression: "price = 1", expressionType: "SQL92", hold: .seconds(15)))
      await broker.untilHeld(topic: "orders", queueID: 0)
      _ = try await client.call(sendRequest("orders", "later", delayLevel: 1, properties: [("price", "1")]))
      #expect(await broker.heldPulls(topic: "orders", queueID: 0) == 1)
      await broker.clock.advance(by: .seconds(1))
      #expect(try await held.bodies == ["later"])
    }
  }

  @Test func aConditionIsCheckedBeforeAConsumerStarts() async throws {
    func check(_ client: TestClient, _ subscription: TestSubscription) async throws -> Reply {
      var command = Command(.checkClientConfig)
      command.body = (["clientId": "c", "group": "g", "subscriptionData": subscription.json] as JSONValue).bytes()
      return try await client.call(command)
    }
    try await run { broker, client in
      #expect(try await check(client, subscription("price > 10 AND name IS NOT NULL")).code == .success)
      let broken = try await check(client, subscription("price > 10 AND"))
      #expect(broken.code == .subscriptionParseFailed)
      #expect(broken.remark?.contains("line 1, column 15") == true)
      #expect(try await check(client, subscription("")).code == .subscriptionParseFailed)
      #expect(try await check(client, subscription("x", type: "PYTHON")).code == .subscriptionParseFailed)
    }
    func switchOff(_ configuration: inout EmbeddedBroker.Configuration) { configuration.sqlFilters = false }
    try await run(switchOff) { broker, client in
      let refused = try await check(client, subscription("price > 10 AND"))
      #expect(refused.code == .systemError)
      #expect(refused.remark == "The broker does not support consumer to filter message by SQL92")
      #expect(try await check(client, TestSubscription(topic: "orders", tags: ["a"])).code == .success)
      let pull = try await client.call(pullRequest("orders", expression: "a > 1", expressionType: "SQL92"))
      #expect(pull.code == .systemError)
      #expect(pull.remark == refused.remark)
    }
  }

  @Test func aBrokenConditionInAHeartbeatShowsInPulls() async throws {
    try await run { broker, client in
      try await send(client, 5, 50)
      func pull(after condition: String, version: Int64, asking: Int64? = nil) async throws -> Reply {
        let subscriptions = [subscription(condition, version: version)]
        _ = try await client.call(heartbeatRequest("c", group: "consumers", subscriptions: subscriptions))
        return try await client.call(pullRequest("orders", expression: nil, version: asking ?? version))
      }
      #expect(try await pull(after: "price >", version: 1).code == .filterDataNotExist)
      #expect(try await pull(after: "price > 10", version: 2).bodies == ["50"])
      #expect(try await pull(after: "price < 10", version: 2).bodies == ["50"], "of the same version, the first stays")
      #expect(try await pull(after: "price > 10", version: 2, asking: 3).code == .subscriptionNotLatest)
      #expect(try await pull(after: "price < ", version: 3).code == .filterDataNotExist, "and does not go on with the old one")
      #expect(try await pull(after: "price < 10", version: 4).bodies == ["5"])
      #expect(try await pull(after: "", version: 5).code == .filterDataNotLatest)
    }
  }

  @Test func aPullMayBringItsOwnCondition() async throws {
    try await run { broker, client in
      try await send(client, 5, 50)
      func pull(_ condition: String, type: String = "SQL92") async throws -> Reply {
        try await client.call(pullRequest("orders", expression: condition, expressionType: type))
      }
      for _ in 0..<2 { #expect(try await pull("price > 10").bodies == ["50"]) }
      let broken = try await pull("price >")
      #expect(broken.code == .subscriptionParseFailed, "Java gives such a pull everything")
      #expect(broken.remark?.contains("line 1, column 8") == true)
      #expect(try await pull("").code == .subscriptionParseFailed)
      #expect(try await pull("x", type: "PYTHON").code == .subscriptionParseFailed)
      for number in 0..<300 {
        #expect(try await pull("price = \(number)").code == (number == 5 || number == 50 ? .success : .pullRetryImmediately))
      }
    }
  }

  @Test func theFilterMayChangeBetweenTagsAndSQL() async throws {
    try await run { broker, client in
      _ = try await client.call(sendRequest("orders", "a", tag: "A", properties: [("price", "1")]))
      _ = try await client.call(sendRequest("orders", "b", tag: "B", properties: [("price", "20")]))
      func pull(_ subscription: TestSubscription) async throws -> [String] {
        _ = try await client.call(heartbeatRequest("c", group: "consumers", subscriptions: [subscription]))
        return try await client.call(pullRequest("orders", expression: nil, version: subscription.version)).bodies
      }
      #expect(try await pull(TestSubscription(topic: "orders", tags: ["A"], version: 1)) == ["a"])
      #expect(try await pull(subscription("price > 10", version: 2)) == ["b"])
      #expect(try await pull(TestSubscription(topic: "orders", tags: ["A"], version: 3)) == ["a"])
      #expect(try await pull(subscription("TAGS IN ('A', 'B')", version: 4)) == ["a", "b"])
    }
  }
}

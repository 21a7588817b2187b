// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import ChildProcess
import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@Suite("group")
struct GroupCommandTests {
  /// A broker with so many messages in the two queues of "orders", of which the group "billing" has consumed all.
  private func withConsumedTopic(_ messages: Int = 10, _ test: (EmbeddedBroker) async throws -> Void) async throws {
    let broker = try await EmbeddedBroker.start()
    do {
      try await broker.createTopic("orders", queues: 2)
      expectSuccess(
        try await CLI.rocketmq(
          "produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", input: (1...messages).map { "\($0)\n" }.joined()))
      let read = try await CLI.rocketmq(
        "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "billing", "--from", "first", "--count", "\(messages)")
      #expect(read.lines.count == messages)
      try await test(broker)
    } catch {
      await broker.shutdown()
      throw error
    }
    await broker.shutdown()
  }

  private func committed(_ broker: EmbeddedBroker) async -> [Int64?] {
    [
      await broker.committedOffset(group: "billing", topic: "orders", queueID: 0),
      await broker.committedOffset(group: "billing", topic: "orders", queueID: 1),
    ]
  }

  @Test("lag shows every queue, and the sum")
  func lag() async throws {
    try await withConsumedTopic { broker in
      expectSuccess(try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--count", "4"))
      let lag = try await CLI.rocketmq("group", "lag", "-n", broker.nameServerAddress, "-g", "billing", "-t", "orders")
      expectSuccess(lag)
      #expect(lag.lines.count == 4)
      #expect(
        lag.lines[0].split(separator: " ").map(String.init) == ["TOPIC", "BROKER", "QUEUE", "COMMITTED", "END", "LAG", "BEHIND", "MEMBER"])
      #expect(lag.lines[1].hasPrefix("orders  broker-a      0          5  "))
      #expect(lag.lines[3] == "4 messages behind in 2 queues")
      let json = try await CLI.rocketmq("group", "lag", "-n", broker.nameServerAddress, "-g", "billing", "-t", "orders", "--json")
      let queues = try json.lines.map { try JSONValue(parsing: Array($0.utf8)) }
      #expect(queues.map { $0["committed"]?.int64 } == [5, 5])
      #expect(queues.compactMap { $0["lag"]?.int64 }.reduce(0, +) == 4)
      #expect(queues.allSatisfy { $0["member"] == .null && ($0["consumedUpTo"]?.int64 ?? 0) > 0 })
    }
  }

  @Test("members lists who is there, and lag says who has which queue")
  func members() async throws {
    try await withConsumedTopic { broker in
      let consumer = try RunningCommand("consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "billing")
      await broker.untilHeld(topic: "orders", queueID: 0)
      await broker.untilHeld(topic: "orders", queueID: 1)
      let client = try #require(await broker.members(ofGroup: "billing").first)
      let members = try await CLI.rocketmq("group", "members", "-n", broker.nameServerAddress, "-g", "billing")
      expectSuccess(members)
      #expect(members.lines.count == 2 && members.lines[1].hasPrefix(client) && members.lines[1].hasSuffix("orders: *"))
      #expect(members.errorLines == [])
      let json = try await CLI.rocketmq("group", "members", "-n", broker.nameServerAddress, "-g", "billing", "--json")
      let member = try JSONValue(parsing: Array(try #require(json.lines.first).utf8))
      #expect(member["clientId"]?.text == client)
      #expect(member["subscriptions"] == ["orders": "*"])
      #expect(member["queues"]?.elements.filter { $0["topic"]?.text == "orders" }.compactMap { $0["queue"]?.int64 } == [0, 1])
      let lag = try await CLI.rocketmq("group", "lag", "-n", broker.nameServerAddress, "-g", "billing", "-t", "orders")
      #expect(lag.lines[1].hasSuffix(client) && lag.lines[2].hasSuffix(client))
      consumer.signal(2)
      #expect(await consumer.wait() == .status(0))
    }
  }

  @Test("reset shows what it would do, and changes nothing without --yes")
  func resetIsCareful() async throws {
    try await withConsumedTopic { broker in
      let dry = try await CLI.rocketmq(
        "group", "reset", "-n", broker.nameServerAddress, "-g", "billing", "-t", "orders", "--to", "first", "--dry-run")
      expectSuccess(dry)
      #expect(dry.lines.count == 4)
      #expect(dry.lines[1] == "orders  broker-a      0     5   0      5")
      #expect(dry.lines[3] == "the group has no members now")
      let unsaid = try await CLI.rocketmq(
        "group", "reset", "-n", broker.nameServerAddress, "-g", "billing", "-t", "orders", "--to", "first")
      #expect(unsaid.exit == .status(1) && unsaid.lines == dry.lines)
      #expect(unsaid.errorLines == ["rocketmq: nothing has been changed: give --yes to do this, or --dry-run to look only"])
      #expect(await committed(broker) == [5, 5])
      let done = try await CLI.rocketmq(
        "group", "reset", "-n", broker.nameServerAddress, "-g", "billing", "-t", "orders", "--to", "first", "--yes")
      expectSuccess(done)
      #expect(done.lines.last == "stored at the brokers; the group has no members now")
      #expect(await committed(broker) == [0, 0])
      let again = try await CLI.rocketmq("consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "billing", "--count", "10")
      #expect(again.lines.count == 10)
    }
  }

  @Test("reset to an offset, a time, and as JSON")
  func resetTargets() async throws {
    try await withConsumedTopic { broker in
      let arguments = ["group", "reset", "-n", broker.nameServerAddress, "-g", "billing", "-t", "orders", "--yes", "--json"]
      func reset(_ more: String...) async throws -> ChildProcess.Result {
        try await ChildProcess.run(CLI.program("rocketmq"), arguments + more, environment: CLI.environment, input: [], limit: CLI.limit)
      }
      let offset = try await reset("--to-offset", "3")
      expectSuccess(offset)
      #expect(
        offset.lines == [0, 1].map { #"{"topic":"orders","broker":"broker-a","queue":\#($0),"from":5,"to":3}"# })
      #expect(await committed(broker) == [3, 3])
      expectSuccess(try await reset("--to", "2020-01-01"))
      #expect(await committed(broker) == [0, 0])
      expectSuccess(try await reset("--to", "last"))
      #expect(await committed(broker) == [5, 5])
    }
  }

  @Test("reset reaches a consumer that runs, within a second")
  func resetOnline() async throws {
    try await withConsumedTopic { broker in
      let consumer = try RunningCommand("consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "billing")
      await broker.untilHeld(topic: "orders", queueID: 0)
      await broker.untilHeld(topic: "orders", queueID: 1)
      let reset = try await CLI.rocketmq(
        "group", "reset", "-n", broker.nameServerAddress, "-g", "billing", "-t", "orders", "--to", "first", "--yes")
      expectSuccess(reset)
      #expect(reset.lines.last == "1 member told")
      #expect(try await consumer.nextLines(10).sorted() == (1...10).map(String.init).sorted())
      let offset = try await CLI.rocketmq(
        "group", "reset", "-n", broker.nameServerAddress, "-g", "billing", "-t", "orders", "--to-offset", "2", "--yes")
      expectFailure(offset, status: 64, says: "billing has 1 member")
      consumer.signal(2)
      #expect(await consumer.wait() == .status(0))
    }
  }

  @Test("Every mistake is one clear line")
  func mistakes() async throws {
    try await withConsumedTopic(1) { broker in
      let server = broker.nameServerAddress
      expectFailure(try await CLI.rocketmq("group", "members", "-n", server, "-g", "billing"), says: "the group billing has no members now")
      expectFailure(
        try await CLI.rocketmq("group", "lag", "-n", server, "-g", "nobody"), says: "no broker knows anything of the group nobody")
      expectFailure(try await CLI.rocketmq("group", "lag", "-n", server, "-g", "billing", "-t", "nowhere"), says: "nowhere")
      expectFailure(try await CLI.rocketmq("group", "lag", "-n", server), status: 64, says: "No consumer group")
      let reset = ["group", "reset", "-n", server, "-g", "billing", "-t", "orders"]
      func run(_ more: String...) async throws -> ChildProcess.Result {
        try await ChildProcess.run(CLI.program("rocketmq"), reset + more, environment: CLI.environment, input: [], limit: CLI.limit)
      }
      expectFailure(try await run("--yes"), status: 64, says: "Give either --to first, last or a time, or --to-offset.")
      expectFailure(try await run("--to", "first", "--to-offset", "1"), status: 64, says: "Give either --to")
      expectFailure(try await run("--to", "yesterday"), status: 64, says: "it must be first, last, or a time")
      expectFailure(try await run("--to", "first", "--yes", "--dry-run"), status: 64, says: "not both")
      let help = try await CLI.rocketmq("group", "reset", "--help")
      expectSuccess(help)
      #expect(help.output.contains("--dry-run") && help.output.contains("rocketmq group reset -n 127.0.0.1:9876"))
    }
  }
}

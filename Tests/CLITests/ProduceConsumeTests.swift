// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import ChildProcess
import RocketMQ
import RocketMQEmbeddedBroker
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("produce and consume")
struct ProduceConsumeTests {
  private func lines(_ range: ClosedRange<Int>) -> String { range.map { "line \($0)\n" }.joined() }

  private func json(_ line: String) throws -> JSONValue { try JSONValue(parsing: Array(line.utf8)) }

  @Test("The lines of a file come out again, each once")
  func roundTrip() async throws {
    let broker = try await EmbeddedBroker.start()
    let directory = try TemporaryDirectory()
    let file = try directory.write("lines", "first\r\n\nsecond ünïcödé\nlast without end")
    let sent = try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", file)
    expectSuccess(sent)
    #expect(sent.lines.count == 1 && sent.output.hasPrefix("sent 3 messages, "))
    #expect(sent.output.hasSuffix("left out 1 empty line"))

    let read = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--idle-exit", "1")
    expectSuccess(read)
    #expect(read.lines.sorted() == ["first", "last without end", "second ünïcödé"])
    #expect(read.errorLines == [])
    await broker.shutdown()
  }

  @Test("--sql prints what meets the condition, whatever the strategy")
  func sqlFilter() async throws {
    let broker = try await EmbeddedBroker.start()
    for amount in [5, 50, 500] {
      expectSuccess(
        try await CLI.rocketmq(
          "produce", "-n", broker.nameServerAddress, "-t", "orders", "--property", "amount=\(amount)", "--file", "-", input: "\(amount)\n"))
    }
    for strategy in ["AVG", "AVG_BY_CIRCLE", "CONSISTENT_HASH"] {
      let read = try await CLI.rocketmq(
        "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers-\(strategy)", "--from", "first", "--sql",
        "amount BETWEEN 10 AND 100 OR amount = 500", "--strategy", strategy, "--count", "2")
      expectSuccess(read)
      #expect(read.lines.sorted() == ["50", "500"])
    }
    await broker.shutdown()
  }

  @Test("--count prints exactly so many, and the next reader gets exactly the rest")
  func countLeavesTheRest() async throws {
    let broker = try await EmbeddedBroker.start()
    expectSuccess(try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", input: lines(1...200)))
    var all: [String] = []
    for count in [1, 70, 129] {
      let read = try await CLI.rocketmq(
        "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--count", "\(count)")
      expectSuccess(read)
      #expect(read.lines.count == count)
      all += read.lines
    }
    #expect(all.sorted() == (1...200).map { "line \($0)" }.sorted())
    // No one came again through the retry topic, either.
    let rest = try await CLI.rocketmq("consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--idle-exit", "1")
    #expect(rest.lines == [])
    await broker.shutdown()
  }

  @Test("--orderly prints every queue in its order, and with --exclusive, too, the next reader has the queues at once")
  func orderlyAndExclusive() async throws {
    let broker = try await EmbeddedBroker.start()
    let produce = try await CLI.rocketmq(
      "produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", "--queue-hash", "--key", "one", "--concurrency", "1",
      input: lines(1...200))
    expectSuccess(produce)
    var all: [String] = []
    for (mode, count) in [("--orderly", 3), ("--exclusive", 50), ("--orderly", 147)] {
      let read = try await CLI.rocketmq(
        "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", mode, "--count", "\(count)")
      expectSuccess(read)
      #expect(read.lines.count == count)
      all += read.lines
    }
    #expect(all == (1...200).map { "line \($0)" })
    await broker.shutdown()
  }

  @Test("^C commits what was printed", arguments: [SIGINT, SIGTERM])
  func interruptedConsumerCommits(signal: Int32) async throws {
    let broker = try await EmbeddedBroker.start()
    let consumer = try RunningCommand("consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first")
    expectSuccess(try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", input: lines(1...40)))
    #expect(try await consumer.nextLines(40).sorted() == (1...40).map { "line \($0)" }.sorted())
    consumer.signal(signal)
    #expect(await consumer.wait() == .status(0))
    var committed: Int64 = 0
    for queue in Int32(0)..<8 { committed += await broker.committedOffset(group: "readers", topic: "orders", queueID: queue) ?? 0 }
    #expect(committed == 40)
    await broker.shutdown()
  }

  @Test("A consumer that is stopped before it has as many as asked for says so by its exit code")
  func interruptedCount() async throws {
    let broker = try await EmbeddedBroker.start()
    let consumer = try RunningCommand(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--count", "2")
    expectSuccess(try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--count", "1"))
    _ = try await consumer.nextLine()
    consumer.signal(SIGINT)
    #expect(await consumer.wait() == .status(130))
    await broker.shutdown()
  }

  @Test("A JSON line says everything about a message")
  func jsonFields() async throws {
    let broker = try await EmbeddedBroker.start()
    expectSuccess(
      try await CLI.rocketmq(
        "produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", "--tag", "paid", "--key", "k1", "--key", "k2",
        "--property",
        "colour=deep \"blue\"", "--property", "equation=a=b", input: "hello\n"))
    let read = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--count", "1", "--format", "json")
    expectSuccess(read)
    let message = try json(read.output)
    #expect(message["topic"] == .string("orders"))
    #expect(message["brokerName"] == .string("broker-a"))
    #expect(message["queue"]?.int32.map { (0..<8).contains($0) } == true)
    #expect(message["offset"] == .number("0"))
    #expect(message["msgId"]?.text?.count == 32)
    #expect(message["tags"] == .string("paid"))
    #expect(message["keys"] == .array([.string("k1"), .string("k2")]))
    #expect(message["properties"]?["colour"] == .string("deep \"blue\""))
    #expect(message["properties"]?["equation"] == .string("a=b"))
    #expect(message["properties"]?.members.count == 2)
    #expect(message["body"] == .string("hello"))
    #expect(message["bodyBase64"] == nil)
    #expect(message["reconsumeTimes"] == .number("0"))
    let now = Timestamp.now.millisecondsSince1970
    for field in ["bornTimestamp", "storeTimestamp"] {
      let time = try #require(message[field]?.int64)
      #expect(now - 60_000...now + 1000 ~= time)
    }
    await broker.shutdown()
  }

  @Test("A body that is not UTF-8 is printed in base 64")
  func binaryBody() async throws {
    let broker = try await EmbeddedBroker.start()
    let directory = try TemporaryDirectory()
    let file = try directory.write("bytes", [0xff, 0x00, 0xfe, 0x41])
    expectSuccess(try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", file))
    let read = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--count", "1", "--format", "json")
    let message = try json(read.output)
    #expect(message["bodyBase64"] == .string("/wD+QQ=="))
    #expect(message["body"] == nil)
    await broker.shutdown()
  }

  @Test("Only messages with the tags of the filter are printed")
  func filter() async throws {
    let broker = try await EmbeddedBroker.start()
    for tag in ["paid", "refunded", "lost"] {
      expectSuccess(
        try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", "--tag", tag, input: "\(tag)\n"))
    }
    let read = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--idle-exit", "1", "--filter",
      "paid || refunded")
    #expect(read.lines.sorted() == ["paid", "refunded"])
    await broker.shutdown()
  }

  @Test("--queue-hash keeps messages of one key together and in order")
  func queueHash() async throws {
    let broker = try await EmbeddedBroker.start()
    expectSuccess(
      try await CLI.rocketmq(
        "produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", "--key", "customer-7", "--queue-hash", "--concurrency",
        "1",
        input: lines(1...30)))
    let read = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--count", "30", "--format", "json")
    let messages = try read.lines.map(json)
    #expect(Set(messages.compactMap { $0["queue"]?.text }).count == 1)
    #expect(messages.compactMap { $0["body"]?.text } == (1...30).map { "line \($0)" })
    await broker.shutdown()
  }

  @Test("Generated messages have the size asked for, and the summary counts them", arguments: ["1", "32"])
  func generated(batch: String) async throws {
    let broker = try await EmbeddedBroker.start()
    let sent = try await CLI.rocketmq(
      "produce", "-n", broker.nameServerAddress, "-t", "load", "--count", "500", "--size", "100", "--batch", batch, "--json")
    expectSuccess(sent)
    let summary = try json(sent.output)
    #expect(summary["sent"] == .number("500"))
    #expect(summary["bytes"] == .number("50000"))
    #expect((summary["messagesPerSecond"]?.int64 ?? 0) > 0)
    #expect(summary["error"] == nil)
    let read = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "load", "-g", "g", "--from", "first", "--count", "500")
    #expect(read.lines.allSatisfy { $0.utf8.count == 100 })
    #expect(Set(read.lines).count == 500)
    await broker.shutdown()
  }

  @Test("A delayed message comes when its time has come")
  func delay() async throws {
    let broker = try await EmbeddedBroker.start()
    let start = ContinuousClock.now
    expectSuccess(
      try await CLI.rocketmq(
        "produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", "--delay-level", "1", input: "later\n"))
    let read = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--count", "1")
    #expect(read.lines == ["later"])
    #expect(start.duration(to: .now) >= .seconds(1))
    await broker.shutdown()
  }

  @Test("A consumer may start before its topic is there")
  func topicAppearsLater() async throws {
    let broker = try await EmbeddedBroker.start()
    let consumer = try RunningCommand(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--count", "1")
    expectSuccess(try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", input: "hello\n"))
    #expect(try await consumer.nextLine() == "hello")
    #expect(await consumer.wait() == .status(0))
    await broker.shutdown()
  }

  @Test("Standard input that goes on is sent line by line, and ^C ends it")
  func slowInput() async throws {
    let broker = try await EmbeddedBroker.start()
    let producer = try RunningCommand("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-")
    producer.write("one\n")
    let read = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--count", "1")
    #expect(read.lines == ["one"])
    producer.signal(SIGINT)
    #expect(try await producer.nextLine().hasPrefix("sent 1 message, 3 bytes"))
    #expect(await producer.wait() == .status(130))
    await broker.shutdown()
  }

  @Test("A reader that goes away ends the command, and what it did not get is not lost")
  func closedOutput() async throws {
    let broker = try await EmbeddedBroker.start()
    // More than a pipe holds: the command must notice.
    expectSuccess(
      try await CLI.rocketmq(
        "produce", "-n", broker.nameServerAddress, "-t", "orders", "--count", "4000", "--size", "100", "--batch", "32"))
    let command = "'\(CLI.program("rocketmq"))' consume -n \(broker.nameServerAddress) -t orders -g readers --from first"
    let head = try await ChildProcess.run("sh", ["-c", "\(command) | head -n 1"], environment: CLI.environment, limit: CLI.limit)
    #expect(!head.timedOut && head.lines.count == 1)
    #expect(head.errorLines.count == 1 && head.errorLines[0].contains("standard output"), "\(head.errorLines)")

    let rest = try await CLI.rocketmq("consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--idle-exit", "1")
    var committed: Int64 = 0
    for queue in Int32(0)..<8 { committed += await broker.committedOffset(group: "readers", topic: "orders", queueID: queue) ?? 0 }
    #expect(committed == 4000)
    #expect(rest.lines.count < 4000 && rest.lines.count > 2000)
    await broker.shutdown()
  }

  @Test("Settings may stand in the environment, and options win over them")
  func environment() async throws {
    let broker = try await EmbeddedBroker.start()
    let settings = ["ROCKETMQ_NAME_SERVER=\(broker.nameServerAddress)", "ROCKETMQ_TOPIC=orders", "ROCKETMQ_GROUP=readers"]
    expectSuccess(try await CLI.rocketmq("produce", "--file", "-", input: "hello\n", environment: settings))
    #expect(try await CLI.rocketmq("consume", "--from", "first", "--count", "1", environment: settings).lines == ["hello"])
    let other = ["NAMESRV_ADDR=127.0.0.1:1", "ROCKETMQ_TOPIC=other"]
    let read = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "others", "--from", "first", "--count", "1", environment: other)
    #expect(read.lines == ["hello"])
    expectFailure(
      try await CLI.rocketmq("topic", "list", "--timeout", "1", environment: ["NAMESRV_ADDR=127.0.0.1:1"]), says: "127.0.0.1:1")
    await broker.shutdown()
  }
}

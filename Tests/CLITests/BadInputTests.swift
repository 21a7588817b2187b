// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import ChildProcess
import RocketMQEmbeddedBroker
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whatever a user mistypes and whatever answers: one clear line, no crash, no hang.
@Suite("Bad input")
struct BadInputTests {
  /// One command of each kind that talks to a cluster.
  static let commands = [
    ["produce", "--topic", "orders", "--count", "3"],
    ["consume", "--topic", "orders", "--group", "readers", "--count", "1"],
    ["topic", "list"],
    ["topic", "create", "--topic", "orders"],
  ]

  private func run(_ command: [String], at nameServer: String) async throws -> ChildProcess.Result {
    try await ChildProcess.run(
      CLI.program("rocketmq"), command + ["--name-server", nameServer, "--timeout", "1"], environment: CLI.environment, limit: CLI.limit)
  }

  // MARK: The name server

  @Test(
    "An address that is none is refused", arguments: commands,
    ["nonsense", "localhost:port", "127.0.0.1:0", "127.0.0.1:70000", ":9876", "a b:1"])
  func badAddress(command: [String], address: String) async throws {
    expectFailure(try await run(command, at: address), status: 64, says: "is no name server address")
  }

  @Test("A name that cannot be resolved is reported", arguments: commands)
  func unknownName(command: [String]) async throws {
    expectFailure(try await run(command, at: "no-such-host.invalid:9876"), says: "no-such-host.invalid:9876")
  }

  @Test("A closed port is reported", arguments: commands)
  func closedPort(command: [String]) async throws {
    let broker = try await EmbeddedBroker.start()
    let address = broker.nameServerAddress
    await broker.shutdown()
    expectFailure(try await run(command, at: address), says: address)
  }

  @Test(
    "A name server that answers garbage is reported", arguments: commands,
    [BadServer.Manner.closes, .isSilent, .http, .hugeFrame, .largestFrame, .emptyFrame, .badHeader, .zeros])
  func garbage(command: [String], manner: BadServer.Manner) async throws {
    let server = try BadServer(manner)
    expectFailure(try await run(command, at: server.address), says: server.address)
  }

  @Test("A route that is no JSON is reported", arguments: commands[..<2], ["", "{", "[1,2]", "{\"queueDatas\":7}", "null"])
  func badRoute(command: [String], body: String) async throws {
    let (address, server) = try FalseNameServer.answering(body)
    expectFailure(try await run(command, at: address), says: "orders")
    withExtendedLifetime(server) {}
  }

  @Test("A route that names an unknown broker is reported", arguments: commands[..<2])
  func unknownBroker(command: [String]) async throws {
    let (address, server) = try FalseNameServer.answering(
      """
      {"brokerDatas":[],"filterServerTable":{},\
      "queueDatas":[{"brokerName":"broker-x","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}
      """)
    expectFailure(try await run(command, at: address), says: "orders")
    withExtendedLifetime(server) {}
  }

  @Test("A route to a broker that is not there is reported")
  func deadBroker() async throws {
    let dead = try await EmbeddedBroker.start()
    let brokerAddress = dead.brokerAddress
    await dead.shutdown()
    let (address, server) = try FalseNameServer.answering(
      """
      {"brokerDatas":[{"brokerAddrs":{"0":"\(brokerAddress)"},"brokerName":"broker-x","cluster":"c"}],"filterServerTable":{},\
      "queueDatas":[{"brokerName":"broker-x","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}
      """)
    let result = try await run(Self.commands[0], at: address)
    #expect(result.exit == .status(1))
    #expect(result.errorLines.count == 1 && result.errorLines[0].contains(brokerAddress), "\(result.errorLines)")
    withExtendedLifetime(server) {}
  }

  @Test("Without any name server the user is told how to name one", arguments: commands)
  func noNameServer(command: [String]) async throws {
    let result = try await ChildProcess.run(CLI.program("rocketmq"), command, environment: CLI.environment, limit: CLI.limit)
    expectFailure(result, status: 64, says: "--name-server")
  }

  @Test("A list without any name server is refused in the words of the option", arguments: ["", ";", " , "])
  func emptyNameServer(list: String) async throws {
    let result = try await run(["topic", "list"], at: list)
    expectFailure(result, status: 64, says: "--name-server")
    #expect(result.errorLines.first?.contains("ROCKETMQ_NAME_SERVER") == true, "\(result.errorLines)")
  }

  @Test("^C does not wait for a name server that says nothing", arguments: commands[..<2])
  func interruptedLookup(command: [String]) async throws {
    let server = try BadServer(.isSilent)
    let running = try RunningCommand(command + ["--name-server", server.address, "--timeout", "3600"])
    for await _ in server.requests { break }
    running.signal(SIGINT)
    #expect(await running.wait() == .status(130))
    withExtendedLifetime(server) {}
  }

  // MARK: Names

  static let badNames = ["", "with blank", "dot.ted", "slash/ed", "ümlaut", String(repeating: "x", count: 256)]

  @Test("A topic outside the rules is refused", arguments: badNames)
  func badTopic(name: String) async throws {
    let broker = try await EmbeddedBroker.start()
    for command in [
      ["produce", "--count", "1"], ["consume", "--group", "readers", "--count", "1"], ["topic", "create"],
    ] {
      expectFailure(try await run(command + ["--topic", name], at: broker.nameServerAddress), status: 64, says: "topic")
    }
    await broker.shutdown()
  }

  @Test("A group outside the rules is refused", arguments: badNames)
  func badGroup(name: String) async throws {
    let broker = try await EmbeddedBroker.start()
    for command in [["produce", "--count", "1"], ["consume", "--count", "1"]] {
      let result = try await run(command + ["--topic", "orders", "--group", name], at: broker.nameServerAddress)
      expectFailure(result, status: 64, says: "group")
    }
    await broker.shutdown()
  }

  @Test("An SQL condition that is wrong is reported with the place of the mistake")
  func badSQL() async throws {
    let broker = try await EmbeddedBroker.start()
    try await broker.createTopic("orders")
    let consume = ["consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers"]
    let result = try await ChildProcess.run(
      CLI.program("rocketmq"), consume + ["--sql", "amount > "], environment: CLI.environment, limit: CLI.limit)
    expectFailure(result, says: "line 1, column 10 of the SQL condition")
    let both = try await ChildProcess.run(
      CLI.program("rocketmq"), consume + ["--sql", "a = 1", "--filter", "a"], environment: CLI.environment, limit: CLI.limit)
    expectFailure(both, status: 64, says: "--filter and --sql exclude each other")
    let strategy = try await ChildProcess.run(
      CLI.program("rocketmq"), consume + ["--strategy", "CONFIG"], environment: CLI.environment, limit: CLI.limit)
    expectFailure(strategy, status: 64, says: "CONSISTENT_HASH")
    await broker.shutdown()
  }

  @Test("A filter without a tag is refused")
  func badFilter() async throws {
    expectFailure(
      try await CLI.rocketmq("consume", "-n", "127.0.0.1:1", "-t", "orders", "-g", "readers", "--filter", "||"), status: 64,
      says: "names no tag")
  }

  // MARK: What is sent

  @Test("A file that is missing, or no file, is reported")
  func badFile() async throws {
    let directory = try TemporaryDirectory()
    for path in ["\(directory.path)/nothing", directory.path] {
      let result = try await CLI.rocketmq("produce", "-n", "127.0.0.1:1", "-t", "orders", "--file", path)
      #expect(result.exit == .status(1))
      #expect(result.errorLines.count == 1 && result.errorLines[0].contains(path), "\(result.errorLines)")
    }
  }

  @Test("A message over the limit is refused, and those before it are sent")
  func tooLarge() async throws {
    let broker = try await EmbeddedBroker.start()
    let directory = try TemporaryDirectory()
    let file = try directory.write("lines", "one\ntwo\n\(String(repeating: "x", count: 5 << 20))\nfour\n")
    let lines = try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", file)
    #expect(lines.exit == .status(1))
    #expect(lines.errorLines.count == 1 && lines.errorLines[0].contains("line 3"), "\(lines.errorLines)")
    #expect(lines.output.contains("sent 2 messages"))
    await broker.shutdown()
  }

  @Test(
    "An option outside its range is refused",
    arguments: [
      ["produce", "--count", "0"], ["produce", "--count", "-1"], ["produce", "--count", "many"],
      ["produce", "--count", "1", "--size", "0"],
      ["produce", "--count", "1", "--delay-level", "19"], ["produce", "--count", "1", "--batch", "0"],
      ["produce", "--count", "1", "--concurrency", "0"], ["produce", "--count", "1", "--property", "novalue"],
      ["produce", "--count", "1", "--file", "x"], ["produce"], ["produce", "--count", "1", "--batch", "2", "--delay-level", "1"],
      ["consume", "--group", "g", "--from", "yesterday"], ["consume", "--group", "g", "--from", "2026-02-30"],
      ["consume", "--group", "g", "--count", "0"], ["consume", "--group", "g", "--idle-exit", "-1"],
      ["consume", "--group", "g", "--format", "xml"], ["consume"], ["topic", "create", "--queues", "x"],
      ["produce", "--count", "1", "--timeout", "never"], ["produce", "--count", "1", "--log-level", "loud"],
    ])
  func badOption(arguments: [String]) async throws {
    let command = arguments[0] == "topic" ? arguments : arguments + ["-n", "127.0.0.1:1"]
    let result = try await ChildProcess.run(
      CLI.program("rocketmq"), command + ["-t", "orders"], environment: CLI.environment, limit: CLI.limit)
    expectFailure(result, status: 64, says: "")
  }

  @Test(
    "A wrong value is refused with what is accepted",
    arguments: [
      (["produce", "--count", "1", "--size", "99999999999"], "1 to 4194304"),
      (["produce", "--count", "1", "--size", "4194305"], "1 to 4194304"),
      (["produce", "--count", "-1"], "1 or more"), (["produce", "--count", "1", "--batch", "10001"], "1 to 10000"),
      (["produce", "--count", "1", "--concurrency", "1001"], "1 to 1000"), (["topic", "create", "--queues", "-1"], "1 to 65536"),
      (["produce", "--count", "1", "--timeout", "-3"], "86400"), (["consume", "--idle-exit", "x"], "such as 3 or 0.5"),
      (["consume", "--from", "x"], "first, last, or a time: ISO 8601 such as 2026-01-31T08:15:00Z, or milliseconds since 1970"),
      (["broker", "--port", "x"], "0 to 65535"),
    ])
  func acceptedValues(arguments: [String], accepted: String) async throws {
    let result = try await ChildProcess.run(CLI.program("rocketmq"), arguments, environment: CLI.environment, limit: CLI.limit)
    expectFailure(result, status: 64, says: accepted)
  }

  // MARK: Closed streams

  @Test(
    "A closed standard output or input is reported", arguments: [("topic list", ">&-", "output"), ("produce --file -", "<&-", "input")])
  func closedStream(command: String, redirection: String, name: String) async throws {
    let broker = try await EmbeddedBroker.start()
    let script = "exec \(CLI.program("rocketmq")) \(command) -n \(broker.nameServerAddress) \(redirection)"
    let result = try await ChildProcess.run(
      "/bin/sh", ["-c", script], environment: CLI.environment + ["ROCKETMQ_TOPIC=orders"], limit: CLI.limit)
    expectFailure(result, says: "standard \(name) is closed")
    await broker.shutdown()
  }

  @Test("With all streams closed a command fails, and does not hang")
  func closedStreams() async throws {
    let script = "\(CLI.program("rocketmq")) topic list -n 127.0.0.1:1 <&- >&- 2>&-; echo $?"
    let result = try await ChildProcess.run("/bin/sh", ["-c", script], environment: CLI.environment, limit: CLI.limit)
    #expect(result.lines == ["1"])
    #expect(result.errorLines == [])
  }

  @Test(
    "An unknown command or option is refused",
    arguments: [["nonsense"], ["broker", "--nonsense"], ["broker", "--port", "70000"], ["topic", "x"]])
  func unknownOption(arguments: [String]) async throws {
    let result = try await ChildProcess.run(CLI.program("rocketmq"), arguments, environment: CLI.environment, limit: CLI.limit)
    expectFailure(result, status: 64, says: "")
  }

  // MARK: The broker

  @Test("A port in use is reported")
  func portInUse() async throws {
    let server = try BadServer(.closes)
    let port = String(server.address.split(separator: ":")[1])
    expectFailure(try await CLI.rocketmq("broker", "--port", "0", "--name-server-port", port), says: port)
    expectFailure(try await CLI.rocketmq("broker", "--port", port, "--name-server-port", "0"), says: port)
    withExtendedLifetime(server) {}
  }

  @Test("A data directory that cannot be used is reported")
  func badDirectory() async throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write("file", "")
    expectFailure(try await CLI.rocketmq("broker", "--port", "0", "--name-server-port", "0", "--data", file), says: file)
  }
}

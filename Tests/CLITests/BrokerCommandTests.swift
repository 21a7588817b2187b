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

@Suite("broker and topic")
struct BrokerCommandTests {
  /// A broker process, and the address of its name server.
  private func startBroker(_ more: String...) async throws -> (RunningCommand, String) {
    let broker = try RunningCommand(["broker", "--port", "0", "--name-server-port", "0", "--json"] + more)
    let ready = try JSONValue(parsing: Array(try await broker.nextLine().utf8))
    #expect(ready["event"] == .string("ready"))
    return (broker, try #require(ready["nameServer"]?.text))
  }

  @Test("The ready line names both addresses")
  func readyLine() async throws {
    let broker = try RunningCommand("broker", "--port", "0", "--name-server-port", "0")
    let words = try await broker.nextLine().split(separator: " ")
    #expect(words.count == 3 && words[0] == "ready")
    #expect(words[1].hasPrefix("name-server=127.0.0.1:") && !words[1].hasSuffix(":0"))
    #expect(words[2].hasPrefix("broker=127.0.0.1:") && !words[2].hasSuffix(":0"))
  }

  @Test("A signal shuts the broker down cleanly", arguments: [SIGINT, SIGTERM])
  func signal(number: Int32) async throws {
    let (broker, _) = try await startBroker()
    broker.signal(number)
    #expect(await broker.wait() == .status(0))
    #expect(broker.errorLines == [])
  }

  @Test("With --stop-with-input it ends with its parent")
  func stopsWithInput() async throws {
    let (broker, _) = try await startBroker("--stop-with-input")
    broker.closeInput()
    #expect(await broker.wait() == .status(0))
  }

  @Test("With --data messages and offsets outlive the process")
  func dataSurvives() async throws {
    let directory = try TemporaryDirectory()
    do {
      let (broker, nameServer) = try await startBroker("--data", directory.path)
      expectSuccess(try await CLI.rocketmq("produce", "-n", nameServer, "-t", "orders", "--file", "-", input: "one\ntwo\nthree\n"))
      let read = try await CLI.rocketmq("consume", "-n", nameServer, "-t", "orders", "-g", "readers", "--from", "first", "--count", "1")
      #expect(read.lines.count == 1)
      broker.signal(SIGTERM)
      #expect(await broker.wait() == .status(0))
    }
    let (broker, nameServer) = try await startBroker("--data", directory.path)
    let read = try await CLI.rocketmq("consume", "-n", nameServer, "-t", "orders", "-g", "readers", "--from", "first", "--idle-exit", "1")
    #expect(read.lines.count == 2)
    broker.signal(SIGTERM)
    #expect(await broker.wait() == .status(0))
  }

  @Test(
    "A client that talks garbage is cut off, and disturbs nobody else",
    arguments: [
      [0x80, 0, 0, 0, 1, 2, 3], [0x7f, 0xff, 0xff, 0xff, 1, 2, 3], [0, 0, 0, 0], Array("GET / HTTP/1.1\r\n\r\n".utf8),
      [0, 0, 0, 12, 0, 0, 0, 8] + Array("{\"code\":".utf8), [UInt8](repeating: 0xff, count: 1 << 20),
    ])
  func garbage(bytes: [UInt8]) async throws {
    let broker = try RunningCommand("broker", "--port", "0", "--name-server-port", "0")
    let addresses = try await broker.nextLine().split(separator: " ").dropFirst().compactMap { $0.split(separator: "=").last }
    for address in addresses { #expect(try await sendRaw(bytes, to: String(address))) }
    let nameServer = String(addresses.first ?? "")
    expectSuccess(try await CLI.rocketmq("produce", "-n", nameServer, "-t", "orders", "--count", "1"))
    broker.signal(SIGTERM)
    #expect(await broker.wait() == .status(0))
  }

  @Test("Topics are created, listed and shown")
  func topics() async throws {
    let broker = try await EmbeddedBroker.start()
    let created = try await CLI.rocketmq("topic", "create", "-n", broker.nameServerAddress, "-t", "orders", "--queues", "5")
    expectSuccess(created)
    #expect(created.output == "orders: 5 queues on broker-a")
    #expect(try await CLI.rocketmq("topic", "list", "-n", broker.nameServerAddress).lines.contains("orders"))
    let list = try JSONValue(parsing: Array(try await CLI.rocketmq("topic", "list", "-n", broker.nameServerAddress, "--json").output.utf8))
    #expect(list.elements.contains(.string("orders")))
    let route = try await CLI.rocketmq("topic", "route", "-n", broker.nameServerAddress, "-t", "orders")
    #expect(route.output == "broker-a: 5 to read, 5 to write, at \(broker.brokerAddress) (master)")
    let json = try JSONValue(
      parsing: Array(try await CLI.rocketmq("topic", "route", "-n", broker.nameServerAddress, "-t", "orders", "--json").output.utf8))
    #expect(json["brokers"]?.elements.first?["addresses"]?["0"] == .string(broker.brokerAddress))
    #expect(json["queues"]?.elements.first?["read"] == .number("5"))
    expectSuccess(try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--count", "10"))
    let stats = try await CLI.rocketmq("topic", "stats", "-n", broker.nameServerAddress, "-t", "orders", "--json")
    let offsets = try stats.lines.map { try JSONValue(parsing: Array($0.utf8)) }
    #expect(offsets.count == 5)
    #expect(offsets.compactMap { $0["maxOffset"]?.int64 }.reduce(0, +) == 10)
    expectFailure(try await CLI.rocketmq("topic", "route", "-n", broker.nameServerAddress, "-t", "nothing"), says: "nothing")
    await broker.shutdown()
  }

  @Test(
    "Every command has a help with an example",
    arguments: [
      [], ["broker"], ["produce"], ["consume"], ["topic"], ["topic", "create"], ["topic", "list"], ["topic", "route"], ["topic", "stats"],
    ])
  func help(command: [String]) async throws {
    let result = try await ChildProcess.run(CLI.program("rocketmq"), command + ["--help"], environment: CLI.environment, limit: CLI.limit)
    expectSuccess(result)
    #expect(result.lines.contains { $0.contains((["rocketmq"] + command).joined(separator: " ")) })
    #expect(result.lines.contains { $0.hasPrefix("USAGE: ") })
    #expect(command.isEmpty || result.lines.contains { $0.contains("Example") })
  }

  @Test("The version is told")
  func version() async throws {
    let result = try await CLI.rocketmq("--version")
    expectSuccess(result)
    #expect(result.output.wholeMatch(of: /rocketmq \d+\.\d+\.\d+/) != nil)
  }
}

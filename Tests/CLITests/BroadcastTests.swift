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

@Suite("consume --broadcast, --batch, --concurrency")
struct BroadcastTests {
  private func lines(_ range: ClosedRange<Int>) -> String { range.map { "line \($0)\n" }.joined() }

  private func sorted(_ range: ClosedRange<Int>) -> [String] { range.map { "line \($0)" }.sorted() }

  @Test("Every member gets every line; a second start goes on from the file, and a directory is for one at a time")
  func broadcast() async throws {
    let broker = try await EmbeddedBroker.start()
    try await broker.createTopic("orders", queues: 2)
    let home = try TemporaryDirectory()
    let options = ["consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--broadcast"]
    let first = try RunningCommand(options + ["--offsets-directory", "\(home.path)/1"])
    let second = try RunningCommand(options + ["--offsets-directory", "\(home.path)/2"])
    expectSuccess(try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", input: lines(1...40)))
    #expect(try await first.nextLines(40).sorted() == sorted(1...40))
    #expect(try await second.nextLines(40).sorted() == sorted(1...40))

    let third = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--broadcast", "--offsets-directory", "\(home.path)/1")
    expectFailure(third, says: "in use by process ")

    for command in [first, second] {
      command.signal(SIGINT)
      #expect(await command.wait() == .status(0))
    }
    expectSuccess(try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", input: lines(41...50)))
    let again = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--broadcast",
      "--offsets-directory", "\(home.path)/1", "--idle-exit", "1")
    expectSuccess(again)
    #expect(again.lines.sorted() == sorted(41...50))
    await broker.shutdown()
  }

  @Test("Killed in the middle it prints at most some lines again, and none is missing")
  func killed() async throws {
    let broker = try await EmbeddedBroker.start()
    let home = try TemporaryDirectory()
    expectSuccess(try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", input: lines(1...60)))
    let options = [
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--broadcast",
      "--offsets-directory", "\(home.path)/offsets",
    ]
    var seen: Set<String> = []
    for _ in 0..<2 {
      let command = try RunningCommand(options)
      seen.formUnion(try await command.nextLines(20))
      command.signal(SIGKILL)
      _ = await command.wait()
    }
    let last = try RunningCommand(options)
    while seen.count < 60 { seen.insert(try await last.nextLine()) }
    #expect(seen == Set(sorted(1...60)))
    last.signal(SIGINT)
    #expect(await last.wait() == .status(0))
    await broker.shutdown()
  }

  @Test("Batches on several workers print whole lines, each once")
  func batches() async throws {
    let broker = try await EmbeddedBroker.start()
    let long = String(repeating: "x", count: 5000)
    let input = (1...300).map { "\($0) \(long)\n" }.joined()
    expectSuccess(try await CLI.rocketmq("produce", "-n", broker.nameServerAddress, "-t", "orders", "--file", "-", input: input))
    let read = try await CLI.rocketmq(
      "consume", "-n", broker.nameServerAddress, "-t", "orders", "-g", "readers", "--from", "first", "--batch", "16", "--concurrency", "8",
      "--idle-exit", "2")
    expectSuccess(read)
    #expect(read.lines.sorted() == (1...300).map { "\($0) \(long)" }.sorted())
    var committed: Int64 = 0
    for queue in Int32(0)..<8 { committed += await broker.committedOffset(group: "readers", topic: "orders", queueID: queue) ?? 0 }
    #expect(committed == 300)
    await broker.shutdown()
  }

  @Test("An exact number goes with neither of them", arguments: [["--batch", "2"], ["--concurrency", "2"]])
  func count(option: [String]) async throws {
    let refused = try await CLI.rocketmq("consume", "-n", "127.0.0.1:9", "-t", "T", "-g", "G", "--count", "5", option[0], option[1])
    #expect(refused.exit == .status(64))
    #expect(refused.errorLines.first?.contains("--count prints an exact number") == true, "\(refused.errorLines)")
  }
}

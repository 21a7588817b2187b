// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import ChildProcess
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("The demo")
struct DemoTests {
  /// 2,000 lines in two files, beside a hidden file and one that is no text.
  private func someFiles() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    _ = try directory.write("a.txt", (1...1500).map { "line \($0)\n" }.joined())
    _ = try directory.write("b.txt", String(repeating: "\n", count: 500))
    _ = try directory.write("c.bin", [0, 1, 2, 0xff])
    _ = try directory.write(".hidden", "not me\n")
    return directory
  }

  @Test("Every line is consumed, the queues move, and what failed comes back")
  func succeeds() async throws {
    let directory = try someFiles()
    let result = try await ChildProcess.run(
      CLI.program("rocketmq-demo"), ["--directory", directory.path], environment: CLI.environment, limit: .seconds(60))
    #expect(result.exit == .status(0), "\(result.output) \(result.errorLines)")
    #expect(result.lines.last == "OK: every line was consumed, none was lost")
    #expect(result.output.contains("2000 lines of 2 text files"))
    #expect(result.output.contains("queues: A 0 1 2 3 | B 4 5 6 7"))
    #expect(result.output.contains("queues: A 0 1 2 3 4 5 6 7"))
    #expect(result.output.contains(#/retried +([1-9]\d*) of the \1 /#))
  }

  @Test("Without a broker it fails with one line")
  func failsWithoutBroker() async throws {
    let directory = try someFiles()
    for command in ["/no/such/program", "/bin/false"] {
      let result = try await ChildProcess.run(
        CLI.program("rocketmq-demo"), ["--directory", directory.path, "--rocketmq", command], environment: CLI.environment, limit: CLI.limit
      )
      #expect(result.exit == .status(1))
      #expect(result.lines.last?.hasPrefix("FAIL: ") == true, "\(result.lines)")
    }
  }

  @Test("When the broker dies on the way it fails with one line")
  func failsWhenTheBrokerDies() async throws {
    let directory = try someFiles()
    // What failed comes back after a second, so the demo cannot have succeeded before.
    let script = try directory.write(".broker", "#!/bin/sh\nexec 3<&0\n'\(CLI.program("rocketmq"))' \"$@\" <&3 &\nsleep 0.8\nkill -9 $!\n")
    chmod(script, 0o700)
    let result = try await ChildProcess.run(
      CLI.program("rocketmq-demo"), ["--directory", directory.path, "--rocketmq", script], environment: CLI.environment, limit: .seconds(60)
    )
    #expect(result.exit == .status(1))
    #expect(result.lines.last?.hasPrefix("FAIL: ") == true, "\(result.lines)")
  }

  @Test("^C ends it and its children")
  func interrupted() async throws {
    let directory = try someFiles()
    let demo = try RunningCommand(["--directory", directory.path], program: "rocketmq-demo")
    var nameServer = ""
    while true {
      let line = try await demo.nextLine()
      if line.contains("name server is ") { nameServer = String(line.split(separator: " ").last ?? "") }
      if line.contains("queues: ") { break }
    }
    demo.signal(SIGINT)
    #expect(await demo.wait() == .status(130))
    // Its end closed the children's output, which `wait` saw; and nobody listens any more.
    expectFailure(try await CLI.rocketmq("topic", "list", "-n", nameServer, "--timeout", "1"), says: nameServer)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import ChildProcess
import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQCLI

@Suite("bench")
struct BenchCommandTests {
  /// The one line that a measurement prints, its members by name.
  private func result(_ arguments: String...) async throws -> [String: Double] {
    let done = try await ChildProcess.run(CLI.program("rocketmq"), arguments, environment: CLI.environment, limit: CLI.limit)
    expectSuccess(done)
    #expect(done.lines.count == 1 && done.errorLines == [], "\(done.lines) \(done.errorLines)")
    var numbers: [String: Double] = [:]
    for member in try JSONValue(parsing: Array((done.lines.first ?? "").utf8)).members {
      if case .number(let digits) = member.value { numbers[member.key.text ?? ""] = Double(digits) }
    }
    for name in ["messages", "seconds", "msgs_per_s", "cpu_s", "peak_rss_mib"] {
      #expect(numbers[name]?.isFinite == true, "\(name) is missing in \(done.output)")
    }
    #expect(numbers["peak_rss_mib"] ?? 0 > 1 && numbers["cpu_s"] ?? 0 > 0)
    return numbers
  }

  @Test("drain reads exactly what produce has sent, again and again, and tells of both")
  func produceAndDrain() async throws {
    let broker = try await EmbeddedBroker.start()
    let sent = try await result(
      "bench", "produce", "-n", broker.nameServerAddress, "-t", "load", "--count", "3000", "--size", "100", "--batch", "7")
    #expect(sent["messages"] == 3000 && sent["bytes"] == 300_000)
    #expect(sent["p50_us"] ?? 0 > 0 && sent["p999_us"] ?? 0 >= sent["p99_us"] ?? .infinity)
    for _ in 1...2 {
      let read = try await result("bench", "drain", "-n", broker.nameServerAddress, "-t", "load", "--pull-batch", "100")
      #expect(read["messages"] == 3000)
      #expect(read["bytes"] ?? 0 > 300_000 && read["start_ms"] ?? 0 > 0)
    }
    let part = try await result("bench", "drain", "-n", broker.nameServerAddress, "-t", "load", "--count", "10")
    #expect(part["messages"] ?? 0 >= 10)
    await broker.shutdown()
  }

  @Test("latency times every message it has sent")
  func latency() async throws {
    let broker = try await EmbeddedBroker.start()
    let timed = try await result("bench", "latency", "-n", broker.nameServerAddress, "-t", "ping", "--rate", "200", "--seconds", "1")
    #expect(timed["messages"] == 200)
    #expect(timed["seconds"] ?? 0 > 0.9)
    let (p50, p99, p999) = (timed["p50_us"] ?? 0, timed["p99_us"] ?? 0, timed["p999_us"] ?? 0)
    #expect(p50 > 0 && p99 >= p50 && p999 >= p99)
    await broker.shutdown()
  }

  @Test("A topic without messages is said to have none")
  func nothingToDrain() async throws {
    let broker = try await EmbeddedBroker.start()
    expectSuccess(try await CLI.rocketmq("topic", "create", "-n", broker.nameServerAddress, "-t", "empty"))
    expectFailure(try await CLI.rocketmq("bench", "drain", "-n", broker.nameServerAddress, "-t", "empty"), says: "no messages in empty")
    await broker.shutdown()
  }

  @Test("A percentile is right within 0.8 %, from nanoseconds to hours")
  func percentiles() {
    var percentiles = Percentiles()
    #expect(percentiles.microseconds(0.5) == 0)
    for nanoseconds in [1, 255, 256, 1000, 123_456, 98_765_432_100, 7_200_000_000_000] as [Int64] {
      percentiles = Percentiles()
      for _ in 1...98 { percentiles.record(.zero) }
      percentiles.record(.nanoseconds(nanoseconds))
      percentiles.record(.seconds(10_000))
      #expect(percentiles.microseconds(0.98) == 0)
      #expect(abs(percentiles.microseconds(0.99) * 1000 / Double(nanoseconds) - 1) < 0.008)
      #expect(abs(percentiles.microseconds(1) / 10_000_000_000 - 1) < 0.008)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures this client on a cluster: how fast it reads, sends, and how long a message takes.",
    discussion: """
      Examples:
        rocketmq bench produce -n 127.0.0.1:9876 -t load --count 1000000 --batch 100
        rocketmq bench drain   -n 127.0.0.1:9876 -t load
        rocketmq bench latency -n 127.0.0.1:9876 -t ping --rate 1000 --seconds 10

      Each prints one JSON object: messages, seconds, msgs_per_s, cpu_s (of this
      process, all threads), peak_rss_mib, rss_file_mib (the part of it that is the
      program and its libraries), and where single messages are timed p50_us, p99_us
      and p999_us.
      """,
    subcommands: [Drain.self, Latency.self, Produce.self])
}

extension BenchCommand {
  /// What a measurement has found.
  struct Result {
    let name: String
    var messages: Int
    var seconds: Duration
    var cpuSeconds: Double
    var latency: Percentiles?
    var more: [(String, JSONValue)] = []

    var json: String {
      var members: [(String, JSONValue)] = [
        ("bench", .string(name)), ("messages", .number("\(messages)")), ("seconds", .number(seconds.secondsText)),
        ("msgs_per_s", .number("\(seconds.rate(of: messages))")), ("cpu_s", .rounded(cpuSeconds)),
        ("peak_rss_mib", .rounded(ProcessUsage.peakMemoryMiB)),
      ]
      if let mapped = ProcessUsage.mappedFilesMiB { members.append(("rss_file_mib", .rounded(mapped))) }
      if let latency {
        for (name, share) in [("p50_us", 0.5), ("p99_us", 0.99), ("p999_us", 0.999)] {
          members.append((name, .rounded(latency.microseconds(share))))
        }
      }
      return JSONValue.record(members + more).string()
    }
  }

  /// Different in each run, so that no run meets what another has left.
  static func freshGroup(_ purpose: String) -> String { "bench-\(purpose)-" + String(UInt32.random(in: .min ... .max), radix: 16) }
}

extension JSONValue {
  /// With three digits after the point.
  static func rounded(_ value: Double) -> JSONValue { .number("\((value * 1000).rounded() / 1000)") }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ
internal import Synchronization

extension BenchCommand {
  struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads all messages of a topic with a listener that does nothing.",
      discussion: """
        Examples:
          rocketmq bench drain -n 127.0.0.1:9876 -t load
          rocketmq bench drain -n 127.0.0.1:9876 -t load --pull-batch 1024 --window 8192

        The time runs from the first message to the last. Each run is a new group,
        and leaves the messages where they are. Also printed: bytes (of the stored
        records), start_ms (from start to first message).
        """)

    @OptionGroup var client: ClientOptions
    @OptionGroup var topic: TopicOption

    @Option(parsing: .unconditional, help: ArgumentHelp("Read only this many.", valueName: "n"), transform: wholeNumber(1...Int.max))
    var count: Int?

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Messages asked for by one pull. Default: 32.", valueName: "n"),
      transform: wholeNumber(1...1024))
    var pullBatch = 32

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Unfinished messages up to which a queue is pulled. Default: 1000.", valueName: "n"),
      transform: wholeNumber(1...65_535))
    var window = 1000

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Messages consumed at the same time. Default: 20.", valueName: "n"),
      transform: wholeNumber(1...1000))
    var concurrency = 20

    @Option(help: ArgumentHelp("The consumer group. Default: a new one.", valueName: "name"))
    var group: String?

    func run() async throws {
      let name = try topic.resolved()
      let client = try client.client()
      var configuration = PushConsumerConfiguration()
      configuration.concurrency = concurrency
      configuration.pullBatchSize = pullBatch
      configuration.maxCachedMessagesPerQueue = window
      configuration.maxOffsetSpan = min(2 * window, 65_535)
      let group = group ?? BenchCommand.freshGroup("drain")
      let consumer = try PushConsumer(client: client, group: group, startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe(name)

      let end = EndOfInput(idleLimit: .seconds(30))
      let tally = Tally()
      let lookup = Task { try await Admin(client: client).offsets(of: name).reduce(0) { $0 + Int($1.count) } }
      let (expected, exitCode) = try await untilStopped {
        let there = try await lookup.value
        guard there > 0 else { throw Failure("there are no messages in \(name); send some with rocketmq bench produce") }
        let expected = min(count ?? there, there)
        consumer.onMessage { message, _ in
          if tally.add(message.storedBytes, of: expected) { end.reached() } else if tally.isTimeToTell { end.sawMessage() }
          return .success
        }
        tally.begin()
        try await consumer.start()
        await end.wait()
        return expected
      } stop: {
        lookup.cancel()
        end.reached()
      }
      let result = tally.result
      await consumer.shutdown()
      await client.shutdown()
      guard result.messages >= expected else {
        if let exitCode { throw exitCode }
        throw Failure("only \(result.messages.grouped) of \(expected.of("message")) came, and none for 30 s")
      }
      if count == nil && result.messages > expected { throw Failure("\(result.messages.grouped) messages came, of \(expected.grouped)") }
      try Terminal.print(result.json)
    }
  }
}

extension BenchCommand.Drain {
  /// What has come. Written by each message: nothing here takes a lock.
  private final class Tally: Sendable {
    private let messages = Atomic(0)
    private let bytes = Atomic(0)
    private let times = Mutex(Times())

    private struct Times {
      var start = ContinuousClock.now
      var first = ContinuousClock.now
      var last = ContinuousClock.now
      var cpuAtStart = 0.0
      var cpuAtEnd = 0.0
    }

    func begin() {
      times.withLock {
        $0.start = .now
        $0.cpuAtStart = ProcessUsage.cpuSeconds
      }
    }

    /// True for the last one.
    func add(_ size: Int, of expected: Int) -> Bool {
      bytes.add(size, ordering: .relaxed)
      let count = messages.add(1, ordering: .relaxed).newValue
      if count == 1 { times.withLock { $0.first = .now } }
      guard count == expected else { return false }
      times.withLock {
        $0.last = .now
        $0.cpuAtEnd = ProcessUsage.cpuSeconds
      }
      return true
    }

    var isTimeToTell: Bool { messages.load(ordering: .relaxed) & 0xFFF == 0 }

    var result: BenchCommand.Result {
      let times = times.withLock { $0 }
      return BenchCommand.Result(
        name: "drain", messages: messages.load(ordering: .relaxed), seconds: times.first.duration(to: times.last),
        cpuSeconds: times.cpuAtEnd - times.cpuAtStart,
        more: [
          ("bytes", .number("\(bytes.load(ordering: .relaxed))")),
          ("start_ms", .rounded(times.start.duration(to: times.first).seconds * 1000)),
        ])
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ
internal import Synchronization

extension BenchCommand {
  struct Produce: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sends generated messages, each request waiting for its answer.",
      discussion: """
        Examples:
          rocketmq bench produce -n 127.0.0.1:9876 -t load --count 100000
          rocketmq bench produce -n 127.0.0.1:9876 -t load --count 1000000 --batch 100

        p50_us, p99_us and p999_us are the times from the call to its result, of
        requests: with --batch each stands for several messages.
        """)

    @OptionGroup var client: ClientOptions
    @OptionGroup var topic: TopicOption

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Send this many messages. Default: 100000.", valueName: "n"),
      transform: wholeNumber(1...Int.max))
    var count = 100_000

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Bytes of each body. Default: 128.", valueName: "bytes"),
      transform: wholeNumber(1...ProducerConfiguration().maxMessageBytes))
    var size = 128

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Messages in one request, as far as their bytes fit. Default: 1.", valueName: "n"),
      transform: wholeNumber(1...10_000))
    var batch = 1

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Requests under way at a time. Default: 8.", valueName: "n"),
      transform: wholeNumber(1...1000))
    var concurrency = 8

    func run() async throws {
      let message = Message(topic: try topic.resolved(), body: [UInt8](repeating: UInt8(ascii: "x"), count: size))
      let client = try client.client()
      let producer = Producer(client: client, group: BenchCommand.freshGroup("produce"))
      let work = Work(count, message, in: batch)
      let cpuAtStart = ProcessUsage.cpuSeconds
      let clock = ContinuousClock()
      let start = clock.now
      let (_, exitCode) = try await untilStopped {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<concurrency {
            group.addTask { try await work.send(with: producer) }
          }
          try await group.waitForAll()
        }
      } stop: {
        work.stop()
      }
      let (seconds, cpu) = (start.duration(to: clock.now), ProcessUsage.cpuSeconds - cpuAtStart)
      await producer.shutdown()
      await client.shutdown()
      let end = work.state.withLock { $0 }
      try Terminal.print(
        Result(
          name: "produce", messages: end.sent, seconds: seconds, cpuSeconds: cpu, latency: end.latency,
          more: [("bytes", .number("\(end.sent * size)"))]
        ).json)
      if let exitCode { throw exitCode }
    }
  }
}

/// What is left to send, and what came of the rest.
private final class Work: Sendable {
  struct State: Sendable {
    var left: Int
    var sent = 0
    var latency = Percentiles()
  }

  let state: Mutex<State>
  private let message: Message
  private let batch: Int
  private let clock = ContinuousClock()

  init(_ count: Int, _ message: Message, in batch: Int) {
    state = Mutex(State(left: count))
    self.message = message
    self.batch = batch
  }

  func stop() { state.withLock { $0.left = 0 } }

  /// One request after the other, until nothing is left.
  func send(with producer: Producer) async throws {
    while case let next = take(), next > 0 {
      for run in producer.batches(of: [Message](repeating: message, count: next)) {
        let began = clock.now
        if run.count > 1 { try await producer.send(batch: run) } else { try await producer.send(run[0]) }
        let took = began.duration(to: clock.now)
        state.withLock { state in
          state.sent += run.count
          state.latency.record(took)
        }
      }
    }
  }

  private func take() -> Int {
    state.withLock { state in
      let count = min(state.left, batch)
      state.left -= count
      return count
    }
  }
}

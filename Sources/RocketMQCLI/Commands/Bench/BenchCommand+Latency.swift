// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ
internal import Synchronization

extension BenchCommand {
  struct Latency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sends at a steady rate and times each message from its send to its listener.",
      discussion: """
        Example:
          rocketmq bench latency -n 127.0.0.1:9876 -t ping --rate 1000 --seconds 10

        One process sends and consumes, so that one clock does. It begins once
        every queue of the topic has brought a message. Also printed: send_p50_us and
        send_p99_us, until the broker has answered the send.
        """)

    @OptionGroup var client: ClientOptions
    @OptionGroup var topic: TopicOption

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Messages a second. Default: 1000.", valueName: "n"), transform: wholeNumber(1...100_000))
    var rate = 1000

    @Option(
      parsing: .unconditional, help: ArgumentHelp("How long. Default: 10.", valueName: "seconds"), transform: wholeNumber(1...86_400))
    var seconds = 10

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Bytes of each body, at least 16. Default: 128.", valueName: "bytes"),
      transform: wholeNumber(16...ProducerConfiguration().maxMessageBytes))
    var size = 128

    func run() async throws {
      let name = try topic.resolved()
      let client = try client.client()
      let producer = Producer(client: client, group: BenchCommand.freshGroup("latency"))
      let consumer = try PushConsumer(client: client, group: BenchCommand.freshGroup("latency"), startFrom: .latest)
      try await consumer.subscribe(name)
      let course = Course(size: size)
      consumer.onMessage { message, _ in
        course.received(message)
        return .success
      }
      let work = Task {
        try await consumer.start()
        try await course.warmUp(producer, name)
        return try await course.run(producer, name, rate: rate, count: rate * seconds)
      }
      let (result, exitCode) = try await untilStopped {
        await work.result
      } stop: {
        work.cancel()
      }
      await consumer.shutdown()
      await producer.shutdown()
      await client.shutdown()
      if let exitCode { throw exitCode }
      try Terminal.print(result.get().json)
    }
  }
}

/// The messages of one measurement. A body begins with the run's number, then the message's.
private final class Course: Sendable {
  private struct State: Sendable {
    /// When each timed message was sent; nil once it has come.
    var sentAt: [ContinuousClock.Instant?] = []
    var missing = 0
    var warmQueues: Set<Int32> = []
    var latency = Percentiles()
    var sendLatency = Percentiles()
    var lastArrival = ContinuousClock.now
  }

  private static let warming = UInt64.max
  private let run = UInt64.random(in: .min ... .max)
  private let size: Int
  private let state = Mutex(State())
  private let clock = ContinuousClock()

  init(size: Int) { self.size = size }

  private func body(_ number: UInt64) -> [UInt8] {
    var body = [UInt8](repeating: UInt8(ascii: "x"), count: size)
    for i in 0..<8 {
      body[i] = UInt8(truncatingIfNeeded: run >> UInt64(8 * i))
      body[8 + i] = UInt8(truncatingIfNeeded: number >> UInt64(8 * i))
    }
    return body
  }

  func received(_ message: ReceivedMessage) {
    let now = clock.now
    let words: (UInt64, UInt64)? = message.withUnsafeBody { body in
      guard body.count >= 16 else { return nil }
      return (
        UInt64(littleEndian: body.loadUnaligned(as: UInt64.self)),
        UInt64(littleEndian: body.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
    guard let (run, number) = words, run == self.run else { return }
    state.withLock { state in
      guard number != Course.warming else {
        state.warmQueues.insert(message.queueID)
        return
      }
      // A second time, as at-least-once allows, counts for nothing.
      guard number < state.sentAt.count, let sentAt = state.sentAt[Int(number)] else { return }
      state.sentAt[Int(number)] = nil
      state.missing -= 1
      state.latency.record(sentAt.duration(to: now))
      state.lastArrival = now
    }
  }

  /// Sends to each queue until each has brought something.
  func warmUp(_ producer: Producer, _ topic: String) async throws {
    let queues = try await producer.queues(of: topic)
    for _ in 0..<200 {
      for queue in queues { try await producer.send(Message(topic: topic, body: body(Course.warming)), to: queue) }
      try await Task.sleep(for: .milliseconds(50))
      if state.withLock({ $0.warmQueues.count }) >= Set(queues.map(\.queueID)).count { return }
    }
    throw Failure("after 10 s not every queue of \(topic) has brought a message: does another consumer keep the broker busy?")
  }

  func run(_ producer: Producer, _ topic: String, rate: Int, count: Int) async throws -> BenchCommand.Result {
    state.withLock { state in
      state.sentAt = .init(repeating: nil, count: count)
      state.missing = count
    }
    let cpuAtStart = ProcessUsage.cpuSeconds
    let start = clock.now
    try await withThrowingDiscardingTaskGroup { group in
      for number in 0..<count {
        try await clock.sleep(until: start + .nanoseconds(1_000_000_000 / Int64(rate)) * number, tolerance: .zero)
        group.addTask { try await self.send(number, producer, topic) }
      }
    }
    let limit = clock.now + .seconds(10)
    while state.withLock({ $0.missing }) > 0 {
      guard clock.now < limit else { throw Failure("\(state.withLock { $0.missing }.of("message")) of \(count.grouped) did not come") }
      try await Task.sleep(for: .milliseconds(20))
    }
    let end = state.withLock { $0 }
    return BenchCommand.Result(
      name: "latency", messages: count, seconds: start.duration(to: end.lastArrival), cpuSeconds: ProcessUsage.cpuSeconds - cpuAtStart,
      latency: end.latency,
      more: [
        ("rate", .number("\(rate)")), ("send_p50_us", .rounded(end.sendLatency.microseconds(0.5))),
        ("send_p99_us", .rounded(end.sendLatency.microseconds(0.99))),
      ])
  }

  private func send(_ number: Int, _ producer: Producer, _ topic: String) async throws {
    let message = Message(topic: topic, body: body(UInt64(number)))
    let began = clock.now
    state.withLock { $0.sentAt[number] = began }
    try await producer.send(message)
    let took = began.duration(to: clock.now)
    state.withLock { $0.sendLatency.record(took) }
  }
}

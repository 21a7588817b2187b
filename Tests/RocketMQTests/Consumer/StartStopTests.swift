// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Synchronization
import Testing

@testable import RocketMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Consumers that come and go at random moments, with brokers in good and bad health: nothing may be left of any of them.
///
/// `ROCKETMQ_SOAK_CYCLES` says how many; `make soak` runs 2,000 under each sanitizer.
@Suite("Starting and stopping", .serialized)
struct StartStopTests {
  private static let cycles = environment("ROCKETMQ_SOAK_CYCLES").flatMap { Int($0) } ?? 60

  enum Health: CaseIterable {
    case alive, slow, silent, dead
  }

  @Test(.timeLimit(.minutes(60))) func leavesNothingBehind() async throws {
    let broker = try await EmbeddedBroker.start(.init(storage: .memory))
    try await broker.createTopic("T", queues: 4)
    let dead = RawServer.closedAddress()
    try await ConsumerRig(broker: broker, topics: ["T": 4]).sendBatches(2000)
    var random = SplitMix(seed: 7)
    var start: Footprint?
    let warmUp = 20
    for cycle in 0..<warmUp + Self.cycles {
      if cycle == warmUp { start = await Footprint.settled(atMost: nil) }
      let health = Health.allCases.randomElement(using: &random) ?? .alive
      switch health {
      case .slow: broker.faults.add(Fault(effect: .delay(.milliseconds(Int.random(in: 1...60, using: &random)))))
      case .silent: broker.faults.add(Fault(effect: .dropRequest))
      case .alive, .dead: break
      }
      try await Self.cycle(cycle, health == .dead ? dead : broker.nameServerAddress, &random)
      broker.faults.removeAll()
    }
    let first = try #require(start)
    let last = await Footprint.settled(atMost: first)
    #expect(last.threads <= first.threads)
    #expect(last.files <= first.files)
    #expect(Life.alive == 0, "clients or consumers live on")
    // The allocator keeps some of what it was given back: a leak of a consumer a cycle would be tens of megabytes.
    if Self.cycles >= 500, !Footprint.isSanitized { #expect(last.residentBytes < first.residentBytes + 8 << 20) }
    await broker.shutdown()
  }

  /// One consumer's life, cut off somewhere.
  private static func cycle(_ number: Int, _ nameServer: String, _ random: inout SplitMix) async throws {
    var settings = ClientConfiguration(nameServers: [nameServer])
    settings.requestTimeout = .milliseconds(200)
    settings.shutdownTimeout = .milliseconds(100)
    let client = try RocketMQClient(settings)
    var configuration = PushConsumerConfiguration()
    configuration.concurrency = Int.random(in: 1...4, using: &random)
    configuration.releaseDeadline = .milliseconds(50)
    let consumer = try PushConsumer(client: client, group: "G\(number % 7)", startFrom: .earliest, configuration: configuration)
    let lives = [Life(client), Life(consumer)]
    try await consumer.subscribe("T")
    let seen = Record<Int>()
    let wanted = Int.random(in: 0...300, using: &random)
    let patience = Duration.milliseconds(Int.random(in: 0...40, using: &random))
    let deadline = Duration.milliseconds([0, 5, 50].randomElement(using: &random) ?? 0)
    let kind = Int.random(in: 0..<4, using: &random)
    var reader: Task<Void, any Error>?
    switch kind {
    case 0:
      consumer.onMessage { _, _ in
        seen.add(0)
        return .success
      }
    case 1:
      consumer.onMessages(batchSize: 8) { messages, _ in
        for _ in messages { seen.add(0) }
        return .partial(successes: messages.count / 2)
      }
    case 2:
      consumer.onMessage { message, _ in
        seen.add(0)
        if message.queueOffset % 5 == 0 { try await Task.sleep(for: .seconds(60)) }
        return message.queueOffset % 3 == 0 ? .retryLater : .success
      }
    default:
      let messages = consumer.messages
      reader = Task {
        for try await delivery in messages {
          seen.add(0)
          if delivery.message.queueOffset % 7 != 0 { delivery.acknowledge() }
        }
      }
    }
    if reader == nil { try await consumer.start() }
    let disturbance = Int.random(in: 0..<4, using: &random)
    async let extra: Void = disturb(consumer, disturbance)
    _ = await seen.wait(for: wanted, within: patience)
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      reader?.cancel()
      await consumer.shutdown(deadline: deadline)
      await client.shutdown()
    case 1:
      await client.shutdown()
      await consumer.shutdown(deadline: deadline)
    case 2:
      async let one = consumer.shutdown(deadline: deadline)
      async let two: Void = client.shutdown()
      _ = await (one, two)
    default:
      async let one = consumer.shutdown(deadline: .seconds(1))
      async let two = consumer.shutdown(deadline: deadline)
      _ = await (one, two)
      await client.shutdown()
    }
    await extra
    reader?.cancel()
    _ = await reader?.result
    withExtendedLifetime(lives) {}
  }

  private static func disturb(_ consumer: PushConsumer, _ kind: Int) async {
    switch kind {
    case 0:
      consumer.pause()
      consumer.resume()
    case 1: try? consumer.setConcurrency(7)
    case 2:
      try? await consumer.subscribe("U")
      await consumer.unsubscribe("T")
    default: _ = consumer.statistics
    }
  }
}

/// Counts objects that should be gone.
private final class Life: Sendable {
  private struct Weak: Sendable { weak let object: (any AnyObject & Sendable)? }
  private static let all = Mutex<[Weak]>([])

  static var alive: Int { all.withLock { $0.count { $0.object != nil } } }

  init(_ object: any AnyObject & Sendable) { Life.all.withLock { $0.append(Weak(object: object)) } }
}

/// What this process holds of the system.
private struct Footprint {
  var threads = 0
  var files = 0
  var residentBytes = 0

  static let isSanitized = environment("ROCKETMQ_SANITIZER") != nil

  /// Connections and threads end a moment after their owners: waits until there are no more than in `limit`, or until it does not get less.
  static func settled(atMost limit: Footprint?) async -> Footprint {
    var last = now()
    _ = await eventually(within: .seconds(5)) {
      let before = last
      try? await Task.sleep(for: .milliseconds(100))
      last = now()
      if let limit { return last.threads <= limit.threads && last.files <= limit.files && Life.alive == 0 }
      return last.threads == before.threads && last.files == before.files && Life.alive == 0
    }
    return last
  }

  private static func now() -> Footprint {
    var footprint = Footprint()
    #if os(Linux)
      footprint.threads = entries(of: "/proc/self/task")
      footprint.files = entries(of: "/proc/self/fd")
      footprint.residentBytes = residentPages() * Int(getpagesize())
    #endif
    return footprint
  }

  private static func residentPages() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? Int(fields[1]) ?? 0 : 0
  }

  private static func entries(of path: String) -> Int {
    guard let directory = opendir(path) else { return 0 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
  }
}

private func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import ChildProcess
import MallocCount
import RocketMQ
import RocketMQEmbeddedBroker
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How often a consumer calls malloc for a message: no more than once, which makes the message itself. Ends with 1 when it is more.
///
/// Counts every call of the process, whoever makes it; the broker is another process, so that its calls do not count. What a pull brings
/// with it, or time (the call, its answer, the committed offset), is shared by the messages of a pull and allowed for by the pull.
@main
struct AllocationGate {
  static let topic = "allocations"
  static let warmUp = 20_000
  static let messages = 120_000
  static let bodyBytes = 128
  static let pullBatch = 32

  /// Of a whole pull: the core's call and slab, and one for what else happens meanwhile.
  static let perPull = 3.0
  /// What happens by the clock meanwhile, and on a busy machine how often, is not the message's: it only adds, so one good run is enough.
  static let attempts = 3

  static func main() async throws {
    if CommandLine.arguments.dropFirst().first == "broker" { return try await serve() }
    guard malloc_count_works() else {
      print("allocations: malloc cannot be counted here; nothing checked")
      return
    }
    let (lines, continuation) = AsyncStream<String>.makeStream()
    let broker = try ChildProcess(CommandLine.arguments[0], ["broker"], onLine: { continuation.yield($0) })
    var addresses = lines.makeAsyncIterator()
    guard let address = await addresses.next() else { fail("the broker did not start") }
    let allowed = 1 + perPull / Double(pullBatch)
    var isKept = false
    for attempt in 1...attempts where !isKept {
      let calls = try await drain(address, group: "gate-\(attempt)")
      let perMessage = Double(calls) / Double(messages - warmUp)
      print("allocations: \(calls) calls of malloc for \(messages - warmUp) messages, \(perMessage) each; allowed: \(allowed)")
      isKept = perMessage <= allowed
    }
    broker.closeInput()
    _ = await broker.wait()
    if !isKept { fail("more than one allocation for a message") }
  }

  private static func fail(_ text: String) -> Never {
    print("allocations: \(text)")
    exit(1)
  }

  /// The calls of malloc from the message `warmUp` to the message `messages`.
  private static func drain(_ nameServer: String, group: String) async throws -> UInt64 {
    let client = try RocketMQClient(nameServers: [nameServer])
    var configuration = PushConsumerConfiguration()
    configuration.pullBatchSize = pullBatch
    let consumer = try PushConsumer(client: client, group: group, startFrom: .earliest, configuration: configuration)
    try await consumer.subscribe(topic)
    let tally = Tally()
    let (ends, continuation) = AsyncStream<Void>.makeStream()
    consumer.onMessage { message, _ in
      if message.bodyCount == bodyBytes, tally.add() == messages { continuation.finish() }
      return .success
    }
    try await consumer.start()
    for await _ in ends {}
    _ = await consumer.shutdown()
    await client.shutdown()
    return tally.callsAtEnd - tally.callsAtStart
  }

  /// The broker's process: fills the topic, says where it is, and ends with its standard input.
  private static func serve() async throws {
    let broker = try await EmbeddedBroker.start()
    let client = try RocketMQClient(nameServers: [broker.nameServerAddress])
    let producer = Producer(client: client, group: "gate")
    let body = [UInt8](repeating: 0x78, count: bodyBytes)
    for _ in 0..<(messages / 1000) {
      let batch = (0..<1000).map { _ in Message(topic: topic, body: body, tags: "tag", keys: ["key"]) }
      _ = try await producer.send(batch: batch)
    }
    print(broker.nameServerAddress)
    fflush(nil)
    while getchar() != EOF {}
    await client.shutdown()
    await broker.shutdown()
  }
}

/// Counts messages on any thread, and reads the counter of calls where counting begins and ends.
final class Tally: Sendable {
  private let count = Atomic(0)
  private let start = Atomic<UInt64>(0)
  private let end = Atomic<UInt64>(0)

  func add() -> Int {
    let count = self.count.add(1, ordering: .relaxed).newValue
    if count == AllocationGate.warmUp { start.store(malloc_count_calls(), ordering: .relaxed) }
    if count == AllocationGate.messages { end.store(malloc_count_calls(), ordering: .relaxed) }
    return count
  }

  var callsAtStart: UInt64 { start.load(ordering: .relaxed) }
  var callsAtEnd: UInt64 { end.load(ordering: .relaxed) }
}

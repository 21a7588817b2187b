// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Synchronization
import Testing

@testable import RocketMQ

/// An embedded broker, and clients of it.
struct ConsumerRig {
  let broker: EmbeddedBroker
  /// Queues by topic; other topics have one.
  var topics: [String: Int] = [:]
  let clock = ManualClock()

  /// `with`: everything a test needs, cleaned up afterwards.
  static func run(
    _ configuration: EmbeddedBroker.Configuration = .init(storage: .memory), topics: [String: Int] = ["T": 4],
    _ test: (ConsumerRig) async throws -> Void
  ) async throws {
    let broker = try await EmbeddedBroker.start(configuration)
    let rig = ConsumerRig(broker: broker, topics: topics)
    do {
      for (topic, queues) in topics { try await broker.createTopic(topic, queues: Int32(queues)) }
      try await test(rig)
    } catch {
      await broker.shutdown()
      throw error
    }
    await broker.shutdown()
  }

  /// Its periodic work goes by the machine's clock, or by `clock` when `isStepped`.
  func client(isStepped: Bool = false, _ change: (inout ClientConfiguration) -> Void = { _ in }) throws -> RocketMQClient {
    var configuration = ClientConfiguration(nameServers: [broker.nameServerAddress])
    change(&configuration)
    return isStepped ? try RocketMQClient(configuration, clock: clock) : try RocketMQClient(configuration)
  }

  /// A consumer of T in the group G, its listener set by `listen`, until the test is over.
  func withConsumer(
    _ configuration: PushConsumerConfiguration = .init(), client: RocketMQClient? = nil, _ listen: (PushConsumer) -> Void,
    until test: (PushConsumer) async throws -> Void
  ) async throws {
    let client = try client ?? self.client()
    let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
    try await consumer.subscribe("T")
    listen(consumer)
    try await consumer.start()
    try await test(consumer)
    await consumer.shutdown()
    await client.shutdown()
  }

  /// Sends the numbers as texts, in turn over the topic's queues.
  func send(_ numbers: Range<Int>, to topic: String = "T", tag: @Sendable (Int) -> String? = { _ in nil }) async throws {
    let client = try client()
    let producer = Producer(client: client, group: "rig")
    for number in numbers {
      try await producer.send(Message(topic: topic, body: Array(String(number).utf8), tags: tag(number)))
    }
    await producer.shutdown()
    await client.shutdown()
  }

  /// The same numbers, quickly.
  func sendBatches(_ count: Int, to topic: String = "T") async throws {
    let client = try client()
    let producer = Producer(client: client, group: "rig")
    let messages = (0..<count).map { Message(topic: topic, body: Array(String($0).utf8)) }
    for start in stride(from: 0, to: count, by: 100) {
      try await producer.send(batch: Array(messages[start..<min(count, start + 100)]))
    }
    await producer.shutdown()
    await client.shutdown()
  }

  /// Sends one whose body is compressed, it says, but is not.
  func sendUnreadable(to topic: String = "T") async throws {
    try await send(body: Array("this is no zlib".utf8), sysFlag: 1, to: topic)
  }

  /// Sends a message that says of itself what no producer would.
  func send(body: [UInt8], sysFlag: Int, to topic: String = "T") async throws {
    let client = try client()
    let route = try await client.routes.route(of: topic)
    var command = Command(.sendMessageV2)
    for (name, value) in [
      "a": "rig", "b": topic, "c": "TBW102", "d": "4", "e": "0", "f": "\(sysFlag)", "g": "1700000000000", "h": "0", "i": "WAIT\u{1}true",
      "j": "0", "k": "false", "m": "false",
    ] { command.set(named: name, value) }
    command.body = body
    let address = try #require(route.brokers.first?.addresses[0])
    try await client.loop.call(.address(address), command, timeout: .seconds(3)).expect("a message")
    await client.shutdown()
  }

  /// What a group has committed for all queues of a topic, in the order of their ids; nil: nothing.
  func committed(_ group: String, _ topic: String = "T") async -> [Int64?] {
    var offsets: [Int64?] = []
    for queue in 0..<(topics[topic] ?? 1) {
      offsets.append(await broker.committedOffset(group: group, topic: topic, queueID: Int32(queue)))
    }
    return offsets
  }

  /// The end of every queue of a topic.
  func ends(_ topic: String = "T") async -> [Int64?] {
    var ends: [Int64?] = []
    for queue in 0..<(topics[topic] ?? 1) { ends.append(await broker.offsets(topic: topic, queueID: Int32(queue)).upperBound) }
    return ends
  }

  func commit(_ offset: Int64, _ group: String, _ topic: String = "T", queue: Int32 = 0) async throws {
    let client = try client()
    let route = try await client.routes.route(of: topic)
    let broker = try #require(route.brokers.first)
    try await client.api.updateOffset(
      of: MessageQueue(topic: topic, brokerName: broker.name, queueID: queue), group: group, to: offset,
      at: try #require(broker.addresses[0]))
    await client.shutdown()
  }
}

/// Counts and keeps what happens, and lets a test wait for it.
final class Record<Item: Sendable>: Sendable {
  private struct State {
    var items: [Item] = []
    var waiters: [(id: Int, isMet: @Sendable ([Item]) -> Bool, continuation: CheckedContinuation<Bool, Never>)] = []
    var nextID = 0
  }

  private let state = Mutex(State())

  var items: [Item] { state.withLock { $0.items } }
  var count: Int { state.withLock { $0.items.count } }

  func add(_ item: Item) {
    let met = state.withLock { state in
      state.items.append(item)
      let met = state.waiters.filter { $0.isMet(state.items) }
      state.waiters.removeAll { waiter in met.contains { $0.id == waiter.id } }
      return met
    }
    for waiter in met { waiter.continuation.resume(returning: true) }
  }

  /// False: it did not happen in time.
  func wait(within limit: Duration = .seconds(10), until isMet: @escaping @Sendable ([Item]) -> Bool) async -> Bool {
    await withCheckedContinuation { continuation in
      let (isMetNow, id) = state.withLock { state -> (Bool, Int) in
        if isMet(state.items) { return (true, 0) }
        state.nextID += 1
        state.waiters.append((state.nextID, isMet, continuation))
        return (false, state.nextID)
      }
      if isMetNow {
        continuation.resume(returning: true)
      } else {
        Task {
          try? await Task.sleep(for: limit)
          self.giveUp(id)
        }
      }
    }
  }

  func wait(for count: Int, within limit: Duration = .seconds(10)) async -> Bool {
    await wait(within: limit) { $0.count >= count }
  }

  private func giveUp(_ id: Int) {
    let waiter = state.withLock { state in
      let index = state.waiters.firstIndex { $0.id == id }
      return index.map { state.waiters.remove(at: $0) }
    }
    waiter?.continuation.resume(returning: false)
  }
}

/// A door that listeners wait at until the test opens it, or their task is cancelled.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    var nextID = 0
  }

  private let state = Mutex(State())

  func pass() async {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOpen = state.withLock { state in
          if state.isOpen || Task.isCancelled { return true }
          state.waiting[id] = continuation
          return false
        }
        if isOpen { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
    }
  }

  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      return exchange(&state.waiting, with: [:])
    }
    for continuation in waiting.values { continuation.resume() }
  }
}

/// For what has no event to wait for: looks again every few milliseconds.
func eventually(within limit: Duration = .seconds(10), _ isTrue: () async throws -> Bool) async rethrows -> Bool {
  let clock = ContinuousClock()
  let end = clock.now + limit
  while clock.now < end {
    if try await isTrue() { return true }
    try? await clock.sleep(for: .milliseconds(5))
  }
  return try await isTrue()
}

extension Sequence {
  /// The bodies as numbers, sorted.
  func numbers() -> [Int] where Element == ReceivedMessage { compactMap { Int($0.bodyText) }.sorted() }
}

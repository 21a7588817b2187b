// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Synchronization

/// A broker for the length of `work`.
func withBroker<R>(
  clock: EmbeddedBroker.ClockMode = .system, _ configure: (inout EmbeddedBroker.Configuration) -> Void = { _ in },
  _ work: (EmbeddedBroker) async throws -> R
) async throws -> R {
  var configuration = EmbeddedBroker.Configuration(storage: .memory, clock: clock)
  configure(&configuration)
  let broker = try await EmbeddedBroker.start(configuration)
  do {
    let result = try await work(broker)
    await broker.shutdown()
    return result
  } catch {
    await broker.shutdown()
    throw error
  }
}

/// The smallest client: requests in, answers out, over one connection to each server.
final class TestClient: Sendable {
  let broker: EmbeddedBroker
  private let loop: Loop
  private let notices = Notices()

  init(_ broker: EmbeddedBroker, binaryHeaders: Bool = false) throws {
    self.broker = broker
    var options = Loop.Options()
    options.binaryHeaders = binaryHeaders
    loop = try Loop(options)
    try loop.setHandler(notices)
  }

  deinit { loop.stop() }

  /// The broker's answer, whatever its code.
  func call(_ command: Command, timeout: Duration = .seconds(10)) async throws -> Reply {
    try await loop.call(.address(broker.brokerAddress), command, timeout: timeout)
  }

  func callNameServer(_ command: Command) async throws -> Reply {
    try await loop.call(.address(broker.nameServerAddress), command, timeout: .seconds(10))
  }

  func callOneway(_ command: Command) async throws {
    try await loop.callOneway(.address(broker.brokerAddress), command, timeout: .seconds(10))
  }

  /// The groups of the NOTIFY_CONSUMER_IDS_CHANGED requests that came, once there are `count`.
  func memberNotices(_ count: Int) async -> [String] { await notices.wait(for: count) }
  var memberNoticeCount: Int { notices.count }

  /// Breaks the connections.
  func disconnect() { loop.stop() }
}

/// Collects what the broker sends of its own accord.
private final class Notices: ConnectionHandler {
  private struct State {
    var groups: [String] = []
    var waiting: (count: Int, CheckedContinuation<[String], Never>)?
  }

  private let state = Mutex(State())

  var count: Int { state.withLock { $0.groups.count } }

  func request(_ request: borrowing InboundRequest) {
    guard request.code == .notifyConsumerIDsChanged, let group = request.command.string(.consumerGroup) else { return }
    let (ready, groups) = state.withLock { state -> (CheckedContinuation<[String], Never>?, [String]) in
      state.groups.append(group)
      guard let waiting = state.waiting, state.groups.count >= waiting.count else { return (nil, []) }
      state.waiting = nil
      return (waiting.1, state.groups)
    }
    ready?.resume(returning: groups)
  }

  func wait(for count: Int) async -> [String] {
    await withCheckedContinuation { continuation in
      let groups = state.withLock { state -> [String]? in
        if state.groups.count >= count { return state.groups }
        state.waiting = (count, continuation)
        return nil
      }
      if let groups { continuation.resume(returning: groups) }
    }
  }
}

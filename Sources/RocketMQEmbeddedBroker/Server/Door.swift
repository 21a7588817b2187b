// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import RocketMQ
internal import Synchronization

/// Where the connections of one of the two servers come in: hands what happens on them, which is all on the loop thread, to the broker.
final class Door: ConnectionHandler {
  private let server: Fault.Server
  private let broker: Broker
  private let gone: Latch

  /// `gone` opens when the last connection is closed and nothing more will come.
  init(_ server: Fault.Server, _ broker: Broker, gone: Latch) {
    self.server = server
    self.broker = broker
    self.gone = gone
  }

  deinit { gone.open() }

  func request(_ request: borrowing InboundRequest) {
    broker.assumeIsolated { $0.receive(request, at: server) }
  }

  func closed(_ connection: ConnectionID, _ address: String, _ reason: RocketMQError) {
    broker.assumeIsolated { $0.connectionClosed(connection) }
  }

  func refused(_ peer: String, _ reason: RocketMQError) {
    broker.logger.notice("a client was refused", metadata: [LogKey.address: "\(peer)", LogKey.error: "\(reason)"])
  }
}

/// Something to wait for that happens once.
final class Latch: Sendable {
  private enum State {
    case shut([CheckedContinuation<Void, Never>])
    case open
  }

  private let state = Mutex(State.shut([]))

  func open() {
    let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      defer { state = .open }
      if case .shut(let waiting) = state { return waiting }
      return []
    }
    for continuation in waiting { continuation.resume() }
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        guard case .shut(let waiting) = state else { return true }
        state = .shut(waiting + [continuation])
        return false
      }
      if isOpen { continuation.resume() }
    }
  }
}

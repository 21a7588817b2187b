// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ
internal import Synchronization

/// The faults of an embedded broker. They take effect with the next request that arrives; any thread may change them.
public final class FaultInjection: Sendable {
  /// Names a fault that was added.
  public struct ID: Sendable, Hashable {
    let number: Int
  }

  private struct Entry {
    let id: ID
    let fault: Fault
    var hits = 0
    var isUsedUp: Bool { fault.times.map { hits >= $0 } ?? false }
  }

  private struct State {
    var entries: [Entry] = []
    var lastNumber = 0
  }

  private let state = Mutex(State())
  /// How many entries are not used up: lets requests pass without the lock when there are none.
  private let active = Atomic(0)

  init() {}

  /// Adds a fault. When several match a request, the one added first hits it.
  @discardableResult
  public func add(_ fault: Fault) -> ID {
    change { state in
      state.lastNumber += 1
      let id = ID(number: state.lastNumber)
      state.entries.append(Entry(id: id, fault: fault))
      return id
    }
  }

  /// How many requests the fault has hit; 0 when it was removed.
  public func hits(_ id: ID) -> Int {
    state.withLock { state in state.entries.first { $0.id == id }?.hits ?? 0 }
  }

  /// Requests that were already hit are not helped; nothing happens when the fault is gone.
  public func remove(_ id: ID) {
    change { state in state.entries.removeAll { $0.id == id } }
  }

  /// Requests go through again.
  public func removeAll() {
    change { state in state.entries.removeAll() }
  }

  /// What is to happen to this request, if anything; counts as a hit.
  func strike(_ request: borrowing InboundRequest, at server: Fault.Server) -> Fault.Effect? {
    if active.load(ordering: .relaxed) == 0 { return nil }
    let facts = RequestFacts(
      code: request.command.code, topic: request.command.string(.topic),
      group: request.command.string(.consumerGroup) ?? request.command.string(.producerGroup) ?? request.command.string(.group),
      peer: request.peer, server: server)
    return change { state in
      guard let index = state.entries.firstIndex(where: { !$0.isUsedUp && facts.matches($0.fault.on) }) else { return nil }
      state.entries[index].hits += 1
      return state.entries[index].fault.effect
    }
  }

  private func change<R>(_ body: (inout sending State) -> sending R) -> R {
    state.withLock { state in
      defer { active.store(state.entries.count { !$0.isUsedUp }, ordering: .relaxed) }
      return body(&state)
    }
  }

  private struct RequestFacts {
    let code: Int32
    let topic: String?
    let group: String?
    let peer: String
    let server: Fault.Server

    func matches(_ match: Fault.Match) -> Bool {
      (match.code == nil || match.code == code) && (match.topic == nil || match.topic == topic)
        && (match.group == nil || match.group == group) && (match.peer == nil || match.peer == peer)
        && (match.server == nil || match.server == server)
    }
  }
}

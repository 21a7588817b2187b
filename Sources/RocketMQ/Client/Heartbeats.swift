// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

/// Sends a client's heartbeats, every broker on its own: a dead one delays no other. Java: `sendHeartbeatToAllBrokerWithLock`.
final class Heartbeats: Sendable {
  private struct State {
    var schedule = HeartbeatSchedule()
    /// Who waits until no heartbeat is on its way to an address, and none is due.
    var settled: [String: [Waiter<Bool>]] = [:]
    /// Who waits until the one that is on its way has ended.
    var landed: [String: [Waiter<Bool>]] = [:]
  }

  private let state = Mutex(State())
  private let bell = Wake()
  private let api: BrokerAPI
  private let clientID: String
  private let members: MemberRegistry
  private let logger: Logger
  /// Told when a heartbeat has arrived; true: over a new connection.
  private let onArrival: @Sendable (_ overNewConnection: Bool) -> Void

  init(
    api: BrokerAPI, clientID: String, members: MemberRegistry, logger: Logger, onArrival: @escaping @Sendable (Bool) -> Void
  ) {
    self.api = api
    self.clientID = clientID
    self.members = members
    self.logger = logger
    self.onArrival = onArrival
  }

  /// Sends one to each of `addresses` soon.
  func want(_ addresses: some Sequence<String>) {
    guard !members.isEmpty else { return }
    state.withLock { $0.schedule.want(addresses) }
    bell.ring()
  }

  /// Call it when a connection has been made.
  func opened(_ address: String) {
    state.withLock { $0.schedule.opened(address) }
    bell.ring()
  }

  func forget(except known: Set<String>) { state.withLock { $0.schedule.forget(except: known) } }

  /// Addresses that may know this client.
  var greeted: Set<String> { state.withLock { $0.schedule.greeted } }

  /// Sends what is wanted until the task is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      while await bell.wait() {
        for address in state.withLock({ $0.schedule.takePending() }) {
          group.addTask { await self.send(to: address) }
        }
      }
      group.cancelAll()
    }
  }

  /// Sends one to each of `addresses` now and waits for the answers. Returns the addresses from which none came within `limit`.
  func sendAll(to addresses: [String], within limit: Duration) async -> [String] {
    let waiters = addresses.map { ($0, Waiter<Bool>()) }
    state.withLock { state in
      state.schedule.want(addresses)
      for (address, waiter) in waiters { state.settled[address, default: []].append(waiter) }
    }
    bell.ring()
    var silent: [String] = []
    let deadline = Deadline(limit)
    for (address, waiter) in waiters {
      let arrived = try? await waiter.value(within: max(deadline.left, .zero), on: api.loop, waitingFor: "the heartbeat to \(address)")
      if arrived != true { silent.append(address) }
    }
    return silent
  }

  /// Waits until the heartbeat that is on its way to `address`, if any, has ended.
  func land(_ address: String, within limit: Duration) async throws(RocketMQError) {
    let waiter = Waiter<Bool>()
    let isOnItsWay = state.withLock { state in
      guard state.schedule.isOnItsWay(address) else { return false }
      state.landed[address, default: []].append(waiter)
      return true
    }
    if isOnItsWay { _ = try await waiter.value(within: limit, on: api.loop, waitingFor: "the heartbeat to \(address)") }
  }

  private func send(to address: String) async {
    var succeeded = false
    let consumers = members.consumers.map { $0.heartbeat() }
    let producers = members.producers
    if !consumers.isEmpty || !producers.isEmpty {
      let body = HeartbeatBody.make(clientID: clientID, consumers: consumers, producers: producers)
      do throws(RocketMQError) {
        _ = try await api.sendHeartbeat(to: address, body: body)
        succeeded = true
      } catch {
        if error.code != .cancelled && error.code != .notRunning {
          logger.warning("a heartbeat failed", metadata: [LogKey.address: "\(address)", LogKey.error: "\(error)"])
        }
      }
    }
    let (isNew, waiters) = state.withLock { state in
      let isNew = state.schedule.finished(address, succeeded: succeeded)
      let landed = state.landed.removeValue(forKey: address) ?? []
      let settled = state.schedule.isBusy(address) ? [] : state.settled.removeValue(forKey: address) ?? []
      return (isNew, landed + settled)
    }
    bell.ring()
    // First: who has waited for the heartbeat may rely on everybody having been told.
    if succeeded { onArrival(isNew) }
    for waiter in waiters { waiter.finish(.success(succeeded)) }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// Lets in as many bytes as its limit; who comes later waits, first come, first served. Any thread.
///
/// Something larger than the whole limit is let in when nothing else is inside.
final class ByteGate: Sendable {
  private struct Entry {
    let bytes: Int
    let waiter: Waiter<Void>
  }

  private struct State {
    var inside = 0
    var next: Entry?
    var waiting = Fifo<Entry>()
    /// Entries in `waiting` whose waiters have given up.
    var gone = 0
    var drainers: [Waiter<Void>] = []

    func fits(_ bytes: Int, _ limit: Int) -> Bool { inside == 0 || inside + bytes <= limit }

    /// Those who may come in now.
    mutating func admit(_ limit: Int) -> [Entry] {
      var admitted: [Entry] = []
      while let entry = next ?? waiting.popFirst() {
        guard fits(entry.bytes, limit) else {
          next = entry
          break
        }
        next = nil
        inside += entry.bytes
        admitted.append(entry)
      }
      return admitted
    }
  }

  private let state = Mutex(State())
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Waits for room. Throws `timeout` after `patience`, or `cancelled`; it has then not entered.
  func enter(_ bytes: Int, within patience: Duration, on loop: Loop) async throws(RocketMQError) {
    let waiter: Waiter<Void>? = state.withLock { state in
      if state.next == nil, state.waiting.isEmpty, state.fits(bytes, limit) {
        state.inside += bytes
        return nil
      }
      let waiter = Waiter<Void>()
      state.waiting.append(Entry(bytes: bytes, waiter: waiter))
      return waiter
    }
    guard let waiter else { return }
    do throws(RocketMQError) {
      try await waiter.value(within: patience, on: loop, waitingFor: "room among the \(self.limit) bytes being sent")
    } catch {
      state.withLock { state in
        state.gone += 1
        guard state.gone > 16, state.gone > state.waiting.count / 2 else { return }
        _ = state.waiting.removeAll { $0.waiter.isOver }
        state.gone = 0
      }
      throw error
    }
  }

  func leave(_ bytes: Int) {
    var leaving = bytes
    while leaving > 0 {
      let (admitted, drainers) = state.withLock { [leaving] state in
        state.inside -= leaving
        let admitted = state.admit(limit)
        let isEmpty = state.inside == 0 && admitted.isEmpty
        defer { if isEmpty { state.drainers = [] } }
        return (admitted, isEmpty ? state.drainers : [])
      }
      leaving = 0
      for entry in admitted where !entry.waiter.finish(.success(())) { leaving += entry.bytes }  // had given up
      for drainer in drainers { drainer.finish(.success(())) }
    }
  }

  /// Waits until nobody is inside or waiting. Throws `timeout` after `patience`.
  func drain(within patience: Duration, on loop: Loop) async throws(RocketMQError) {
    let drainer: Waiter<Void>? = state.withLock { state in
      if state.inside == 0 { return nil }
      let drainer = Waiter<Void>()
      state.drainers.append(drainer)
      return drainer
    }
    try await drainer?.value(within: patience, on: loop, waitingFor: "messages being sent")
  }

  var bytesInside: Int { state.withLock { $0.inside } }
  var waitingCount: Int { state.withLock { $0.waiting.count + ($0.next == nil ? 0 : 1) } }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// Sends failed messages back to their brokers, beside the workers: a broker that does not answer holds up those who fail messages only
/// when very many wait already.
final class SendBack: Sendable {
  struct Item: Sendable {
    let queue: OwnedQueue
    let message: ReceivedMessage
    /// 0: the broker decides; -1: dead letter.
    let delayLevel: Int32
    /// True: it is safe at a broker.
    let finished: @Sendable (Bool) -> Void
  }

  typealias Send = @Sendable (Item) async -> Bool

  private struct State {
    var waiting = Fifo<Item>()
    var senders = 0
    /// Those who wait to add one.
    var adders = Fifo<UnsafeContinuation<Void, Never>>()
    var isStopped = false
  }

  /// How many may wait before those who add more wait themselves.
  private static let limit = 1024
  /// How many are sent at the same time.
  private static let maxSenders = 16

  private let state = Mutex(State())
  private let tasks = TaskBag()
  private let send: Send

  init(send: @escaping Send) { self.send = send }

  private enum Placing {
    case full
    case refused
    case waits(needsSender: Bool)
  }

  /// Returns when the item waits to be sent, not when it is sent.
  func add(_ item: Item) async {
    while true {
      switch place(item) {
      case .full: await room()
      case .refused: return item.finished(false)
      case .waits(let needsSender):
        if needsSender { tasks.run { await self.work() } }
        return
      }
    }
  }

  private func place(_ item: Item) -> Placing {
    state.withLock { state in
      if state.isStopped { return .refused }
      if state.waiting.count >= Self.limit { return .full }
      state.waiting.append(item)
      guard state.senders < Self.maxSenders else { return .waits(needsSender: false) }
      state.senders += 1
      return .waits(needsSender: true)
    }
  }

  /// What waits is given up; so are calls under way.
  func stop() {
    let (items, adders) = state.withLock { state in
      state.isStopped = true
      return (state.waiting.removeAll { _ in true }, state.adders.removeAll { _ in true })
    }
    for adder in adders { adder.resume() }
    for item in items { item.finished(false) }
    tasks.cancelAll()
  }

  private func room() async {
    await withUnsafeContinuation { (adder: UnsafeContinuation<Void, Never>) in
      let waits = state.withLock { state in
        guard !state.isStopped, state.waiting.count >= Self.limit else { return false }
        state.adders.append(adder)
        return true
      }
      if !waits { adder.resume() }
    }
  }

  private func work() async {
    while let item = next() { item.finished(await send(item)) }
  }

  private func next() -> Item? {
    let (item, adder) = state.withLock { state -> (Item?, UnsafeContinuation<Void, Never>?) in
      guard let item = state.waiting.popFirst() else {
        state.senders -= 1
        return (nil, nil)
      }
      return (item, state.adders.popFirst())
    }
    adder?.resume()
    return item
  }
}

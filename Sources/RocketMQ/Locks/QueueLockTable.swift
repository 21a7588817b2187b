// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What is known of the broker's locks on a consumer's queues, and what is to be done: locking without its effects. Java: the lock part of
/// `RebalanceImpl`.
///
///     acquiring -> held -> suspended -> verifying -> held
///                   |          '--------> lost <-----'
///                   '-> unlocking -> (gone) or doubtful -> unlocking
///
/// A lock is *suspended* when it may be somebody else's by now: it was not renewed in time, or the connection to its broker was lost (a
/// broker that is started again knows of no locks). When the broker grants it again, the stored offset tells whether somebody has gone on
/// with the queue meanwhile (*verifying*). It is *lost* when the broker refuses it, or somebody has gone on. *Doubtful* is one that is not
/// held, but may be known to the broker: an answer, or an unlock, was lost. Times are milliseconds of any clock.
package struct QueueLockTable: Sendable {
  package enum Action: Sendable, Equatable {
    /// Ask one broker for these; answered by ``renewed(_:granted:now:)`` or ``renewalFailed(_:now:)``.
    case renew(Renewal)
    /// Give it back, answered by ``unlocked(_:succeeded:now:)``.
    case unlock(MessageQueue)
    /// Start nothing more with the queue for now.
    case suspend(MessageQueue)
    /// See what is stored; answered by ``verified(_:life:isOurs:now:)``.
    case verify(MessageQueue, life: UInt64)
    /// The queue may be consumed until then; `resumes` after a suspension.
    case extend(MessageQueue, until: UInt64, resumes: Bool)
    /// The queue is somebody else's.
    case lose(MessageQueue)
  }

  package struct Renewal: Sendable, Equatable {
    package var broker: String
    package var queues: [MessageQueue: UInt64]
    package var sentAt: UInt64
    /// Connections to the broker that had been lost before.
    package var losses: UInt64
  }

  package struct Limits: Sendable {
    /// Between two renewals. Java: `rocketmq.client.rebalance.lockInterval`.
    package var interval: UInt64 = 20_000
    /// After a failed one.
    package var retry: UInt64 = 1000
    /// For so long a lock counts. Java: `rocketmq.client.rebalance.lockMaxLiveTime`.
    package var lifetime: UInt64 = 30_000
    /// For so long it counts at the broker. Java: `rocketmq.broker.rebalance.lockMaxLiveTime`.
    package var brokerLifetime: UInt64 = 60_000

    package init() {}
  }

  private enum Phase: Equatable {
    case acquiring
    case held(until: UInt64)
    case suspended
    case verifying(until: UInt64)
    case lost
    case unlocking(giveUpAt: UInt64?)
    case doubtful(giveUpAt: UInt64)
  }

  private struct Entry {
    var phase: Phase
    /// Each time a queue is locked anew, or its lock verified.
    var life: UInt64
    /// When it was asked for.
    var losses: UInt64
  }

  private struct Schedule {
    var renewsAt: UInt64
    var isRenewing = false
  }

  private var entries: [MessageQueue: Entry] = [:]
  private var brokers: [String: Schedule] = [:]
  /// Connections that have been lost: an answer that came over one of them counts no more.
  private var losses: [String: UInt64] = [:]
  private var lives: UInt64 = 0
  private let limits: Limits

  package init(limits: Limits = .init()) { self.limits = limits }

  // MARK: Locking

  /// False: not now, an unlock of it is on its way, which would undo it.
  package mutating func beginAcquiring(_ queue: MessageQueue) -> Bool {
    if case .unlocking? = entries[queue]?.phase { return false }
    lives += 1
    entries[queue] = Entry(phase: .acquiring, life: lives, losses: losses[queue.brokerName, default: 0])
    return true
  }

  /// Until when it counts; 0: it is in doubt already.
  package mutating func acquired(_ queue: MessageQueue, sentAt: UInt64) -> UInt64 {
    guard entries[queue]?.losses == losses[queue.brokerName, default: 0] else {
      entries[queue]?.phase = .suspended
      schedule(queue.brokerName, at: sentAt)
      return 0
    }
    let until = sentAt + limits.lifetime
    entries[queue]?.phase = .held(until: until)
    schedule(queue.brokerName, at: sentAt + limits.interval)
    return until
  }

  /// The broker has said no.
  package mutating func refused(_ queue: MessageQueue) { entries[queue] = nil }

  // MARK: Unlocking

  /// Nobody uses the queue any more. False: there is no lock to give back.
  package mutating func beginUnlocking(_ queue: MessageQueue) -> Bool {
    guard entries[queue] != nil else { return false }
    entries[queue]!.phase = .unlocking(giveUpAt: nil)
    return true
  }

  /// A failed one is repeated when the broker is asked for something next, as long as it may still know of the lock.
  package mutating func unlocked(_ queue: MessageQueue, succeeded: Bool, now: UInt64) {
    guard case .unlocking(let giveUpAt)? = entries[queue]?.phase else { return }
    let end = giveUpAt ?? now + limits.brokerLifetime
    if succeeded || now >= end { return forget(queue) }
    entries[queue]!.phase = .doubtful(giveUpAt: end)
    schedule(queue.brokerName, at: now + limits.retry)
  }

  /// Those of which nobody knows whether the broker has them locked: each is answered by ``unlocked(_:succeeded:now:)``.
  package mutating func unlockDoubtful() -> [MessageQueue] {
    sorted.compactMap { queue, entry in
      guard case .doubtful(let giveUpAt) = entry.phase else { return nil }
      entries[queue]!.phase = .unlocking(giveUpAt: giveUpAt)
      return queue
    }
  }

  /// It is left to expire at the broker, because somebody here still uses the queue.
  package mutating func forget(_ queue: MessageQueue) { entries[queue] = nil }

  // MARK: Renewing

  /// When ``due(now:)`` has something to do.
  package var nextDue: UInt64? {
    let renewals = brokers.values.lazy.filter { !$0.isRenewing }.map(\.renewsAt)
    let ends = entries.values.lazy.compactMap { entry in if case .held(let until) = entry.phase { until } else { nil } }
    return [renewals.min(), ends.min()].compactMap(\.self).min()
  }

  package mutating func due(now: UInt64) -> [Action] {
    var actions: [Action] = []
    for (queue, entry) in sorted {
      if case .held(let until) = entry.phase, until <= now { suspend(queue, &actions) }
    }
    for (broker, schedule) in brokers.sorted(by: { $0.key < $1.key }) where schedule.renewsAt <= now && !schedule.isRenewing {
      renew(broker, now, &actions)
    }
    return actions
  }

  private mutating func renew(_ broker: String, _ now: UInt64, _ actions: inout [Action]) {
    var renewal = Renewal(broker: broker, queues: [:], sentAt: now, losses: losses[broker, default: 0])
    var isKnown = false
    for (queue, entry) in sorted where queue.brokerName == broker {
      isKnown = true
      switch entry.phase {
      case .held, .suspended: renewal.queues[queue] = entry.life
      case .doubtful(let giveUpAt):
        entries[queue]!.phase = .unlocking(giveUpAt: giveUpAt)
        actions.append(.unlock(queue))
      case .acquiring, .verifying, .lost, .unlocking: break
      }
    }
    if !isKnown {
      brokers[broker] = nil
    } else {
      brokers[broker] = Schedule(renewsAt: now + limits.interval, isRenewing: !renewal.queues.isEmpty)
      if !renewal.queues.isEmpty { actions.append(.renew(renewal)) }
    }
  }

  /// The renewal without the queues that have been given up since.
  package func narrowed(_ renewal: Renewal) -> Renewal {
    var renewal = renewal
    renewal.queues = renewal.queues.filter { queue, life in
      guard let entry = entries[queue], entry.life == life else { return false }
      return switch entry.phase {
      case .held, .suspended: true
      default: false
      }
    }
    return renewal
  }

  package mutating func renewed(_ renewal: Renewal, granted: Set<MessageQueue>, now: UInt64) -> [Action] {
    guard renewal.losses == losses[renewal.broker, default: 0] else {
      renewalFailed(renewal, now: now)
      return []
    }
    brokers[renewal.broker]?.isRenewing = false
    let until = renewal.sentAt + limits.lifetime
    var actions: [Action] = []
    for (queue, entry) in sorted where renewal.queues[queue] == entry.life {
      switch entry.phase {
      case .held, .suspended: break
      default: continue
      }
      guard granted.contains(queue) else {
        entries[queue]!.phase = .lost
        actions.append(.lose(queue))
        continue
      }
      if case .held(let until) = entry.phase, until <= now { suspend(queue, &actions) }
      if case .held? = entries[queue]?.phase {
        entries[queue]!.phase = .held(until: until)
        actions.append(.extend(queue, until: until, resumes: false))
      } else {
        lives += 1
        entries[queue]!.life = lives
        entries[queue]!.phase = .verifying(until: until)
        actions.append(.verify(queue, life: lives))
      }
    }
    return actions
  }

  package mutating func renewalFailed(_ renewal: Renewal, now: UInt64) {
    brokers[renewal.broker]?.isRenewing = false
    schedule(renewal.broker, at: now + limits.retry)
  }

  /// `isOurs`: nobody has gone on with the queue; nil: nobody could say.
  package mutating func verified(_ queue: MessageQueue, life: UInt64, isOurs: Bool?, now: UInt64) -> [Action] {
    guard let entry = entries[queue], entry.life == life, case .verifying(let until) = entry.phase else { return [] }
    switch isOurs {
    case true? where now < until:
      entries[queue]!.phase = .held(until: until)
      return [.extend(queue, until: until, resumes: true)]
    case false?:
      entries[queue]!.phase = .lost
      return [.lose(queue)]
    default:
      entries[queue]!.phase = .suspended
      schedule(queue.brokerName, at: now + limits.retry)
      return []
    }
  }

  /// The connection to the broker is gone; if it was the broker that went, its locks went, too.
  package mutating func disconnected(from broker: String, now: UInt64) -> [Action] {
    losses[broker, default: 0] += 1
    var actions: [Action] = []
    for (queue, entry) in sorted where queue.brokerName == broker {
      switch entry.phase {
      case .held, .verifying: suspend(queue, &actions)
      case .acquiring, .suspended, .lost, .unlocking, .doubtful: break
      }
    }
    if !actions.isEmpty { schedule(broker, at: now) }
    return actions
  }

  /// There is a connection to the broker again. True: it is to be asked for locks that are in doubt, before another member gets them.
  package mutating func connected(to broker: String, now: UInt64) -> Bool {
    guard entries.contains(where: { $0.key.brokerName == broker && $0.value.phase == .suspended }) else { return false }
    schedule(broker, at: now)
    return true
  }

  // MARK: Parts

  private mutating func suspend(_ queue: MessageQueue, _ actions: inout [Action]) {
    entries[queue]!.phase = .suspended
    actions.append(.suspend(queue))
  }

  /// No later than `time`.
  private mutating func schedule(_ broker: String, at time: UInt64) {
    brokers[broker, default: Schedule(renewsAt: time)].renewsAt = min(brokers[broker]?.renewsAt ?? time, time)
  }

  private var sorted: [(key: MessageQueue, value: Entry)] { entries.sorted { $0.key < $1.key } }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// What a rebalance does to the world.
protocol RebalanceEffects: AnyObject, Sendable {
  /// Computes this member's share of each topic, and hands each in as it comes out.
  func computeAllocations(of topics: Set<String>, _ report: @escaping @Sendable (RebalanceService.Event) -> Void) async

  /// Finds out where to begin with a queue, and makes everything ready for it.
  func take(_ queue: MessageQueue) async throws(RocketMQError) -> OwnedQueue

  /// The queue is held from now on: what has changed since ``take(_:)`` began is to be applied to it, and it can be pulled.
  func took(_ queue: OwnedQueue)

  /// Ends a queue in good order. False: something failed, so it should not be taken again at once.
  func release(_ queue: OwnedQueue, _ reason: Rebalance<OwnedQueue>.ReleaseReason) async -> Bool

  /// The lease of a held queue has changed. False: its lock is lost.
  func leaseChanged(of queue: OwnedQueue) -> Bool

  /// The queue is being released, and its offset is to be this one: what is in hand need not be waited for, nor committed. Must not block.
  func hurry(_ queue: OwnedQueue, to offset: Int64)

  /// For the application; one call at a time.
  func tell(_ event: RebalanceEvent)
}

/// Runs a consumer's ``Rebalance``: gathers events, lets the state machine decide, and does what it says. Java: `RebalanceService`.
///
/// Events are handled one after the other on one task; rounds, takes and releases run beside it and come back as events. So a broker
/// that does not answer delays only what has to do with it.
final class RebalanceService: Sendable {
  typealias Event = Rebalance<OwnedQueue>.Event

  private enum Letter {
    case event(Event)
    case leaseChanged(MessageQueue)
  }

  private let inbox = Mutex<[Letter]>([])
  private let bell = Wake()
  private let state = Mutex(Rebalance<OwnedQueue>())
  private let clock: any Clock<Duration>
  private let interval: Duration
  private let retryDelay: Duration
  /// Until a queue that another member gives up is tried again, in milliseconds.
  private static let moment = 100...500
  /// How many queues of one broker are being taken at a time.
  private static let takesAtOnce = 64

  init(clock: any Clock<Duration>, interval: Duration, retryDelay: Duration = .seconds(1)) {
    self.clock = clock
    self.interval = interval
    self.retryDelay = retryDelay
  }

  /// Any thread; does not block.
  func post(_ event: Event) { post(.event(event)) }

  /// The lock of a queue is in doubt, confirmed or lost. Any thread; does not block.
  func leaseChanged(of queue: MessageQueue) { post(.leaseChanged(queue)) }

  private func post(_ letter: Letter) {
    inbox.withLock { $0.append(letter) }
    bell.ring()
  }

  /// Something may have changed. Those that come while a round runs make one more round together.
  func due() { post(.due) }

  var held: [OwnedQueue] { Array(state.withLock { $0.held }.values) }

  /// Of how many queues this member's share of a topic consists.
  func shareCount(ofTopic topic: String) -> Int { state.withLock { $0.shareCount(ofTopic: topic) } }

  /// Returns when `.stop` has been posted and every queue is released. Must not be cancelled.
  func run(_ effects: any RebalanceEffects) async {
    var line = TakeLine(width: Self.takesAtOnce)
    await withDiscardingTaskGroup { group in
      group.addTask {
        while (try? await self.clock.sleep(for: self.interval)) != nil { self.due() }
      }
      while true {
        await bell.wait()
        for letter in inbox.withLock({ inbox in exchange(&inbox, with: []) }) {
          guard let event = open(letter, effects) else { continue }
          let actions = state.withLock { $0.handle(event) }
          // Held by now, so that whoever changes something later finds it.
          if case .taken(_, let queue) = event { effects.took(queue) }
          switch event {
          case .taken(let queue, _), .notTaken(let queue), .locked(let queue):
            if let next = line.ended(queue) { take(next, effects, in: &group) }
          case .stop:
            // Rounds, takes and waiting are of no use any more; releases are, and run on their own.
            group.cancelAll()
            for queue in line.close() { post(.notTaken(queue)) }
          default: break
          }
          for action in actions {
            switch action {
            case .ended: return
            case .take(let queue): if line.add(queue) { take(queue, effects, in: &group) }
            default: perform(action, effects, in: &group)
            }
          }
        }
      }
    }
  }

  /// What it means for the queues; nil: nothing.
  private func open(_ letter: Letter, _ effects: any RebalanceEffects) -> Event? {
    switch letter {
    case .event(let event): return event
    case .leaseChanged(let queue):
      guard let held = state.withLock({ $0.held[queue] }), !effects.leaseChanged(of: held) else { return nil }
      return .lockLost(queue, held)
    }
  }

  private func perform(_ action: Rebalance<OwnedQueue>.Action, _ effects: any RebalanceEffects, in group: inout DiscardingTaskGroup) {
    switch action {
    case .computeAllocations(let topics):
      group.addTask {
        await effects.computeAllocations(of: topics, self.post)
        self.post(.roundEnded)
      }
    case .release(let queue, let held, let reason):
      Task {
        let retakeAtOnce = await effects.release(held, reason)
        self.post(.released(queue, retakeAtOnce: retakeAtOnce, reset: held.storedReset))
      }
    case .retryLater:
      group.addTask {
        try? await self.clock.sleep(for: self.retryDelay)
        self.post(.retryDue)
      }
    case .retrySoon:
      group.addTask {
        // Not all members at the same time.
        try? await self.clock.sleep(for: .milliseconds(Int.random(in: Self.moment)))
        self.post(.retrySoonDue)
      }
    case .hurry(let held, let offset): effects.hurry(held, to: offset)
    case .tell(let event): effects.tell(event)
    case .take, .ended: break  // not here
    }
  }

  private func take(_ queue: MessageQueue, _ effects: any RebalanceEffects, in group: inout DiscardingTaskGroup) {
    group.addTask {
      do throws(RocketMQError) {
        self.post(.taken(queue, try await effects.take(queue)))
      } catch {
        self.post(error.code == .queueLocked ? .locked(queue) : .notTaken(queue))
      }
    }
  }
}

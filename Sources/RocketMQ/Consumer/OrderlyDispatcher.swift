// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging

/// Consumes messages on a fixed number of tasks, every queue in its order. Java: `ConsumeMessageOrderlyService`.
///
/// A queue is with one worker at a time, for one slice of messages; then it stands in line again, so that queues take turns. The worker
/// holds the slice in the queue's window: what has been consumed is finished there, the rest is given back, and comes first at the next
/// turn. No task and no allocation a message beyond the message itself.
final class OrderlyDispatcher: PooledDispatcher {
  struct Options: Sendable {
    var concurrency: Int
    var bodyLimit: Int
    /// How long a queue waits after a failure when the listener does not say.
    var suspension: Duration
    /// After so many failures a message becomes a dead letter; nil: never.
    var maxReconsumeTimes: Int?
    var clock: any Clock<Duration>
    var hooks: [any ConsumeHook] = []
    var filters: [any MessageFilterHook] = []
  }

  /// Makes a message a dead letter. False: it could not be done.
  typealias BuryDead = @Sendable (ReceivedMessage) async -> Bool

  let pool: WorkerPool<Never>
  let pace: Pace
  let listener: OrderedListener
  let options: Options
  let buryDead: BuryDead
  let logger: Logger
  let warningGate = RateGate(interval: .seconds(10))

  init(_ listener: OrderedListener, _ options: Options, logger: Logger, buryDead: @escaping BuryDead) {
    self.listener = listener.hooked(by: options.hooks)
    self.options = options
    self.logger = logger
    self.buryDead = buryDead
    pace = Pace(listener)
    pool = WorkerPool(workers: options.concurrency, .inOrder, clock: options.clock)
  }

  func start() { setConcurrency(options.concurrency) }

  func stop() { stopWorkers() }

  /// Nothing: the messages behind one that takes long must wait for it in any case. As in Java.
  func sendBackExpired(_ queue: OwnedQueue, after timeout: Duration) async {}

  func consume(_ item: Never) async -> WorkDone {}

  func consume(_ queue: OwnedQueue, _ count: Int, _ buffer: inout TakeBuffer) async -> WorkDone {
    let done =
      switch listener.call {
      case .single(let listen): await consumeOneByOne(queue, count, listen, &buffer)
      case .batch(_, let autoCommit, let listen): await consumeBatch(queue, count, autoCommit, listen, &buffer)
      }
    // The lock is in doubt. Who has stopped for that reason may have done so when it was just confirmed: then nobody else comes.
    if done.slot != nil, !queue.lease.isValid {
      park(queue)
      if queue.lease.isValid { unpark(queue) }
    }
    return done
  }

  var commitsItself: Bool { if case .batch(_, false, _) = listener.call { false } else { true } }

  /// May a listener be called for this queue?
  func mayListen(_ queue: OwnedQueue) -> Bool { !queue.window.isDropped && queue.lease.isValid }

  /// The queue's next turn comes after `delay`.
  func suspend(_ queue: OwnedQueue, for delay: Duration?) {
    let delay = Self.pause(delay, usually: options.suspension)
    pool.tasks.run { [options, pool] in
      try? await options.clock.sleep(for: delay)
      pool.update { ($0.line.resume(queue.slot), nil) }
    }
  }

  static func pause(_ wanted: Duration?, usually: Duration) -> Duration {
    min(max(wanted ?? usually, suspensions.lowerBound), suspensions.upperBound)
  }

  /// What is shorter or longer is taken for the nearest of these. Java: the same.
  private static let suspensions: ClosedRange<Duration> = .milliseconds(10) ... .seconds(30)
}

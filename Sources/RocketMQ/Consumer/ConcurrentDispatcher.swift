// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging

/// Consumes messages on a fixed number of tasks, in no order. Java: `ConsumeMessageConcurrentlyService`.
///
/// A worker takes a slice of a queue that stands in line, calls the listener message by message, and acknowledges: one lock a slice, no
/// task and no allocation a message beyond the message itself. What fails goes to ``SendBack``, so that a broker that does not answer
/// holds up nothing else.
final class ConcurrentDispatcher: PooledDispatcher {
  /// A message that failed and stays here, on its way to the listener another time: it could not be sent back, or is not to be.
  struct SecondTry: Sendable {
    let queue: OwnedQueue
    let position: UInt64
    let box: MessageBox
    /// How often it has failed here.
    let failures: Int
  }

  /// What becomes of a message that fails.
  enum Failures {
    /// A broker delivers it again.
    case sendBack
    /// It is tried again here so many times, and then given up.
    case passOver(afterRetries: Int)
  }

  struct Options: Sendable {
    var concurrency: Int
    var bodyLimit: Int
    var failures = Failures.sendBack
    /// Until a message that failed and stays here is handed out again.
    var secondTryDelay: Duration
    var clock: any Clock<Duration>
    var hooks: [any ConsumeHook] = []
    var filters: [any MessageFilterHook] = []
  }

  let pool: WorkerPool<SecondTry>
  let pace: Pace
  let listener: MessageListener
  let options: Options
  let sendBack: SendBack
  let logger: Logger
  /// The consume timeout goes by it.
  let elapsed: ElapsedTime

  init(_ listener: MessageListener, _ options: Options, logger: Logger, send: @escaping SendBack.Send) {
    self.listener = listener.hooked(by: options.hooks)
    self.options = options
    self.logger = logger
    elapsed = ElapsedTime(options.clock)
    sendBack = SendBack(send: send)
    pace = Pace(listener)
    let spreads = if case .single = listener { true } else { false }
    pool = WorkerPool(workers: options.concurrency, spreads ? .spread : .batches, clock: options.clock)
  }

  func start() { setConcurrency(options.concurrency) }

  var hasWorkers: Bool { if case .sequence = listener { false } else { true } }

  func stop() {
    sendBack.stop()
    stopWorkers()
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging

/// Consumes messages on a fixed number of tasks, in no order. Java: `ConsumeMessageConcurrentlyService`.
///
/// A worker takes a slice of a queue that stands in line, calls the listener message by message, and acknowledges: one lock a slice, no
/// task and no allocation a message beyond the message itself. What fails goes to ``SendBack``, so that a broker that does not answer
/// holds up nothing else.
final class ConcurrentDispatcher: PooledDispatcher {
  /// A message that could not be sent back either, on its way to the listener a second time.
  struct SecondTry: Sendable {
    let queue: OwnedQueue
    let position: UInt64
    let box: MessageBox
  }

  struct Options: Sendable {
    var concurrency: Int
    var bodyLimit: Int
    /// Until a message that could neither be consumed nor sent back is handed out again.
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

  init(_ listener: MessageListener, _ options: Options, logger: Logger, send: @escaping SendBack.Send) {
    self.listener = listener.hooked(by: options.hooks)
    self.options = options
    self.logger = logger
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

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The one thread that owns every connection of a client (or of an embedded broker), and a serial executor for actors confined to it.
///
/// Java: `NettyRemotingClient`'s selector, codec and callback threads in one.
package final class Loop: SerialExecutor {
  let handle: Handle
  private let jobs = JobGate()

  package struct Options: Sendable {
    package var maxFrameBytes = Int(ROCKET_MAX_FRAME_BYTES)
    package var connectTimeout: Duration = .seconds(3)
    package var idleTimeout: Duration = .seconds(120)
    package var reconnectMin: Duration = .milliseconds(50)
    package var reconnectMax: Duration = .seconds(1)
    package var binaryHeaders = false
    /// Of the connections that calls open; nil: plain.
    package var tls: TLSContext?

    package init() {}
  }

  package init(_ options: Options = Options()) throws(RocketMQError) {
    var raw = rocket_loop_options()
    rocket_loop_options_default(&raw)
    raw.max_frame_bytes = UInt32(clamping: options.maxFrameBytes)
    raw.connect_timeout_ms = options.connectTimeout.wholeMilliseconds
    raw.idle_timeout_ms = options.idleTimeout.wholeMilliseconds
    raw.reconnect_min_ms = options.reconnectMin.wholeMilliseconds
    raw.reconnect_max_ms = options.reconnectMax.wholeMilliseconds
    raw.serialization = options.binaryHeaders ? ROCKET_SERIALIZATION_BINARY : ROCKET_SERIALIZATION_JSON
    raw.tls = options.tls?.handle.raw
    var loop: OpaquePointer?
    let status = withExtendedLifetime(options.tls) { rocket_loop_new(&raw, &loop) }
    guard status == 0, let loop else { throw coreError(status, "starting the loop thread") }
    handle = Handle(raw: loop)
  }

  deinit {
    // The last reference may go away inside a callback, where the thread cannot wait for its own end.
    guard rocket_loop_is_current(handle.raw) else {
      rocket_loop_free(handle.raw)
      return
    }
    rocket_loop_stop(handle.raw)
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_create(
      &thread, &attributes,
      {
        rocket_loop_free(OpaquePointer($0))
        return nil
      }, UnsafeMutableRawPointer(handle.raw))
    pthread_attr_destroy(&attributes)
  }

  /// Fails all calls with `notRunning` and closes all connections; the thread ends when the last reference goes away.
  package func stop() { rocket_loop_stop(handle.raw) }

  package var isCurrent: Bool { rocket_loop_is_current(handle.raw) }

  /// Runs `work` on the loop thread; not at all when the loop has stopped.
  package func post(_ work: @escaping @Sendable () -> Void) {
    _ = rocket_loop_post(handle.raw, task(work))
  }

  package struct Timer: Hashable, Sendable {
    fileprivate let id: UInt64
  }

  /// Runs `work` on the loop thread after `delay`. `ifDropped` runs instead, on any thread, when the timer is cancelled or the loop stops
  /// (or has stopped) before.
  @discardableResult
  package func after(
    _ delay: Duration, ifDropped: (@Sendable () -> Void)? = nil, _ work: @escaping @Sendable () -> Void
  ) -> Timer {
    var id: UInt64 = 0
    _ = rocket_loop_after(handle.raw, UInt64(delay.wholeMilliseconds), task(work, ifDropped: ifDropped), &id)
    return Timer(id: id)
  }

  package func cancel(_ timer: Timer) { rocket_loop_cancel_timer(handle.raw, timer.id) }

  /// Open and opening connections.
  package var connectionCount: Int { Int(rocket_loop_connection_count(handle.raw)) }

  package func enqueue(_ job: consuming ExecutorJob) {
    // A job is run also when the loop has stopped and only drops it: a task that awaits it must not hang.
    let box = Unmanaged.passRetained(Job(UnownedJob(job), self))
    _ = rocket_loop_post(
      handle.raw,
      rocket_task(
        fn: { Unmanaged<Job>.fromOpaque($0!).takeUnretainedValue().run() },
        user: box.toOpaque(),
        drop: { Unmanaged<Job>.fromOpaque($0!).takeRetainedValue().run() }))
  }

  package func checkIsolated() {
    precondition(isCurrent, "code confined to the loop thread runs elsewhere")
  }

  package func isIsolatingCurrentContext() -> Bool? { isCurrent }

  private func task(_ work: @escaping @Sendable () -> Void, ifDropped: (@Sendable () -> Void)? = nil) -> rocket_task {
    rocket_task(
      fn: { Unmanaged<Work>.fromOpaque($0!).takeUnretainedValue().run() },
      user: Unmanaged.passRetained(Work(work, ifDropped)).toOpaque(),
      drop: { Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().drop() })
  }

  private final class Work {
    private let work: @Sendable () -> Void
    private var ifDropped: (@Sendable () -> Void)?

    init(_ work: @escaping @Sendable () -> Void, _ ifDropped: (@Sendable () -> Void)?) {
      self.work = work
      self.ifDropped = ifDropped
    }

    func run() {
      ifDropped = nil
      work()
    }

    /// After the run, or instead of it.
    func drop() { ifDropped?() }
  }

  /// Runs once: on the loop thread, or, when the loop stops first, wherever it is dropped.
  private final class Job {
    private var job: UnownedJob?
    private let loop: Loop

    init(_ job: UnownedJob, _ loop: Loop) {
      self.job = job
      self.loop = loop
    }

    func run() {
      guard let job = job.take() else { return }
      loop.jobs.run(job, on: loop.asUnownedSerialExecutor())
    }
  }

  /// Keeps jobs one at a time also around the stop, when some still run on the loop thread while others are dropped elsewhere: whoever
  /// comes while a job runs leaves its own to the thread that runs it.
  private struct JobGate: ~Copyable {
    private struct State {
      var isRunning = false
      var waiting: [UnownedJob] = []
    }

    private let state = Mutex(State())

    borrowing func run(_ first: UnownedJob, on executor: UnownedSerialExecutor) {
      var next: UnownedJob? = state.withLock { state in
        guard !state.isRunning else {
          state.waiting.append(first)
          return nil
        }
        state.isRunning = true
        return first
      }
      while let job = next {
        job.runSynchronously(on: executor)
        next = state.withLock { state in
          state.isRunning = !state.waiting.isEmpty
          return state.isRunning ? state.waiting.removeFirst() : nil
        }
      }
    }
  }
}

extension Duration {
  /// Rounded up, clamped to what a C deadline holds.
  package var wholeMilliseconds: UInt32 {
    let (seconds, attoseconds) = components
    let milliseconds = seconds.multipliedReportingOverflow(by: 1000)
    if milliseconds.overflow { return seconds < 0 ? 0 : .max }
    let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return UInt32(clamping: milliseconds.partialValue + rest)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// One task waiting for a value that another one brings. Resumed exactly once: by the value, by the deadline, or by the task's
/// cancellation.
final class Waiter<Value: Sendable>: Sendable {
  private typealias Continuation = UnsafeContinuation<Result<Value, RocketMQError>, Never>

  private enum State {
    case idle
    case waiting(Continuation)
    case done(Result<Value, RocketMQError>)
    case over
  }

  private let state = Mutex(State.idle)

  /// Ends the wait with `result`. False: it had ended before, and `result` reaches nobody.
  @discardableResult
  func finish(_ result: Result<Value, RocketMQError>) -> Bool {
    let (isFirst, continuation) = state.withLock { state in
      switch state {
      case .idle:
        state = .done(result)
        return (true, Continuation?.none)
      case .waiting(let continuation):
        state = .over
        return (true, continuation)
      case .done, .over: return (false, nil)
      }
    }
    continuation?.resume(returning: result)
    return isFirst
  }

  /// Nobody waits any more.
  var isOver: Bool { state.withLock { if case .over = $0 { true } else { false } } }

  /// Call it once. Throws what ended the wait: `timeout` (`what` says for what it waited), `cancelled`, or the failure brought.
  func value(within limit: Duration, on loop: Loop, waitingFor what: @autoclosure @escaping @Sendable () -> String)
    async throws(RocketMQError)
    -> Value
  {
    // A loop that stops takes its timers along: then nobody else may come to end the wait.
    let stopped: @Sendable () -> Void = {
      self.finish(.failure(RocketMQError(.notRunning, "stopped while waiting for \(what())")))
    }
    let timer = loop.after(limit, ifDropped: stopped) {
      self.finish(.failure(RocketMQError(.timeout, "waited \(limit) for \(what())")))
    }
    defer { loop.cancel(timer) }
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let ready: Result<Value, RocketMQError>? = state.withLock { state in
          if case .done(let result) = state {
            state = .over
            return result
          }
          state = .waiting(continuation)
          return nil
        }
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      finish(.failure(RocketMQError(.cancelled, "cancelled while waiting for \(what())")))
    }
    #if THREAD_SANITIZER
      state.withLock { _ in }  // as in PendingReply.showHandOver
    #endif
    return try result.get()
  }
}

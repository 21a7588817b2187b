// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import CRocketCore
internal import Synchronization

/// Names one connection of a loop.
package struct ConnectionID: Hashable, Sendable {
  let raw: UInt64
}

/// Where a call goes.
package enum CallTarget: Sendable, CustomStringConvertible {
  /// "host:port"; connected on demand.
  case address(String)
  /// Back over a connection that the other side opened.
  case connection(ConnectionID)

  package var description: String {
    switch self {
    case .address(let address): address
    case .connection(let id): "connection \(id.raw)"
    }
  }
}

extension Loop {
  /// Sends `command` and waits for the response, whatever its code. Cancelling the task ends the call at once.
  ///
  /// Java: `NettyRemotingClient.invokeSync`, `invokeAsync`.
  package func call(_ target: CallTarget, _ command: Command, timeout: Duration) async throws(RocketMQError) -> Reply {
    let pending = PendingReply(target: target, code: command.code)
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<Reply?, RocketMQError>, Never>) in
        pending.start(continuation, on: self, command, timeout)
      }
    } onCancel: {
      pending.cancel(on: self)
    }
    pending.showHandOver()
    guard let reply = try result.get() else { throw RocketMQError(.internal, "a call ended without its reply") }
    return reply
  }

  /// Sends `command` without asking for an answer; returns when the bytes are with the system.
  ///
  /// Java: `NettyRemotingClient.invokeOneway`.
  package func callOneway(_ target: CallTarget, _ command: Command, timeout: Duration) async throws(RocketMQError) {
    let pending = PendingReply(target: target, code: command.code)
    let result = await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<Reply?, RocketMQError>, Never>) in
      pending.startOneway(continuation, on: self, command, timeout)
    }
    pending.showHandOver()
    if case .failure(let error) = result { throw error }
  }

  /// Sends `command` and forgets it: for what nobody can act on when it fails, such as a notification.
  package func sendAndForget(_ target: CallTarget, _ command: Command, timeout: Duration = .seconds(3)) {
    try? command.withCommand { raw in
      command.body.withUnsafeBytes { body in
        target.withTarget { target in
          _ = rocket_call_oneway(
            handle.raw, target, &raw, rocket_body(bytes: rocket_slice(body), drop: nil, user: nil), timeout.wholeMilliseconds,
            rocket_reply(fn: nil, user: nil, drop: nil))
        }
      }
    }
  }
}

extension CallTarget {
  func withTarget<R>(_ body: (rocket_target) -> R) -> R {
    switch self {
    case .address(let address): withSlice(of: address) { body(rocket_target(address: $0, connection: 0)) }
    case .connection(let id): body(rocket_target(address: rocket_slice(), connection: id.raw))
    }
  }
}

/// The only place where a continuation waits for the core: resumed exactly once, by the reply or by the failure to send.
private final class PendingReply: Sendable {
  private struct State {
    var continuation: UnsafeContinuation<Result<Reply?, RocketMQError>, Never>?
    var call: UInt64 = 0
    var cancelled = false
  }

  private let state = Mutex(State())
  private let target: CallTarget
  private let code: Int32

  init(target: CallTarget, code: Int32) {
    self.target = target
    self.code = code
  }

  func start(
    _ continuation: UnsafeContinuation<Result<Reply?, RocketMQError>, Never>, on loop: Loop, _ command: Command, _ timeout: Duration
  ) {
    state.withLock { $0.continuation = continuation }
    var call: UInt64 = 0
    send(loop, command) { raw, target, body, reply in
      rocket_call(loop.handle.raw, target, &raw, body, timeout.wholeMilliseconds, reply, &call)
    }
    let cancelled = state.withLock { state in
      state.call = call
      return state.cancelled
    }
    if cancelled { rocket_call_cancel(loop.handle.raw, call) }
  }

  func startOneway(
    _ continuation: UnsafeContinuation<Result<Reply?, RocketMQError>, Never>, on loop: Loop, _ command: Command, _ timeout: Duration
  ) {
    state.withLock { $0.continuation = continuation }
    send(loop, command) { raw, target, body, reply in
      rocket_call_oneway(loop.handle.raw, target, &raw, body, timeout.wholeMilliseconds, reply)
    }
  }

  func cancel(on loop: Loop) {
    let call = state.withLock { state in
      state.cancelled = true
      return state.call
    }
    if call != 0 { rocket_call_cancel(loop.handle.raw, call) }
  }

  private func send(
    _ loop: Loop, _ command: Command, _ start: (inout rocket_command, rocket_target, rocket_body, rocket_reply) -> Int32
  ) {
    do throws(RocketMQError) {
      let status = try command.withCommand { raw in
        command.body.withUnsafeBytes { bytes in
          target.withTarget { target in
            start(&raw, target, rocket_body(bytes: rocket_slice(bytes), drop: nil, user: nil), asReply())
          }
        }
      }
      if status != 0 { finish(.failure(failure(status))) }
    } catch {
      finish(.failure(error))
    }
  }

  private func asReply() -> rocket_reply {
    rocket_reply(
      fn: { user, status, command, frame in
        let pending = Unmanaged<PendingReply>.fromOpaque(user!).takeUnretainedValue()
        if status == 0, let command, let frame {
          pending.finish(.success(Reply(CommandView(command, frame), from: pending.target.description)))
        } else if status == 0 {
          pending.finish(.success(nil))  // oneway: written
        } else {
          pending.finish(.failure(pending.failure(status)))
        }
      },
      user: Unmanaged.passRetained(self).toOpaque(),
      drop: { Unmanaged<PendingReply>.fromOpaque($0!).release() })
  }

  private func failure(_ status: Int32) -> RocketMQError {
    coreError(status, "\(Core.requestName(code)) to \(target)", address: target.description)
  }

  /// For the thread sanitizer, which does not always see a result being handed over by a continuation (Scripts/tsan-suppressions): that
  /// whoever resumed has held this lock before.
  func showHandOver() {
    #if THREAD_SANITIZER
      state.withLock { _ in }
    #endif
  }

  private func finish(_ result: Result<Reply?, RocketMQError>) {
    let continuation = state.withLock { state in
      defer { state.continuation = nil }
      return state.continuation
    }
    continuation?.resume(returning: result)
  }
}

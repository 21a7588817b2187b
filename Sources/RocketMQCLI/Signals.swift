// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import Synchronization
internal import UnixSignals

/// Runs `work`; at the first ^C or SIGTERM calls `stop`, which is to make `work` come to its end. A second one ends the process at once.
///
/// Returns the exit code that tells of the signal (130, 143), or nil when there was none.
func untilStopped<R>(_ work: () async throws -> R, stop: @escaping @Sendable () -> Void) async throws -> (result: R, exitCode: ExitCode?) {
  let caught = CaughtSignal()
  let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
  let watch = Task {
    for await signal in signals {
      let code: Int32 = signal == .sigint ? 130 : 143
      guard caught.isFirst(code) else { RocketMQCommand.exit(withError: ExitCode(code)) }
      stop()
    }
  }
  defer { watch.cancel() }
  return (try await work(), caught.code.map { ExitCode($0) })
}

private final class CaughtSignal: Sendable {
  private let first = Mutex<Int32?>(nil)

  var code: Int32? { first.withLock { $0 } }

  func isFirst(_ code: Int32) -> Bool {
    first.withLock { first in
      guard first == nil else { return false }
      first = code
      return true
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ
internal import Synchronization

/// Counts what `produce` has sent, and tells of it.
final class SendMeter: Sendable {
  private struct State {
    var messages = 0
    var bytes = 0
    var stopped = false
    var elapsed = Duration.zero
  }

  private let state = Mutex(State())
  private let start = ContinuousClock.now

  func sent(_ messages: [Message]) {
    let bytes = messages.reduce(0) { $0 + $1.body.count }
    state.withLock { state in
      state.messages += messages.count
      state.bytes += bytes
      state.elapsed = start.duration(to: .now)
    }
  }

  var hasSent: Bool { state.withLock { $0.messages > 0 } }

  /// Nothing more is to be sent.
  func stop() { state.withLock { $0.stopped = true } }

  var isStopped: Bool { state.withLock { $0.stopped } }

  /// Shows how far `work` is, on a terminal. `total`: nil when it is not known.
  func showingProgress<R>(of total: Int?, _ work: () async -> R) async -> R {
    guard Terminal.showsProgress else { return await work() }
    let ticker = Task {
      while !Task.isCancelled {
        let state = state.withLock { $0 }
        let elapsed = start.duration(to: .now)
        let share = total.map { " of \($0.grouped)" } ?? ""
        Terminal.progress("sent \(state.messages.grouped)\(share), \(elapsed.rate(of: state.messages).grouped)/s")
        try? await Task.sleep(for: .milliseconds(200))
      }
    }
    let result = await work()
    ticker.cancel()
    await ticker.value
    Terminal.endProgress()
    return result
  }

  func summary(skipped: Int) -> String {
    let state = state.withLock { $0 }
    let left = skipped > 0 ? "; left out \(skipped.of("empty line"))" : ""
    return "sent \(state.messages.of("message")), \(state.bytes.of("byte")), in \(state.elapsed.secondsText) s: "
      + "\(state.elapsed.rate(of: state.messages).grouped)/s\(left)"
  }

  func json(skipped: Int, failure: (any Error)?) -> String {
    let state = state.withLock { $0 }
    var members: [(String, JSONValue)] = [
      ("sent", .number("\(state.messages)")),
      ("bytes", .number("\(state.bytes)")),
      ("seconds", .number(state.elapsed.secondsText)),
      ("messagesPerSecond", .number("\(state.elapsed.rate(of: state.messages))")),
      ("emptyLines", .number("\(skipped)")),
    ]
    if let failure { members.append(("error", .string(RocketMQCommand.text(of: failure)))) }
    return JSONValue.record(members).string()
  }
}

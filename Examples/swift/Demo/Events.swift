// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ChildProcess
internal import UnixSignals

/// Everything the demo waits for, in one row.
final class Events: Sendable {
  enum Event: Sendable {
    /// A child said something.
    case line(String, String)
    case ended(String, ChildProcess.Exit)
    /// So many different lines are consumed.
    case reached(Int)
    case sent(Int, Duration)
    case sendFailed(String)
    case interrupted
    case tooLong
  }

  private let stream: AsyncStream<Event>
  private let continuation: AsyncStream<Event>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  func happened(_ event: Event) { continuation.yield(event) }

  /// For one caller at a time.
  func next() async -> Event {
    for await event in stream { return event }
    return .interrupted  // the stream never ends, unless the task is cancelled
  }

  func watchSignals() async {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    Task { for await _ in signals { happened(.interrupted) } }
  }

  func watchTime(_ limit: Duration) {
    Task {
      try await Task.sleep(for: limit)
      happened(.tooLong)
    }
  }
}

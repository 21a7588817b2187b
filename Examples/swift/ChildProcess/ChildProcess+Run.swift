// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

extension ChildProcess {
  /// What a process that has ended has left.
  public struct Result: Sendable {
    public let exit: Exit
    public let lines: [String]
    public let errorLines: [String]
    /// It was killed because it ran longer than allowed.
    public let timedOut: Bool
  }

  /// Runs a program to its end; kills it after `limit`. Parameters and errors as in `init`.
  public static func run(
    _ program: String, _ arguments: [String], environment: [String]? = nil, input: [UInt8] = [], limit: Duration
  ) async throws -> Result {
    let lines = Lines()
    let errorLines = Lines()
    let child = try ChildProcess(
      program, arguments, environment: environment, input: input, onLine: { lines.append($0) }, onErrorLine: { errorLines.append($0) })
    let killer = Task {
      try await Task.sleep(for: limit)
      child.killGroup()
      return true
    }
    let exit = await child.wait()
    killer.cancel()
    let timedOut = (try? await killer.value) ?? false
    return Result(exit: exit, lines: lines.all, errorLines: errorLines.all, timedOut: timedOut)
  }

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func append(_ line: String) { lines.withLock { $0.append(line) } }
  }
}

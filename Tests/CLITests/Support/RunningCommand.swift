// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import ChildProcess
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program that goes on while the test looks at what it prints. Killed when the test forgets it.
final class RunningCommand: Sendable {
  private final class Lines: Sendable {
    let all = Mutex<[String]>([])
  }

  private let child: ChildProcess
  private let lines: AsyncStream<String>
  private let errors = Lines()

  convenience init(_ arguments: String...) throws { try self.init(arguments) }

  init(_ arguments: [String], program: String = "rocketmq") throws {
    let (lines, continuation) = AsyncStream<String>.makeStream()
    let errors = errors
    let child = try ChildProcess(
      CLI.program(program), arguments, environment: CLI.environment, onLine: { continuation.yield($0) },
      onErrorLine: { line in errors.all.withLock { $0.append(line) } })
    Task {
      _ = await child.wait()
      continuation.finish()
    }
    self.child = child
    self.lines = lines
  }

  deinit { child.killGroup() }

  var errorLines: [String] { errors.all.withLock { $0 } }

  /// The next line of standard output; fails when none comes.
  func nextLine(sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
    let line = await inTime { [lines] in
      for await line in lines { return line as String? }
      return nil
    }
    return try #require(line, "no line came; standard error: \(errorLines)", sourceLocation: sourceLocation)
  }

  func nextLines(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws -> [String] {
    var result: [String] = []
    while result.count < count { result.append(try await nextLine(sourceLocation: sourceLocation)) }
    return result
  }

  func write(_ text: String) { child.write(text) }

  func closeInput() { child.closeInput() }

  func signal(_ number: Int32) { child.signal(number) }

  /// Waits for its end.
  func wait() async -> ChildProcess.Exit { await inTime { [child] in await child.wait() } }

  /// Kills the program when `work` takes too long, which makes it come to its end.
  private func inTime<R: Sendable>(_ work: @Sendable () async -> R) async -> R {
    let killer = Task { [child] in
      try await Task.sleep(for: CLI.limit)
      child.killGroup()
    }
    defer { killer.cancel() }
    return await work()
  }
}

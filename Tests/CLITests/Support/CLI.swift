// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import ChildProcess
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The built programs, run as a user runs them.
enum CLI {
  /// Far more than any command of these tests needs: what takes so long hangs.
  static let limit: Duration = .seconds(30)

  /// Runs `rocketmq` to its end. Nothing of this process's environment but PATH reaches it.
  static func rocketmq(
    _ arguments: String..., input: String = "", environment: [String] = [], limit: Duration = limit
  ) async throws -> ChildProcess.Result {
    try await ChildProcess.run(
      program("rocketmq"), arguments, environment: CLI.environment + environment, input: Array(input.utf8), limit: limit)
  }

  static let environment = ["PATH=\(getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin")", "NO_COLOR=1"]

  /// Beside the tests' own program, or in a folder above it.
  static func program(_ name: String) -> String {
    var folder = CommandLine.arguments[0][...]
    while let slash = folder.lastIndex(of: "/") {
      folder = folder[..<slash]
      if access("\(folder)/\(name)", X_OK) == 0 { return "\(folder)/\(name)" }
    }
    Issue.record("there is no program \(name) beside \(CommandLine.arguments[0])")
    return name
  }
}

extension ChildProcess.Result {
  var output: String { lines.joined(separator: "\n") }
}

/// Failed in good order: not 0, in time, one line on standard error that says `text`, nothing on standard output.
func expectFailure(
  _ result: ChildProcess.Result, status: Int32 = 1, says text: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(result.exit == .status(status), "\(result.errorLines)", sourceLocation: sourceLocation)
  #expect(result.errorLines.count == 1, "\(result.errorLines)", sourceLocation: sourceLocation)
  #expect(
    result.errorLines.first?.hasPrefix("rocketmq: ") == true && result.errorLines.first?.contains(text) == true,
    "\(result.errorLines) does not say \"\(text)\"", sourceLocation: sourceLocation)
  #expect(result.lines == [], sourceLocation: sourceLocation)
  #expect(!result.timedOut, "it hung", sourceLocation: sourceLocation)
}

func expectSuccess(_ result: ChildProcess.Result, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(result.exit == .status(0), "\(result.errorLines)", sourceLocation: sourceLocation)
  #expect(!result.timedOut, "it hung", sourceLocation: sourceLocation)
}

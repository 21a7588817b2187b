// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

@main
struct RocketMQCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rocketmq",
    abstract: "Sends and consumes messages of Apache RocketMQ, and runs a broker for a laptop or a test.",
    discussion: """
      Try it in three terminals:
        rocketmq broker
        rocketmq consume -n 127.0.0.1:9876 -t hello -g readers --from first
        echo "hello, world" | rocketmq produce -n 127.0.0.1:9876 -t hello --file -

      Settings may also stand in the environment: ROCKETMQ_NAME_SERVER (or
      NAMESRV_ADDR), ROCKETMQ_TOPIC, ROCKETMQ_GROUP, ROCKETMQ_LOG_LEVEL. An option
      wins over the environment.

      Exit code: 0 when all went well; 1 when something failed and 64 when an
      option is wrong, with one line on standard error; 130 or 143 when ^C or
      SIGTERM ended it before its time (broker and consume run until then).
      """,
    version: "rocketmq 0.1.0",
    subcommands: [BrokerCommand.self, ProduceCommand.self, ConsumeCommand.self, TopicCommand.self, GroupCommand.self, BenchCommand.self])

  static func main() async {
    // A reader that goes away (`rocketmq consume … | head`) is an error of that write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    StandardStreams.fill()
    do {
      var command = try parseAsRoot()
      try StandardStreams.requireOutput()  // before anything is sent or taken whose outcome could not be told
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      end(with: error)
    }
  }

  /// Help and version go to standard output as the parser writes them; every failure is one line on standard error.
  private static func end(with error: any Error) -> Never {
    var error = error
    if exitCode(for: error).isSuccess {
      do { try StandardStreams.requireOutput() } catch let failure { error = failure }
    }
    // What the library calls an invalid argument came from an option: names, settings, properties.
    let isBadOption = (error as? RocketMQError)?.code == .invalidArgument
    let status = isBadOption ? ExitCode.validationFailure : exitCode(for: error)
    if status.isSuccess || error is ExitCode { exit(withError: error) }
    Terminal.report("rocketmq: \(text(of: error))")
    exit(withError: status)
  }

  /// What went wrong, in one line.
  static func text(of error: any Error) -> String {
    let text = (error as? Failure)?.text ?? (error as? RocketMQError).map(explanation(of:)) ?? message(for: error)
    return (text.isEmpty ? "\(error)" : text).split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}

/// What, the broker's code, and what lies behind it; without the library's names for kinds of errors, which mean nothing to a reader.
private func explanation(of error: RocketMQError) -> String {
  var text = error.message
  if let code = error.brokerCode { text += " [\(code)]" }
  if let cause = error.cause as? RocketMQError { text += ": \(cause.message)" }
  return text
}

/// An error of the command itself: one line that says what went wrong and what to do.
struct Failure: Error {
  let text: String

  init(_ text: String) { self.text = text }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import Logging
internal import RocketMQ

/// What every command that talks to a cluster takes.
struct ClientOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Name servers: host:port, several split at ';' or ','. Default: $ROCKETMQ_NAME_SERVER, else $NAMESRV_ADDR.", valueName: "host:port"))
  var nameServer: String?

  @Option(help: ArgumentHelp("How long one request may take.", valueName: "seconds"))
  var timeout: Seconds = Seconds(3)

  @OptionGroup var logging: LoggingOptions

  func configuration() throws -> ClientConfiguration {
    guard let servers = nameServer ?? environment("ROCKETMQ_NAME_SERVER", "NAMESRV_ADDR") else {
      throw ValidationError("No name server: give --name-server host:port, or set ROCKETMQ_NAME_SERVER.")
    }
    var configuration = ClientConfiguration(nameServers: [servers])
    configuration.requestTimeout = timeout.duration
    configuration.connectTimeout = timeout.duration
    configuration.logger = try logging.logger()
    return configuration
  }
}

struct LoggingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What to log on standard error: trace, debug, info, notice, warning, error, critical. Default: $ROCKETMQ_LOG_LEVEL, else error.",
      valueName: "level"))
  var logLevel: String?

  func logger() throws -> Logger {
    let name = logLevel ?? environment("ROCKETMQ_LOG_LEVEL") ?? Logger.Level.error.rawValue
    guard let level = Logger.Level(rawValue: name) else {
      throw ValidationError("\"\(name)\" is no log level; take one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    var logger = Logger(label: "rocketmq") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = level
    return logger
  }
}

/// A positive number of seconds, perhaps with a fraction.
struct Seconds: ExpressibleByArgument, CustomStringConvertible {
  let duration: Duration
  let description: String

  init(_ seconds: Int) {
    duration = .seconds(seconds)
    description = String(seconds)
  }

  /// Up to a day; nil for anything that is no such number.
  init?(argument: String) {
    guard let seconds = Double(argument), seconds > 0, seconds <= 86400 else { return nil }
    duration = .milliseconds(Int64((seconds * 1000).rounded(.up)))
    description = argument
  }

  var defaultValueDescription: String { description }
}

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

  @Option(
    parsing: .unconditional, help: ArgumentHelp("How long one request may take. Default: 3.", valueName: "seconds"),
    transform: Seconds.parse)
  var timeout: Seconds = Seconds(3)

  @OptionGroup(title: "TLS") var tls: TLSOptions

  @OptionGroup var logging: LoggingOptions

  func client() throws -> RocketMQClient {
    let configuration = try configuration()
    do throws(RocketMQError) {
      return try RocketMQClient(configuration)
    } catch {
      // Nothing has been connected to yet: it is the address itself that is wrong.
      guard error.code == .badAddress else { throw error }
      throw ValidationError(error.message)
    }
  }

  /// Makes a client for one question.
  func ask<R>(_ question: (Admin) async throws -> R) async throws -> R {
    let client = try client()
    do {
      let answer = try await question(Admin(client: client))
      await client.shutdown()
      return answer
    } catch {
      await client.shutdown()
      throw error
    }
  }

  private func configuration() throws -> ClientConfiguration {
    guard let servers = nameServer ?? environment("ROCKETMQ_NAME_SERVER", "NAMESRV_ADDR") else {
      throw ValidationError("No name server: give --name-server host:port, or set ROCKETMQ_NAME_SERVER.")
    }
    guard servers.contains(where: { !" \t\r\n;,".contains($0) }) else {
      throw ValidationError("\"\(servers)\" names no name server: give --name-server host:port, or set ROCKETMQ_NAME_SERVER.")
    }
    var configuration = ClientConfiguration(nameServers: [servers])
    configuration.requestTimeout = timeout.duration
    configuration.connectTimeout = timeout.duration
    configuration.tls = try tls.configuration()
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
struct Seconds: Sendable {
  let duration: Duration

  init(_ seconds: Int) { duration = .seconds(seconds) }

  /// Up to a day.
  @Sendable static func parse(_ text: String) throws -> Seconds {
    guard let seconds = Double(text), seconds > 0, seconds <= 86400 else {
      throw ValidationError("it must be a number of seconds above 0 and up to 86400, such as 3 or 0.5")
    }
    return Seconds(duration: .milliseconds(Int64((seconds * 1000).rounded(.up))))
  }

  private init(duration: Duration) { self.duration = duration }
}

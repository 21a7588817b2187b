// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ
internal import RocketMQEmbeddedBroker

struct BrokerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "broker",
    abstract: "Runs a name server and a broker in the foreground, for a laptop or a test.",
    discussion: """
      Examples:
        rocketmq broker
        rocketmq broker --name-server-port 0 --port 0 --json
        rocketmq broker --data /var/tmp/rocketmq --host 0.0.0.0 --advertise my-host
        rocketmq broker --tls-cert server.pem --tls-key server-key.pem

      Prints one line when it is ready:
        ready name-server=127.0.0.1:9876 broker=127.0.0.1:10911
      Clients need only the name server's address. ^C and SIGTERM shut it down
      cleanly. It is not for production: for that there is Apache RocketMQ.
      """)

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The broker's port; 0 takes a free one. Default: 10911.", valueName: "port"),
    transform: wholeNumber(0...65535))
  var port: UInt16 = 10911

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The name server's port; 0 takes a free one. Default: 9876.", valueName: "port"),
    transform: wholeNumber(0...65535))
  var nameServerPort: UInt16 = 9876

  @Option(help: ArgumentHelp("The address to listen on, such as 0.0.0.0 or ::1.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(help: ArgumentHelp("The host that clients are told to connect to, when it is not the one listened on.", valueName: "host"))
  var advertise: String?

  @Option(help: ArgumentHelp("Keep messages, topics and offsets in this directory; without it, in memory.", valueName: "directory"))
  var data: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Messages in the answer to one pull at most, whatever it asks for; 256 KiB at most in any case. Default: 32.", valueName: "n"),
    transform: wholeNumber(1...65_536))
  var maxPullMessages = 32

  @Option(
    name: .customLong("tls-cert"),
    help: ArgumentHelp("Speak TLS only, and show this certificate to clients: a PEM file.", valueName: "file"))
  var certificate: String?

  @Option(name: .customLong("tls-key"), help: ArgumentHelp("Its private key: a PEM file without password.", valueName: "file"))
  var key: String?

  @Option(
    name: .customLong("tls-client-ca"),
    help: ArgumentHelp("Let only clients in whose certificates these issued: a PEM file.", valueName: "file"))
  var clientAuthorities: String?

  @Flag(help: "Print the ready line as a JSON object.")
  var json = false

  @Flag(help: "Also stop at the end of standard input: for programs that start a broker as their child.")
  var stopWithInput = false

  @OptionGroup var logging: LoggingOptions

  func run() async throws {
    var configuration = EmbeddedBroker.Configuration(storage: data.map { .directory($0) } ?? .memory)
    configuration.host = host
    configuration.advertisedHost = advertise
    configuration.brokerPort = port
    configuration.nameServerPort = nameServerPort
    configuration.limits.maxPullMessages = maxPullMessages
    configuration.tls = try tls()
    configuration.logger = try logging.logger()

    let stopped = AsyncStream<Void>.makeStream()
    let input = stopWithInput ? try InputFile("-") : nil
    let (_, exitCode) = try await untilStopped {
      let broker = try await EmbeddedBroker.start(configuration)
      try Terminal.print(readyLine(broker))
      let watch = input.map { input in
        Task {
          while case .bytes = await input.read() {}
          stopped.continuation.finish()
        }
      }
      for await _ in stopped.stream {}
      watch?.cancel()
      await broker.shutdown()
    } stop: {
      stopped.continuation.finish()
    }
    _ = exitCode  // being told to stop is how it ends: a success
  }

  private func tls() throws -> EmbeddedBroker.TLS? {
    guard let identity = try TLSOptions.identity(certificate, key, "--tls-cert", "--tls-key") else {
      if clientAuthorities != nil { throw ValidationError("--tls-client-ca is of no use without --tls-cert and --tls-key.") }
      return nil
    }
    return EmbeddedBroker.TLS(identity: identity, clientAuthorities: clientAuthorities.map { .file($0) })
  }

  private func readyLine(_ broker: EmbeddedBroker) -> String {
    guard json else { return "ready name-server=\(broker.nameServerAddress) broker=\(broker.brokerAddress)" }
    return JSONValue.record([
      ("event", .string("ready")), ("nameServer", .string(broker.nameServerAddress)), ("broker", .string(broker.brokerAddress)),
    ]).string()
  }
}

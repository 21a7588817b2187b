// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Certificates
import ChildProcess
import RocketMQ
import Testing

@Suite("TLS on the command line")
struct TLSCommandTests {
  private let directory: TemporaryDirectory
  private let authority = Certificate.authority()
  /// Paths of PEM files.
  private let ca, server, serverKey, mine, myKey: String

  init() throws {
    directory = try TemporaryDirectory()
    let serverCard = Certificate(hosts: Certificate.local, issuer: authority)
    let clientCard = Certificate(name: "me", issuer: authority)
    ca = try directory.write("ca.pem", authority.text)
    server = try directory.write("server.pem", serverCard.text)
    serverKey = try directory.write("server-key.pem", serverCard.keyText)
    mine = try directory.write("me.pem", clientCard.text)
    myKey = try directory.write("me-key.pem", clientCard.keyText)
  }

  private func startBroker(_ more: String...) async throws -> (RunningCommand, String) {
    let broker = try RunningCommand(
      ["broker", "--port", "0", "--name-server-port", "0", "--json", "--tls-cert", server, "--tls-key", serverKey] + more)
    let ready = try JSONValue(parsing: Array(try await broker.nextLine().utf8))
    return (broker, try #require(ready["nameServer"]?.text))
  }

  @Test("What is produced is consumed, with options and with the environment")
  func roundTrip() async throws {
    let (broker, nameServer) = try await startBroker()
    expectSuccess(
      try await CLI.rocketmq("produce", "-n", nameServer, "-t", "orders", "--tls-ca", ca, "--file", "-", input: "one\ntwo\n"))
    let read = try await CLI.rocketmq(
      "consume", "-n", nameServer, "-t", "orders", "-g", "readers", "--from", "first", "--count", "2",
      environment: ["ROCKETMQ_TLS=true", "ROCKETMQ_TLS_CA=\(ca)"])
    expectSuccess(read)
    #expect(read.lines.sorted() == ["one", "two"])
    withExtendedLifetime(broker) {}
  }

  @Test("Servers are verified, unless --tls-insecure says otherwise")
  func refused() async throws {
    let (broker, nameServer) = try await startBroker()
    let list = ["topic", "list", "-n", nameServer]
    expectFailure(try await run(list + ["--tls"]), says: "issued by nobody who is trusted here")
    expectFailure(try await run(list + ["--tls-ca", ca, "--tls-server-name", "mq.example"]), says: "not for the host that was called")
    expectFailure(try await run(list), says: "the peer speaks TLS, and this side does not")
    let insecure = try await run(list + ["--tls-insecure"])
    #expect(insecure.exit == .status(0))
    #expect(insecure.errorLines.count == 1 && insecure.errorLines[0].contains("TLS without verification"), "\(insecure.errorLines)")
    withExtendedLifetime(broker) {}
  }

  @Test("A client certificate is shown to a broker that wants one")
  func clientCertificate() async throws {
    let (broker, nameServer) = try await startBroker("--tls-client-ca", ca)
    let list = ["topic", "list", "-n", nameServer, "--tls-ca", directory.path]
    expectFailure(try await run(list), says: "show a certificate")
    expectSuccess(try await run(list + ["--tls-cert", mine, "--tls-key", myKey]))
    withExtendedLifetime(broker) {}
  }

  @Test("Options that lack another one, and files that are not there, are refused")
  func badOptions() async throws {
    let list = ["topic", "list", "-n", "127.0.0.1:1"]
    expectFailure(try await run(list + ["--tls-cert", mine]), status: 64, says: "--tls-key")
    expectFailure(try await run(list + ["--tls-key", myKey]), status: 64, says: "--tls-cert")
    expectFailure(try await run(list + ["--tls-ca", "/nonexistent/ca.pem"]), status: 64, says: "/nonexistent/ca.pem")
    expectFailure(try await run(list + ["--tls-cert", mine, "--tls-key", serverKey]), status: 64, says: "is not the certificate's")
    expectFailure(try await run(list, ["ROCKETMQ_TLS=perhaps"]), status: 64, says: "ROCKETMQ_TLS")
    expectFailure(try await run(["broker", "--port", "0", "--tls-client-ca", ca]), status: 64, says: "--tls-cert")
    expectFailure(try await run(["broker", "--port", "0", "--tls-cert", server]), status: 64, says: "--tls-key")
  }

  private func run(_ arguments: [String], _ environment: [String] = []) async throws -> ChildProcess.Result {
    try await ChildProcess.run(CLI.program("rocketmq"), arguments, environment: CLI.environment + environment, limit: CLI.limit)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Certificates
import Logging
import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@Suite("TLS", .timeLimit(.minutes(1)))
struct TLSTests {
  private let authority = Certificate.authority()

  private func withBroker(
    _ certificate: Certificate, clients: Certificate? = nil, logger: Logger? = nil, _ work: (EmbeddedBroker) async throws -> Void
  ) async throws {
    var configuration = EmbeddedBroker.Configuration()
    configuration.tls = EmbeddedBroker.TLS(identity: certificate.identity, clientAuthorities: clients.map { .text($0.text) })
    if let logger { configuration.logger = logger }
    let broker = try await EmbeddedBroker.start(configuration)
    do { try await work(broker) } catch {
      await broker.shutdown()
      throw error
    }
    await broker.shutdown()
  }

  private func client(of broker: EmbeddedBroker, _ tls: TLSConfiguration?, logger: Logger? = nil) throws -> RocketMQClient {
    var configuration = ClientConfiguration(nameServers: [broker.nameServerAddress])
    configuration.tls = tls
    configuration.shutdownTimeout = .milliseconds(300)
    if let logger { configuration.logger = logger }
    return try RocketMQClient(configuration)
  }

  /// Sends one message. What a client throws first comes from the name servers, and has the cause inside.
  private func send(_ tls: TLSConfiguration?, to broker: EmbeddedBroker, logger: Logger? = nil) async throws -> RocketMQError? {
    let client = try client(of: broker, tls, logger: logger)
    let producer = Producer(client: client, group: "senders")
    var failure: RocketMQError?
    do throws(RocketMQError) {
      _ = try await producer.send(Message(topic: "t", body: Array("hello".utf8)))
    } catch {
      failure = error.cause as? RocketMQError ?? error
    }
    await producer.shutdown()
    await client.shutdown()
    return failure
  }

  private var local: Certificate { Certificate(hosts: Certificate.local, issuer: authority) }

  @Test("Messages go from a producer to a consumer, name server and broker both encrypted")
  func endToEnd() async throws {
    try await withBroker(local) { broker async throws in
      let client = try client(of: broker, TLSConfiguration(trust: authority.trust))
      let producer = Producer(client: client, group: "senders")
      for number in 0..<50 { try await producer.send(Message(topic: "t", body: Array("\(number)".utf8))) }
      let large = (0..<1 << 20).map { _ in UInt8.random(in: 0...255) }
      try await producer.send(Message(topic: "t", body: large))
      let consumer = try PushConsumer(client: client, group: "readers", startFrom: .earliest)
      let (bodies, seen) = AsyncStream<[UInt8]>.makeStream()
      consumer.onMessage { message, _ in
        seen.yield(message.bodyBytes)
        return .success
      }
      try await consumer.subscribe("t")
      try await consumer.start()
      var found: Set<[UInt8]> = []
      for await body in bodies {
        found.insert(body)
        if found.count == 51 { break }
      }
      #expect(found == Set((0..<50).map { Array("\($0)".utf8) } + [large]))
      await consumer.shutdown()
      await producer.shutdown()
      await client.shutdown()
    }
  }

  @Test(
    "Bad certificates are refused unless verification is off, which is logged",
    arguments: ["expired", "self-signed", "for another host", "of another authority", "of nobody the system knows"])
  func refused(kind: String) async throws {
    let certificate =
      switch kind {
      case "expired": Certificate(hosts: Certificate.local, issuer: authority, days: -9 ..< -1)
      case "self-signed": Certificate(hosts: Certificate.local)
      case "for another host": Certificate(hosts: "DNS:elsewhere,IP:10.0.0.1", issuer: authority)
      case "of another authority": Certificate(hosts: Certificate.local, issuer: .authority("other"))
      default: local
      }
    let log = LogLines()
    try await withBroker(certificate, logger: log.logger) { broker async throws in
      var tls = TLSConfiguration()
      if kind != "of nobody the system knows" { tls.trust = authority.trust }
      let error = try #require(try await send(tls, to: broker, logger: log.logger))
      #expect(error.code == .certificateRefused)
      #expect(error.address == broker.nameServerAddress)
      #expect(log.lines(containing: "without verification").isEmpty)
      tls.insecure = true
      #expect(try await send(tls, to: broker, logger: log.logger) == nil)
      #expect(log.lines(containing: "without verification").count == 1)
    }
    #expect(!log.lines(containing: "a client was refused").isEmpty)
  }

  @Test("A server name stands for hosts that are not in the certificate")
  func serverName() async throws {
    try await withBroker(Certificate(hosts: "DNS:mq.example", issuer: authority)) { broker async throws in
      var tls = TLSConfiguration(trust: authority.trust)
      let error = try #require(try await send(tls, to: broker))
      #expect(error.message.contains("set the server name"))
      tls.serverName = "mq.example"
      #expect(try await send(tls, to: broker) == nil)
    }
  }

  @Test("A broker with client authorities lets only their clients in")
  func clientCertificates() async throws {
    let clients = Certificate.authority("clients")
    try await withBroker(local, clients: clients) { broker async throws in
      var tls = TLSConfiguration(trust: authority.trust)
      #expect(try await send(tls, to: broker)?.code == .certificateRefused)
      tls.identity = Certificate(name: "me", issuer: authority).identity
      #expect(try await send(tls, to: broker)?.code == .certificateRefused)
      tls.identity = Certificate(name: "me", issuer: clients).identity
      #expect(try await send(tls, to: broker) == nil)
    }
  }

  @Test("Plain and TLS do not mix, and both sides say so")
  func mixed() async throws {
    let log = LogLines()
    try await withBroker(local, logger: log.logger) { broker async throws in
      let error = try #require(try await send(nil, to: broker))
      #expect(error.code == .tlsFailed)
      #expect(error.message.contains("turn TLS on here"))
    }
    #expect(!log.lines(containing: "a client was refused").isEmpty)
    let plain = try await EmbeddedBroker.start()
    let error = try #require(try await send(TLSConfiguration(trust: authority.trust), to: plain))
    #expect(error.code == .tlsFailed)
    #expect(error.message.contains("does not speak TLS"))
    await plain.shutdown()
  }

  @Test("Files that cannot be read are named before anything is connected")
  func badFiles() async throws {
    var tls = TLSConfiguration(trust: .authorities(.file("/nonexistent/ca.pem")))
    let missing = #expect(throws: RocketMQError.self) { try client(nameServer: "127.0.0.1:1", tls) }
    #expect(missing?.code == .invalidArgument)
    #expect(missing?.message.contains("/nonexistent/ca.pem") == true)
    tls.trust = .system
    tls.identity = TLSConfiguration.Identity(certificate: .text(local.text), key: .text(Certificate().keyText))
    let mismatch = #expect(throws: RocketMQError.self) { try client(nameServer: "127.0.0.1:1", tls) }
    #expect(mismatch?.code == .invalidArgument)
    #expect(mismatch?.message.contains("the private key is not the certificate's") == true)
    var configuration = EmbeddedBroker.Configuration()
    configuration.tls = EmbeddedBroker.TLS(identity: .init(certificate: .file("/nonexistent/server.pem"), key: .text(local.keyText)))
    let error = await #expect(throws: RocketMQError.self) { try await EmbeddedBroker.start(configuration) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("/nonexistent/server.pem") == true)
  }

  private func client(nameServer: String, _ tls: TLSConfiguration) throws(RocketMQError) {
    var configuration = ClientConfiguration(nameServers: [nameServer])
    configuration.tls = tls
    _ = try RocketMQClient(configuration)
  }
}

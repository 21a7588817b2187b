// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("When brokers fail", .timeLimit(.minutes(1)))
struct BrokerTroubleTests {
  @Test func consumptionGoesOnSoonAfterABrokerHasBeenRestarted() async throws {
    let directory = try temporaryDirectory()
    defer { removeTree(directory) }
    var configuration = EmbeddedBroker.Configuration(storage: .directory(directory))
    let first = try await EmbeddedBroker.start(configuration)
    try await first.createTopic("T", queues: 4)
    configuration.nameServerPort = port(first.nameServerAddress)
    configuration.brokerPort = port(first.brokerAddress)
    let client = try RocketMQClient(nameServers: [first.nameServerAddress])
    let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
    try await consumer.subscribe("T")
    let seen = Record<ReceivedMessage>()
    consumer.onMessage { message, _ in
      seen.add(message)
      return .success
    }
    try await consumer.start()
    try await ConsumerRig(broker: first).send(0..<50)
    #expect(await seen.wait(for: 50))
    await first.shutdown()
    let second = try await EmbeddedBroker.start(configuration)
    let restarted = ContinuousClock.now
    try await ConsumerRig(broker: second).send(50..<60)
    #expect(await seen.wait { Set($0.numbers()) == Set(0..<60) })
    #expect(ContinuousClock.now - restarted < .seconds(2))
    #expect(await consumer.shutdown().isClean)
    await client.shutdown()
    await second.shutdown()
  }

  /// Every kind of request goes wrong once, in every way: everything must still be consumed.
  @Test(arguments: [11, 14, 34, 38, 105] as [Int32], [.dropReply, .dropRequest, .disconnect, .disconnectInsteadOfReply] as [Fault.Effect])
  func aSingleLostReplyStopsNothing(_ code: Int32, _ effect: Fault.Effect) async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<20)
      rig.broker.faults.add(Fault(on: .init(code: code), effect: effect, times: 1))
      var settings = ClientConfiguration(nameServers: [rig.broker.nameServerAddress])
      settings.requestTimeout = .milliseconds(500)
      let client = try RocketMQClient(settings)
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await consumer.subscribe("T")
      let seen = Record<ReceivedMessage>()
      consumer.onMessage { message, _ in
        seen.add(message)
        return .success
      }
      try await consumer.start()
      // A lost answer to a pull is noticed after the pull's own time-out, which is longer than a test should wait.
      let isLostPull = code == 11 && (effect == .dropReply || effect == .dropRequest)
      #expect(await seen.wait(within: .seconds(10)) { Set($0.numbers()).count == (isLostPull ? 10 : 20) })
      await consumer.shutdown(deadline: .seconds(1))
      await client.shutdown()
    }
  }

  private func port(_ address: String) -> UInt16 { UInt16(address.split(separator: ":").last ?? "") ?? 0 }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("When brokers fail", .timeLimit(.minutes(1)))
struct BrokerTroubleTests {
  @Test func consumptionGoesOnSoonAfterABrokerHasBeenRestarted() async throws {
    try await LastingBroker.run { lasting in
      let client = try lasting.rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await consumer.subscribe("T")
      let seen = Record<ReceivedMessage>()
      consumer.onMessage { message, _ in
        seen.add(message)
        return .success
      }
      try await consumer.start()
      try await lasting.rig.send(0..<50)
      #expect(await seen.wait(for: 50))
      await lasting.stop()
      try await lasting.start()
      let restarted = ContinuousClock.now
      try await lasting.rig.send(50..<60)
      #expect(await seen.wait { Set($0.numbers()) == Set(0..<60) })
      #expect(ContinuousClock.now - restarted < .seconds(2))
      #expect(await consumer.shutdown().isClean)
      await client.shutdown()
    }
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
}

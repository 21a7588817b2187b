// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Logging
import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("When brokers fail", .timeLimit(.minutes(1)))
struct BrokerTroubleTests {
  @Test func consumptionGoesOnSoonAfterABrokerHasBeenRestarted() async throws {
    try await LastingBroker.run { lasting in
      let member = try await Member(lasting.rig).started()
      try await lasting.rig.send(0..<50)
      #expect(await member.seen.wait(for: 50))
      await lasting.stop()
      try await lasting.start()
      let restarted = ContinuousClock.now
      try await lasting.rig.send(50..<60)
      #expect(await member.seen.wait { Set($0.numbers()) == Set(0..<60) })
      #expect(ContinuousClock.now - restarted < .seconds(2))
      #expect(await member.leave().isClean)
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
      let member = try await Member(rig, client: RocketMQClient(settings)).started()
      // A lost answer to a pull is noticed after the pull's own time-out, which is longer than a test should wait.
      let isLostPull = code == 11 && (effect == .dropReply || effect == .dropRequest)
      #expect(await member.seen.wait(within: .seconds(10)) { Set($0.numbers()).count == (isLostPull ? 10 : 20) })
      await member.leave(deadline: .seconds(1))
    }
  }

  @Test(arguments: [ResponseCode.noPermission, .subscriptionGroupNotExist])
  func whatIsNotAllowedIsAnErrorInTheLogAndGoesOnOnceItIs(_ code: ResponseCode) async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      try await rig.send(0..<1)
      let refusal = rig.broker.faults.add(Fault(on: .init(code: 11), effect: .answer(code: code.rawValue, remark: "not you")))
      let log = LogRecord()
      var settings = ClientConfiguration(nameServers: [rig.broker.nameServerAddress])
      settings.logger = log.logger
      let member = try await Member(rig, .init { $0.pullRetryDelay = .milliseconds(20) }, client: RocketMQClient(settings)).started()
      #expect(await log.wait { $0.level == .error && $0.metadata[LogKey.error]?.description.contains("not you") == true })
      rig.broker.faults.remove(refusal)
      #expect(await member.seen.wait(for: 1))
      await member.leave()
    }
  }
}

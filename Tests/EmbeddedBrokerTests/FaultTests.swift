// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@Suite struct FaultTests {
  @Test func aFaultHitsAsOftenAsItSays() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      let fault = broker.faults.add(Fault(on: .init(code: 30), effect: .answer(code: 2, remark: "busy"), times: 2))
      for expected: ResponseCode in [.systemBusy, .systemBusy, .success] {
        #expect(try await client.call(queueRequest(.getMaxOffset, "orders")).code == expected)
      }
      #expect(broker.faults.hits(fault) == 2)
      #expect(await broker.requestCount(code: 30) == 3)
    }
  }

  @Test func aFaultForEverEndsWhenItIsRemoved() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      let fault = broker.faults.add(Fault(effect: .answer(code: 1, remark: "broken")))
      for _ in 0..<3 {
        let reply = try await client.call(queueRequest(.getMaxOffset, "orders"))
        #expect(reply.code == .systemError)
        #expect(reply.remark == "broken")
      }
      broker.faults.remove(fault)
      #expect(try await client.call(queueRequest(.getMaxOffset, "orders")).code == .success)
      #expect(broker.faults.hits(fault) == 0)
    }
  }

  @Test func aFaultHitsOnlyWhatItNames() async throws {
    try await withBroker { broker in
      let (client, other) = (try TestClient(broker), try TestClient(broker))
      let broken = ResponseCode(rawValue: 215)
      func code(_ command: Command, by client: TestClient) async throws -> ResponseCode { try await client.call(command).code }

      broker.faults.add(Fault(on: .init(topic: "orders"), effect: .answer(code: 215, remark: "")))
      #expect(try await code(queueRequest(.getMaxOffset, "orders"), by: client) == broken)
      #expect(try await code(sendRequest("orders"), by: client) == broken)
      #expect(try await code(queueRequest(.getMaxOffset, "other"), by: client) == .success)
      broker.faults.removeAll()

      broker.faults.add(Fault(on: .init(group: "g"), effect: .answer(code: 215, remark: "")))
      #expect(try await code(queryOffsetRequest("orders", group: "g"), by: client) == broken)
      #expect(try await code(queryOffsetRequest("orders", group: "h"), by: client) == .success)
      broker.faults.removeAll()

      broker.faults.add(Fault(on: .init(server: .nameServer), effect: .answer(code: 215, remark: "")))
      #expect(try await client.callNameServer(Command(.getBrokerClusterInfo)).code == broken)
      #expect(try await code(queueRequest(.getMaxOffset, "orders"), by: client) == .success)
      broker.faults.removeAll()

      _ = try await client.call(sendRequest("orders"))
      let peer = try #require(try await client.call(pullRequest("orders")).messages.first?.bornHost)
      broker.faults.add(Fault(on: .init(peer: peer), effect: .answer(code: 215, remark: "")))
      #expect(try await code(queueRequest(.getMaxOffset, "orders"), by: client) == broken)
      #expect(try await code(queueRequest(.getMaxOffset, "orders"), by: other) == .success)
    }
  }

  @Test func aDelayedAnswerComesLaterAndTheRestAtOnce() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(sendRequest("orders", "m"))
      broker.faults.add(Fault(on: .init(code: 11), effect: .delay(.milliseconds(300)), times: 1))
      let clock = ContinuousClock()
      let start = clock.now
      async let slow = client.call(pullRequest("orders"))
      #expect(try await client.call(queueRequest(.getMaxOffset, "orders")).code == .success)
      #expect(clock.now - start < .milliseconds(300))
      #expect(try await slow.bodies == ["m"])
      #expect(clock.now - start >= .milliseconds(295))
    }
  }

  @Test func aDroppedReplyWasHandled() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      broker.faults.add(Fault(on: .init(code: 310), effect: .dropReply, times: 1))
      let error = await #expect(throws: RocketMQError.self) { try await client.call(sendRequest("orders"), timeout: .milliseconds(200)) }
      #expect(error?.code == .timeout)
      #expect(await broker.offsets(topic: "orders", queueID: 0) == 0..<1)
    }
  }

  @Test func aDroppedRequestWasNot() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      broker.faults.add(Fault(on: .init(code: 310), effect: .dropRequest, times: 1))
      let error = await #expect(throws: RocketMQError.self) { try await client.call(sendRequest("orders"), timeout: .milliseconds(200)) }
      #expect(error?.code == .timeout)
      #expect(await broker.offsets(topic: "orders", queueID: 0).isEmpty)
    }
  }

  @Test func aDisconnectComesBeforeOrAfterTheRequestIsHandled() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      broker.faults.add(Fault(on: .init(code: 310), effect: .disconnect, times: 1))
      var error = await #expect(throws: RocketMQError.self) { try await client.call(sendRequest("orders", "never")) }
      #expect(error?.code == .connectionClosed)
      broker.faults.add(Fault(on: .init(code: 310), effect: .disconnectInsteadOfReply, times: 1))
      error = await #expect(throws: RocketMQError.self) { try await client.call(sendRequest("orders", "unknown")) }
      #expect(error?.code == .connectionClosed)
      #expect(try await client.call(sendRequest("orders", "known")).code == .success)
      #expect(try await client.call(pullRequest("orders")).bodies == ["unknown", "known"])
    }
  }

  @Test func aFaultOfAHeldPullHitsItsAnswer() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      broker.faults.add(Fault(on: .init(code: 11), effect: .dropReply, times: 1))
      let lost = Task { try await client.call(pullRequest("orders", hold: .seconds(15)), timeout: .milliseconds(500)) }
      await broker.untilHeld(topic: "orders", queueID: 0)
      _ = try await client.call(sendRequest("orders", "m"))
      await #expect(throws: RocketMQError.self) { try await lost.value }
      #expect(try await client.call(pullRequest("orders")).bodies == ["m"])
    }
  }
}

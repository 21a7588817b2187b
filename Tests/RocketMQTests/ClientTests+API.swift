// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

/// The requests of a client, answered by the embedded broker.
@Suite struct BrokerAPITests {
  private let queue = MessageQueue(topic: "t", brokerName: "broker-a", queueID: 1)

  @Test func offsetsAreStoredAndRead() async throws {
    try await withBroker { broker, client in
      let api = client.api
      try await api.updateOffset(of: queue, group: "cg", to: 5, at: broker.brokerAddress)
      #expect(try await api.queryOffset(of: queue, group: "cg", at: broker.brokerAddress) == 5)
      try await api.updateOffsetOneway(of: queue, group: "cg", to: 9, at: broker.brokerAddress)
      #expect(try await api.queryOffset(of: queue, group: "cg", at: broker.brokerAddress) == 9)
      #expect(await broker.committedOffset(group: "cg", topic: "t", queueID: 1) == 9)
    }
  }

  @Test func onlyTheBrokersWordThatThereIsNoOffsetIsNone() async throws {
    try await withBroker { broker, client in
      let api = client.api
      broker.faults.add(Fault(on: .init(code: 14), effect: .answer(code: 22, remark: "not found"), times: 1))
      #expect(try await api.queryOffset(of: queue, group: "cg", at: broker.brokerAddress) == nil)
      broker.faults.add(Fault(on: .init(code: 14), effect: .answer(code: 1, remark: "broken"), times: 1))
      let error = try await failure { _ = try await api.queryOffset(of: queue, group: "cg", at: broker.brokerAddress) }
      #expect(error.brokerCode == .systemError)
      broker.faults.add(Fault(on: .init(code: 14), effect: .disconnectInsteadOfReply, times: 1))
      let cut = try await failure { _ = try await api.queryOffset(of: queue, group: "cg", at: broker.brokerAddress) }
      #expect(cut.code == .connectionClosed)
      // A success without its field is no offset either.
      broker.faults.add(Fault(on: .init(code: 14), effect: .answer(code: 0, remark: "empty"), times: 1))
      let empty = try await failure { _ = try await api.queryOffset(of: queue, group: "cg", at: broker.brokerAddress) }
      #expect(empty.code == .malformedData)
    }
  }

  @Test func theRangeOfAQueueAndTheOffsetOfATime() async throws {
    try await withBroker { broker, client in
      let api = client.api
      let producer = Producer(client: client, group: "pg")
      for _ in 0..<3 { try await producer.send(Message(topic: "t", body: [1]), to: queue) }
      #expect(try await api.minOffset(of: queue, at: broker.brokerAddress) == 0)
      #expect(try await api.maxOffset(of: queue, at: broker.brokerAddress) == 3)
      let early = Timestamp(millisecondsSince1970: 1000)
      #expect(try await api.searchOffset(of: queue, at: early, broker: broker.brokerAddress) == 0)
    }
  }

  @Test func membersAndLocks() async throws {
    try await withBroker { broker, client in
      let api = client.api
      let none = try await failure { _ = try await api.consumerIDs(at: broker.brokerAddress, group: "cg") }
      #expect(none.code == .brokerError)
      _ = try await client.routes.route(of: "t")
      try client.register(TestMember(group: "cg", topics: ["t"]))
      #expect(await client.sendHeartbeats() == [])
      #expect(try await api.consumerIDs(at: broker.brokerAddress, group: "cg") == [client.clientID])

      let other = MessageQueue(topic: "t", brokerName: "broker-a", queueID: 2)
      let address = broker.brokerAddress
      #expect(try await api.lock([queue, other], at: address, group: "cg", clientID: client.clientID) == [queue, other])
      #expect(try await api.lock([queue], at: address, group: "cg", clientID: "somebody else") == [])
      try await api.unlock([queue], at: address, group: "cg", clientID: client.clientID)
      #expect(try await api.lock([queue, other], at: address, group: "cg", clientID: "somebody else") == [queue])

      await client.unregister(consumer: "cg")
      #expect(await broker.members(ofGroup: "cg") == [])
    }
  }

  @Test func aMessageSentBackComesToTheRetryTopic() async throws {
    try await withBroker { broker, client in
      _ = try await client.routes.route(of: "t")
      try client.register(TestMember(group: "cg", topics: ["t"]))
      #expect(await client.sendHeartbeats() == [])
      let result = try await Producer(client: client, group: "pg").send(Message(topic: "t", body: Array("again".utf8)), to: queue)
      let box = try await client.stored(result.offsetMessageID, on: broker)
      let message = ReceivedMessage(box, from: MessageOrigin(queue: queue, group: "cg"))
      try await client.api.sendBack(message, to: broker.brokerAddress, group: "cg", delayLevel: -1, maxReconsumeTimes: 16)
      #expect(await broker.offsets(topic: "%DLQ%cg", queueID: 0) == 0..<1)
    }
  }

  @Test func aSubscriptionTheBrokerUnderstandsPasses() async throws {
    try await withBroker { broker, client in
      let subscription = SubscriptionData(topic: "t", expressionType: "TAG", expression: "a || b", tags: ["a", "b"], version: 1)
      try await client.api.checkSubscription(subscription, at: broker.brokerAddress, group: "cg", clientID: client.clientID)
    }
  }
}

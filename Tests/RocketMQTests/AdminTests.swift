// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite struct AdminTests {
  @Test func aTopicIsMadeChangedAndListed() async throws {
    try await withBroker { broker, client in
      let admin = Admin(client: client)
      #expect(try await admin.createTopic("orders", queues: 3) == ["broker-a"])
      #expect(try await admin.topics().contains("orders"))
      #expect(try await admin.topics() == admin.topics().sorted())
      let route = try await admin.route(of: "orders")
      #expect(route.brokers.map(\.addresses) == [[0: broker.brokerAddress]])
      #expect(route.queues.map(\.writeQueues) == [3])
      try await admin.createTopic("orders", queues: 5, permission: .read, cluster: "DefaultCluster")
      let changed = try await admin.route(of: "orders")
      #expect(changed.queues.map(\.readQueues) == [5])
      #expect(changed.queues.map(\.permission) == [.read])
    }
  }

  @Test func offsetsAreThoseOfTheQueues() async throws {
    try await withBroker(queues: 2) { broker, client in
      let producer = Producer(client: client, group: "pg")
      let queue = MessageQueue(topic: "t", brokerName: "broker-a", queueID: 1)
      for _ in 0..<7 { try await producer.send(Message(topic: "t", body: [1]), to: queue) }
      await broker.expireMessages(topic: "t", queueID: 1, before: 3)
      let offsets = try await Admin(client: client).offsets(of: "t")
      #expect(offsets.map(\.queue.description) == ["t@broker-a:0", "t@broker-a:1"])
      #expect(offsets.map(\.max) == [0, 7])
      #expect(offsets[1].min == 3)
      #expect(offsets.map(\.count) == [0, 4])
    }
  }

  @Test func theClusterIsListed() async throws {
    try await withBroker { broker, client in
      let cluster = try await Admin(client: client).cluster()
      #expect(cluster.clusters == ["DefaultCluster"])
      #expect(cluster.brokers == [.init(cluster: "DefaultCluster", name: "broker-a", addresses: [0: broker.brokerAddress])])
    }
  }

  @Test func whatCannotBeDoneIsAClearError() async throws {
    try await withBroker { _, client in
      let admin = Admin(client: client)
      let name = try await failure { try await admin.createTopic("not good") }
      #expect(name.code == .invalidArgument)
      let queues = try await failure { try await admin.createTopic("t", queues: 0) }
      #expect(queues.code == .invalidArgument)
      let cluster = try await failure { try await admin.createTopic("t", cluster: "elsewhere") }
      #expect(cluster.code == .brokerNotFound && cluster.message.contains("elsewhere"))
      let route = try await failure { _ = try await admin.route(of: "nowhere") }
      #expect(route.code == .topicNotFound)
      let offsets = try await failure { _ = try await admin.offsets(of: "nowhere") }
      #expect(offsets.code == .topicNotFound)
    }
  }

  @Test func aTopicIsMadeWhereItCanBeEvenWhenOneBrokerIsDown() async throws {
    let up = try StubServer.broker()
    let nameServer = try StubServer.nameServer(["TBW102": .test(["a": up.address, "b": RawServer.closedAddress()])])
    try await withClient([nameServer.address]) { client in
      let brokers = try await Admin(client: client).createTopic("orders", queues: 3)
      #expect(brokers == ["a"])
      let request = await up.request(.updateAndCreateTopic)
      #expect(
        request.fields == [
          "topic": "orders", "defaultTopic": "TBW102", "readQueueNums": "3", "writeQueueNums": "3", "perm": "6",
          "topicFilterType": "SINGLE_TAG", "topicSysFlag": "0", "order": "false",
        ])
    }
  }
}

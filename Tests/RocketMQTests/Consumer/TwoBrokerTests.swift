// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

/// A group whose topic is on two brokers, of which one is lost for a while.
@Suite("With locks at two brokers, one of them cut", .timeLimit(.minutes(1)))
struct TwoBrokerTests {
  enum Mode: CaseIterable { case inOrder, exclusive }
  enum Cut: CaseIterable {
    /// The connections break, again and again.
    case connections
    /// It forgets its locks, too.
    case restart
  }

  /// A consumer of its own client.
  private struct Member {
    let client: RocketMQClient
    let consumer: PushConsumer
    let moves = Record<RebalanceEvent>()
    let locks = Record<QueueLockEvent>()

    init(_ nameServer: String, _ name: String, _ mode: Mode, _ witness: OrderWitness, _ consumed: Record<Int>) async throws {
      client = try RocketMQClient(nameServers: [nameServer])
      var configuration = PushConsumerConfiguration()
      configuration.isExclusive = mode == .exclusive
      configuration.allocation = CircleAllocation()
      consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
      try await consumer.subscribe("T")
      switch mode {
      case .inOrder:
        consumer.onMessageInOrder { message, _ in
          witness.begins(message, name)
          await Task.yield()
          consumed.add(Int(message.bodyText) ?? -1)
          witness.ends(message, succeeded: true)
          return .success
        }
      case .exclusive:
        consumer.onMessage { message, _ in
          consumed.add(Int(message.bodyText) ?? -1)
          return .success
        }
      }
      let (moves, locks) = (moves, locks)
      consumer.onEvent {
        switch $0 {
        case .rebalanced(let event) where event.topic == "T": moves.add(event)
        case .lock(let event) where event.queue.topic == "T": locks.add(event)
        default: break
        }
      }
      try await consumer.start()
    }

    func queues(_ broker: String) -> Int {
      consumer.statistics.queues.count { $0.queue.topic == "T" && $0.queue.brokerName == broker }
    }
  }

  @Test(arguments: Mode.allCases, Cut.allCases)
  func theQueuesOfTheOtherOneGoOnAndItsOwnComeBackWithNothingTwice(_ mode: Mode, _ cut: Cut) async throws {
    try await ConsumerRig.run(topics: ["T": 4]) { rig in
      try await LastingBroker.run(named: "broker-b", topics: ["T": 4]) { lasting in
        let nameServer = try nameServer(rig.broker, lasting.broker)
        let (witness, consumed) = (OrderWitness(), Record<Int>())
        var members: [Member] = []
        for name in ["x", "y"] { members.append(try await Member(nameServer.address, name, mode, witness, consumed)) }
        #expect(await eventually { members.allSatisfy { $0.queues("broker-a") == 2 && $0.queues("broker-b") == 2 } })
        try await send(0..<40, to: "broker-a", nameServer)
        try await send(40..<80, to: "broker-b", nameServer)
        #expect(await consumed.wait(for: 80))
        #expect(await eventually { members.allSatisfy { $0.moves.items.reduce(0) { $0 + $1.assigned.count - $1.revoked.count } == 4 } })
        let moves = members.map(\.moves.count)

        switch cut {
        case .restart: await lasting.stop()
        case .connections:
          lasting.broker.faults.add(Fault(on: .init(server: .broker), effect: .disconnect))
          for member in members { member.client.subscriptionsChanged() }  // a heartbeat, and with it the cut
        }
        for member in members {
          #expect(await member.locks.wait { Set($0.filter { $0.change == .inDoubt }.map(\.queue)).count == 2 })
        }
        try await send(80..<120, to: "broker-a", nameServer)
        #expect(await consumed.wait(for: 120))

        switch cut {
        case .restart: try await lasting.start()
        case .connections: lasting.broker.faults.removeAll()
        }
        try await send(120..<160, to: "broker-b", nameServer)
        #expect(await consumed.wait(for: 160))
        #expect(members.map(\.moves.count) == moves, "no queue has moved")
        for member in members {
          #expect(member.locks.items.allSatisfy { $0.queue.brokerName == "broker-b" && $0.change != .lost })
          #expect(await member.consumer.shutdown().isClean)
          await member.client.shutdown()
        }
        #expect(consumed.items.sorted() == Array(0..<160), "each once")
        #expect(witness.violations == [] && witness.duplicates == [])
        #expect(await rig.committed("G") == rig.ends())
        let lastingRig = ConsumerRig(broker: lasting.broker, topics: ["T": 4])
        #expect(await lastingRig.committed("G") == lastingRig.ends())
      }
    }
  }

  private func nameServer(_ a: EmbeddedBroker, _ b: EmbeddedBroker) throws -> StubServer {
    let addresses: KeyValuePairs = ["broker-a": a.brokerAddress, "broker-b": b.brokerAddress]
    return try .nameServer(["T": .test(addresses, queues: 4), "%RETRY%G": .test(addresses, queues: 1)])
  }

  /// In turn over the broker's queues.
  private func send(_ numbers: Range<Int>, to broker: String, _ nameServer: StubServer) async throws {
    let client = try RocketMQClient(nameServers: [nameServer.address])
    let producer = Producer(client: client, group: "rig")
    for number in numbers {
      let queue = MessageQueue(topic: "T", brokerName: broker, queueID: Int32(number % 4))
      try await producer.send(Message(topic: "T", body: Array(String(number).utf8)), to: queue)
    }
    await producer.shutdown()
    await client.shutdown()
  }
}

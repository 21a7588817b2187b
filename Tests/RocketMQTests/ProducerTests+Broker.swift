// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

/// Producers against the embedded broker.
@Suite struct ProducerBrokerTests {
  @Test func whatIsSentIsWhatIsStored() async throws {
    try await withBroker { broker, client in
      let producer = Producer(client: client, group: "pg")
      let sent = Message(
        topic: "t", body: Array("héllo 🚀".utf8), tags: "TagA", keys: ["k1", "k2"], properties: ["city": "Zürich"], flag: 7,
        waitsUntilStored: false)
      let result = try await producer.send(sent)
      #expect(result.status == .stored)
      let box = try await client.stored(result.offsetMessageID, on: broker)
      let message = ReceivedMessage(box, from: MessageOrigin(queue: result.queue, group: "g"))
      #expect(message.messageID == result.messageID)
      #expect(message.bodyText == "héllo 🚀")
      #expect(message.tags == "TagA" && message.keys == ["k1", "k2"] && message.flag == 7)
      #expect(message.userProperties == ["city": "Zürich"])
      #expect(message.queueOffset == result.queueOffset && message.queueID == result.queue.queueID)
      #expect(message.box.queueID == result.queue.queueID)
      #expect(message.bornAt <= message.storedAt)
      await producer.shutdown()
    }
  }

  @Test func aThousandSendsAtOnceAreAllStoredOnce() async throws {
    try await withBroker { broker, client in
      let producer = Producer(client: client, group: "pg")
      let results = try await withThrowingTaskGroup(of: SendResult.self) { group in
        for i in 0..<1000 { group.addTask { try await producer.send(Message(topic: "t", body: Array("\(i)".utf8))) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(results.map(\.messageID)).count == 1000)
      #expect(Set(results.map { "\($0.queue) \($0.queueOffset)" }).count == 1000)
      var stored = 0
      for queue in 0..<Int32(4) {
        let range = await broker.offsets(topic: "t", queueID: queue)
        #expect(range.count == 250)
        stored += range.count
      }
      #expect(stored == 1000)
    }
  }

  @Test func aBatchIsStoredAsItsMessages() async throws {
    try await withBroker(queues: 1) { broker, client in
      let producer = Producer(client: client, group: "pg")
      try await producer.send(Message(topic: "t", body: [0]))
      let batch = (0..<5).map { Message(topic: "t", body: Array("b\($0)".utf8), tags: "T\($0)", properties: ["n": "\($0)"]) }
      let result = try await producer.send(batch: batch)
      #expect(result.queueOffset == 1)
      #expect(result.messageIDs.count == 5 && result.offsetMessageIDs.count == 5)
      for i in 0..<5 {
        let box = try await client.stored(result.offsetMessageIDs[i], on: broker)
        #expect(box.withBody { [UInt8]($0) } == batch[i].body)
        #expect(box.property("UNIQ_KEY") == result.messageIDs[i])
        #expect(box.property("TAGS") == "T\(i)" && box.property("n") == "\(i)")
        #expect(box.queueOffset == Int64(1 + i))
      }
    }
  }

  @Test func aBatchToAChosenQueueGoesThere() async throws {
    try await withBroker { broker, client in
      let producer = Producer(client: client, group: "pg")
      let queue = MessageQueue(topic: "t", brokerName: "broker-a", queueID: 2)
      try await producer.send(batch: [Message(topic: "t", body: [1]), Message(topic: "t", body: [2])], to: queue)
      #expect(await broker.offsets(topic: "t", queueID: 2) == 0..<2)
    }
  }

  @Test(arguments: [MessageCompression.zlib(level: 5), .lz4, .zstd(level: 3)])
  func compressedBodiesComeBackWhole(compression: MessageCompression) async throws {
    try await withBroker { broker, client in
      var configuration = ProducerConfiguration()
      configuration.compression = compression
      let producer = Producer(client: client, group: "pg", configuration: configuration)
      let body = Array(String(repeating: "the same again and again; ", count: 1000).utf8)
      let result = try await producer.send(Message(topic: "t", body: body))
      let box = try await client.stored(result.offsetMessageID, on: broker)
      #expect(box.isCompressed && box.size < 5000)
      #expect(box.withBody { [UInt8]($0) } == body)
    }
  }

  @Test func onewayArrives() async throws {
    try await withBroker(queues: 1) { broker, client in
      let producer = Producer(client: client, group: "pg")
      for i in UInt8(0)..<10 { try await producer.sendOneway(Message(topic: "t", body: [i])) }
      // Behind them on the same connection.
      let result = try await producer.send(Message(topic: "t", body: [99]))
      #expect(result.queueOffset == 10)
    }
  }

  @Test func aTopicIsMadeByTheFirstMessage() async throws {
    try await withBroker { broker, client in
      let producer = Producer(client: client, group: "pg")
      let result = try await producer.send(Message(topic: "new", body: [1]))
      #expect(result.queue.topic == "new")
      try await client.routes.refresh("new")
      #expect(try await producer.queues(of: "new").count == 4)
    }
  }

  @Test func withoutAutoCreationTheErrorSaysWhatToDo() async throws {
    var configuration = EmbeddedBroker.Configuration(storage: .memory)
    configuration.autoCreateTopics = false
    try await withBroker(configuration: configuration) { broker, client in
      let error = try await failure { try await Producer(client: client, group: "pg").send(Message(topic: "new", body: [1])) }
      #expect(error.code == .topicNotFound)
    }
  }

  @Test func anAnswerThatIsLostIsATimeOutAndTheMessageMayBeThere() async throws {
    try await withBroker(queues: 1) { broker, client in
      let producer = Producer(client: client, group: "pg")
      try await producer.send(Message(topic: "t", body: [1]))
      broker.faults.add(Fault(on: .init(code: 310), effect: .dropReply, times: 1))
      let error = try await failure { try await producer.send(Message(topic: "t", body: [2]), timeout: .seconds(1)) }
      #expect(error.code == .timeout)
      let next = try await producer.send(Message(topic: "t", body: [3]))
      #expect(next.queueOffset == 2)
    }
  }

  @Test func aConnectionThatBreaksIsMadeAnewWithinTheSameSend() async throws {
    try await withBroker { broker, client in
      let producer = Producer(client: client, group: "pg")
      let fault = broker.faults.add(Fault(on: .init(code: 310), effect: .disconnect, times: 2))
      let result = try await producer.send(Message(topic: "t", body: [1]))
      #expect(result.status == .stored)
      #expect(broker.faults.hits(fault) == 2)
    }
  }

  @Test func oneOfTwoBrokersDownCostsItsShareAndNoMessage() async throws {
    var configuration = EmbeddedBroker.Configuration(storage: .memory)
    configuration.brokerName = "broker-b"
    try await withBroker { first, _ in
      try await withBroker(configuration: configuration) { second, _ in
        let nameServer = try StubServer.nameServer(["t": .test(["broker-a": first.brokerAddress, "broker-b": second.brokerAddress])])
        try await withClient([nameServer.address]) { client in
          let producer = Producer(client: client, group: "pg")
          for _ in 0..<8 { try await producer.send(Message(topic: "t", body: [1])) }
          await second.shutdown()
          for _ in 0..<20 {
            let result = try await producer.send(Message(topic: "t", body: [2]))
            #expect(result.queue.brokerName == "broker-a")
          }
          var stored = 0
          for queue in 0..<Int32(4) { stored += await first.offsets(topic: "t", queueID: queue).count }
          #expect(stored == 4 + 20)
        }
      }
    }
  }

  @Test func aMessageForARetryTopicCarriesItsCountInTheHeader() async throws {
    try await withBroker { broker, client in
      try client.register(TestMember(group: "cg", topics: ["t"]))
      _ = try await client.routes.route(of: "t")
      #expect(await client.sendHeartbeats() == [])
      let inner = Producer.inner(client: client)
      var message = Message(topic: TopicName.retry(ofGroup: "cg"), body: [1])
      message.systemProperties = [
        "RETRY_TOPIC": "t", "RECONSUME_TIME": "2", "MAX_RECONSUME_TIMES": "16", "UNIQ_KEY": "0A0000010000000000000000000A0001",
      ]
      let result = try await inner.send(message)
      let box = try await client.stored(result.offsetMessageID, on: broker)
      #expect(box.reconsumeTimes == 2)
      #expect(box.property("RETRY_TOPIC") == "t")
      let again = Producer.inner(client: client)
      try await again.send(message)
    }
  }
}

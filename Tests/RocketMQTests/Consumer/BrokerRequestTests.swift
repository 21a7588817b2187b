// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Testing

@testable import RocketMQ

@Suite("What brokers ask of a consumer", .timeLimit(.minutes(1)))
struct BrokerRequestTests {
  private func withConsumer(
    _ rig: ConsumerRig, _ configuration: PushConsumerConfiguration = .init(), isBatch: Bool = false,
    _ listener: @escaping @Sendable (ReceivedMessage) async throws -> ConsumeResult = { _ in .success },
    _ test: (PushConsumer, RocketMQClient) async throws -> Void
  ) async throws {
    let client = try rig.client()
    let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest, configuration: configuration)
    try await consumer.subscribe("T")
    if isBatch {
      consumer.onMessages(batchSize: 8) { messages, _ in
        for message in messages {
          switch try await listener(message) {
          case .success: break
          case .retryLater(let level): return .retryLater(delayLevel: level)
          case .deadLetter: return .deadLetter
          }
        }
        return .success
      }
    } else {
      consumer.onMessage { message, _ in try await listener(message) }
    }
    try await consumer.start()
    #expect(await eventually { consumer.statistics.queues.filter { $0.queue.topic == "T" }.count == rig.topics["T"] })
    do { try await test(consumer, client) } catch {
      await consumer.shutdown(deadline: .zero)
      await client.shutdown()
      throw error
    }
    await consumer.shutdown(deadline: .zero)
    await client.shutdown()
  }

  // MARK: State

  @Test func theOffsetsAreThoseItWouldCommit() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<10)
      let gate = Gate()
      try await withConsumer(rig) { message in
        if message.queueOffset == 3 { await gate.pass() }
        return .success
      } _: { consumer, client in
        let queues = (0..<2).map { MessageQueue(topic: "T", brokerName: "broker-a", queueID: $0) }
        #expect(
          try await eventually {
            let offsets = try await client.api.memberOffsets(of: "G", topic: "T", at: rig.broker.brokerAddress)
            return offsets == [client.clientID: [queues[0]: 3, queues[1]: 3]]
          })
        let other = try await client.api.memberOffsets(of: "G", topic: "U", clientID: client.clientID, at: rig.broker.brokerAddress)
        #expect(other == [client.clientID: [:]])
        gate.open()
      }
    }
  }

  @Test func runningInfoSaysWhatTheStatisticsSay() async throws {
    try await ConsumerRig.run(topics: ["T": 2]) { rig in
      try await rig.send(0..<20)
      let gate = Gate()
      try await withConsumer(rig) { message in
        if message.queueOffset >= 4 { await gate.pass() }
        return .success
      } _: { consumer, client in
        #expect(await eventually { consumer.statistics.queues.filter { $0.commitOffset == 4 }.count == 2 })
        let info = try await client.api.runningInfo(of: client.clientID, group: "G", at: rig.broker.brokerAddress)
        let now = Timestamp.now.millisecondsSince1970
        #expect(info.queues.count == 3, "the retry topic's, too")
        for statistics in consumer.statistics.queues where statistics.queue.topic == "T" {
          let queue = try #require(info.queues[statistics.queue])
          #expect(queue.commitOffset == 4 && queue.cachedMessages == 6 && queue.cachedMinOffset == 4 && queue.cachedMaxOffset == 9)
          #expect((now - 10_000...now).contains(queue.pulledAt) && (now - 10_000...now).contains(queue.consumedAt))
          #expect(statistics.lag == 6 && statistics.lastCachedOffset == 9 && statistics.cachedBytes > 0)
        }
        #expect(Set(info.subscriptions.map(\.topic)) == ["T", "%RETRY%G"])
        #expect(info.properties["PROP_CONSUME_TYPE"] == "CONSUME_PASSIVELY" && info.properties["PROP_CONSUMEORDERLY"] == "false")
        #expect(info.properties["PROP_NAMESERVER_ADDR"] == "\(rig.broker.nameServerAddress);")
        #expect((now - 30_000...now).contains(info.properties["PROP_CONSUMER_START_TIMESTAMP"].flatMap { Int64($0) } ?? 0))
        gate.open()
      }
    }
  }

  /// What Java's `consumerStatus` prints comes from these.
  @Test func runningInfoHasAllThatJavaSToolsLookFor() async throws {
    var info = RunningInfo()
    info.queues[MessageQueue(topic: "T", brokerName: "b", queueID: 1)] = .init()
    info.subscriptions = [SubscriptionData(topic: "T", expressionType: "TAG", expression: "*", tags: [], version: 5)]
    info.properties = ["PROP_CONSUME_TYPE": "CONSUME_PASSIVELY"]
    #expect(
      info.json.string(asFastjson: true) == """
        {"mqTable":{{"brokerName":"b","queueId":1,"topic":"T"}:{"cachedMsgCount":0,"cachedMsgMaxOffset":0,"cachedMsgMinOffset":0,\
        "cachedMsgSizeInMiB":0,"commitOffset":0,"droped":false,"lastConsumeTimestamp":0,"lastLockTimestamp":0,"lastPullTimestamp":0,\
        "locked":false,"transactionMsgCount":0,"transactionMsgMaxOffset":0,"transactionMsgMinOffset":0,"tryUnlockTimes":0}},\
        "properties":{"PROP_CONSUME_TYPE":"CONSUME_PASSIVELY"},"statusTable":{},"subscriptionSet":[{"classFilterMode":false,"codeSet":[],\
        "expressionType":"TAG","subString":"*","subVersion":5,"tagsSet":[],"topic":"T"}]}
        """)
    #expect(RunningInfo(json: try JSONValue(parsing: info.json.bytes(asFastjson: true))) == info)
  }

  // MARK: Consuming directly

  /// The id that its broker gave the first message of T.
  private func storedID(_ rig: ConsumerRig, _ body: String = "7") async throws -> String {
    let client = try rig.client()
    let producer = Producer(client: client, group: "direct")
    let id = try await producer.send(Message(topic: "T", body: Array(body.utf8))).offsetMessageID
    await producer.shutdown()
    await client.shutdown()
    return id
  }

  struct Broken: Error, CustomStringConvertible {
    var description: String { "it is broken" }
  }

  @Test(arguments: [false, true])
  func aMessageIsConsumedDirectlyAndTheOutcomeIsTheListeners(_ isBatch: Bool) async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let id = try await storedID(rig)
      let seen = Record<ReceivedMessage>()
      let results = Record<Int>()
      try await withConsumer(rig, isBatch: isBatch) { message in
        seen.add(message)
        results.add(0)
        switch results.count {
        case 1, 2: return .success
        case 3: return .retryLater
        case 4: return .deadLetter
        default: throw Broken()
        }
      } _: { consumer, client in
        #expect(await seen.wait(for: 1))
        #expect(await eventually { consumer.statistics.queues.contains { $0.commitOffset == 1 } })
        var outcomes: [DirectConsumption] = []
        for _ in 0..<4 {
          outcomes.append(try await client.api.consumeDirectly(id, by: client.clientID, group: "G", at: rig.broker.brokerAddress))
        }
        #expect(outcomes.map(\.outcome) == [.success, .later, .later, .threw])
        #expect(outcomes.map(\.remark) == [nil, nil, nil, "it is broken"])
        #expect(outcomes.allSatisfy { !$0.isOrderly && $0.commitsAutomatically })
        #expect(seen.items.map(\.bodyText) == ["7", "7", "7", "7", "7"])
        #expect(seen.items.allSatisfy { $0.topic == "T" && $0.queue.brokerName == "broker-a" })
        #expect(consumer.statistics.queues.first { $0.queue.topic == "T" }?.commitOffset == 1)
        #expect(consumer.statistics.consumed == 1 && consumer.statistics.failed == 0, "nothing is acknowledged or sent back")
      }
    }
  }

  @Test(arguments: [false, true])
  func aListenerInOrderIsCalledBesideItsQueueAndItsOutcomeIsTold(_ commitsByHand: Bool) async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let id = try await storedID(rig)
      let client = try rig.client()
      let consumer = try PushConsumer(client: client, group: "G", startFrom: .earliest)
      try await consumer.subscribe("T")
      let (calls, gate) = (Record<String>(), Gate())
      let listen: @Sendable (ReceivedMessage) async throws -> OrderedConsumeResult = { message in
        calls.add(message.bodyText)
        if message.bodyText == "8" {
          await gate.pass()
          return .success
        }
        switch calls.count {
        case 4: return .suspend
        case 5: return .commit
        case 6: return .rollback
        case 7: throw Broken()
        default: return .success
        }
      }
      if commitsByHand {
        consumer.onMessagesInOrder(batchSize: 4, autoCommit: false) { messages, _ in try await listen(messages[0]) }
      } else {
        consumer.onMessageInOrder { message, _ in try await listen(message) }
      }
      try await consumer.start()
      #expect(await calls.wait(for: 1))
      _ = try await storedID(rig, "8")
      #expect(await calls.wait(for: 2), "the queue's own listener is busy from now on")
      var outcomes: [DirectConsumption] = []
      for _ in 0..<5 {
        outcomes.append(try await client.api.consumeDirectly(id, by: client.clientID, group: "G", at: rig.broker.brokerAddress))
      }
      #expect(outcomes.map(\.outcome) == [.success, .later, .commit, .rollback, .threw])
      #expect(outcomes.last?.remark == "it is broken")
      #expect(outcomes.allSatisfy { $0.isOrderly && $0.commitsAutomatically == !commitsByHand })
      #expect(calls.items == ["7", "8", "7", "7", "7", "7", "7"])
      gate.open()
      #expect(await eventually { consumer.statistics.consumed == 2 && consumer.statistics.failed == 0 }, "the queue has not noticed")
      await consumer.shutdown()
      #expect(await rig.committed("G") == [commitsByHand ? 0 : 2])
      await client.shutdown()
    }
  }

  @Test func aMessageOfTheRetryTopicHasItsOwnTopicAgain() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let seen = Record<ReceivedMessage>()
      _ = try await storedID(rig)
      try await withConsumer(rig) { message in
        seen.add(message)
        return seen.count == 1 ? .retryLater(delayLevel: 1) : .success
      } _: { consumer, client in
        #expect(await seen.wait(for: 2))
        let id = try #require(seen.items.last).offsetMessageID
        let result = try await client.api.consumeDirectly(id, by: client.clientID, group: "G", at: rig.broker.brokerAddress)
        #expect(result.outcome == .success)
        #expect(seen.items.last?.topic == "T" && seen.items.last?.queue.topic == "%RETRY%G")
      }
    }
  }

  @Test func aListenerThatHangsIsGivenUpAndFewCanHang() async throws {
    try await ConsumerRig.run(topics: ["T": 1]) { rig in
      let id = try await storedID(rig)
      let gate = Gate()
      let entered = Record<ReceivedMessage>()
      var configuration = PushConsumerConfiguration()
      configuration.consumeTimeout = .seconds(1)
      try await withConsumer(rig, configuration) { message in
        entered.add(message)
        if entered.count > 1 {
          await withCheckedContinuation { done in
            Task.detached {
              await gate.pass()
              done.resume()
            }
          }
        }
        return .success
      } _: { consumer, client in
        #expect(await entered.wait(for: 1))
        let began = ContinuousClock.now
        let errors = await withTaskGroup(of: RocketMQError?.self) { tasks in
          for _ in 0..<6 {
            tasks.addTask {
              do throws(RocketMQError) {
                _ = try await client.api.consumeDirectly(id, by: client.clientID, group: "G", at: rig.broker.brokerAddress)
                return nil
              } catch { return error }
            }
          }
          var errors: [RocketMQError?] = []
          for await error in tasks { errors.append(error) }
          return errors
        }
        #expect(ContinuousClock.now - began < .seconds(8))
        #expect(errors.compactMap { $0?.brokerCode }.filter { $0 == .consumeMessageTimeout }.count == 4)
        #expect(errors.compactMap { $0?.brokerCode }.filter { $0 == .systemBusy }.count == 2)
        gate.open()
      }
    }
  }

  // MARK: Refusing

  @Test func aGroupThatIsNotHereIsRefusedInJavaSWords() async throws {
    try await withStubbedConsumer { broker, connection in
      for code in [RequestCode.getConsumerRunningInfo, .consumeMessageDirectly] {
        var request = Command(code)
        request.set(.consumerGroup, "elsewhere")
        request.set(.clientIdLower, "c")
        let reply = try await broker.loop.call(connection, request, timeout: .seconds(5))
        #expect(reply.code == .systemError && reply.remark == "The Consumer Group <elsewhere> not exist in this consumer")
      }
      var status = Command(.getConsumerStatusFromClient)
      status.set(.group, "elsewhere")
      status.set(.topic, "T")
      let reply = try await broker.loop.call(connection, status, timeout: .seconds(5))
      #expect(reply.code == .success)
      #expect(String(decoding: reply.body.bytes, as: UTF8.self) == #"{"consumerTable":{},"messageQueueTable":{}}"#)
    }
  }

  @Test(arguments: [220, 221, 307, 309] as [Int32])
  func whatCannotBeReadIsAnswered(_ code: Int32) async throws {
    let bodies: [[UInt8]] = [
      [], Array("{".utf8), Array("[]".utf8), Array(#"{"offsetTable":7}"#.utf8),
      Array(#"{"offsetTable":{{}:1,{"topic":"T"}:2,"x":3}}"#.utf8),
      Array(#"{"offsetTable":[{},7,{"topic":"T","brokerName":"b","queueId":0,"offset":-5}]}"#.utf8),
      Array(#"{"offsetTable":{{"brokerName":"b","queueId":99999999999,"topic":"T"}:99999999999999999999}}"#.utf8),
      [0, 0, 0, 200, 0xDA, 0xA3, 0x20, 0xA7], [UInt8](repeating: 0xFF, count: 500), Array(String(repeating: "[", count: 5000).utf8),
    ]
    try await withStubbedConsumer { broker, connection in
      for body in bodies {
        for hasFields in [true, false] {
          var request = Command(RequestCode(rawValue: code))
          request.set(.consumerGroup, "G")
          request.set(.group, "G")
          if hasFields { request.set(.topic, "T") }
          request.body = body
          let reply = try await broker.loop.call(connection, request, timeout: .seconds(5))
          if code == 309 { #expect(reply.code == .systemError) }
          if code == 220, body.isEmpty { #expect(reply.code == .systemError) }
        }
      }
    }
  }

  @Test func bothFormsOfAResetAreRead() throws {
    let queues = (0..<2).map { MessageQueue(topic: "T", brokerName: "broker-a", queueID: $0) }
    let expected = [queues[0]: Int64(12), queues[1]: 34]
    let (first, second) = (#"{"brokerName":"broker-a","queueId":0,"topic":"T"}"#, #"{"brokerName":"broker-a","queueId":1,"topic":"T"}"#)
    func quoted(_ text: String) -> String { JSONValue.string(text).string() }
    for text in [
      "{\"offsetTable\":{\(second):34,\(first):12}}",
      "{\"offsetTable\":{\(quoted(second)):34,\(quoted(first)):\"12\"}}",
      "{\"offsetTable\":[\(first.dropLast()),\"offset\":12},\(second.dropLast()),\"offset\":34}]}",
    ] {
      #expect(QueueOffsetsBody.read(try JSONValue(parsing: Array(text.utf8))["offsetTable"]) == expected)
    }
    let table: JSONValue = ["offsetTable": QueueOffsetsBody.table(expected)]
    #expect(QueueOffsetsBody.read(try JSONValue(parsing: table.bytes(asFastjson: true))["offsetTable"]) == expected)
    let list: JSONValue = ["offsetTable": QueueOffsetsBody.list(expected)]
    #expect(QueueOffsetsBody.read(try JSONValue(parsing: list.bytes())["offsetTable"]) == expected)
  }

  /// A consumer of the group G, connected to a broker that only says yes.
  private func withStubbedConsumer(_ work: (StubServer, CallTarget) async throws -> Void) async throws {
    let broker = try StubServer.broker { request in request.code == .pullMessage ? nil : .ok }
    let nameServer = try StubServer.nameServer(["T": .test(["b": broker.address])])
    try await withClient([nameServer.address]) { client in
      let consumer = try PushConsumer(client: client, group: "G")
      try await consumer.subscribe("T")
      consumer.onMessage { _, _ in .success }
      try await consumer.start()
      _ = await broker.request(.heartBeat)
      try await work(broker, .connection(try #require(broker.connections.first)))
      await consumer.shutdown(deadline: .zero)
    }
  }
}

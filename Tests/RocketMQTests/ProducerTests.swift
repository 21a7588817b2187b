// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Synchronization
import Testing

@testable import RocketMQ

/// Producers against stub brokers: what a broker that behaves does not do.
@Suite struct ProducerTests {
  private func withProducer(
    _ brokers: KeyValuePairs<String, String>, _ configuration: ProducerConfiguration = ProducerConfiguration(),
    _ work: (Producer) async throws -> Void
  ) async throws {
    let nameServer = try StubServer.nameServer(["t": .test(brokers)])
    try await withClient([nameServer.address]) { client in
      let producer = Producer(client: client, group: "pg", configuration: configuration)
      do { try await work(producer) } catch {
        await producer.shutdown()
        throw error
      }
      await producer.shutdown()
    }
  }

  private let message = Message(topic: "t", body: Array("hello".utf8), tags: "TagA", keys: ["k"], properties: ["a": "b"], flag: 7)

  @Test func theRequestIsThatOfTheJavaClient() async throws {
    let broker = try StubServer.broker()
    try await withProducer(["broker-a": broker.address]) { producer in
      let before = Timestamp.now
      let result = try await producer.send(message)
      let request = await broker.request(.sendMessageV2)
      var fields = request.fields
      let queue = Int(fields.removeValue(forKey: "e") ?? "none") ?? -1
      let born = Int64(fields.removeValue(forKey: "g") ?? "none") ?? 0
      let properties = PropertyText.decode(Array((fields.removeValue(forKey: "i") ?? "").utf8))
      #expect(born >= before.millisecondsSince1970 && born <= Timestamp.now.millisecondsSince1970)
      #expect(properties == ["TAGS": "TagA", "KEYS": "k", "a": "b", "WAIT": "true", "UNIQ_KEY": result.messageID])
      #expect(
        fields == [
          "a": "pg", "b": "t", "c": "TBW102", "d": "4", "f": "0", "h": "7", "j": "0", "k": "false", "m": "false", "n": "broker-a",
        ])
      #expect((0..<4).contains(queue))
      #expect(request.body == Array("hello".utf8))
      #expect(result.messageID.count == 32)
      #expect(result.offsetMessageID == "7F00000100002A9F0000000000000000")
      #expect(result.regionID == "DefaultRegion")
    }
  }

  @Test(arguments: [
    (ResponseCode.success, SendResult.Status.stored), (.flushDiskTimeout, .flushDiskTimeout), (.flushSlaveTimeout, .flushReplicaTimeout),
    (.slaveNotAvailable, .replicaNotAvailable),
  ])
  func whatIsStoredLessSafelyIsASuccessWithAStatus(code: ResponseCode, status: SendResult.Status) async throws {
    let broker = try StubServer.broker { $0.code == .sendMessageV2 ? .stored(queueID: 2, offset: 41, code: code) : .ok }
    try await withProducer(["broker-a": broker.address]) { producer in
      let result = try await producer.send(message)
      #expect(result.status == status)
      #expect(result.queue == MessageQueue(topic: "t", brokerName: "broker-a", queueID: 2))
      #expect(result.queueOffset == 41)
      #expect(broker.requests(.sendMessageV2).count == 1)
    }
  }

  @Test func whatIsStoredLessSafelyIsSentToAnotherBrokerWhenThatIsWanted() async throws {
    let poor = try StubServer.broker { $0.code == .sendMessageV2 ? .stored(code: .slaveNotAvailable) : .ok }
    let good = try StubServer.broker()
    try await withProducer(["a": poor.address, "b": good.address], .with { $0.retriesUnsafelyStored = true }) { producer in
      for _ in 0..<8 {
        let result = try await producer.send(message)
        #expect(result.status == .stored)
      }
    }
    let others: [KeyValuePairs<String, String>] = [["a": poor.address], ["a": poor.address, "b": RawServer.closedAddress()]]
    for brokers in others {
      try await withProducer(brokers, .with { $0.retriesUnsafelyStored = true }) { producer in
        let result = try await producer.send(message)
        #expect(result.status == .replicaNotAvailable)
      }
    }
  }

  @Test func queuesTakeTurns() async throws {
    let brokers = [try StubServer.broker(), try StubServer.broker()]
    try await withProducer(["a": brokers[0].address, "b": brokers[1].address]) { producer in
      for _ in 0..<16 { try await producer.send(message) }
      for broker in brokers {
        var counts: [String: Int] = [:]
        for request in broker.requests(.sendMessageV2) { counts[request.fields["e"] ?? "?", default: 0] += 1 }
        #expect(counts == ["0": 2, "1": 2, "2": 2, "3": 2])
      }
    }
  }

  @Test(arguments: [ResponseCode.systemError, .serviceNotAvailable, .topicNotExist, .noPermission, .systemBusy])
  func aRefusalThatAnotherBrokerMayNotShareGoesToAnother(code: ResponseCode) async throws {
    let bad = try StubServer.broker { $0.code == .sendMessageV2 ? Command(response: code, remark: "no") : .ok }
    let good = try StubServer.broker()
    try await withProducer(["a": bad.address, "b": good.address]) { producer in
      for _ in 0..<8 {
        let result = try await producer.send(message)
        #expect(result.queue.brokerName == "b")
      }
      #expect(bad.requests(.sendMessageV2).count >= 1)
    }
  }

  @Test func theOnlyBrokerIsAskedAgainWhenItIsBusy() async throws {
    let requests = Atomic(0)
    let broker = try StubServer.broker {
      guard $0.code == .sendMessageV2, requests.add(1, ordering: .relaxed).oldValue < 2 else {
        return $0.code == .sendMessageV2 ? .stored() : .ok
      }
      return Command(response: .systemBusy, remark: "[PCBUSY_CLEAN_QUEUE]broker busy, start flow control for a while")
    }
    try await withProducer(["a": broker.address]) { producer in
      try await producer.send(message)
      #expect(broker.requests(.sendMessageV2).count == 3)
    }
  }

  @Test func aSendThatIsCancelledWhileABusyBrokerGetsItsMomentIsNotRepeated() async throws {
    let broker = try StubServer.broker { $0.code == .sendMessageV2 ? Command(response: .systemBusy, remark: "busy") : .ok }
    try await withProducer(["a": broker.address]) { producer in
      let sending = Task { try await producer.send(message) }
      #expect(await eventually { broker.requests(.sendMessageV2).count == 1 })
      sending.cancel()
      let error = try await failure { _ = try await sending.value }
      #expect(error.code == .cancelled)
      #expect(broker.requests(.sendMessageV2).count == 1)
    }
  }

  @Test(arguments: [ResponseCode.messageIllegal, .flowControl])
  func aRefusalThatEveryBrokerWouldShareIsFinal(code: ResponseCode) async throws {
    let answer: StubServer.Answer = { $0.code == .sendMessageV2 ? Command(response: code, remark: "no") : .ok }
    let brokers = [try StubServer.broker(answer), try StubServer.broker(answer)]
    try await withProducer(["a": brokers[0].address, "b": brokers[1].address]) { producer in
      let error = try await failure { try await producer.send(message) }
      #expect(error.code == .brokerError && error.brokerCode == code)
      #expect(brokers.reduce(0) { $0 + $1.requests(.sendMessageV2).count } == 1)
    }
  }

  @Test func allAttemptsAreInTheError() async throws {
    let bad = try StubServer.broker { $0.code == .sendMessageV2 ? Command(response: .systemError, remark: "no") : .ok }
    try await withProducer(["a": bad.address, "b": RawServer.closedAddress()]) { producer in
      let error = try await failure { try await producer.send(message) }
      #expect(error.message.contains("after 3 attempts"))
      #expect(error.message.contains("a: SYSTEM_ERROR(1)") && error.message.contains("b: connectFailed"))
    }
  }

  @Test func aBrokerThatDoesNotAnswerLeavesTimeForAnother() async throws {
    let dead = RawServer(.silent)
    let good = try StubServer.broker()
    let nameServer = try StubServer.nameServer(["t": .test(["a": dead.address, "b": good.address])])
    try await withClient([nameServer.address]) { client in
      let producer = Producer(client: client, group: "pg")
      for _ in 0..<4 {
        let result = try await producer.send(message, timeout: .seconds(2))
        #expect(result.queue.brokerName == "b")
      }
    }
  }

  @Test func aDeadBrokerIsNotWaitedForAgainAndAgain() async throws {
    let dead = try StubServer.broker { $0.code == .sendMessageV2 ? nil : .ok }
    let good = try StubServer.broker()
    try await withProducer(["a": dead.address, "b": good.address]) { producer in
      for _ in 0..<20 { try await producer.send(message, timeout: .seconds(2)) }
      #expect(good.requests(.sendMessageV2).count == 20)
      #expect(dead.requests(.sendMessageV2).count <= 2)
    }
  }

  @Test(arguments: [1, 2, 5]) func theDeadlineHoldsWhateverHappens(brokers: Int) async throws {
    let dead = RawServer(.silent)
    var route = TopicRoute.test([:])
    for i in 0..<brokers {
      route.brokers.append(.init(cluster: "c", name: "b\(i)", addresses: [0: dead.address]))
      route.queues.append(.init(brokerName: "b\(i)", readQueues: 1, writeQueues: 1, permission: .readWrite))
    }
    let nameServer = try StubServer.nameServer(["t": route])
    try await withClient([nameServer.address]) { client in
      let producer = Producer(client: client, group: "pg")
      var error: RocketMQError?
      let time = await ContinuousClock().measure {
        do throws(RocketMQError) { try await producer.send(message, timeout: .milliseconds(300)) } catch let thrown { error = thrown }
      }
      #expect(error?.code == .timeout)
      #expect(time >= .milliseconds(290) && time < .seconds(2))
    }
  }

  @Test func theDeadlineHoldsForTheRouteToo() async throws {
    let dead = RawServer(.silent)
    try await withClient([dead.address], requestTimeout: .seconds(60)) { client in
      let producer = Producer(client: client, group: "pg")
      let error = try await failure { try await producer.send(message, timeout: .milliseconds(100)) }
      #expect(error.code == .timeout)
    }
  }

  @Test func aBrokerThatComesBackElsewhereIsFoundByTheNextSend() async throws {
    let broker = try StubServer.broker()
    let current = Mutex(TopicRoute.test(["a": RawServer.closedAddress()]))
    let nameServer = try StubServer { _ in .ok(current.withLock { $0 }.json) }
    try await withClient([nameServer.address]) { client in
      let producer = Producer(client: client, group: "pg")
      _ = try await client.routes.route(of: "t")
      current.withLock { $0 = .test(["a": broker.address]) }
      while (try? await producer.send(message)) == nil {}
      #expect(broker.requests(.sendMessageV2).count == 1)
    }
  }

  @Test func aChosenQueueIsTriedOnce() async throws {
    let bad = try StubServer.broker { $0.code == .sendMessageV2 ? Command(response: .systemError, remark: "no") : .ok }
    try await withProducer(["a": bad.address]) { producer in
      let queue = MessageQueue(topic: "t", brokerName: "a", queueID: 3)
      let refused = try await failure { try await producer.send(message, to: queue) }
      #expect(refused.brokerCode == .systemError)
      #expect(bad.requests(.sendMessageV2).map { $0.fields["e"] } == ["3"])
      let unknown = MessageQueue(topic: "t", brokerName: "nobody", queueID: 0)
      #expect(try await failure { try await producer.send(message, to: unknown) }.code == .brokerNotFound)
      let other = MessageQueue(topic: "other", brokerName: "a", queueID: 0)
      #expect(try await failure { try await producer.send(message, to: other) }.code == .invalidArgument)
    }
  }

  @Test func oneKeyGoesToOneQueue() async throws {
    let broker = try StubServer.broker()
    try await withProducer(["a": broker.address]) { producer in
      for key in ["order-17", "order-18"] { for _ in 0..<5 { try await producer.send(message, hashing: key) } }
      // Java: Math.abs("order-17".hashCode() % 4)
      let expected = ["order-17", "order-18"].map { String((Core.tagHash($0) % 4).magnitude) }
      #expect(broker.requests(.sendMessageV2).map { $0.fields["e"]! } == expected.flatMap { [String](repeating: $0, count: 5) })
    }
  }

  @Test func aRouteFullOfNonsenseIsAnErrorAtOnce() async throws {
    var route = TopicRoute.test(["a": "no address at all", "b": "no.such.host.invalid:10911"])
    route.queues.append(.init(brokerName: "a broker that is nowhere", readQueues: 4, writeQueues: 4, permission: .readWrite))
    let nameServer = try StubServer.nameServer(["t": route])
    try await withClient([nameServer.address]) { client in
      let producer = Producer(client: client, group: "pg")
      #expect(try await Set(producer.queues(of: "t").map(\.brokerName)) == ["a", "b"])
      for _ in 0..<4 {
        let error = try await failure { try await producer.send(message, timeout: .seconds(10)) }
        #expect(error.code == .badAddress)
      }
    }
  }

  @Test func aRouteToBrokersWithoutMastersIsAnError() async throws {
    var route = TopicRoute.test(["a": "h:1"])
    route.brokers[0].addresses = [1: "h:2"]
    let nameServer = try StubServer.nameServer(["t": route])
    try await withClient([nameServer.address]) { client in
      let error = try await failure { try await Producer(client: client, group: "pg").send(message) }
      #expect(error.code == .topicNotFound)
      #expect(error.message.contains("master"))
    }
  }

  @Test func aTopicThatDoesNotExistGoesWhereNewOnesAreMade() async throws {
    let broker = try StubServer.broker()
    let real = Mutex<TopicRoute?>(nil)
    var auto = TopicRoute.test(["a": broker.address], queues: 8)
    auto.queues[0].permission = [.read, .write, .inherit]
    let nameServer = try StubServer { [auto] request in
      switch request.topic {
      case "TBW102": .ok(auto.json)
      case "t": real.withLock { $0 }.map { .ok($0.json) } ?? Command(response: .topicNotExist)
      default: Command(response: .topicNotExist)
      }
    }
    try await withClient([nameServer.address]) { client in
      let producer = Producer(client: client, group: "pg")
      for _ in 0..<8 { try await producer.send(message) }
      #expect(Set(broker.requests(.sendMessageV2).map { $0.fields["e"] }) == ["0", "1", "2", "3"])
      #expect(client.routes.cachedRoute(of: "t") == nil)
      real.withLock { $0 = .test(["a": broker.address], queues: 2) }
      try await client.routes.refresh("t")
      #expect(try await producer.queues(of: "t").count == 2)
    }
  }

  @Test func whereNoTopicIsMadeTheErrorSaysSo() async throws {
    let nameServer = try StubServer.nameServer([:])
    try await withClient([nameServer.address]) { client in
      let error = try await failure { try await Producer(client: client, group: "pg").send(message) }
      #expect(error.code == .topicNotFound)
      #expect(error.message.contains("create it first"))
    }
  }

  @Test func onewayIsWrittenWithoutWaitingForAnAnswer() async throws {
    let broker = try StubServer.broker { $0.code == .sendMessageV2 ? nil : .ok }
    try await withProducer(["a": broker.address]) { producer in
      try await producer.sendOneway(message)
      let request = await broker.request(.sendMessageV2)
      #expect(request.responder.isOneway)
    }
  }

  // MARK: Back-pressure and life

  @Test func bytesInFlightAreBoundedAndWaitersAreServed() async throws {
    let held = Mutex<[Responder]>([])
    let broker = try StubServer { request in
      guard request.code == .sendMessageV2 else { return .ok }
      held.withLock { $0.append(request.responder) }
      return nil
    }
    let limit = 100_000
    try await withProducer(["a": broker.address], .with { $0.maxBytesInFlight = limit }) { producer in
      let large = Message(topic: "t", body: (0..<10_000).map { _ in UInt8.random(in: 0...255) })
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<100 { group.addTask { try await producer.send(large, timeout: .seconds(20)) } }
        var sent = 0
        while sent < 100 {
          let batch = held.withLock { held in
            defer { held = [] }
            return held
          }
          #expect(producer.bytesInFlight <= limit)
          #expect(batch.count <= 10)
          for responder in batch { broker.loop.respond(responder, .stored()) }
          sent += batch.count
          await Task.yield()
        }
        try await group.waitForAll()
      }
      #expect(producer.bytesInFlight == 0)
    }
  }

  @Test func waitingForRoomEndsWithTheDeadlineAndWithCancellation() async throws {
    let broker = try StubServer.broker { $0.code == .sendMessageV2 ? nil : .ok }
    try await withProducer(["a": broker.address], .with { $0.maxBytesInFlight = 1 }) { producer in
      let first = Task { try await producer.send(message, timeout: .seconds(20)) }
      _ = await broker.request(.sendMessageV2)
      let late = try await failure { try await producer.send(message, timeout: .milliseconds(50)) }
      #expect(late.code == .timeout)
      let second = Task { try await producer.send(message, timeout: .seconds(20)) }
      second.cancel()
      #expect(try await failure { _ = try await second.value }.code == .cancelled)
      first.cancel()
      #expect(try await failure { _ = try await first.value }.code == .cancelled)
      #expect(producer.bytesInFlight == 0)
    }
  }

  @Test func shutdownWaitsForWhatIsBeingSentAndLeaves() async throws {
    let broker = try StubServer { $0.code == .sendMessageV2 ? nil : .ok }
    let nameServer = try StubServer.nameServer(["t": .test(["a": broker.address])])
    try await withClient([nameServer.address]) { client in
      let producer = Producer(client: client, group: "pg")
      async let sending = producer.send(message)
      let held = await broker.request(.sendMessageV2)
      async let ending: Void = producer.shutdown()
      while (try? producer.start()) != nil { await Task.yield() }
      #expect(try await failure { try await producer.send(message) }.code == .notRunning)
      #expect(broker.requests(.unregisterClient).isEmpty)
      broker.loop.respond(held.responder, .stored())
      let sent = try await sending
      #expect(sent.status == .stored)
      await ending
      #expect(broker.requests(.unregisterClient).map { $0.fields["producerGroup"] } == ["pg"])
      await producer.shutdown()
    }
  }

  @Test func aForgottenProducerFreesItsGroup() async throws {
    let broker = try StubServer.broker()
    let nameServer = try StubServer.nameServer(["t": .test(["a": broker.address])])
    try await withClient([nameServer.address]) { client in
      try await Producer(client: client, group: "pg").send(message)
      let second = Producer(client: client, group: "pg")
      try await second.send(message)
      #expect(try await failure { try await Producer(client: client, group: "pg").send(message) }.code == .groupInUse)
      #expect(try await failure { try await Producer(client: client, group: "no good").send(message) }.code == .invalidArgument)
    }
  }

  @Test func settingsOutOfRangeAreNamed() async throws {
    let changes: [(String, (inout ProducerConfiguration) -> Void)] = [
      ("sendTimeout", { $0.sendTimeout = .zero }), ("attemptTimeout", { $0.attemptTimeout = .zero }),
      ("maxAttempts", { $0.maxAttempts = 0 }),
      ("maxMessageBytes", { $0.maxMessageBytes = 0 }), ("maxBytesInFlight", { $0.maxBytesInFlight = 0 }),
      ("autoCreateQueues", { $0.autoCreateQueues = 0 }), ("zlib", { $0.compression = .zlib(level: 10) }),
      ("zstd", { $0.compression = .zstd(level: 0) }),
    ]
    for (name, change) in changes {
      try await withProducer(["a": "127.0.0.1:1"], .with(change)) { producer in
        let error = try await failure { try await producer.send(message) }
        #expect(error.code == .invalidArgument)
        #expect(error.message.contains(name))
      }
    }
  }

  @Test func messagesAreCutIntoBatchesThatFit() async throws {
    try await withProducer(["a": "127.0.0.1:1"], .with { $0.maxMessageBytes = 1000 }) { producer in
      var delayed = message
      delayed.delayLevel = 1
      let small = Message(topic: "t", body: [UInt8](repeating: 1, count: 100))
      let other = Message(topic: "u", body: [1])
      let ids = try UniqueIDs(host: HostAddress(ip: [10, 0, 0, 1], port: 0), process: 1, salt: 1)
      let messages = [Message](repeating: small, count: 20) + [other, delayed, small]
      let batches = producer.batches(of: messages)
      #expect(batches.flatMap { $0 }.map(\.body) == messages.map(\.body))
      #expect(batches.suffix(3).map(\.count) == [1, 1, 1])
      #expect(batches.count >= 3 + 3 && batches.count <= 3 + 7)
      for batch in batches where batch[0].delayLevel == 0 {
        _ = try OutgoingMessage(batch: batch, producer.configuration, ids: ids)
      }
    }
  }
}

extension ProducerConfiguration {
  /// The default settings, but for some.
  fileprivate static func with(_ change: (inout ProducerConfiguration) -> Void) -> ProducerConfiguration {
    var configuration = ProducerConfiguration()
    change(&configuration)
    return configuration
  }
}

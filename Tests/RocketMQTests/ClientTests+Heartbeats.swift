// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite struct HeartbeatTests {
  @Suite struct Schedule {
    @Test func whatIsWantedWhileOneIsOnItsWayGoesOutAfterIt() {
      var schedule = HeartbeatSchedule()
      schedule.want(["a", "a", "b"])
      #expect(schedule.takePending() == ["a", "b"])
      #expect(schedule.takePending() == [])
      schedule.want(["a"])
      #expect(schedule.takePending() == [])
      #expect(schedule.isBusy("a"))
      _ = schedule.finished("b", succeeded: true)
      #expect(!schedule.isBusy("b"))
      _ = schedule.finished("a", succeeded: true)
      #expect(schedule.takePending() == ["a"])
    }

    @Test func theConnectionThatAHeartbeatOpensNeedsNoOther() {
      var schedule = HeartbeatSchedule()
      schedule.want(["a"])
      _ = schedule.takePending()
      schedule.opened("a")
      let isNew = schedule.finished("a", succeeded: true)
      #expect(!schedule.isBusy("a"))
      #expect(isNew)
    }

    @Test func aHeartbeatThatWentDownWithTheOldConnectionIsSentAgain() {
      var schedule = HeartbeatSchedule()
      schedule.want(["a"])
      _ = schedule.takePending()
      schedule.opened("a")
      _ = schedule.finished("a", succeeded: false)
      #expect(schedule.takePending() == ["a"])
    }

    @Test func aBrokerThatIsConnectedAnewIsToldAgain() {
      var schedule = HeartbeatSchedule()
      schedule.opened("stranger")
      #expect(schedule.takePending() == [])
      schedule.want(["a"])
      _ = schedule.takePending()
      _ = schedule.finished("a", succeeded: true)
      schedule.opened("a")
      #expect(schedule.takePending() == ["a"])
      let first = schedule.finished("a", succeeded: true)
      #expect(first)
      schedule.want(["a"])
      _ = schedule.takePending()
      let second = schedule.finished("a", succeeded: true)
      #expect(!second)
    }

    @Test func brokersThatAreGoneAreForgotten() {
      var schedule = HeartbeatSchedule()
      schedule.want(["a", "b"])
      _ = schedule.takePending()
      for address in ["a", "b"] { _ = schedule.finished(address, succeeded: true) }
      schedule.want(["b"])
      schedule.forget(except: ["a"])
      #expect(schedule.greeted == ["a"])
      #expect(schedule.takePending() == [])
    }
  }

  @Test func registeringIsToldToAllBrokersAtOnceInTheFormJavaWrites() async throws {
    let broker = try StubServer.broker()
    let nameServer = try StubServer.nameServer(["t": .test(["a": broker.address])])
    try await withClient([nameServer.address]) { client in
      _ = try await client.routes.route(of: "t")
      try client.register(TestMember(group: "cg", topics: ["t"]))
      try client.register(producer: "pg")
      let beat = await broker.request { $0.code == .heartBeat && !($0.json["producerDataSet"]?.elements.isEmpty ?? true) }
      let expected = try JSONValue(
        parsing: Array(
          """
          {"clientID":"\(client.clientID)","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET",\
          "consumeType":"CONSUME_PASSIVELY","groupName":"cg","messageModel":"CLUSTERING",\
          "subscriptionDataSet":[{"classFilterMode":false,"codeSet":[2598919,2598920],\
          "expressionType":"TAG","subString":"TagA || TagB","subVersion":1,"tagsSet":["TagA","TagB"],"topic":"t"}],"unitMode":false}],\
          "producerDataSet":[{"groupName":"pg"}]}
          """.utf8))
      #expect(beat.json == expected)
    }
  }

  @Test func aChangedSubscriptionIsToldAtOnce() async throws {
    let broker = try StubServer.broker()
    let nameServer = try StubServer.nameServer(["t": .test(["a": broker.address]), "u": .test(["a": broker.address])])
    try await withClient([nameServer.address]) { client in
      _ = try await client.routes.route(of: "t")
      let member = TestMember(group: "cg", topics: ["t"])
      try client.register(member)
      _ = await broker.request(.heartBeat)
      member.subscribe("u")
      client.subscriptionsChanged()
      _ = await broker.request { $0.json["consumerDataSet"]?.elements.first?["subscriptionDataSet"]?.elements.count == 2 }
      await member.next(.routeChanged("u"))
    }
  }

  @Test func heartbeatsComeWithTheClock() async throws {
    let broker = try StubServer.broker()
    let nameServer = try StubServer.nameServer(["t": .test(["a": broker.address])])
    let clock = ManualClock()
    try await withClient([nameServer.address], clock: clock) { client in
      _ = try await client.routes.route(of: "t")
      try client.register(producer: "pg")
      var seen = 0
      for await _ in broker.all(.heartBeat) {
        seen += 1
        if seen == 4 { break }
        await clock.sleepers(2)
        clock.advance(by: .seconds(30))
      }
      #expect(seen == 4)
    }
  }

  @Test func aDeadBrokerDelaysNoOther() async throws {
    let dead = RawServer(.silent)
    let alive = try StubServer.broker()
    let nameServer = try StubServer.nameServer(["t": .test(["a": dead.address, "b": alive.address])])
    let clock = ManualClock()
    try await withClient([nameServer.address], requestTimeout: .seconds(60), clock: clock) { client in
      _ = try await client.routes.route(of: "t")
      try client.register(TestMember(group: "cg", topics: ["t"]))
      var seen = 0
      // The dead one's first heartbeat is on its way all the time.
      for await _ in alive.all(.heartBeat) {
        seen += 1
        if seen == 5 { break }
        await clock.sleepers(2)
        clock.advance(by: .seconds(30))
      }
      #expect(await client.sendHeartbeats(within: .milliseconds(500)) == [dead.address])
    }
  }

  @Test func aNewConnectionBringsAHeartbeatAndTheNewsThatMembersMayHaveChanged() async throws {
    let broker = try StubServer.broker()
    let nameServer = try StubServer.nameServer(["t": .test(["a": broker.address])])
    try await withClient([nameServer.address]) { client in
      _ = try await client.routes.route(of: "t")
      let member = TestMember(group: "cg", topics: ["t"])
      try client.register(member)
      #expect(await client.sendHeartbeats() == [])
      let before = broker.requests(.heartBeat).count
      broker.disconnectAll()
      // The next call of whatever kind opens the connection anew.
      while (try? await client.api.maxOffset(of: MessageQueue(topic: "t", brokerName: "a", queueID: 0), at: broker.address)) == nil {
        if broker.requests(.heartBeat).count > before { break }
      }
      await member.next(.membersChanged)
      #expect(broker.requests(.heartBeat).count > before)
    }
  }

  @Test func producersAreKnownToMastersOnly() async throws {
    let master = try StubServer.broker()
    let replica = try StubServer.broker()
    var route = TopicRoute.test(["a": master.address])
    route.brokers[0].addresses[1] = replica.address
    let nameServer = try StubServer.nameServer(["t": route])
    try await withClient([nameServer.address]) { client in
      try client.register(producer: "pg")
      _ = try await client.routes.route(of: "t")
      _ = await master.request(.heartBeat)
      #expect(await client.sendHeartbeats() == [])
      #expect(replica.requests.isEmpty)
      try client.register(TestMember(group: "cg", topics: ["t"]))
      _ = await replica.request(.heartBeat)
    }
  }
}

extension StubServer {
  /// The requests with this code, those that were and those to come.
  func all(_ code: RequestCode) -> AsyncFilterSequence<AsyncStream<Request>> { watch().filter { $0.code == code } }
}

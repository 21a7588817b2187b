// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Synchronization
import Testing

@testable import RocketMQ

@Suite struct ClientTests {
  @Test func noTwoClientsHaveTheSameName() {
    let names = Set((0..<500).map { _ in ClientIdentity.make(instanceName: nil).clientID })
    #expect(names.count == 500)
    #expect(names.allSatisfy { $0.contains("@") })
    #expect(ClientIdentity.make(instanceName: "fixed").clientID.hasSuffix("@fixed"))
  }

  @Test func addressesToShowFollowTheRulesOfTheJavaClient() {
    let lan: [UInt8] = [192, 168, 1, 2]
    let office: [UInt8] = [10, 0, 0, 9]
    let world: [UInt8] = [8, 8, 8, 8]
    let six: [UInt8] = [0x20, 1] + [UInt8](repeating: 0, count: 13) + [1]
    #expect(LocalAddresses.forClientID([lan, office, six]) == office)
    #expect(LocalAddresses.forClientID([six, lan]) == lan)
    #expect(LocalAddresses.forClientID([six]) == six)
    #expect(LocalAddresses.forClientID([]) == [127, 0, 0, 1])
    #expect(LocalAddresses.forMessageID([lan, office, world]) == world)
    #expect(LocalAddresses.forMessageID([lan, office]) == lan)
    #expect(LocalAddresses.text(office) == "10.0.0.9")
    #expect(LocalAddresses.text(six).hasPrefix("[2001:"))
  }

  @Test func settingsOutOfRangeAreNamed() {
    var configuration = ClientConfiguration(nameServers: ["h:1"])
    configuration.heartbeatInterval = .zero
    let error = #expect(throws: RocketMQError.self) { try RocketMQClient(configuration) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("heartbeatInterval") == true)
  }

  @Test func aGroupIsTakenOnceUntilItIsFree() async throws {
    let nameServer = try StubServer.nameServer([:])
    try await withClient([nameServer.address]) { client in
      try client.register(producer: "g")
      try client.register(TestMember(group: "g"))
      #expect(try await failure { try client.register(producer: "g") }.code == .groupInUse)
      #expect(try await failure { try client.register(TestMember(group: "g")) }.code == .groupInUse)
      await client.unregister(producer: "g")
      await client.unregister(consumer: "g")
      try client.register(producer: "g")
      try client.register(TestMember(group: "g"))
      for _ in 0..<3 { try client.register(producer: GroupName.innerProducer) }
    }
  }

  @Test func shutdownLeavesTheBrokersAndIsFinal() async throws {
    let broker = try StubServer.broker()
    let nameServer = try StubServer.nameServer(["t": .test(["a": broker.address])])
    let client = try RocketMQClient(nameServers: [nameServer.address])
    _ = try await client.routes.route(of: "t")
    try client.register(producer: "pg")
    try client.register(TestMember(group: "cg", topics: ["t"]))
    _ = await broker.request(.heartBeat)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<3 { group.addTask { await client.shutdown() } }
    }
    let goodbyes = broker.requests(.unregisterClient)
    #expect(Set(goodbyes.map { $0.fields["producerGroup"] ?? $0.fields["consumerGroup"] }) == ["pg", "cg"])
    #expect(goodbyes.allSatisfy { $0.fields["clientID"] == client.clientID })
    #expect(try await failure { try client.register(producer: "again") }.code == .notRunning)
    #expect(try await failure { _ = try await client.routes.refresh("t") }.code == .notRunning)
    await client.shutdown()
  }

  @Test func shutdownIsBoundedWhenEveryServerIsDead() async throws {
    let dead = RawServer(.silent)
    let nameServer = try StubServer.nameServer(["t": .test(["a": dead.address])])
    var configuration = ClientConfiguration(nameServers: [nameServer.address])
    configuration.shutdownTimeout = .milliseconds(300)
    configuration.requestTimeout = .seconds(60)
    let client = try RocketMQClient(configuration)
    _ = try await client.routes.route(of: "t")
    let member = TestMember(group: "cg", topics: ["t", "never there"])
    try client.register(member)
    #expect(await client.sendHeartbeats(within: .milliseconds(50)) == [dead.address])
    nameServer.stop()
    let hanging = Task { try await client.routes.refresh("u") }
    let time = await ContinuousClock().measure { await client.shutdown() }
    #expect(time < .seconds(2))
    await #expect(throws: RocketMQError.self) { try await hanging.value }
  }

  @Test func shutdownDoesNotWaitForHeartbeatsThatAreOnlyDue() async throws {
    let broker = try StubServer.broker()
    let nameServer = try StubServer.nameServer(["t": .test(["a": broker.address])])
    for _ in 0..<20 {
      var configuration = ClientConfiguration(nameServers: [nameServer.address])
      configuration.shutdownTimeout = .seconds(60)
      let client = try RocketMQClient(configuration)
      _ = try await client.routes.route(of: "t")
      try client.register(TestMember(group: "cg", topics: ["t"]))
      #expect(await client.sendHeartbeats() == [])
      for _ in 0..<3 { client.subscriptionsChanged() }
      let before = broker.requests(.unregisterClient).count
      let time = await ContinuousClock().measure { await client.shutdown() }
      #expect(time < .seconds(10))
      #expect(broker.requests(.unregisterClient).count == before + 1)
    }
  }

  @Test func anUnusedClientShutsDown() async throws {
    let client = try RocketMQClient(nameServers: [RawServer.closedAddress()])
    await client.shutdown()
    await client.shutdown()
  }

  @Test func aClientThatIsForgottenEndsItsWork() async throws {
    let nameServer = try StubServer.nameServer([:])
    weak var engine: ClientEngine?
    do {
      let client = try RocketMQClient(nameServers: [nameServer.address])
      try client.register(producer: "pg")
      _ = try? await client.routes.refresh("t")
      engine = client.engine
      #expect(nameServer.connections.count == 1)
    }
    while engine != nil { await Task.yield() }
    while !nameServer.connections.isEmpty { await Task.yield() }
  }

  @Test func aHeartbeatNeverOvertakesTheGoodbye() async throws {
    let isFirst = Atomic(true)
    let broker = try StubServer { request in
      request.code == .heartBeat && isFirst.exchange(false, ordering: .relaxed) ? nil : .ok
    }
    let nameServer = try StubServer.nameServer(["t": .test(["a": broker.address])])
    try await withClient([nameServer.address]) { client in
      _ = try await client.routes.route(of: "t")
      try client.register(TestMember(group: "cg", topics: ["t"]))
      let held = await broker.request(.heartBeat)
      async let leaving: Void = client.unregister(consumer: "cg")
      for _ in 0..<1000 { await Task.yield() }
      #expect(broker.requests(.unregisterClient).isEmpty)
      broker.loop.respond(held.responder, .ok)
      await leaving
      #expect(broker.requests.last?.code == .unregisterClient)
    }
  }

  // MARK: Routes by the clock

  @Test func routesAreRefreshedByTheClockAndChangesAreTold() async throws {
    let current = Mutex(TopicRoute.test(["a": "127.0.0.1:1"]))
    let nameServer = try StubServer { _ in .ok(current.withLock { $0 }.json) }
    let clock = ManualClock()
    try await withClient([nameServer.address], clock: clock) { client in
      let member = TestMember(group: "cg", topics: ["t"])
      try client.register(member)
      await member.next(.routeChanged("t"))
      await clock.sleepers(2)
      current.withLock { $0 = .test(["a": "127.0.0.1:1", "b": "127.0.0.1:2"]) }
      clock.advance(by: .seconds(30))
      await member.next(.routeChanged("t"))
      #expect(client.routes.cachedRoute(of: "t")?.brokers.count == 2)
      await clock.sleepers(2)
      clock.advance(by: .seconds(30))
      _ = try await client.routes.refresh("t")
      #expect(member.history.count { $0 == .routeChanged("t") } == 2)
    }
  }

  @Test func aSubscribedTopicThatAppearsLaterIsFoundWithinASecond() async throws {
    let exists = Atomic(false)
    let route = TopicRoute.test(["a": "127.0.0.1:1"])
    let nameServer = try StubServer { _ in
      exists.load(ordering: .relaxed) ? .ok(route.json) : Command(response: .topicNotExist)
    }
    let clock = ManualClock()
    try await withClient([nameServer.address], clock: clock) { client in
      let member = TestMember(group: "cg", topics: ["t"])
      try client.register(member)
      _ = await nameServer.request(.getRouteinfoByTopic)
      await clock.sleepers(3)
      exists.store(true, ordering: .relaxed)
      clock.advance(by: .seconds(1))
      await member.next(.routeChanged("t"))
    }
  }

  @Test func theSearchForAMissingTopicSlowsDownButGoesOn() async throws {
    let nameServer = try StubServer.nameServer([:])
    let clock = ManualClock()
    try await withClient([nameServer.address], clock: clock) { client in
      try client.register(TestMember(group: "cg", topics: ["t"]))
      var waits: [Duration] = []
      var waited = Duration.zero
      var iterator = nameServer.all(.getRouteinfoByTopic).makeAsyncIterator()
      _ = await iterator.next()
      while waits.count < 7 {
        await clock.sleepers(3)
        let before = nameServer.requests.count
        waited += .milliseconds(250)
        clock.advance(by: .milliseconds(250))
        await clock.sleepers(3)
        if nameServer.requests.count > before {
          waits.append(waited)
          waited = .zero
        }
      }
      #expect(waits == [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)])
    }
  }

  // MARK: What brokers ask

  /// A client with two members, connected to a broker.
  private func withMembers(_ work: (StubServer, TestMember, TestMember) async throws -> Void) async throws {
    let broker = try StubServer.broker()
    let nameServer = try StubServer.nameServer(["t": .test(["a": broker.address])])
    try await withClient([nameServer.address]) { client in
      _ = try await client.routes.route(of: "t")
      let members = [TestMember(group: "g1", topics: ["t"], answers: [307]), TestMember(group: "g2", topics: ["t"])]
      for member in members { try client.register(member) }
      #expect(await client.sendHeartbeats() == [])
      try await work(broker, members[0], members[1])
    }
  }

  @Test func aChangedGroupIsToldToItsMemberOnly() async throws {
    try await withMembers { broker, one, two in
      let (toldOne, toldTwo) = (one.history.count, two.history.count)
      var notice = Command(.notifyConsumerIDsChanged)
      notice.set(.consumerGroup, "g1")
      try await broker.loop.callOneway(.connection(try #require(broker.connections.first)), notice, timeout: .seconds(1))
      while one.history.count == toldOne { await Task.yield() }
      #expect(one.history.last == .membersChanged)
      #expect(two.history.count == toldTwo)
    }
  }

  @Test func aRequestGoesToTheMemberOfItsGroup() async throws {
    try await withMembers { broker, one, two in
      let connection = CallTarget.connection(try #require(broker.connections.first))
      var info = Command(.getConsumerRunningInfo)
      info.set(.consumerGroup, "g2")
      let refused = try await broker.loop.call(connection, info, timeout: .seconds(1))
      #expect(refused.code == .requestCodeNotSupported)
      #expect(two.history.contains(.request(307)))
      #expect(!one.history.contains(.request(307)))
    }
  }

  @Test func aRequestForAGroupThatIsNotHereIsRefusedAsJavaDoes() async throws {
    try await withMembers { broker, _, _ in
      let connection = CallTarget.connection(try #require(broker.connections.first))
      var info = Command(.getConsumerRunningInfo)
      info.set(.consumerGroup, "nobody")
      let answer = try await broker.loop.call(connection, info, timeout: .seconds(1))
      #expect(answer.code == .systemError)
      #expect(answer.remark == "The Consumer Group <nobody> not exist in this consumer")
    }
  }

  @Test func anUnknownRequestIsAnsweredWithNotSupported() async throws {
    try await withMembers { broker, _, _ in
      let connection = CallTarget.connection(try #require(broker.connections.first))
      let answer = try await broker.loop.call(connection, Command(RequestCode(rawValue: 9999)), timeout: .seconds(1))
      #expect(answer.code == .requestCodeNotSupported)
    }
  }
}

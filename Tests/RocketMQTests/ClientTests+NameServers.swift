// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Synchronization
import Testing

@testable import RocketMQ

@Suite struct NameServerTests {
  @Suite struct Lists {
    @Test func entriesAreSplitTrimmedAndFreedOfSchemeAndDuplicates() throws {
      let list = try NameServerList.resolve(
        ["a:9876; b.example:1 ,http://c/d:2", "a:9876", "[::1]:9876"], environment: nil)
      #expect(list == ["a:9876", "b.example:1", "d:2", "[::1]:9876"])
    }

    @Test func theEnvironmentCountsOnlyWhenNothingIsGiven() throws {
      #expect(try NameServerList.resolve([], environment: "x:1;y:2") == ["x:1", "y:2"])
      #expect(try NameServerList.resolve([" ; "], environment: "x:1") == ["x:1"])
      #expect(try NameServerList.resolve(["a:1"], environment: "x:1") == ["a:1"])
    }

    @Test(arguments: ["host", "host:", "host:0", "host:70000", ":9876", "::1:9876", "a b:1", "host:12x", "[]:1"])
    func aBadEntryIsNamed(entry: String) {
      let error = #expect(throws: RocketMQError.self) { try NameServerList.resolve(["good:1,\(entry)"], environment: nil) }
      #expect(error?.code == .badAddress)
      #expect(error?.message.contains(entry) == true)
    }

    @Test func withoutAnyServerTheErrorSaysWhatToDo() {
      let error = #expect(throws: RocketMQError.self) { try NameServerList.resolve([], environment: nil) }
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.contains("NAMESRV_ADDR") == true)
    }
  }

  private let route = TopicRoute.test(["a": "127.0.0.1:1"])

  /// Uses the servers in this order, as a client does after it has shuffled them.
  private func cache(_ nameServers: [String], timeout: Duration) throws -> RouteCache {
    let logger = ClientConfiguration().logger
    let api = BrokerAPI(loop: try Loop(), timeout: timeout)
    return RouteCache(api: api, nameServers: NameServers(nameServers, timeout: timeout, logger: logger), logger: logger) { _, _ in }
  }

  @Test(arguments: ["garbage", "closed", "silent", "hangup", "no JSON", "JSON but no route", "an error"])
  func aServerThatFailsIsPassedOver(kind: String) async throws {
    let good = try StubServer.nameServer(["t": route])
    var keep: [any Sendable] = []
    let bad: String
    switch kind {
    case "closed": bad = RawServer.closedAddress()
    case "no JSON", "JSON but no route", "an error":
      let stub = try StubServer { _ in
        if kind == "an error" { return Command(response: .systemError, remark: "not today") }
        var answer = Command.ok
        answer.body = Array((kind == "no JSON" ? "<html>" : "{\"a\":[]}").utf8)
        return answer
      }
      keep.append(stub)
      bad = stub.address
    default:
      let raw = RawServer(kind == "garbage" ? .answer(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)) : kind == "silent" ? .silent : .close)
      keep.append(raw)
      bad = raw.address
    }
    let routes = try cache([bad, good.address], timeout: kind == "silent" ? .seconds(2) : .seconds(10))
    for _ in 0..<3 {
      let found = try await routes.refresh("t")
      #expect(found == route)
    }
    #expect(good.requests.count == 3)
    let error = try await failure { try await cache([bad], timeout: kind == "silent" ? .milliseconds(50) : .seconds(10)).refresh("t") }
    #expect(error.code == .noNameServer)
    #expect(error.message.contains(bad))
    withExtendedLifetime(keep) {}
  }

  @Test func theErrorNamesAllServersTried() async throws {
    let first = RawServer.closedAddress()
    let second = RawServer(.answer(Array("garbage, and rather long".utf8)))
    try await withClient([first, second.address], requestTimeout: .seconds(10)) { client in
      let error = try await failure { try await client.routes.refresh("t") }
      #expect(error.code == .noNameServer)
      #expect(error.message.contains(first) && error.message.contains(second.address))
      #expect(error.message.contains("route of t"))
    }
  }

  @Test func aTopicThatDoesNotExistIsAnAnswerAndNoReasonToAskAnother() async throws {
    let servers = [try StubServer.nameServer([:]), try StubServer.nameServer([:])]
    try await withClient(servers.map(\.address)) { client in
      let error = try await failure { try await client.routes.refresh("missing") }
      #expect(error.code == .topicNotFound)
      #expect(error.brokerCode == .topicNotExist)
      #expect(servers.map(\.requests.count).sorted() == [0, 1])
    }
  }

  @Test func lookupsOfOneTopicAtTheSameTimeAreOneCall() async throws {
    let asked = Mutex<[Responder]>([])
    let server = try StubServer { request in
      asked.withLock { $0.append(request.responder) }
      return nil
    }
    try await withClient([server.address]) { client in
      try await withThrowingTaskGroup(of: TopicRoute.self) { group in
        for _ in 0..<20 { group.addTask { try await client.routes.route(of: "t") } }
        _ = await server.request(.getRouteinfoByTopic)
        for _ in 0..<1000 { await Task.yield() }
        let responders = asked.withLock { $0 }
        #expect(responders.count == 1)
        server.loop.respond(responders[0], .ok(route.json))
        for try await found in group { #expect(found == route) }
      }
    }
  }

  @Test func whoStopsWaitingForALookupDoesNotStopItForOthers() async throws {
    let asked = Mutex<Responder?>(nil)
    let server = try StubServer { request in
      asked.withLock { $0 = request.responder }
      return nil
    }
    try await withClient([server.address]) { client in
      let impatient = Task { try await client.routes.route(of: "t", within: .milliseconds(50)) }
      let cancelled = Task { try await client.routes.route(of: "t") }
      let patient = Task { try await client.routes.route(of: "t") }
      _ = await server.request(.getRouteinfoByTopic)
      #expect(try await failure { _ = try await impatient.value }.code == .timeout)
      cancelled.cancel()
      #expect(try await failure { _ = try await cancelled.value }.code == .cancelled)
      server.loop.respond(try #require(asked.withLock { $0 }), .ok(route.json))
      #expect(try await patient.value == route)
    }
  }

  @Test func aRouteThatIsKnownIsNotLookedUpAgain() async throws {
    let server = try StubServer.nameServer(["t": route])
    try await withClient([server.address]) { client in
      for _ in 0..<3 { _ = try await client.routes.route(of: "t") }
      #expect(server.requests.count == 1)
    }
  }

  @Test func hurriedRefreshesComeAtMostOncePerSecond() async throws {
    let server = try StubServer.nameServer(["t": route])
    try await withClient([server.address]) { client in
      for _ in 0..<100 { client.routes.refreshSoon("t") }
      _ = await server.request(.getRouteinfoByTopic)
      _ = try await client.routes.refresh("t")
      #expect(server.requests.count <= 2)
    }
  }
}

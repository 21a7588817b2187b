// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite struct RouteTests {
  static let text = #"""
    {"brokerDatas":[
      {"brokerAddrs":{KEY0:"10.0.0.1:10911",KEY1:"10.0.0.2:10911"},"brokerName":"broker-b","cluster":"C"},
      {"brokerAddrs":{KEY1:"10.0.0.3:10911"},"brokerName":"broker-a","cluster":"C"}],
    "filterServerTable":{},
    "queueDatas":[
      {"brokerName":"broker-b","perm":6,"readQueueNums":3,"topicSynFlag":1,"writeQueueNums":2},
      {"brokerName":"broker-a","perm":6,"readQueueNums":1,"topicSysFlag":0,"writeQueueNums":1}]}
    """#

  private func parse(_ text: String) throws -> TopicRoute? { TopicRoute(json: try JSONValue(parsing: Array(text.utf8))) }

  @Test(arguments: [#"""#, ""])
  func aRouteIsReadWithQuotedAndUnquotedBrokerIDs(quote: String) throws {
    let text = Self.text.replacing("KEY0", with: "\(quote)0\(quote)").replacing("KEY1", with: "\(quote)1\(quote)")
    let route = try #require(try parse(text))
    #expect(route.brokers.map(\.name) == ["broker-a", "broker-b"])
    #expect(route.brokers[1].addresses == [0: "10.0.0.1:10911", 1: "10.0.0.2:10911"])
    #expect(route.queues[1] == .init(brokerName: "broker-b", readQueues: 3, writeQueues: 2, permission: .readWrite, sysFlag: 1))
  }

  @Test(arguments: ["{}", "[]", #"{"brokerDatas":3,"queueDatas":[]}"#, "null"])
  func whatIsNoRouteIsNotReadAsOne(text: String) throws {
    #expect(try parse(text) == nil)
  }

  @Test func absurdQueueCountsAreLeftOut() throws {
    let text = #"""
      {"brokerDatas":[],"queueDatas":[
        {"brokerName":"a","perm":6,"readQueueNums":2147483647,"writeQueueNums":4},
        {"brokerName":"b","perm":6,"readQueueNums":-1,"writeQueueNums":4}]}
      """#
    #expect(try parse(text)?.queues == [])
  }

  @Test func producersSeeOnlyWritableQueuesOfBrokersWithAMaster() {
    let route = TopicRoute(
      brokers: [
        .init(cluster: "C", name: "m", addresses: [0: "a:1"]), .init(cluster: "C", name: "replica-only", addresses: [1: "a:2"]),
        .init(cluster: "C", name: "read-only", addresses: [0: "a:3"]),
      ],
      queues: [
        .init(brokerName: "read-only", readQueues: 2, writeQueues: 2, permission: .read),
        .init(brokerName: "replica-only", readQueues: 2, writeQueues: 2, permission: .readWrite),
        .init(brokerName: "m", readQueues: 3, writeQueues: 2, permission: .readWrite),
      ])
    #expect(route.writableQueues(of: "t").map(\.description) == ["t@m:0", "t@m:1"])
    #expect(
      route.readableQueues(of: "t").map(\.description)
        == ["t@m:0", "t@m:1", "t@m:2", "t@read-only:0", "t@read-only:1", "t@replica-only:0", "t@replica-only:1"])
  }

  @Test func anOrderConfigurationFixesTheQueuesAndTheirOrder() {
    let route = TopicRoute(brokers: [], queues: [], orderConfiguration: "broker-b:2;broker-a:1;nonsense;x:y;huge:99999999")
    #expect(route.writableQueues(of: "t").map(\.description) == ["t@broker-b:0", "t@broker-b:1", "t@broker-a:0"])
  }

  @Test func queuesSortAsInJava() {
    let queues = [("b", "x", 0), ("a", "y", 2), ("a", "x", 10), ("a", "x", 9), ("B", "x", 0)].map {
      MessageQueue(topic: $0.0, brokerName: $0.1, queueID: $0.2)
    }
    #expect(queues.sorted().map(\.description) == ["B@x:0", "a@x:9", "a@x:10", "a@y:2", "b@x:0"])
  }

  @Suite struct Table {
    @Test func onlyADifferentRouteIsAChange() {
      var table = RouteTable()
      let first = table.update("t", .test(["a": "h:1"]))
      #expect(first == RouteTable.Change(routeChanged: true, newAddresses: ["h:1"], newMasters: ["h:1"]))
      #expect(table.update("t", .test(["a": "h:1"])) == RouteTable.Change())
      #expect(table.update("t", .test(["a": "h:2"])) == RouteTable.Change(routeChanged: true, newAddresses: ["h:2"], newMasters: ["h:2"]))
      #expect(table.masterAddress(ofBroker: "a") == "h:2")
    }

    @Test func anAssumedRouteIsForProducersOnlyAndGivesWayToTheRealOne() {
      var table = RouteTable()
      _ = table.assume("t", .test(["a": "h:1"], queues: 4))
      #expect(table.routes["t"] == nil)
      #expect(table.publishInfo("t")?.targets.count == 4)
      #expect(table.topics == ["t"])
      #expect(table.update("t", .test(["a": "h:1"], queues: 2)).routeChanged)
      #expect(table.publishInfo("t")?.targets.count == 2)
      #expect(table.assume("t", .test(["a": "h:1"], queues: 4)) == RouteTable.Change())
      #expect(table.publishInfo("t")?.targets.count == 2)
    }

    @Test func addressesThatNoRouteNamesAreForgotten() {
      var table = RouteTable()
      _ = table.update("t", .test(["a": "h:1", "b": "h:2"]))
      _ = table.update("t", .test(["a": "h:3"]))
      #expect(Set(table.allAddresses) == ["h:3", "h:2"])
      table.removeOfflineBrokers()
      #expect(table.allAddresses == ["h:3"])
    }

    @Test func addressesAreChosenByTheRulesOfTheJavaClient() {
      var table = RouteTable()
      var route = TopicRoute.test(["a": "master"])
      route.brokers[0].addresses = [0: "master", 2: "two"]
      _ = table.update("t", route)
      #expect(table.address(ofBroker: "a", id: 0, exactly: true) == BrokerAddress(address: "master", isReplica: false))
      #expect(table.address(ofBroker: "a", id: 2, exactly: true) == BrokerAddress(address: "two", isReplica: true))
      #expect(table.address(ofBroker: "a", id: 1, exactly: true) == BrokerAddress(address: "two", isReplica: true))
      #expect(table.address(ofBroker: "a", id: 5, exactly: true) == nil)
      #expect(table.address(ofBroker: "a", id: 5, exactly: false) == BrokerAddress(address: "master", isReplica: false))
      #expect(table.address(ofBroker: "x", id: 0, exactly: false) == nil)
      route.brokers[0].addresses = [2: "two", 3: "three"]
      _ = table.update("t", route)
      #expect(table.address(ofBroker: "a", id: 0, exactly: true) == nil)
      #expect(table.address(ofBroker: "a", id: 0, exactly: false)?.isReplica == true)
      #expect(table.masterAddress(ofBroker: "a") == nil)
      #expect(table.anyAddress(forTopic: "t") == "two")
      #expect(table.anyAddress(forTopic: "other") == nil)
    }
  }

  @Suite struct Turns {
    private let info = PublishInfo(topic: "t", route: .test(["a": "h:1", "b": "h:2"], queues: 3)) { _ in "h:0" }

    @Test func everyQueueHasItsTurn() throws {
      var counts: [MessageQueue: Int] = [:]
      for _ in 0..<600 { counts[try #require(info.next()).queue, default: 0] += 1 }
      #expect(counts.count == 6)
      #expect(Set(counts.values) == [100])
    }

    @Test func aFailedBrokerIsPassedOverWhenThereIsAnother() throws {
      var counts: [MessageQueue: Int] = [:]
      for _ in 0..<12 { counts[try #require(info.next(avoiding: ["a"])).queue, default: 0] += 1 }
      #expect(Set(counts.keys.map(\.brokerName)) == ["b"])
      #expect(Set(counts.values) == [4])
      #expect(info.next(avoiding: ["a", "b"]) != nil)
      // A suspicion counts less than a failure of this very message.
      #expect(try #require(info.next(avoiding: ["a"], suspected: ["b"])).queue.brokerName == "b")
      #expect(try #require(info.next(avoiding: [], suspected: ["b"])).queue.brokerName == "a")
    }

    @Test func aHashChoosesTheQueueThatJavaChooses() throws {
      #expect(try #require(info.target(hash: 7)).queue.description == "t@a:1")
      #expect(try #require(info.target(hash: -7)).queue.description == "t@a:1")
      #expect(info.target(hash: .min) != nil)
    }

    @Test func aTopicWithoutWritableQueuesHasNoTurn() {
      let empty = PublishInfo(topic: "t", route: TopicRoute(brokers: [], queues: [])) { _ in nil }
      #expect(empty.next() == nil)
      #expect(empty.target(hash: 1) == nil)
    }
  }
}

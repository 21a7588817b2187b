// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Testing

@Suite struct AdministrationTests {
  @Test func theRouteIsStandardJSONForNewClientsAndFastjsonForOldOnes() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 4)
      let route = try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "orders"))
      #expect(
        route.text == """
          {"brokerDatas":[{"brokerAddrs":{"0":"\(broker.brokerAddress)"},"brokerName":"broker-a","cluster":"DefaultCluster"}],\
          "filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}
          """)
      let fastjson = route.text.replacing(#"{"0":"#, with: "{0:")
      let old = try RawConnection(to: broker.nameServerAddress)
      defer { old.close() }
      func bodyText(_ header: String) throws -> String {
        try old.send(header: header)
        return String(decoding: try old.receive().body, as: UTF8.self)
      }
      let head = #""code":105,"flag":0,"language":"JAVA","opaque":1"#
      #expect(try bodyText(#"{\#(head),"version":399,"extFields":{"topic":"orders"}}"#) == fastjson)
      #expect(try bodyText(#"{\#(head),"version":401,"extFields":{"topic":"orders"}}"#) == route.text)
      #expect(
        try bodyText(#"{\#(head),"version":399,"extFields":{"topic":"orders","acceptStandardJsonOnly":"true"}}"#) == route.text)
    }
  }

  @Test func aTopicWithoutARouteIsRefusedWithJavasWords() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      let reply = try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "none"))
      #expect(reply.code == .topicNotExist)
      #expect(reply.remark == "No topic route info in name server for the topic: none\(SendTests.faq)")
      #expect(
        try await client.callNameServer(Command(.getRouteinfoByTopic)).remark
          == "No topic route info in name server for the topic: null\(SendTests.faq)")
    }
  }

  @Test func theNameServerKnowsTheClusterAndItsTopics() async throws {
    try await withBroker {
      $0.brokerName = "broker-x"
      $0.clusterName = "Test"
    } _: { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders")
      let cluster = try await client.callNameServer(Command(.getBrokerClusterInfo))
      #expect(
        cluster.text == """
          {"brokerAddrTable":{"broker-x":{"brokerAddrs":{0:"\(broker.brokerAddress)"},"brokerName":"broker-x","cluster":"Test"}},\
          "clusterAddrTable":{"Test":["broker-x"]}}
          """)
      let topics =
        try await client.callNameServer(Command(.getAllTopicListFromNameserver)).json["topicList"]?.elements.compactMap(\.text) ?? []
      #expect(
        Set(topics) == [
          "orders", "TBW102", "SELF_TEST_TOPIC", "BenchmarkTest", "Test", "broker-x", "OFFSET_MOVED_EVENT", "SCHEDULE_TOPIC_XXXX",
          "Test_REPLY_TOPIC",
        ])
      var byCluster = Command(.getTopicsByCluster)
      byCluster.set(.cluster, "Test")
      #expect(try await client.callNameServer(byCluster).json["topicList"]?.elements.count == topics.count)
    }
  }

  @Test func aTopicIsMadeChangedAndRemovedByRequest() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      func createRequest(_ topic: String, read: Int, write: Int, perm: Int = 6) -> Command {
        var command = topicRequest(.updateAndCreateTopic, topic)
        command.set(.defaultTopic, "TBW102")
        command.set(.readQueueNums, read)
        command.set(.writeQueueNums, write)
        command.set(.perm, perm)
        command.set(.topicFilterType, "SINGLE_TAG")
        command.set(.topicSysFlag, 0)
        command.set(.order, false)
        return command
      }
      let made = try await client.call(createRequest("orders", read: 4, write: 2))
      #expect(made.code == .success)
      #expect(made.remark == "not set any response code")
      let all = try await client.call(Command(.getAllTopicConfig)).json
      #expect(all["topicConfigTable"]?["orders"]?["readQueueNums"]?.int32 == 4)
      #expect(all["topicConfigTable"]?["orders"]?["writeQueueNums"]?.int32 == 2)
      #expect(all["dataVersion"]?["counter"]?.int64 == 1)

      _ = try await client.call(createRequest("orders", read: 2, write: 2, perm: 4))
      let route = try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "orders")).json
      #expect(route["queueDatas"]?.elements.first?["perm"]?.int32 == 4)

      let system = try await client.call(createRequest("TBW102", read: 1, write: 1))
      #expect(system.code == .systemError)
      #expect(system.remark == "The topic[TBW102] is conflict with system topic.")
      #expect(try await client.call(createRequest("a b", read: 1, write: 1)).code == .systemError)

      #expect(try await client.call(topicRequest(.deleteTopicInBroker, "orders")).code == .success)
      // The name server is told on its own.
      #expect(try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "orders")).code == .success)
      #expect(try await client.callNameServer(topicRequest(.deleteTopicInNamesrv, "orders")).code == .success)
      #expect(try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "orders")).code == .topicNotExist)
      #expect(try await client.call(pullRequest("orders")).code == .topicNotExist)
    }
  }

  @Test func groupSettingsAreKept() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      var settings = Command(.updateAndCreateSubscriptiongroup)
      settings.body = [UInt8](#"{"groupName":"g","retryMaxTimes":5,"consumeEnable":true}"#.utf8)
      #expect(try await client.call(settings).code == .success)
      let group = try await client.call(Command(.getAllSubscriptiongroupConfig)).json["subscriptionGroupTable"]?["g"]
      #expect(
        group?.string() == """
          {"brokerId":0,"consumeBroadcastEnable":true,"consumeEnable":true,"consumeFromMinEnable":true,"groupName":"g",\
          "notifyConsumerIdsChangedEnable":true,"retryMaxTimes":5,"retryQueueNums":1,"whichBrokerWhenConsumeSlowly":1}
          """)
    }
  }

  @Test func theRightToWriteCanBeTakenAtTheNameServer() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders")
      func permission() async throws -> Int32? {
        try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "orders")).json["queueDatas"]?.elements.first?["perm"]?.int32
      }
      var wipe = Command(.wipeWritePermOfBroker)
      wipe.set(.brokerName, "broker-a")
      let wiped = try await client.callNameServer(wipe)
      #expect(wiped.code == .success)
      #expect(try await permission() == 4)
      var add = Command(.addWritePermOfBroker)
      add.set(.brokerName, "broker-a")
      _ = try await client.callNameServer(add)
      #expect(try await permission() == 6)
    }
  }

  @Test func theNameServerKeepsValues() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      func request(_ code: RequestCode, value: String? = nil) -> Command {
        var command = Command(code)
        command.set(.namespace, "ns")
        command.set(.key, "k")
        command.set(.value, value)
        return command
      }
      let missing = try await client.callNameServer(request(.getKvConfig))
      #expect(missing.code == .queryNotFound)
      #expect(missing.remark == "No config item, Namespace: ns Key: k")
      #expect(try await client.callNameServer(request(.putKvConfig, value: "v")).code == .success)
      #expect(try await client.callNameServer(request(.getKvConfig)).string(.value) == "v")
      #expect(try await client.callNameServer(request(.getKvlistByNamespace)).text == #"{"table":{"k":"v"}}"#)
      #expect(try await client.callNameServer(request(.deleteKvConfig)).code == .success)
      #expect(try await client.callNameServer(request(.getKvConfig)).code == .queryNotFound)
    }
  }

  @Test func whatIsNotSupportedIsSaidSo() async throws {
    try await withBroker { broker in
      let client = try TestClient(broker)
      for reply in [
        try await client.call(Command(RequestCode(rawValue: 9999))), try await client.callNameServer(Command(RequestCode(rawValue: 9999))),
      ] {
        #expect(reply.code == .requestCodeNotSupported)
        #expect(reply.remark == " request type 9999 not supported")
      }
      // A broker's request at the name server.
      #expect(try await client.callNameServer(pullRequest("orders")).code == .requestCodeNotSupported)
    }
  }

  @Test func messagesAreFoundByOffsetAndByKey() async throws {
    try await withBroker(clock: .manual(startingAt: Timestamp(millisecondsSince1970: 1000))) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 2)
      try await broker.createTopic("other", queues: 1)
      for (i, topic) in ["orders", "orders", "other", "orders"].enumerated() {
        _ = try await client.call(
          sendRequest(
            topic, "m\(i)", queueID: topic == "other" ? 0 : Int32(i % 2), keys: "shared k\(i)", properties: [("UNIQ_KEY", "ID\(i)")]))
        await broker.clock.advance(by: .seconds(1))
      }
      func query(_ key: String, max: Int = 32, from: Int64 = 0, to: Int64 = .max, unique: Bool? = nil) async throws -> Reply {
        var command = topicRequest(.queryMessage, "orders")
        command.set(.key, key)
        command.set(.maxNum, max)
        command.set(.beginTimestamp, from)
        command.set(.endTimestamp, to)
        if let unique { command.set(.uniqueKeyQuery, unique) }
        return try await client.call(command)
      }
      #expect(try await query("shared").bodies == ["m0", "m1", "m3"])
      #expect(try await query("shared", max: 2).bodies == ["m1", "m3"])
      #expect(try await query("shared", from: 1500, to: 3999).bodies == ["m1"])
      #expect(try await query("k1").bodies == ["m1"])
      #expect(try await query("ID3", max: 0, unique: true).bodies == ["m3"])
      let found = try await query("k1")
      #expect(found.string(.indexLastUpdateTimestamp) == "4000")
      for key in ["k2", "none", "share"] {
        let missing = try await query(key)
        #expect(missing.code == .queryNotFound)
        #expect(missing.remark == "can not find message, maybe time range not correct")
      }

      let message = try #require(try await query("k3").messages.first)
      var view = Command(.viewMessageByID)
      view.set(.offset, message.commitLogOffset)
      #expect(try await client.call(view).bodies == ["m3"])
      view = Command(.viewMessageByID)
      view.set(.offset, message.commitLogOffset + 1)
      let wild = try await client.call(view)
      #expect(wild.code == .systemError)
      #expect(wild.remark == "can not find message by the offset, \(message.commitLogOffset + 1)")
    }
  }

  /// Whatever numbers a client sends, the broker lives on.
  @Test func extremeNumbersAreNoHarm() async throws {
    try await withBroker(clock: .manual) { broker in
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      _ = try await client.call(sendRequest("orders", "m", reconsumeTimes: .max))
      _ = try await client.call(sendBackRequest(logOffset: 0, group: "g", delayLevel: 0, maxReconsumeTimes: .max))
      _ = try await client.call(sendRequest("orders", "m", queueID: .min, defaultQueues: .min, reconsumeTimes: .min))
      _ = try await client.call(sendRequest("new", "m", defaultQueues: .min))
      _ = try await client.call(sendRequest("orders", "m", properties: [("DELAY", "99999999999999999999")]))
      _ = try await client.call(sendRequest("orders", "m", delayLevel: .min))
      for offset in [Int64.min, .max] {
        _ = try await client.call(pullRequest("orders", offset: offset, max: .max, commit: offset))
        _ = try await client.call(queueRequest(.searchOffsetByTimestamp, "orders", timestamp: offset))
        var view = Command(.viewMessageByID)
        view.set(.offset, offset)
        #expect(try await client.call(view).code == .systemError)
        #expect(try await client.call(sendBackRequest(logOffset: offset, group: "g")).code == .systemError)
        var query = topicRequest(.queryMessage, "orders")
        query.set(.key, "k")
        query.set(.maxNum, Int32.min)
        query.set(.beginTimestamp, offset)
        query.set(.endTimestamp, -offset.magnitude.leadingZeroBitCount)
        #expect(try await client.call(query).code == .queryNotFound)
      }
      let end = await broker.offsets(topic: "orders", queueID: 0).upperBound
      let held = Task { try await client.call(pullRequest("orders", offset: end, holdMilliseconds: .max)) }
      await broker.untilHeld(topic: "orders", queueID: 0)
      _ = try await client.call(sendRequest("orders", "end"))
      #expect(try await held.value.code == .success)
      #expect(
        try await client.call(pullRequest("orders", offset: end + 1, holdMilliseconds: .min), timeout: .seconds(1)).code == .pullNotFound)

      var topic = topicRequest(.updateAndCreateTopic, "wide")
      for field: HeaderField in [.readQueueNums, .writeQueueNums] { topic.set(field, Int32.max) }
      topic.set(.defaultTopic, "TBW102")
      topic.set(.perm, 6)
      topic.set(.topicFilterType, "SINGLE_TAG")
      topic.set(.order, false)
      #expect(try await client.call(topic).code == .systemError)
    }
  }

  @Test func theBrokerSaysWhatItIs() async throws {
    try await withBroker { broker in
      let table = try await TestClient(broker).call(Command(.getBrokerRuntimeInfo)).json["table"]
      #expect(table?["brokerVersion"]?.text == "409")
    }
  }

  /// `mqadmin clusterList` splits the rates at spaces, and fails without them.
  @Test func theBrokerSaysWhatAListOfClustersShows() async throws {
    try await withBroker { broker in
      let table = try await TestClient(broker).call(Command(.getBrokerRuntimeInfo)).json["table"]
      for rate in ["putTps", "getTransferedTps"] {
        #expect(table?[rate]?.text?.split(separator: " ").compactMap { Double($0) }.count == 3, "\(rate)")
      }
      for wait in ["sendThreadPoolQueueSize", "pullThreadPoolQueueHeadWaitTimeMills", "pageCacheLockTimeMills"] {
        #expect(table?[wait]?.text.flatMap { Int($0) } != nil, "\(wait)")
      }
    }
  }

  // MARK: Starting and stopping

  @Test func itStartsInMilliseconds() async throws {
    let clock = ContinuousClock()
    var best = Duration.seconds(1)
    for _ in 0..<5 {
      let start = clock.now
      let broker = try await EmbeddedBroker.start()
      best = min(best, clock.now - start)
      await broker.shutdown()
    }
    #expect(best < .milliseconds(50))
  }

  @Test func afterShutdownNobodyAnswers() async throws {
    let broker = try await EmbeddedBroker.start()
    let client = try TestClient(broker)
    #expect(try await client.call(Command(.getBrokerRuntimeInfo)).code == .success)
    let held = Task { try await client.call(pullRequest("TBW102", hold: .seconds(60))) }
    await broker.untilHeld(topic: "TBW102", queueID: 0)
    await broker.shutdown()
    await broker.shutdown()
    await #expect(throws: RocketMQError.self) { try await held.value }
    await #expect(throws: RocketMQError.self) { try await client.call(Command(.getBrokerRuntimeInfo), timeout: .milliseconds(200)) }
    await #expect(throws: RocketMQError.self) { try await broker.createTopic("late") }
    // The port is free again.
    var configuration = EmbeddedBroker.Configuration()
    configuration.brokerPort = try #require(UInt16(broker.brokerAddress.split(separator: ":")[1]))
    let next = try await EmbeddedBroker.start(configuration)
    #expect(next.brokerAddress == broker.brokerAddress)
    await next.shutdown()
  }

  @Test func aPortInUseIsAnErrorThatNamesIt() async throws {
    try await withBroker { broker in
      var configuration = EmbeddedBroker.Configuration()
      configuration.nameServerPort = UInt16(broker.nameServerAddress.split(separator: ":")[1])!
      let error = await #expect(throws: RocketMQError.self) { try await EmbeddedBroker.start(configuration) }
      #expect(error?.code == .connectFailed)
      #expect(error?.message.contains(broker.nameServerAddress) == true)
    }
  }

  @Test func settingsThatMakeNoSenseAreRefused() async throws {
    func refused(_ change: (inout EmbeddedBroker.Configuration) -> Void, _ location: SourceLocation = #_sourceLocation) async {
      var configuration = EmbeddedBroker.Configuration()
      change(&configuration)
      let error = await #expect(throws: RocketMQError.self, sourceLocation: location) { try await EmbeddedBroker.start(configuration) }
      #expect(error?.code == .invalidArgument, sourceLocation: location)
    }
    await refused { $0.host = "" }
    await refused { $0.brokerName = "" }
    await refused { $0.defaultQueues = 0 }
    await refused { $0.limits.maxPullMessages = 0 }
    await refused { $0.limits.maxPullBytes = 1 << 30 }
    await refused { $0.flushInterval = .zero }
    await refused {
      $0.brokerPort = 1234
      $0.nameServerPort = 1234
    }
  }

  @Test func itServesIPv6() async throws {
    try await withBroker {
      $0.host = "::1"
    } _: { broker in
      #expect(broker.brokerAddress.hasPrefix("[::1]:"))
      let client = try TestClient(broker)
      try await broker.createTopic("orders", queues: 1)
      let sent = try await client.call(sendRequest("orders", "six"))
      #expect(sent.string(.msgID)?.count == 56)
      let message = try #require(try await client.call(pullRequest("orders")).messages.first)
      #expect(message.text == "six")
      #expect(message.sysFlag == 0x30)
      #expect(message.bornHost.hasPrefix("[0:0:0:0:0:0:0:1]:"))
    }
  }

  @Test func clientsAreToldTheAdvertisedHost() async throws {
    try await withBroker {
      $0.host = "0.0.0.0"
      $0.advertisedHost = "localhost"
    } _: { broker in
      #expect(broker.brokerAddress.hasPrefix("localhost:"))
      let client = try TestClient(broker)
      #expect(try await client.callNameServer(Command(.getBrokerClusterInfo)).text.contains("\"\(broker.brokerAddress)\""))
    }
  }
}

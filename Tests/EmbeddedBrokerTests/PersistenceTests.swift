// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Logging
import RocketMQ
import RocketMQEmbeddedBroker
import Synchronization
import Testing

@Suite struct PersistenceTests {
  /// A broker that keeps its state in `path`, for the length of `work`.
  private func withBroker<R>(
    in path: String, clock: EmbeddedBroker.ClockMode = .system, _ configure: (inout EmbeddedBroker.Configuration) -> Void = { _ in },
    _ work: (EmbeddedBroker, TestClient) async throws -> R
  ) async throws -> R {
    var configuration = EmbeddedBroker.Configuration(storage: .directory(path), clock: clock)
    configure(&configuration)
    let broker = try await EmbeddedBroker.start(configuration)
    do {
      let result = try await work(broker, TestClient(broker))
      await broker.shutdown()
      return result
    } catch {
      await broker.shutdown()
      throw error
    }
  }

  private func logFiles(_ path: String) -> [String] { names(in: "\(path)/log").map { "\(path)/log/\($0)" } }

  @Test func everythingIsThereAfterARestart() async throws {
    try await withTemporaryDirectory { path in
      var messageID: String?
      try await withBroker(in: path) { broker, client async throws in
        try await broker.createTopic("orders", queues: 3)
        _ = try await client.call(sendRequest("orders", "a", queueID: 1, tag: "A", properties: [("city", "Zürich")]))
        _ = try await client.call(batchRequest("orders", [("b", [("TAGS", "B")]), ("c", [])], queueID: 1))
        messageID = try await client.call(sendRequest("auto", "d")).string(.msgID)
        _ = try await client.call(commitRequest("orders", 1, group: "g", offset: 2))
        var settings = Command(.updateAndCreateSubscriptiongroup)
        settings.body = [UInt8](#"{"groupName":"g","retryMaxTimes":5}"#.utf8)
        _ = try await client.call(settings)
      }
      try await withBroker(in: path) { broker, client async throws in
        let messages = try await client.call(pullRequest("orders", queueID: 1)).messages
        #expect(messages.map(\.text) == ["a", "b", "c"])
        #expect(messages.map(\.queueOffset) == [0, 1, 2])
        #expect(messages[0].properties == ["TAGS": "A", "city": "Zürich", "CLUSTER": "DefaultCluster"])
        #expect(try await client.call(pullRequest("orders", queueID: 1, expression: "B")).bodies == ["b"])
        let automatic = try #require(try await client.call(pullRequest("auto")).messages.first)
        // The port is another one, the place in the log is the same.
        #expect(automatic.offsetMessageID == messageID)
        #expect(await broker.committedOffset(group: "g", topic: "orders", queueID: 1) == 2)
        let route = try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "orders")).json
        #expect(route["queueDatas"]?.elements.first?["readQueueNums"]?.int32 == 3)
        let groups = try await client.call(Command(.getAllSubscriptiongroupConfig)).json
        #expect(groups["subscriptionGroupTable"]?["g"]?["retryMaxTimes"]?.int32 == 5)
        #expect(try await client.call(sendRequest("orders", "e", queueID: 1)).string(.queueOffset) == "3")
      }
      try await withBroker(in: path) { _, client async throws in
        #expect(try await client.call(pullRequest("orders", queueID: 1, offset: 3)).bodies == ["e"])
      }
    }
  }

  /// What `kill -9` leaves: the files as they are at that moment.
  @Test func whatWasAnsweredSurvivesTheEndOfTheProcess() async throws {
    try await withTemporaryDirectory { path in
      let copy = makeTemporaryDirectory()
      defer { removeTree(copy) }
      try await withBroker(in: path) {
        $0.flushInterval = .seconds(3600)
      } _: { broker, client async throws in
        try await broker.createTopic("orders", queues: 1)
        for i in 0..<20 { _ = try await client.call(sendRequest("orders", "m\(i)")) }
        copyTree(path, to: copy)
      }
      try await withBroker(in: copy) { broker, client async throws in
        #expect(try await client.call(pullRequest("orders")).bodies == (0..<20).map { "m\($0)" })
        #expect(await broker.offsets(topic: "orders", queueID: 0) == 0..<20)
      }
    }
  }

  @Test func aTopicWhoseSettingsWereLostIsFoundInTheLog() async throws {
    try await withTemporaryDirectory { path in
      try await withBroker(in: path) { _, client async throws in
        _ = try await client.call(sendRequest("auto", "m", queueID: 2))
      }
      writeFile("\(path)/topics.json", [UInt8]("{}".utf8))
      try await withBroker(in: path) { _, client async throws in
        #expect(try await client.call(pullRequest("auto", queueID: 2)).bodies == ["m"])
      }
    }
  }

  /// The last record may end anywhere.
  @Test func aTornTailIsCutWhereverItIsTorn() async throws {
    try await withTemporaryDirectory { path in
      try await withBroker(in: path) { broker, client async throws in
        try await broker.createTopic("orders", queues: 1)
        for body in ["one", "two", "torn"] { _ = try await client.call(sendRequest("orders", body)) }
      }
      let file = logFiles(path)[0]
      let whole = readFile(file)
      // Frames are 8 bytes, records say their size at their start.
      var ends: [Int] = []
      var position = 8
      while position < whole.count {
        position += 8 + whole[position..<(position + 4)].reduce(0) { $0 << 8 | Int($1) }
        ends.append(position)
      }
      #expect(ends.count == 3)
      #expect(ends[2] == whole.count)
      for size in ends[1]..<ends[2] {
        writeFile(file, whole[..<size])
        let log = LogLines()
        try await withBroker(in: path) {
          $0.logger = log.logger
        } _: { broker, client async throws in
          #expect(try await client.call(pullRequest("orders")).bodies == ["one", "two"], "cut to \(size) bytes")
          // One line says where and how much; none when nothing was torn.
          let cuts = log.lines(containing: "cut off")
          #expect(cuts.count == (size == ends[1] ? 0 : 1))
          if size > ends[1] {
            #expect(cuts.first?.contains("rocketmq.position=\(ends[1])") == true)
            #expect(cuts.first?.contains("rocketmq.bytes=\(size - ends[1])") == true)
            #expect(cuts.first?.contains(file) == true)
          }
          #expect(try await client.call(sendRequest("orders", "three")).string(.queueOffset) == "2")
        }
        try await withBroker(in: path) { _, client async throws in
          #expect(try await client.call(pullRequest("orders")).bodies == ["one", "two", "three"])
        }
      }
    }
  }

  @Test func aDamagedLastRecordIsCut() async throws {
    try await withTemporaryDirectory { path in
      try await withBroker(in: path) { broker, client async throws in
        try await broker.createTopic("orders", queues: 1)
        for body in ["one", "two"] { _ = try await client.call(sendRequest("orders", body)) }
      }
      let file = logFiles(path)[0]
      var bytes = readFile(file)
      bytes[bytes.count - 1] ^= 1
      writeFile(file, bytes)
      try await withBroker(in: path) { _, client async throws in
        #expect(try await client.call(pullRequest("orders")).bodies == ["one"])
      }
    }
  }

  @Test func damageBeforeWholeRecordsIsAnErrorThatSaysWhatToDo() async throws {
    try await withTemporaryDirectory { path in
      try await withBroker(in: path) { broker, client async throws in
        try await broker.createTopic("orders", queues: 1)
        for body in ["one", "two", "three"] { _ = try await client.call(sendRequest("orders", body)) }
      }
      let file = logFiles(path)[0]
      let whole = readFile(file)
      let second = 8 + 8 + whole[8..<12].reduce(0) { $0 << 8 | Int($1) }
      // In its size, its checksum, and its bytes.
      for place in [second, second + 5, second + 40] {
        var bytes = whole
        bytes[place] ^= 0x40
        writeFile(file, bytes)
        let error = await #expect(throws: RocketMQError.self) {
          try await EmbeddedBroker.start(.init(storage: .directory(path)))
        }
        #expect(error?.code == .storageFailed)
        #expect(error?.message.contains("\(file) is damaged at byte \(second)") == true)
        #expect(error?.message.contains("truncate -s \(second) \(file)") == true)
        #expect(readFile(file) == bytes, "nothing is changed")
      }
      // Doing what it says helps.
      writeFile(file, whole[..<second])
      try await withBroker(in: path) { _, client async throws in
        #expect(try await client.call(pullRequest("orders")).bodies == ["one"])
      }
    }
  }

  @Test func aFileWithoutItsHeaderIsStartedAgainOrRefused() async throws {
    try await withTemporaryDirectory { path in
      try await withBroker(in: path) { broker, client async throws in
        try await broker.createTopic("orders", queues: 1)
        _ = try await client.call(sendRequest("orders", "m"))
      }
      let file = logFiles(path)[0]
      for size in 0..<8 {
        writeFile(file, readFile(file).prefix(size))
        try await withBroker(in: path) { _, client async throws in
          #expect(try await client.call(pullRequest("orders")).code == .pullNotFound)
        }
      }
      writeFile(file, [UInt8]("not a log at all".utf8))
      let error = await #expect(throws: RocketMQError.self) { try await EmbeddedBroker.start(.init(storage: .directory(path))) }
      #expect(error?.message.contains(file) == true)
    }
  }

  @Test func theLogGoesOverSeveralFiles() async throws {
    try await withTemporaryDirectory { path in
      let bodies = (0..<40).map { "\($0) " + String(repeating: "x", count: 200) }
      try await withBroker(in: path) {
        $0.segmentBytes = 2000
      } _: { broker, client async throws in
        try await broker.createTopic("orders", queues: 1)
        for body in bodies { _ = try await client.call(sendRequest("orders", body)) }
        // One batch that is larger than a file should be.
        _ = try await client.call(batchRequest("orders", (0..<20).map { ("batch \($0) " + String(repeating: "y", count: 200), []) }))
        _ = try await client.call(sendRequest("orders", "last"))
      }
      #expect(logFiles(path).count > 5)
      try await withBroker(in: path) {
        $0.segmentBytes = 2000
        $0.limits.maxPullMessages = 100
      } _: { _, client async throws in
        let all = try await client.call(pullRequest("orders", max: 100)).bodies
        #expect(all.count == 61)
        #expect(Array(all.prefix(40)) == bodies)
        #expect(all.last == "last")
        // Places in the log lead to the messages in every file.
        for message in try await client.call(pullRequest("orders", max: 100)).messages {
          var view = Command(.viewMessageByID)
          view.set(.offset, message.commitLogOffset)
          #expect(try await client.call(view).bodies == [message.text])
        }
      }
      // A file in the middle is missing.
      let lost = logFiles(path)[2]
      removeTree(lost)
      let error = await #expect(throws: RocketMQError.self) { try await EmbeddedBroker.start(.init(storage: .directory(path))) }
      #expect(error?.message.contains("the log has a hole") == true)
      #expect(error?.message.contains(logFiles(path)[1]) == true)
    }
  }

  @Test func aDirectoryBelongsToOneBroker() async throws {
    try await withTemporaryDirectory { path in
      try await withBroker(in: path) { _, _ async throws in
        let error = await #expect(throws: RocketMQError.self) { try await EmbeddedBroker.start(.init(storage: .directory(path))) }
        #expect(error?.code == .storageFailed)
        #expect(error?.message.contains("another broker uses the directory \(path)") == true)
      }
      // Free again.
      try await withBroker(in: path) { _, _ async throws in }
    }
  }

  @Test func theDirectoryIsMadeWithAllAboveIt() async throws {
    try await withTemporaryDirectory { path in
      try await withBroker(in: "\(path)/a/b") { broker, _ async throws in try await broker.createTopic("orders") }
      #expect(names(in: "\(path)/a/b") == ["lock", "log", "topics.json"])
    }
  }

  @Test func aDirectoryThatCannotBeMadeIsAnError() async throws {
    let error = await #expect(throws: RocketMQError.self) { try await EmbeddedBroker.start(.init(storage: .directory("/dev/null/no"))) }
    #expect(error?.code == .storageFailed)
    #expect(error?.message.contains("/dev/null/no") == true)
  }

  @Test func aDamagedTableIsAnErrorThatNamesTheFile() async throws {
    try await withTemporaryDirectory { path in
      try await withBroker(in: path) { broker, _ async throws in try await broker.createTopic("orders") }
      writeFile("\(path)/topics.json", [UInt8]("{\"topic".utf8))
      let error = await #expect(throws: RocketMQError.self) { try await EmbeddedBroker.start(.init(storage: .directory(path))) }
      #expect(error?.message.contains("\(path)/topics.json is damaged") == true)
    }
  }

  @Test func delayedMessagesAreDeliveredAfterARestart() async throws {
    try await withTemporaryDirectory { path in
      let start = Timestamp(millisecondsSince1970: 1_700_000_000_000)
      try await withBroker(in: path, clock: .manual(startingAt: start)) { broker, client async throws in
        try await broker.createTopic("orders", queues: 1)
        _ = try await client.call(sendRequest("orders", "soon", delayLevel: 1))
        _ = try await client.call(sendRequest("orders", "later", delayLevel: 3))
        await broker.clock.advance(by: .seconds(1))
        #expect(await broker.offsets(topic: "orders", queueID: 0) == 0..<1)
      }
      let restart = Timestamp(millisecondsSince1970: start.millisecondsSince1970 + 5000)
      try await withBroker(in: path, clock: .manual(startingAt: restart)) { broker, client async throws in
        await broker.clock.advance(by: .milliseconds(4999))
        #expect(await broker.offsets(topic: "orders", queueID: 0) == 0..<1)
        await broker.clock.advance(by: .milliseconds(1))
        // And what was delivered before is not delivered again.
        #expect(try await client.call(pullRequest("orders")).bodies == ["soon", "later"])
      }
    }
  }

  @Test func whatBecameDueWhileTheBrokerWasDownIsDeliveredAtOnce() async throws {
    try await withTemporaryDirectory { path in
      let start = Timestamp(millisecondsSince1970: 1_700_000_000_000)
      try await withBroker(in: path, clock: .manual(startingAt: start)) { broker, client async throws in
        try await broker.createTopic("orders", queues: 1)
        _ = try await client.call(sendRequest("orders", "overdue", delayLevel: 1))
      }
      let restart = Timestamp(millisecondsSince1970: start.millisecondsSince1970 + 60_000)
      try await withBroker(in: path, clock: .manual(startingAt: restart)) { broker, client async throws in
        #expect(try await client.call(pullRequest("orders", hold: .seconds(15))).bodies == ["overdue"])
      }
      // The clock was set back: as in Java nobody waits longer than the delay for it.
      let before = Timestamp(millisecondsSince1970: start.millisecondsSince1970 - 60_000)
      removeTree("\(path)/delays.json")
      try await withBroker(in: path, clock: .manual(startingAt: before)) { broker, client async throws in
        #expect(try await client.call(pullRequest("orders", offset: 1, hold: .seconds(15))).bodies == ["overdue"])
      }
    }
  }

  @Test func aDeletedTopicStaysDeleted() async throws {
    try await withTemporaryDirectory { path in
      try await withBroker(in: path) { broker, client async throws in
        try await broker.createTopic("orders", queues: 1)
        for _ in 0..<3 { _ = try await client.call(sendRequest("orders", "old")) }
        try await broker.deleteTopic("orders")
      }
      try await withBroker(in: path) { broker, client async throws in
        #expect(try await client.callNameServer(topicRequest(.getRouteinfoByTopic, "orders")).code == .topicNotExist)
        try await broker.createTopic("orders", queues: 1)
        #expect(try await client.call(sendRequest("orders", "new")).string(.queueOffset) == "0")
      }
      try await withBroker(in: path) { _, client async throws in
        #expect(try await client.call(pullRequest("orders")).bodies == ["new"])
      }
    }
  }

  @Test func offsetsAreWrittenNowAndThen() async throws {
    try await withTemporaryDirectory { path in
      let copy = makeTemporaryDirectory()
      defer { removeTree(copy) }
      try await withBroker(in: path) {
        $0.offsetInterval = .milliseconds(20)
      } _: { broker, client async throws in
        _ = try await client.call(commitRequest("orders", group: "g", offset: 7))
        // Written behind the answer: wait for the file.
        while readFile("\(path)/offsets.json").isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        copyTree(path, to: copy)
      }
      try await withBroker(in: copy) { broker, _ async throws in
        #expect(await broker.committedOffset(group: "g", topic: "orders", queueID: 0) == 7)
      }
    }
  }
}

/// Collects what a logger is given.
final class LogLines: Sendable {
  private let state = Mutex<[String]>([])

  var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  func lines(containing text: String) -> [String] { state.withLock { $0.filter { $0.contains(text) } } }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let text = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
      lines.state.withLock { $0.append("\(event.message) \(text)") }
    }
  }
}

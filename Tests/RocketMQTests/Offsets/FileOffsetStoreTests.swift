// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Dispatch
import Testing

@testable import RocketMQ

@Suite("The store of offset files", .timeLimit(.minutes(1))) struct FileOffsetStoreTests {
  private let queues = (0..<4).map { MessageQueue(topic: "T", brokerName: "broker-a", queueID: $0) }
  private let log = LogRecord()

  @Test func givesBackWhatWasStoredAlsoToTheNextProcess() async throws {
    try await withTemporaryDirectory { directory in
      let store = try await opened(directory)
      #expect(try await store.offset(of: queues[0], group: "G") == nil)
      try await store.commit([queues[0]: 5, queues[1]: 0], group: "G")
      try await store.commit(6, of: queues[0], group: "G")
      await store.close(group: "G")
      let next = try await opened(directory)
      #expect(try await next.offset(of: queues[0], group: "G") == 6)
      #expect(try await next.offset(of: queues[1], group: "G") == 0)
      #expect(try await next.offset(of: queues[2], group: "G") == nil)
      await next.close(group: "G")
      let closed = try await failure { _ = try await next.offset(of: queues[0], group: "G") }
      #expect(closed.code == .notRunning)
    }
  }

  @Test func belongsToOneConsumerAtATime() async throws {
    try await withTemporaryDirectory { directory in
      let first = try await opened(directory)
      let second = FileOffsetStore(directory: directory)
      let here = try await failure { try await second.open(group: "G", logger: log.logger) }
      #expect(here.code == .storageFailed)
      #expect(here.message.contains("\(directory)/G/offsets.json") && here.message.contains("another consumer of this process"))
      // As another process would leave it.
      writeFile("\(directory)/G/lock", "4711\n")
      let elsewhere = try await failure { try await second.open(group: "G", logger: log.logger) }
      #expect(elsewhere.message.contains("process 4711"))
      try await second.open(group: "other", logger: log.logger)
      await first.close(group: "G")
      try await second.open(group: "G", logger: log.logger)
    }
  }

  @Test func takesTheForerunnerOfADamagedFileAndKeepsTheFileForALook() async throws {
    for damaged in ["", "{\"offsetTable\":{", "{\n\t\"offsetTable\":"] {
      try await withTemporaryDirectory { directory in
        let store = try await opened(directory)
        try await store.commit([queues[0]: 5], group: "G")
        try await store.commit([queues[0]: 6], group: "G")
        await store.close(group: "G")
        writeFile("\(directory)/G/offsets.json", damaged)
        let next = try await opened(directory)
        #expect(try await next.offset(of: queues[0], group: "G") == 5)
        let aside = try #require(names(in: "\(directory)/G").first { $0.hasPrefix("offsets.json.damaged-") })
        #expect(readFile("\(directory)/G/\(aside)") == damaged)
        #expect(log.lines(containing: "error an offset file cannot be read").contains { $0.contains(aside) })
        try await next.commit([queues[0]: 7], group: "G")
        await next.close(group: "G")
        let last = try await opened(directory)
        #expect(try await last.offset(of: queues[0], group: "G") == 7)
      }
    }
  }

  @Test func withNothingThatCanBeReadBeginsAnewOrRefusesAsItWasTold() async throws {
    for damage in [FileOffsetStore.Damage.beginAnew, .refuse] {
      try await withTemporaryDirectory { directory in
        writeFile("\(directory)/G/offsets.json", "rubbish")
        writeFile("\(directory)/G/offsets.json.bak", "more of it")
        let store = FileOffsetStore(directory: directory, damage: damage)
        if damage == .refuse {
          for _ in 0..<2 {
            let error = try await failure { try await store.open(group: "G", logger: log.logger) }
            #expect(error.code == .storageFailed && error.message.contains("\(directory)/G/offsets.json"))
          }
          #expect(names(in: "\(directory)/G") == ["lock", "offsets.json", "offsets.json.bak"])
          return
        }
        try await store.open(group: "G", logger: log.logger)
        #expect(try await store.offset(of: queues[0], group: "G") == nil)
        #expect(names(in: "\(directory)/G").count { $0.contains("damaged") } == 2)
        #expect(!log.lines(containing: "error no offset file can be read").isEmpty)
      }
    }
  }

  @Test func takesOverFromAJavaClientAndLeavesItsFileAlone() async throws {
    try await withTemporaryDirectory { directory in
      let java = "\(directory)/10.0.0.9@DEFAULT"
      let theirs = String(decoding: OffsetFileFormat.bytes([queues[0]: 41]), as: UTF8.self)
      writeFile("\(java)/G/offsets.json", theirs)
      let store = FileOffsetStore(directory: "\(directory)/DEFAULT", takingOverFrom: java)
      try await store.open(group: "G", logger: log.logger)
      #expect(try await store.offset(of: queues[0], group: "G") == 41)
      #expect(!log.lines(containing: "offsets were taken over").isEmpty)
      try await store.commit([queues[1]: 7], group: "G")
      await store.close(group: "G")
      #expect(readFile("\(java)/G/offsets.json") == theirs)
      writeFile("\(java)/G/offsets.json", "rubbish")
      try await store.open(group: "G", logger: log.logger)
      #expect(try await store.offset(of: queues[0], group: "G") == 41, "its own file comes first")
      #expect(try await store.offset(of: queues[1], group: "G") == 7)
      try await store.open(group: "H", logger: log.logger)
    }
  }

  @Test func hasItsPlaceAtHomeWhichIsTheSameAtEveryStart() throws {
    let store = try FileOffsetStore.atHome("/home/me", clientID: "10.0.0.9@17#8#a", instanceName: nil)
    #expect(store.directory == "/home/me/.rocketmq_offsets/DEFAULT")
    let named = try FileOffsetStore.atHome("/home/me", clientID: "10.0.0.9@../x", instanceName: "../x")
    #expect(named.directory == "/home/me/.rocketmq_offsets/%2E.%2Fx")
    for home in [nil, ""] {
      #expect(throws: RocketMQError.self) { try FileOffsetStore.atHome(home, clientID: "10.0.0.9@1", instanceName: nil) }
    }
  }

  @Test func saysWhatIsWrongWithADirectoryThatCannotBeUsed() async throws {
    try await withTemporaryDirectory { directory in
      writeFile("\(directory)/file", "")
      let store = FileOffsetStore(directory: "\(directory)/file/below")
      let error = try await failure { try await store.open(group: "G", logger: log.logger) }
      #expect(error.code == .storageFailed && error.message.contains("\(directory)/file/below"))
      let group = try await failure { try await store.open(group: "../G", logger: log.logger) }
      #expect(group.code == .invalidArgument)
    }
  }

  @Test func afterAFailedWriteHoldsTheOldOffsetsAndStoresTheNextOnes() async throws {
    for step in OffsetFile.Step.allCases.dropLast() {
      try await withTemporaryDirectory { directory in
        let writes = Record<Int>()
        let store = FileOffsetStore(directory) { (at) throws(RocketMQError) in
          if at == .madeAside { writes.add(1) }
          if at == step, writes.count == 2 { throw RocketMQError(.storageFailed, "no space left") }
        }
        try await store.open(group: "G", logger: log.logger)
        try await store.commit([queues[0]: 1], group: "G")
        let error = try await failure { try await store.commit([queues[0]: 2, queues[1]: 2], group: "G") }
        #expect(error.code == .storageFailed)
        #expect(try await store.offset(of: queues[0], group: "G") == 1)
        #expect(try await store.offset(of: queues[1], group: "G") == nil)
        try await store.commit([queues[0]: 3], group: "G")
        await store.close(group: "G")
        let next = try await opened(directory)
        #expect(try await next.offset(of: queues[0], group: "G") == 3)
      }
    }
  }

  /// Fifty queues that are released at once must not wait for fifty syncs.
  @Test func writesTogetherWhatComesWhileItWrites() async throws {
    try await withTemporaryDirectory { directory in
      let writes = Record<Int>()
      let (isWriting, goOn) = (Signal(), Signal())
      let store = FileOffsetStore(directory) { (step) throws(RocketMQError) in
        guard step == .madeAside else { return }
        writes.add(1)
        if writes.count == 1 {
          isWriting.signal()
          goOn.wait()
        }
      }
      try await store.open(group: "G", logger: log.logger)
      await withTaskGroup(of: Void.self) { group in
        group.addTask { try? await store.commit(1, of: MessageQueue(topic: "T", brokerName: "b", queueID: 0), group: "G") }
        await Task.detached { isWriting.wait() }.value
        let added = Record<Int>()
        for id in 1..<50 {
          group.addTask {
            added.add(1)
            try? await store.commit(1, of: MessageQueue(topic: "T", brokerName: "b", queueID: Int32(id)), group: "G")
          }
        }
        #expect(await added.wait(for: 49))
        goOn.signal()
      }
      // One for the first, one for those that came during it, and rarely one for a task that was late.
      #expect(writes.count <= 10)
      for id in 0..<50 {
        #expect(try await store.offset(of: MessageQueue(topic: "T", brokerName: "b", queueID: Int32(id)), group: "G") == 1)
      }
    }
  }

  private func opened(_ directory: String) async throws -> FileOffsetStore {
    let store = FileOffsetStore(directory: directory)
    try await store.open(group: "G", logger: log.logger)
    return store
  }
}

private final class Signal: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  func signal() { semaphore.signal() }
  func wait() { semaphore.wait() }
}

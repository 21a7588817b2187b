// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Testing

@testable import RocketMQ

@Suite("An offset file") struct OffsetFileTests {
  private let first = MessageQueue(topic: "T", brokerName: "broker-a", queueID: 0)
  private let second = MessageQueue(topic: "T", brokerName: "broker-a", queueID: 1)

  @Test func isJavasToTheByte() {
    let java = """
      {
      \t"offsetTable":{{
      \t\t\t"brokerName":"broker-a",
      \t\t\t"queueId":0,
      \t\t\t"topic":"T"
      \t\t}:12,{
      \t\t\t"brokerName":"broker-a",
      \t\t\t"queueId":1,
      \t\t\t"topic":"T"
      \t\t}:7
      \t}
      }
      """
    #expect(String(decoding: OffsetFileFormat.bytes([second: 7, first: 12]), as: UTF8.self) == java)
    #expect(String(decoding: OffsetFileFormat.bytes([:]), as: UTF8.self) == "{\n\t\"offsetTable\":{}\n}")
  }

  @Test func isReadInEveryFormThatJavaWrites() throws {
    let forms = [
      // 4.9.8 and 5.x, pretty and not
      String(decoding: OffsetFileFormat.bytes([first: 12, second: 7]), as: UTF8.self),
      #"{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:12,{"topic":"T","brokerName":"broker-a","queueId":1}:7}}"#,
      // object keys as text, numbers as text, members that are not known
      ##"{"dataVersion":{"counter":1},"offsetTable":{"{\"brokerName\":\"broker-a\",\"queueId\":0,\"topic\":\"T\"}":"12","##
        + ##"{"brokerName":"broker-a","queueId":"1","topic":"T","hash":5}:7}}"##,
      // what stands for none
      #"{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:12,{"brokerName":"broker-a","queueId":1,"topic":"T"}:7,"#
        + #"{"brokerName":"broker-a","queueId":2,"topic":"T"}:-1}}"#,
    ]
    for form in forms { #expect(try OffsetFileFormat.offsets(Array(form.utf8)) == [first: 12, second: 7], "\(form)") }
    #expect(try OffsetFileFormat.offsets(Array(#"{"offsetTable":{}}"#.utf8)) == [:])
  }

  @Test func withAnythingMissingOrCutOffIsNotRead() {
    let whole = String(decoding: OffsetFileFormat.bytes([first: 12, second: 7]), as: UTF8.self)
    for length in 0..<whole.utf8.count {
      #expect(throws: RocketMQError.self, "\(length) bytes") { try OffsetFileFormat.offsets(Array(whole.utf8.prefix(length))) }
    }
    for text in [
      "null", "[]", "{}", #"{"offsetTable":[]}"#, #"{"offsetTable":{{"queueId":0,"topic":"T"}:1}}"#,
      #"{"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:null}}"#, #"{"offsetTable":{"x":1}}"#,
      #"{"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:99999999999999999999}}"#,
    ] {
      #expect(throws: RocketMQError.self, "\(text)") { try OffsetFileFormat.offsets(Array(text.utf8)) }
    }
  }

  @Test func keepsNamesThatNeedQuoting() throws {
    let odd = MessageQueue(topic: "T\"\\\n", brokerName: "bröker", queueID: 3)
    #expect(try OffsetFileFormat.offsets(OffsetFileFormat.bytes([odd: 5])) == [odd: 5])
  }

  /// The process ends after every step of every one of three writes, and after every step of the write with which the next one goes on.
  @Test func isTheOldOrTheNewOneWhereverTheProcessEnds() async throws {
    for write in 1...3 {
      for step in OffsetFile.Step.allCases {
        for nextStep in write == 2 ? OffsetFile.Step.allCases : [.keptForerunner] {
          try await withTemporaryDirectory { directory in
            let folder = "\(directory)/G"
            try end(after: step, ofWrite: write, in: folder, from: 0)
            let found = try content(folder)
            #expect(found == Int64(write - 1) || found == Int64(write), "after \(step) of write \(write)")
            if step == .syncedNames { #expect(found == Int64(write), "what was told to be stored is") }
            try end(after: nextStep, ofWrite: 1, in: folder, from: found)
            let foundNext = try content(folder)
            #expect(foundNext == found || foundNext == found + 1, "after \(step) of write \(write), then \(nextStep)")
          }
        }
      }
    }
  }

  /// Writes `from + 1`, `from + 2` ...
  private func end(after last: OffsetFile.Step, ofWrite write: Int, in folder: String, from: Int64) throws {
    let lastWrite = Record<Int>()
    let file = try OffsetFile(folder: folder) { (step) throws(RocketMQError) in
      if lastWrite.count == 1, step == last { throw RocketMQError(.internal, "killed") }
    }
    for number in 1...write {
      if number == write { lastWrite.add(number) }
      do { try file.replace(with: [first: from + Int64(number)]) } catch {}
    }
  }

  /// 0 for nothing.
  private func content(_ folder: String) throws -> Int64 {
    switch try OffsetFile(folder: folder).load(LogRecord().logger) {
    case .offsets(let offsets): return try #require(offsets[first])
    case .nothing: return 0
    case .damaged(let error):
      Issue.record("\(error)")
      return -1
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker
import Testing

/// Sessions of the Java client with the Java servers 4.9.8, as they went over the wire: the client's frames are sent to the embedded
/// broker byte for byte, at their times on a manual clock, and each of its answers is compared with what the Java servers answered.
///
/// What may differ, and nothing else:
/// - `language` in headers, which is ours, and the opaque numbers of what the broker sends of its own accord;
/// - ports: of the broker in routes and ids, of clients in records; the time at which a record was stored;
/// - the offset in the answer to a delayed message, which counts all delayed messages of its level since the recorded broker was made;
/// - offsets in the log by where the log of the recorded broker stood when the session began;
/// - the order of entries in property texts and in sets, which is hash order in Java;
/// - when a held pull ends that found nothing: the Java broker looks every 5 s, so its answer comes later.
@Suite struct ReplayTests {
  @Test(arguments: [
    "a_push", "a2_rebalance", "a3_dlq", "b_orderly", "c_producer", "c1_autocreate", "d1_pull", "d2_litepull", "e_broadcast",
  ])
  func theAnswersAreThoseOfTheJavaBroker(_ scenario: String) async throws {
    let frames = try RecordedFrame.load("v4.9.8/\(scenario)")
    try await withBroker(clock: .manual(startingAt: RecordedFrame.start(frames))) { broker in
      var replay = Replay(frames, broker)
      try await replay.run()
      #expect(replay.compared == frames.count { !$0.isFromClient })
    }
  }

  /// What the broker asks of the consumer, and what it makes of its answers, among them: 220, 221, 307, 309. Left out are the requests that
  /// an embedded broker does not know, and those about everything that the recorded broker had, or about times of storing.
  @Test func theAnswersToAnAdministratorAreThoseOfTheJavaBroker() async throws {
    let leftOut: Set<Int32> = [
      12, 21, 25, 26, 28, 32, 33, 100, 101, 102, 106, 201, 205, 206, 216, 219, 224, 300, 303, 305, 306, 314, 315, 316, 317, 319, 321, 327,
      328,
    ]
    // A pull that the Java broker handled before the heartbeat that was sent before it; the route while nobody was to write to the broker.
    let otherReasons: Set<Int64> = [194, 196, 270, 271]
    let frames = try RecordedFrame.load("v4.9.8/f_admin").without(leftOut).filter { !otherReasons.contains($0.number) }
    try await withBroker(clock: .manual(startingAt: RecordedFrame.start(frames))) { broker in
      var replay = Replay(frames, broker)
      try await replay.run()
      #expect(replay.compared == frames.count { !$0.isFromClient })
      #expect(replay.answered == [221, 307, 309])
    }
  }
}

/// One frame of a recorded session.
struct RecordedFrame {
  var number: Int64
  /// Since the begin of the session.
  var time: Duration
  var from: String
  var to: String
  var connection: Int64
  /// The server's.
  var port: Int64
  /// With its length.
  var bytes: [UInt8]

  var isFromClient: Bool { from == "client" }

  func decoded() throws -> RawConnection.Frame { try RawConnection.frame(Array(bytes[4...])) }

  static func load(_ name: String, file: StaticString = #filePath) throws -> [RecordedFrame] {
    let tests = "\(file)".split(separator: "/").dropLast(2).joined(separator: "/")
    return try readFile("/\(tests)/Fixtures/wire/\(name).jsonl").split(separator: UInt8(ascii: "\n")).map { line in
      let json = try JSONValue(parsing: Array(line))
      let hex = Array((json["hex"]?.text ?? "").utf8)
      return RecordedFrame(
        number: json["seq"]?.int64 ?? 0, time: .microseconds(json["t_us"]?.int64 ?? 0), from: json["from"]?.text ?? "",
        to: json["to"]?.text ?? "", connection: json["conn"]?.int64 ?? 0, port: json["port"]?.int64 ?? 0,
        bytes: stride(from: 0, to: hex.count, by: 2).map { digit(hex[$0]) << 4 | digit(hex[$0 + 1]) })
    }
  }

  fileprivate static func isResponse(_ header: JSONValue) -> Bool { header["flag"]?.int32.map { $0 & 1 } == 1 }

  private static func digit(_ character: UInt8) -> UInt8 { character < 58 ? character - 48 : (character | 32) - 87 }

  /// When the session began, by the time in its first message.
  static func start(_ frames: [RecordedFrame]) -> Timestamp {
    for frame in frames where frame.isFromClient {
      if let header = try? frame.decoded().header, header["code"]?.int32 == 310, let born = header["extFields"]?["g"]?.int64 {
        return Timestamp(millisecondsSince1970: born - Int64(frame.time / .milliseconds(1)))
      }
    }
    return .now
  }
}

extension [RecordedFrame] {
  /// Without requests with these codes and their answers.
  fileprivate func without(_ codes: Set<Int32>) throws -> [RecordedFrame] {
    // Connections and opaque numbers.
    var left: Set<[Int64]> = []
    return try filter { frame in
      let header = try frame.decoded().header
      let call = [frame.connection, header["opaque"]?.int64 ?? -1]
      if RecordedFrame.isResponse(header) { return frame.isFromClient || !left.contains(call) }
      guard frame.isFromClient, let code = header["code"]?.int32, codes.contains(code) else { return true }
      left.insert(call)
      return false
    }
  }
}

private struct Replay {
  private let frames: [RecordedFrame]
  private let broker: EmbeddedBroker
  private var connections: [Int64: RawConnection] = [:]
  /// What came and was not expected yet, by connection.
  private var received: [Int64: [RawConnection.Frame]] = [:]
  private var sent: [Int32: Int] = [:]
  private var elapsed = Duration.zero
  /// Where the recorded log stood when the session began.
  private var logStart: Int64 = 0
  /// What the recorded routes say of their broker.
  private let recordedAddress: String
  /// Opaque numbers of sends with a delay level.
  private var delayedSends: Set<Int32?> = []
  private(set) var compared = 0
  /// Our opaque numbers of the broker's requests, by the recorded ones, and their codes.
  private var asked: [Int32: (opaque: Int32, code: Int32)] = [:]
  /// Codes of the broker's requests to which the client's recorded answers were given.
  private(set) var answered: Set<Int32> = []

  init(_ frames: [RecordedFrame], _ broker: EmbeddedBroker) {
    self.frames = frames
    self.broker = broker
    let port = frames.lazy.filter { $0.from == "broker" }.map(\.port).first ?? 0
    recordedAddress = "127.0.0.1:\(port)"
  }

  mutating func run() async throws {
    defer { for connection in connections.values { connection.close() } }
    logStart = try firstLogOffset()
    for frame in frames {
      if frame.time > elapsed {
        await broker.clock.advance(by: frame.time - elapsed)
        elapsed = frame.time
      }
      if frame.isFromClient { try await send(frame) } else { try check(frame) }
    }
    checkRest()
  }

  // MARK: The client's side

  private mutating func send(_ frame: RecordedFrame) async throws {
    let connection = try connection(of: frame)
    let decoded = try frame.decoded()
    if RecordedFrame.isResponse(decoded.header) { return try answer(decoded, on: connection) }
    guard let code = decoded.header["code"]?.int32 else { return }
    if decoded.header["extFields"]?["i"]?.text?.contains("DELAY\u{1}") == true { delayedSends.insert(decoded.header["opaque"]?.int32) }
    if [36, 309].contains(code) {
      try connection.send(header: withLogOffsetOfOurs(decoded.header).string(), body: decoded.body)
    } else {
      try connection.send(frame.bytes)
    }
    sent[code, default: 0] += 1
    await broker.untilRequests(code: code, count: sent[code] ?? 0)
  }

  /// The client's answer to what the broker has asked.
  private mutating func answer(_ frame: RawConnection.Frame, on connection: RawConnection) throws {
    guard let opaque = frame.header["opaque"]?.int32, let asked = asked[opaque] else { return }
    answered.insert(asked.code)
    let header = frame.header.members.map { $0.key.text == "opaque" ? JSONValue.Member($0.key, .int(asked.opaque)) : $0 }
    try connection.send(header: JSONValue.object(header).string(), body: frame.body)
  }

  private mutating func connection(of frame: RecordedFrame) throws -> RawConnection {
    if let connection = connections[frame.connection] { return connection }
    let connection = try RawConnection(to: frame.to == "namesrv" ? broker.nameServerAddress : broker.brokerAddress)
    connections[frame.connection] = connection
    return connection
  }

  private func withLogOffsetOfOurs(_ header: JSONValue) -> JSONValue {
    .object(
      header.members.map { member in
        guard member.key.text == "extFields" else { return member }
        let fields = member.value.members.map { field in
          switch field.key.text {
          case "offset": JSONValue.Member(field.key, .string(String((field.value.int64 ?? 0) - logStart)))
          case "msgId": JSONValue.Member(field.key, .string(withLogOffsetOfOurs(id: field.value.text ?? "")))
          default: field
          }
        }
        return JSONValue.Member(member.key, .object(fields))
      })
  }

  /// An address and an offset, in hexadecimal.
  private func withLogOffsetOfOurs(id: String) -> String {
    let digits = String(logOffsets(id, from: logStart)[0], radix: 16, uppercase: true)
    return String(id.dropLast(16)) + String(repeating: "0", count: 16 - digits.count) + digits
  }

  // MARK: The server's side

  private mutating func check(_ frame: RecordedFrame) throws {
    let expected = try frame.decoded()
    let actual = try receive(like: expected, on: frame)
    if !RecordedFrame.isResponse(expected.header), let recorded = expected.header["opaque"]?.int32,
      let opaque = actual.header["opaque"]?.int32, let code = actual.header["code"]?.int32
    {
      asked[recorded] = (opaque, code)
    }
    compare(expected, actual, "frame \(frame.number)")
    compared += 1
  }

  /// A response to the same request, or a request with the same code.
  private mutating func receive(like expected: RawConnection.Frame, on frame: RecordedFrame) throws -> RawConnection.Frame {
    func isMeant(_ actual: RawConnection.Frame) -> Bool {
      let isResponse = RecordedFrame.isResponse(expected.header)
      guard isResponse == RecordedFrame.isResponse(actual.header) else { return false }
      return actual.header[isResponse ? "opaque" : "code"] == expected.header[isResponse ? "opaque" : "code"]
    }
    if let index = received[frame.connection]?.firstIndex(where: isMeant), let found = received[frame.connection]?.remove(at: index) {
      return found
    }
    guard let connection = connections[frame.connection] else {
      throw RawConnection.Failure(what: "frame \(frame.number) before any request")
    }
    while true {
      let actual: RawConnection.Frame
      do {
        actual = try connection.receive()
      } catch {
        throw RawConnection.Failure(what: "waiting for frame \(frame.number), \(expected.header.string()): \(error)")
      }
      if isMeant(actual) { return actual }
      received[frame.connection, default: []].append(actual)
    }
  }

  /// What came in addition answers pulls that the recorded broker had not answered when the session ended.
  private func checkRest() {
    for frame in received.values.joined() {
      #expect(frame.header["code"]?.int32 == 19, "unexpected \(frame.header.string())")
    }
  }

  // MARK: Comparing

  private func compare(_ expected: RawConnection.Frame, _ actual: RawConnection.Frame, _ what: String) {
    for name in ["code", "flag", "version"] {
      #expect(actual.header[name] == expected.header[name], "\(what): \(name) of \(actual.header.string())")
    }
    let expectedRemark = expected.header["remark"]?.text
    #expect(actual.header["remark"]?.text == expectedRemark, "\(what)")
    let isDelayedSend = delayedSends.contains(expected.header["opaque"]?.int32)
    compareFields(expected.header["extFields"], actual.header["extFields"], what, except: isDelayedSend ? "queueOffset" : nil)
    if RecordFields.looksLikeRecords(expected.body) {
      compareRecords(expected.body, actual.body, what)
    } else {
      let expectedText = String(decoding: expected.body, as: UTF8.self).replacing(recordedAddress, with: broker.brokerAddress)
      let actualText = String(decoding: actual.body, as: UTF8.self)
      if Self.hasSets(expectedText) {
        #expect(Self.sorted(actualText) == Self.sorted(expectedText), "\(what)")
      } else {
        #expect(actualText == expectedText, "\(what)")
      }
    }
  }

  /// Bodies whose order is hash order in Java.
  private static func hasSets(_ body: String) -> Bool {
    ["lockOKMQSet", "consumerIdList", "offsetTable", "consumerTable", "connectionSet", "consumeTps"].contains {
      body.hasPrefix(#"{"\#($0)""#)
    }
  }

  /// The text of a body without what may differ, in one order.
  private static func sorted(_ body: String) -> String? {
    (try? JSONValue(parsing: Array(body.utf8))).map { sorted($0).string(asFastjson: true) }
  }

  private static func sorted(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let members):
      .object(
        members.filter { !timesAndRates.contains($0.key.text ?? "") }.map { JSONValue.Member($0.key, sorted($0.value)) }
          .sorted { $0.key.string() < $1.key.string() })
    case .array(let elements): .array(elements.map(sorted).sorted { $0.string() < $1.string() })
    default: value
    }
  }

  private static let timesAndRates = ["clientAddr", "consumeTps", "lastTimestamp", "lastUpdateTimestamp"]

  private func compareFields(_ expected: JSONValue?, _ actual: JSONValue?, _ what: String, except excepted: String?) {
    #expect((actual == nil) == (expected == nil), "\(what): extFields \(String(describing: actual?.string()))")
    #expect(Set(actual?.members.compactMap(\.key.text) ?? []) == Set(expected?.members.compactMap(\.key.text) ?? []), "\(what)")
    for field in expected?.members ?? [] {
      guard let name = field.key.text, name != excepted else { continue }
      if name == "msgId" {
        #expect(logOffsets(actual?[name]?.text) == logOffsets(field.value.text, from: logStart), "\(what): \(name)")
      } else {
        #expect(actual?[name] == field.value, "\(what): \(name)")
      }
    }
  }

  private func compareRecords(_ expected: [UInt8], _ actual: [UInt8], _ what: String) {
    let expected = RecordFields.all(in: expected, logStart: logStart)
    let actual = RecordFields.all(in: actual, logStart: 0)
    #expect(actual.count == expected.count, "\(what)")
    for (expected, actual) in zip(expected, actual) { #expect(actual == expected, "\(what)") }
  }

  private func firstLogOffset() throws -> Int64 {
    for frame in frames where frame.from == "broker" {
      if let id = try frame.decoded().header["extFields"]?["msgId"]?.text { return logOffsets(id, from: 0).first ?? 0 }
    }
    return 0
  }
}

/// The offsets in one or several message ids.
private func logOffsets(_ ids: String?, from start: Int64 = 0) -> [Int64] {
  (ids ?? "").split(separator: ",").map { (HostAddress.parse(offsetMessageID: String($0))?.commitLogOffset ?? -1) - start }
}

/// What must be equal in two records.
private struct RecordFields: Equatable {
  var size: Int
  var checksum: [UInt8]
  var topic: String
  var queueID: Int32
  var flag: Int32
  var queueOffset: Int64
  var logOffset: Int64
  var sysFlag: Int32
  var bornAt: Int64
  var bornIP: [UInt8]
  var storeIP: [UInt8]
  var reconsumeTimes: Int32
  var preparedTransactionOffset: Int64
  var body: [UInt8]
  var properties: [String: String]

  static func looksLikeRecords(_ bytes: [UInt8]) -> Bool { bytes.count > 8 && bytes[4..<8].elementsEqual([0xDA, 0xA3, 0x20, 0xA7]) }

  static func all(in bytes: [UInt8], logStart: Int64) -> [RecordFields] {
    var all: [RecordFields] = []
    var rest = bytes[...]
    while !rest.isEmpty, let (record, size) = try? Array(rest).withUnsafeBytes({ try MessageRecord.decode($0) }) {
      var properties = PropertyText.decode(record.properties)
      if let origin = properties["ORIGIN_MESSAGE_ID"], let offset = HostAddress.parse(offsetMessageID: origin)?.commitLogOffset {
        properties["ORIGIN_MESSAGE_ID"] = String(offset - logStart)
      }
      all.append(
        RecordFields(
          size: size, checksum: Array(rest.dropFirst(8).prefix(4)), topic: record.topic, queueID: record.queueID, flag: record.flag,
          queueOffset: record.queueOffset, logOffset: record.commitLogOffset - logStart, sysFlag: record.sysFlag, bornAt: record.bornAt,
          bornIP: record.bornHost.ip, storeIP: record.storeHost.ip, reconsumeTimes: record.reconsumeTimes,
          preparedTransactionOffset: record.preparedTransactionOffset, body: record.body, properties: properties))
      rest = rest.dropFirst(size)
    }
    return all
  }
}

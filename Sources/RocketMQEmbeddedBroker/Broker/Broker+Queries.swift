// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

// Looking at messages and at the broker. Java: `QueryMessageProcessor`, `AdminBrokerProcessor`.
extension Broker {
  func viewMessage(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let offset = request.command.int64(.offset) ?? -1
    guard let record = store.record(at: offset) else {
      return path.refuse(.systemError, "can not find message by the offset, \(offset)")
    }
    var body = ByteBlock(reserving: record.count)
    body.append(record)
    path.send(Command(response: .success), body: body)
  }

  /// The newest messages of a topic with this key or unique id, stored within the time given; oldest first in the answer.
  ///
  /// There is no index: the topic's messages are looked through, newest first.
  func queryMessages(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let key = request.command.string(.key) ?? ""
    let begin = request.command.int64(.beginTimestamp) ?? 0
    let time = begin...max(begin, request.command.int64(.endTimestamp) ?? .max)
    // As in Java a search for a unique id gives what one answer may hold, whatever it asks for.
    let asked = request.command.bool(.uniqueKeyQuery) == true ? .max : request.command.int32(.maxNum) ?? 0
    let limit = min(max(Int(asked), 0), Broker.maxQueried)
    let queues = store.queues(of: request.command.string(.topic) ?? "")
    var found: [ConsumeQueue.Entry] = []
    for queue in queues {
      var offset = queue.next - 1
      var foundHere = 0
      while foundHere < limit, let entry = queue[offset], entry.storedAt >= time.lowerBound {
        if entry.storedAt <= time.upperBound, let record = store.record(entry), hasKey(key, record) {
          found.append(entry)
          foundHere += 1
        }
        offset -= 1
      }
    }
    found = found.sorted { $0.offset < $1.offset }.suffix(limit)

    let newest = found.isEmpty ? nil : queues.compactMap(\.newest).max { $0.offset < $1.offset }
    var response = Command(response: .success)
    response.set(.indexLastUpdateTimestamp, newest?.storedAt ?? 0)
    response.set(.indexLastUpdatePhyoffset, newest?.offset ?? 0)
    if found.isEmpty {
      response.code = ResponseCode.queryNotFound.rawValue
      response.remark = "can not find message, maybe time range not correct"
      return path.send(response)
    }
    var body = ByteBlock()
    for entry in found {
      guard let record = store.record(entry), body.count + record.count <= Broker.maxQueriedBytes else { break }
      body.append(record)
    }
    path.send(response, body: body)
  }

  /// Java: `defaultQueryMaxNum`.
  private static var maxQueried: Int { 32 }
  /// What a frame has room for.
  private static var maxQueriedBytes: Int { 15 << 20 }

  private func hasKey(_ key: String, _ record: UnsafeRawBufferPointer) -> Bool {
    let has = try? RecordView.of(record) { record in
      if PropertyBlock.value(PropertyName.uniqueKey, in: record.properties) == key { return true }
      return PropertyBlock.value(PropertyName.keys, in: record.properties)?.split(separator: " ").contains { $0 == key } ?? false
    }
    return has ?? false
  }

  /// The few facts of Java's list that mean something here, and those without which `mqadmin clusterList` fails. Requests do not queue, and
  /// nothing here measures rates: those are 0.
  func runtimeInfo(_ path: ReplyPath) {
    let facts = [
      ("bootTimestamp", String(startedAt)), ("brokerVersion", "409"), ("brokerVersionDesc", "V4_9_8"), ("commitLogMinOffset", "0"),
      ("commitLogMaxOffset", String(store.endOffset)), ("runtime", "\((now - startedAt) / 1000) s"),
    ]
    let rates = ["putTps", "getTransferedTps"].map { ($0, "0.0 0.0 0.0") }
    let waits = [
      "sendThreadPoolQueueSize", "sendThreadPoolQueueHeadWaitTimeMills", "pullThreadPoolQueueSize", "pullThreadPoolQueueHeadWaitTimeMills",
      "pageCacheLockTimeMills",
    ].map { ($0, "0") }
    let table = (facts + rates + waits).map { JSONValue.Member(.string($0.0), .string($0.1)) }
    path.sendBody((["table": .object(table)] as JSONValue).bytes())
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

// Offsets of consumers and bounds of queues. Java: `ConsumerManageProcessor`, `AdminBrokerProcessor`.
extension Broker {
  func commitOffset(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    if let group = request.command.string(.consumerGroup), let topic = request.command.string(.topic),
      let id = request.command.int32(.queueID),
      let offset = request.command.int64(.commitOffset), !offsets.isReset(group: group, topic: topic, queueID: id)
    {
      offsets.commit(offset, group: group, topic: topic, queueID: id)
      saveOffsetsSoon()
    }
    var response = Command(response: .success)
    response.carriesFields = true
    path.send(response)
  }

  /// A group that never committed starts at 0 as long as the queue still does: where a broker cannot know better, it gives all there is.
  func queryOffset(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let (topic, id) = (request.command.string(.topic) ?? "", request.command.int32(.queueID) ?? 0)
    let stored = offsets.offset(group: request.command.string(.consumerGroup) ?? "", topic: topic, queueID: id)
    if let stored, stored >= 0 { return path.sendOffset(stored) }
    if (store.existingQueue(topic, id)?.first ?? 0) == 0 { return path.sendOffset(0) }
    var response = Command(response: .queryNotFound, remark: "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first")
    response.carriesFields = true
    path.send(response)
  }

  func maxOffset(_ request: borrowing InboundRequest, _ path: ReplyPath) { path.sendOffset(queue(of: request)?.next ?? 0) }
  func minOffset(_ request: borrowing InboundRequest, _ path: ReplyPath) { path.sendOffset(queue(of: request)?.first ?? 0) }

  func searchOffset(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    path.sendOffset(queue(of: request)?.offset(nearest: request.command.int64(.timestamp) ?? 0) ?? 0)
  }

  func earliestTime(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let queue = queue(of: request)
    var response = Command(response: .success)
    response.set(.timestamp, queue.flatMap { $0[$0.first]?.storedAt } ?? -1)
    path.send(response)
  }

  /// A queue that does not exist is answered as an empty one, as in Java, where asking for it makes it.
  private func queue(of request: borrowing InboundRequest) -> ConsumeQueue? {
    store.existingQueue(request.command.string(.topic) ?? "", request.command.int32(.queueID) ?? 0)
  }

  func allOffsets(_ path: ReplyPath) {
    path.sendBody(offsets.json.bytes(asFastjson: true))
  }

  /// Where a group stands in each queue. Java: `ConsumeStats`.
  func consumeStatistics(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let group = request.command.string(.consumerGroup) ?? ""
    let named = request.command.string(.topic) ?? ""
    let online = consumers[group]
    var table: [JSONValue.Member] = []
    for name in named.isEmpty ? offsets.topics(ofGroup: group) : [named] {
      guard let topic = topics[name] else { continue }
      // A group that is online says itself what it consumes.
      if let online, !online.subscriptions.isEmpty, online.subscriptions[name] == nil { continue }
      for id in 0..<topic.readQueues {
        let queue = store.existingQueue(name, id)
        let consumed = max(offsets.offset(group: group, topic: name, queueID: id) ?? 0, 0)
        let entry: JSONValue = [
          "brokerOffset": .int(queue?.next ?? 0), "consumerOffset": .int(consumed),
          "lastTimestamp": .int(queue?[consumed - 1]?.storedAt ?? 0),
        ]
        table.append(.init(QueueName(topic: name, brokerName: configuration.brokerName, queueID: id).json, entry))
      }
    }
    let body: JSONValue = ["consumeTps": .number("0.0"), "offsetTable": .object(table)]
    path.sendBody(body.bytes(asFastjson: true))
  }
}

extension ReplyPath {
  fileprivate func sendOffset(_ offset: Int64) {
    var response = Command(response: .success)
    response.set(.offset, offset)
    send(response)
  }

  func sendBody(_ body: [UInt8]) {
    var response = Command(response: .success)
    response.body = body
    send(response)
  }
}

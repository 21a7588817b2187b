// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

// Setting a group's offsets for a time. Java: `Broker2Client.resetOffset`, `AdminBrokerProcessor.resetOffsetInner`.
extension Broker {
  /// Java: `INVOKE_BROKER_TO_RESET_OFFSET`.
  func resetOffsets(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let wish = OffsetWish(request)
    if configuration.resetsOffsetsItself { return resetHere(wish, path) }
    guard let topic = topics[wish.topic] else {
      return path.refuse(.systemError, "[reset-offset] reset offset failed, no topic in this broker. topic=\(wish.topic)")
    }
    var table: [MessageQueue: Int64] = [:]
    for id in 0..<max(topic.writeQueues, 0) {
      guard let current = offsets.offset(group: wish.group, topic: wish.topic, queueID: id) else {
        return path.refuse(.systemError, "THe consumer group <\(wish.group)> not exist")
      }
      let wanted = offset(at: wish.time, in: wish.topic, id)
      table[queueName(wish.topic, id)] = wish.isForced || wanted < current ? wanted : current
    }
    guard let members = consumers[wish.group]?.members, !members.isEmpty else {
      return path.refuse(
        .consumerNotOnline,
        "Consumer not online, so can not reset offset, Group: \(wish.group) Topic: \(wish.topic) Timestamp: \(wish.time)")
    }
    if let old = members.first(where: { $0.version < ClientVersion.knowsResets }) {
      return path.refuse(.systemError, "the client does not support this feature. version=\(old.version)")
    }
    tellMembers(members, wish, table)
    answer(table, path)
  }

  private func tellMembers(_ members: [GroupMember], _ wish: OffsetWish, _ table: [MessageQueue: Int64]) {
    var order = Command(.resetConsumerClientOffset)
    order.set(.topic, wish.topic)
    order.set(.group, wish.group)
    order.set(.timestamp, wish.time)
    order.set(.isForce, false)
    order.body = (["offsetTable": wish.isFromC ? QueueOffsetsBody.list(table) : QueueOffsetsBody.table(table)] as JSONValue)
      .bytes(asFastjson: true)
    for member in members { loop.sendAndForget(.connection(member.connection), order) }
  }

  /// As brokers from 5.0 on: the offsets are changed at once, and whoever pulls from one of the queues next is told with the answer.
  private func resetHere(_ wish: OffsetWish, _ path: ReplyPath) {
    guard let topic = topics[wish.topic] else {
      return path.refuse(.topicNotExist, "Topic \(wish.topic) does not exist")
    }
    guard groups.contains(wish.group) else {
      return path.refuse(.subscriptionGroupNotExist, "Group \(wish.group) does not exist")
    }
    var table: [MessageQueue: Int64] = [:]
    for id in wish.queueID.map({ $0...$0 }) ?? 0...max(topic.readQueues - 1, 0) {
      let queue = store.existingQueue(wish.topic, id)
      let (first, next) = (queue?.first ?? 0, queue?.next ?? 0)
      if let offset = wish.offset {
        guard first...(next + 1) ~= offset else {
          return path.refuse(.systemError, "Target offset \(offset) not in consume queue range [\(first)-\(next)]")
        }
        table[queueName(wish.topic, id)] = offset
      } else {
        table[queueName(wish.topic, id)] = offset(at: wish.time, in: wish.topic, id)
      }
    }
    for (queue, offset) in table { offsets.reset(offset, group: wish.group, topic: wish.topic, queueID: queue.queueID) }
    saveOffsetsSoon()
    answer(table, path)
  }

  private func answer(_ table: [MessageQueue: Int64], _ path: ReplyPath) {
    var response = Command(response: .success, remark: configuration.resetsOffsetsItself ? nil : ReplyPath.javaDefaultRemark)
    response.body = (["offsetTable": QueueOffsetsBody.table(table)] as JSONValue).bytes(asFastjson: true)
    path.send(response)
  }

  /// `time` in milliseconds since 1970; below 0: the end.
  private func offset(at time: Int64, in topic: String, _ id: Int32) -> Int64 {
    let queue = store.existingQueue(topic, id)
    return max(0, (time < 0 ? queue?.next : queue?.offset(nearest: time)) ?? 0)
  }

  private func queueName(_ topic: String, _ id: Int32) -> MessageQueue {
    MessageQueue(topic: topic, brokerName: configuration.brokerName, queueID: id)
  }
}

/// What an administrator wants. Java: `ResetOffsetRequestHeader`.
private struct OffsetWish {
  var topic: String
  var group: String
  /// Milliseconds since 1970; -1: the end of each queue.
  var time: Int64
  /// Forward, too.
  var isForced: Bool
  /// nil: all queues.
  var queueID: Int32?
  /// Instead of the time.
  var offset: Int64?
  /// Members are told in the form for C clients when the administrator is one.
  var isFromC: Bool

  init(_ request: borrowing InboundRequest) {
    topic = request.command.string(.topic) ?? ""
    group = request.command.string(.group) ?? ""
    time = request.command.int64(.timestamp) ?? -1
    isForced = request.command.bool(.isForce) ?? false
    queueID = request.command.int32(.queueID).flatMap { $0 < 0 ? nil : $0 }
    offset = queueID == nil ? nil : request.command.int64(.offset).flatMap { $0 < 0 ? nil : $0 }
    isFromC = request.command.language == 1
  }
}

/// From which version on a client understands what. Java: `MQVersion`.
enum ClientVersion {
  static let knowsResets: Int32 = 28
  static let knowsDirectRequests: Int32 = 62
}

extension ReplyPath {
  /// What Java's answers say when nobody has given them a remark.
  static let javaDefaultRemark = "not set any response code"
}

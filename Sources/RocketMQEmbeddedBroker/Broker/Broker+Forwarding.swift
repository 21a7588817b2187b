// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

// Asking members of a group on behalf of an administrator. Java: `AdminBrokerProcessor.callConsumer`, `Broker2Client.getConsumeStatus`.
extension Broker {
  /// How long a member has for its answer.
  private static var answerLimit: Duration { .seconds(10) }
  private static var statusLimit: Duration { .seconds(5) }

  /// Java: `GET_CONSUMER_RUNNING_INFO`.
  func askForRunningInfo(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    var question = Command(.getConsumerRunningInfo)
    for (name, value) in request.command.fields { question.set(named: name, value) }
    question.body = request.command.withBody { [UInt8]($0) }
    forward(question, request, path)
  }

  /// Java: `CONSUME_MESSAGE_DIRECTLY`.
  func haveConsumed(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let id = request.command.string(.msgID) ?? ""
    guard let offset = HostAddress.parse(offsetMessageID: id)?.commitLogOffset, let record = store.record(at: offset) else {
      return path.refuse(.systemError, "can not find message by the id, \(id)")
    }
    var order = Command(.consumeMessageDirectly)
    for (name, value) in request.command.fields where name != "brokerName" { order.set(named: name, value) }
    order.set(.brokerName, configuration.brokerName)
    order.body = [UInt8](record)
    forward(order, request, path)
  }

  /// To the member that the request names; its answer is the answer.
  private func forward(_ command: Command, _ request: borrowing InboundRequest, _ path: ReplyPath) {
    let group = request.command.string(.consumerGroup) ?? ""
    let clientID = request.command.string(.clientIdLower) ?? ""
    guard let member = consumers[group]?.members.first(where: { $0.clientID == clientID }) else {
      return path.refuse(.systemError, "The Consumer <\(group)> <\(clientID)> not online")
    }
    guard member.version >= ClientVersion.knowsDirectRequests else {
      return path.refuse(
        .systemError, "The Consumer <\(clientID)> Version <\(member.version)> too low to finish, please upgrade it to V3_1_8_SNAPSHOT")
    }
    Task { [loop] in
      do throws(RocketMQError) {
        let reply = try await loop.call(.connection(member.connection), command, timeout: Self.answerLimit)
        var response = Command(response: reply.code, remark: reply.remark)
        response.body = reply.body.bytes
        path.send(response)
      } catch {
        if error.code == .timeout {
          path.refuse(.consumeMessageTimeout, "consumer <\(group)> <\(clientID)> Timeout: \(error.message)")
        } else {
          path.refuse(.systemError, "invoke consumer <\(group)> <\(clientID)> Exception: \(error.message)")
        }
      }
    }
  }

  /// Java: `INVOKE_BROKER_TO_GET_CONSUMER_STATUS`. The field is called an address, and is a client id.
  func askForOffsets(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    let group = request.command.string(.group) ?? ""
    let named = request.command.string(.clientAddr) ?? ""
    guard let members = consumers[group]?.members, !members.isEmpty else {
      return path.refuse(.systemError, "No Any Consumer online in the consumer group: [\(group)]")
    }
    if let old = members.first(where: { $0.version < ClientVersion.knowsResets }) {
      return path.refuse(.systemError, "the client does not support this feature. version=\(old.version)")
    }
    var question = Command(.getConsumerStatusFromClient)
    question.set(.topic, request.command.string(.topic))
    question.set(.group, group)
    let asked = members.filter { named.isEmpty || $0.clientID == named }
    Task { [loop, question] in
      let tables = await withTaskGroup(of: JSONValue.Member?.self) { tasks in
        for member in asked {
          tasks.addTask {
            let reply = try? await loop.call(.connection(member.connection), question, timeout: Self.statusLimit)
            guard let reply, reply.code == .success, let body = try? JSONValue(parsing: reply.body.bytes) else { return nil }
            return JSONValue.Member(
              .string(member.clientID), QueueOffsetsBody.table(QueueOffsetsBody.read(body["messageQueueTable"]) ?? [:]))
          }
        }
        var tables: [JSONValue.Member] = []
        for await case let table? in tasks { tables.append(table) }
        return tables.sorted { ($0.key.text ?? "") < ($1.key.text ?? "") }
      }
      var response = Command(response: .success, remark: ReplyPath.javaDefaultRemark)
      response.body = (["consumerTable": .object(tables), "messageQueueTable": [:]] as JSONValue).bytes(asFastjson: true)
      path.send(response)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

/// What brokers ask of a consumer. Java: `ClientRemotingProcessor`. On the loop's thread: what takes long goes on elsewhere.
extension PushConsumer {
  package func request(_ request: borrowing InboundRequest) -> Bool {
    switch request.code {
    case .resetConsumerClientOffset: resetOffsets(request)
    case .getConsumerStatusFromClient: tellOffsets(request)
    case .getConsumerRunningInfo: tellRunningInfo(request)
    case .consumeMessageDirectly: consumeDirectly(request)
    default: return false
    }
    return true
  }

  // MARK: Offsets

  /// RESET_CONSUMER_CLIENT_OFFSET(220). Read here, so that two of them keep their order.
  private func resetOffsets(_ request: borrowing InboundRequest) {
    do throws(RocketMQError) {
      let body = try request.command.withBody { bytes throws(RocketMQError) in try JSONValue(parsing: bytes) }
      guard let offsets = QueueOffsetsBody.read(body["offsetTable"]) else {
        throw RocketMQError(.malformedData, "the body has no offsetTable")
      }
      let topic = request.command.string(.topic)
      let wanted = offsets.filter { topic == nil || $0.key.topic == topic }.map { (queue: $0.key, offset: $0.value) }
      logger.notice(
        "the broker resets offsets", metadata: [LogKey.topic: "\(topic ?? "")", LogKey.count: "\(wanted.count)"])
      resetOffsets(wanted.sorted { $0.queue < $1.queue })
      respond(request.responder, Command(response: .success))
    } catch {
      refuse(request.responder, "the request to reset offsets cannot be read: \(error.message)")
    }
  }

  /// GET_CONSUMER_STATUS_FROM_CLIENT(221).
  private func tellOffsets(_ request: borrowing InboundRequest) {
    let topic = request.command.string(.topic)
    let responder = request.responder
    requests.run {
      let queues = self.rebalance.held.filter { $0.messageQueue.topic == topic }
      let offsets = Dictionary(queues.map { ($0.messageQueue, $0.window.commitOffset) }) { first, _ in first }
      let body: JSONValue = ["consumerTable": [:], "messageQueueTable": QueueOffsetsBody.table(offsets)]
      self.respond(responder, body)
    }
  }

  /// GET_CONSUMER_RUNNING_INFO(307).
  private func tellRunningInfo(_ request: borrowing InboundRequest) {
    let responder = request.responder
    requests.run { self.respond(responder, self.runningInfo.json) }
  }

  // MARK: Consuming

  /// A broker gives up after ten seconds.
  private static var longestDirectConsumption: Duration { .seconds(9) }
  /// At the same time, listeners that never end included.
  private static var mostDirectConsumptions: Int { 4 }

  /// CONSUME_MESSAGE_DIRECTLY(309).
  private func consumeDirectly(_ request: borrowing InboundRequest) {
    let responder = request.responder
    let broker = request.command.string(.brokerName) ?? ""
    let body = request.command.keepBody()
    requests.run { await self.consumeDirectly(body, from: broker, responder) }
  }

  private func consumeDirectly(_ body: FrameSlice, from broker: String, _ responder: Responder) async {
    let boxes: [MessageBox]
    do throws(RocketMQError) { boxes = try MessageBox.all(in: body, bodyLimit: configuration.maxBodyBytes) } catch {
      return refuse(responder, "the message cannot be read: \(error.message)")
    }
    guard let box = boxes.first else { return refuse(responder, "the request holds no message") }
    guard let dispatcher = state.withLock({ $0.dispatcher }) else { return refuse(responder, "the consumer of \(group) does not run") }
    guard directConsumptions.add(1, ordering: .relaxed).oldValue < Self.mostDirectConsumptions else {
      directConsumptions.subtract(1, ordering: .relaxed)
      let remark = "\(Self.mostDirectConsumptions) messages are being consumed directly already"
      return respond(responder, Command(response: .systemBusy, remark: remark))
    }
    let queue = MessageQueue(topic: box.topic, brokerName: broker, queueID: box.queueID)
    let message = ReceivedMessage(box, from: MessageOrigin(queue: queue, group: group))
    let done = Waiter<DirectConsumption?>()
    let work = Task {
      let start = ContinuousClock.now
      var result = await dispatcher.consumeDirectly(message)
      directConsumptions.subtract(1, ordering: .relaxed)
      result?.spent = start.duration(to: .now)
      done.finish(.success(result))
    }
    defer { work.cancel() }
    let limit = min(configuration.consumeTimeout, Self.longestDirectConsumption)
    do throws(RocketMQError) {
      guard let result = try await done.value(within: limit, on: client.loop, waitingFor: "the listener") else {
        return refuse(responder, "\(group) takes its messages as a sequence; there is no listener that could be called")
      }
      respond(responder, result.json)
    } catch {
      respond(responder, Command(response: .consumeMessageTimeout, remark: "the listener did not finish within \(limit)"))
    }
  }

  // MARK: Answering

  private func respond(_ responder: Responder, _ body: JSONValue) {
    var response = Command(response: .success)
    response.body = body.bytes(asFastjson: true)
    respond(responder, response)
  }

  private func respond(_ responder: Responder, _ response: Command) { client.loop.respond(responder, response) }

  private func refuse(_ responder: Responder, _ remark: String) {
    logger.warning("a request of a broker was refused", metadata: [LogKey.error: "\(remark)"])
    respond(responder, Command(response: .systemError, remark: remark))
  }
}

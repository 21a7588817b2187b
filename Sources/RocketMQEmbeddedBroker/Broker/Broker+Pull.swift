// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// What a pull asks for. Java: `PullMessageRequestHeader`.
struct PullRequest {
  var group: String
  var topic: String
  var queueID: Int32
  var offset: Int64
  var maxMessages: Int
  /// What the group has consumed, when the pull commits it too.
  var commitOffset: Int64?
  /// Milliseconds the broker may wait for a message; nil: not at all.
  var holdTime: Int64?
  var subscriptionVersion: Int64
  /// What the pull itself says it wants; nil: what the group's heartbeats said.
  var carried: Carried?
  /// "ip:port"
  var peer: String

  enum Carried {
    case subscription(Subscription)
    /// No tag can be found in it.
    case unreadable
  }

  /// The mandatory fields are known to be there.
  init(_ request: borrowing InboundRequest) {
    let flags = request.command.int32(.sysFlag) ?? 0
    group = request.command.string(.consumerGroup) ?? ""
    topic = request.command.string(.topic) ?? ""
    queueID = request.command.int32(.queueID) ?? 0
    offset = request.command.int64(.queueOffset) ?? 0
    maxMessages = Int(request.command.int32(.maxMsgNums) ?? 0)
    commitOffset = flags & 0x1 != 0 ? request.command.int64(.commitOffset) : nil
    holdTime = flags & 0x2 != 0 ? request.command.int64(.suspendTimeoutMillis) : nil
    subscriptionVersion = request.command.int64(.subVersion) ?? 0
    if flags & 0x4 != 0 {
      let subscription = Subscription(
        topic: topic, expression: request.command.string(.subscription), expressionType: request.command.string(.expressionType))
      carried = subscription.map(Carried.subscription) ?? .unreadable
    }
    peer = request.peer
  }
}

/// How looking for messages ended. Java: `GetMessageStatus`; the raw value is the answer's remark.
enum PullStatus: String {
  case found = "FOUND"
  case noMatchedMessage = "NO_MATCHED_MESSAGE"
  case noMessageInQueue = "NO_MESSAGE_IN_QUEUE"
  case offsetTooSmall = "OFFSET_TOO_SMALL"
  case offsetOverflowOne = "OFFSET_OVERFLOW_ONE"
  case offsetOverflowBadly = "OFFSET_OVERFLOW_BADLY"
  /// From 5.0 on.
  case offsetReset = "OFFSET_RESET"
}

// Pulling. Java: `PullMessageProcessor`; the order of the checks is its.
extension Broker {
  func pull(_ request: borrowing InboundRequest, _ path: ReplyPath) {
    answer(PullRequest(request), path, mayHold: true)
  }

  /// Answers the pull, or holds it. `mayHold` is false when it was held before.
  func answer(_ pull: PullRequest, _ path: ReplyPath, mayHold: Bool) {
    let filter: MessageFilter
    do throws(PullRefusal) {
      filter = try check(pull)
    } catch {
      var response = Command(response: error.code, remark: error.remark)
      response.carriesFields = true
      return path.send(response)
    }
    if mayHold, let offset = pull.commitOffset {
      offsets.commit(offset, group: pull.group, topic: pull.topic, queueID: pull.queueID)
      saveOffsetsSoon()
    }
    let queue = store.queue(pull.topic, pull.queueID)
    if let offset = offsets.takeReset(group: pull.group, topic: pull.topic, queueID: pull.queueID) {
      return path.send(pullResponse(.pullOffsetMoved, .offsetReset, next: offset, queue))
    }
    switch pull.offset {
    case _ where queue.next == 0:
      let atStart = pull.offset == 0
      if atStart, mayHold, hold(pull, filter, on: queue, path) { return }
      path.send(pullResponse(atStart ? .pullNotFound : .pullOffsetMoved, .noMessageInQueue, next: 0, queue))
    case ..<queue.first:
      path.send(pullResponse(.pullOffsetMoved, .offsetTooSmall, next: queue.first, queue))
    case queue.next:
      if mayHold, hold(pull, filter, on: queue, path) { return }
      path.send(pullResponse(.pullNotFound, .offsetOverflowOne, next: pull.offset, queue))
    case queue.next...:
      path.send(pullResponse(.pullOffsetMoved, .offsetOverflowBadly, next: queue.next, queue))
    default:
      let result = store.read(queue, from: pull.offset, passing: filter, limits: limits(of: pull))
      let next = result.next
      if result.count == 0 {
        path.send(pullResponse(.pullRetryImmediately, .noMatchedMessage, next: next, queue))
      } else {
        path.send(pullResponse(.success, .found, next: next, queue), body: result.records)
      }
    }
  }

  private func limits(of pull: PullRequest) -> MessageStore.ReadLimits {
    // Java counts index entries of 20 bytes: at most the larger of 16,000 bytes and 20 for each message asked for.
    let scanned = max(800, pull.maxMessages)
    return .init(
      messages: min(pull.maxMessages, configuration.limits.maxPullMessages), bytes: configuration.limits.maxPullBytes, scanned: scanned)
  }

  private func pullResponse(_ code: ResponseCode, _ status: PullStatus, next: Int64, _ queue: ConsumeQueue) -> Command {
    var response = Command(response: code, remark: status.rawValue)
    response.set(.suggestWhichBrokerID, 0)
    response.set(.nextBeginOffset, next)
    response.set(.minOffset, queue.first)
    response.set(.maxOffset, queue.next)
    return response
  }

  // MARK: Checks

  private struct PullRefusal: Error {
    var code: ResponseCode
    var remark: String
  }

  /// Which messages the pull may have.
  private func check(_ pull: PullRequest) throws(PullRefusal) -> MessageFilter {
    let group = groups.find(pull.group, now: now)
    saveGroupsIfChanged()
    guard group.mayConsume else {
      throw PullRefusal(code: .noPermission, remark: "subscription group no permission, \(pull.group)")
    }
    guard let topic = topics[pull.topic] else {
      throw PullRefusal(code: .topicNotExist, remark: "topic[\(pull.topic)] not exist, apply first please! \(helpText)")
    }
    guard topic.permission.contains(.read) else {
      throw PullRefusal(code: .noPermission, remark: "the topic[\(pull.topic)] pulling message is forbidden")
    }
    guard pull.queueID >= 0, pull.queueID < topic.readQueues else {
      throw PullRefusal(
        code: .systemError,
        remark: """
          queueId[\(pull.queueID)] is illegal, topic:[\(pull.topic)] topicConfig.readQueueNums:[\(topic.readQueues)] \
          consumer:[/\(pull.peer)]
          """)
    }
    let subscription = try subscription(of: pull, group)
    if subscription.isByTag { return MessageFilter(tags: subscription.tagFilter) }
    let condition = try condition(of: subscription, pull)
    guard configuration.sqlFilters else {
      throw PullRefusal(code: .systemError, remark: noFilters(by: subscription.expressionType))
    }
    return MessageFilter(condition: condition)
  }

  /// Java does not notice a condition that cannot be compiled when a pull brings it along, and gives that pull everything.
  private func condition(of subscription: Subscription, _ pull: PullRequest) throws(PullRefusal) -> SQLFilter {
    if pull.carried != nil {
      guard subscription.isSQL else {
        throw PullRefusal(code: .subscriptionParseFailed, remark: unknownFilter(subscription.expressionType))
      }
      do throws(SQLSyntaxError) { return try carriedConditions.filter(subscription.expression) } catch {
        throw PullRefusal(code: .subscriptionParseFailed, remark: "\(error)")
      }
    }
    guard let condition = subscription.condition else {
      throw PullRefusal(
        code: .filterDataNotExist, remark: "The broker's consumer filter data is not exist!Your expression may be wrong!")
    }
    if condition.version < pull.subscriptionVersion {
      throw PullRefusal(code: .filterDataNotLatest, remark: "the consumer's consumer filter data not latest")
    }
    return condition.filter
  }

  private func subscription(of pull: PullRequest, _ settings: GroupConfiguration) throws(PullRefusal) -> Subscription {
    switch pull.carried {
    case .subscription(let subscription): return subscription
    case .unreadable: throw PullRefusal(code: .subscriptionParseFailed, remark: "parse the consumer's subscription failed")
    case nil: break
    }
    guard let group = consumers[pull.group] else {
      throw PullRefusal(code: .subscriptionNotExist, remark: "the consumer's group info not exist\(helpText)")
    }
    if !settings.mayBroadcast, group.messageModel == "BROADCASTING" {
      throw PullRefusal(code: .noPermission, remark: "the consumer group[\(pull.group)] can not consume by broadcast way")
    }
    guard let subscription = group.subscriptions[pull.topic] else {
      throw PullRefusal(code: .subscriptionNotExist, remark: "the consumer's subscription not exist\(helpText)")
    }
    if subscription.version < pull.subscriptionVersion {
      throw PullRefusal(code: .subscriptionNotLatest, remark: "the consumer's subscription not latest")
    }
    return subscription
  }
}

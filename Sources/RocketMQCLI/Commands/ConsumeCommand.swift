// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ

struct ConsumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "consume",
    abstract: "Prints the messages of a topic, as a member of a consumer group.",
    discussion: """
      Examples:
        rocketmq consume -n 127.0.0.1:9876 -t orders -g billing --from first
        rocketmq consume -n 127.0.0.1:9876 -t orders -g billing --filter "a || b"
        rocketmq consume -n 127.0.0.1:9876 -t orders -g billing \\
          --sql "region = 'eu' AND amount > 100"
        rocketmq consume -n 127.0.0.1:9876 -t orders -g audit --format json \\
          --from 2026-01-31T08:15:00Z --idle-exit 5
        rocketmq consume -n 127.0.0.1:9876 -t prices -g display --broadcast

      A message is acknowledged once it is printed, and never before: what was
      not printed is delivered again, here or to another member of the group. So
      --count prints exactly that many and leaves the rest to the group. Without
      --count and --idle-exit it runs until ^C, which commits what was printed.

      --orderly prints every queue in its order, one member at a time; --exclusive
      only sees to it that a member that joins or leaves makes nothing come twice.
      All members of the group must agree on either.

      With --broadcast every member of the group gets every message. Offsets are
      kept in files under $HOME/.rocketmq_offsets/DEFAULT, or where
      --offsets-directory says; each member on one machine needs its own place.

      --from is where the group begins when it has no offset yet; a group that
      has one goes on from there. While the first message of a queue is still in
      the broker's memory, as in a new topic, the broker lets every new group
      begin with it, whatever --from says (not with --broadcast).

      --strategy decides which queues of the topic this member of the group gets;
      all members must use the same. CONFIG, MACHINE_ROOM and
      MACHINE_ROOM_NEARBY need to know about queues and rooms: they are there for
      programs only.

      With --format json each message is one object a line: topic, brokerName,
      queue, offset, msgId, offsetMsgId, tags, keys, properties, body (instead
      bodyBase64 when it is not UTF-8), reconsumeTimes, bornTimestamp,
      storeTimestamp (milliseconds since 1970). Everything else goes to standard
      error.
      """)

  @OptionGroup var client: ClientOptions
  @OptionGroup var topic: TopicOption

  @OptionGroup var group: GroupOption

  @Option(help: ArgumentHelp("Only messages with one of these tags, such as \"paid || refunded\".", valueName: "tags"))
  var filter: String?

  @Option(
    help: ArgumentHelp("Only messages whose properties meet this SQL92 condition, such as \"amount > 100\".", valueName: "condition"))
  var sql: String?

  @Option(help: "How the group shares the queues. Default: AVG.")
  var strategy: Strategy = .average

  @Option(
    help: ArgumentHelp(
      "Where a new group begins: first, last, or a time (ISO 8601, or milliseconds since 1970). Default: last.", valueName: "where"),
    transform: StartTime.parse)
  var from: StartTime = .last

  @Option(
    parsing: .unconditional, help: ArgumentHelp("End after this many messages.", valueName: "n"), transform: wholeNumber(1...Int.max))
  var count: Int?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("End when no message has come for this long.", valueName: "seconds"),
    transform: Seconds.parse)
  var idleExit: Seconds?

  @Flag(help: "Every queue in its order, with the brokers' locks.")
  var orderly = false

  @Flag(help: "Hand queues over to other members only when nothing of them is being consumed.")
  var exclusive = false

  @Flag(help: "Get every message, like every other member of the group, instead of sharing them.")
  var broadcast = false

  @Option(
    help: ArgumentHelp(
      "Keep the offsets in files in this directory. Default with --broadcast: $HOME/.rocketmq_offsets/DEFAULT; else at the brokers.",
      valueName: "directory"))
  var offsetsDirectory: String?

  @Option(
    help: ArgumentHelp("Take up to so many messages at once; acknowledge them when all are printed. Default: 1.", valueName: "n"),
    transform: wholeNumber(1...1024))
  var batch = 1

  @Option(
    help: ArgumentHelp(
      "Work on so many messages at the same time, so that they come out in no order. Default: 1.", valueName: "n"),
    transform: wholeNumber(1...1000))
  var concurrency = 1

  @Option(help: "text: the body and a line end; json: an object a line.")
  var format: Format = .text

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  /// By the names that Java gives to those it has.
  enum Strategy: String, ExpressibleByArgument, CaseIterable {
    case average = "AVG"
    case circle = "AVG_BY_CIRCLE"
    case consistentHash = "CONSISTENT_HASH"
    /// Java has none like it.
    case sticky = "STICKY"

    var allocation: any AllocationStrategy {
      switch self {
      case .average: AverageAllocation()
      case .circle: CircleAllocation()
      case .consistentHash: ConsistentHashAllocation()
      case .sticky: StickyAllocation()
      }
    }
  }

  func validate() throws {
    if filter != nil, sql != nil { throw ValidationError("--filter and --sql exclude each other: a topic has one filter.") }
    // What is left over has to begin right behind the last message printed.
    if count != nil, batch > 1 || concurrency > 1 {
      throw ValidationError("--count prints an exact number, one after the other: it goes with neither --batch nor --concurrency.")
    }
    if orderly, batch > 1 {
      throw ValidationError("--orderly prints one message after the other: it does not go with --batch.")
    }
    if broadcast, exclusive {
      throw ValidationError("--exclusive is about sharing queues, and --broadcast shares none: choose one.")
    }
  }

  private var expression: FilterExpression {
    get throws { if let sql { try .sql(sql) } else { try .tagExpression(filter ?? "*") } }
  }

  func run() async throws {
    let group = try group.resolved()
    let client = try client.client()
    var configuration = PushConsumerConfiguration()
    configuration.isExclusive = exclusive
    configuration.allocation = strategy.allocation
    configuration.concurrency = concurrency  // 1: printing, acknowledging and counting happen in one order
    configuration.messageModel = broadcast ? .broadcasting : .clustering
    configuration.offsetStore = offsetsDirectory.map { FileOffsetStore(directory: $0) }
    let consumer = try PushConsumer(client: client, group: group, startFrom: from.consumeStart, configuration: configuration)
    let printer = MessagePrinter(format: format, limit: count)
    let end = EndOfInput(idleLimit: idleExit?.duration)

    let name = try topic.resolved()
    try await consumer.subscribe(name, filter: expression)
    if orderly {
      consumer.onMessageInOrder { message, _ in
        guard print(message, printer, end) else {
          // Its queue waits with it, and it stays with the group.
          return .suspend(for: .seconds(30))
        }
        return .success
      }
    } else {
      @Sendable func printOrKeep(_ message: ReceivedMessage) async throws {
        if print(message, printer, end) { return }
        // Neither acknowledged nor sent back, it stays with the group. All that one worker has printed is acknowledged by now: nothing to
        // wait for. Others need a moment.
        Task { await consumer.shutdown(deadline: concurrency == 1 ? .zero : .milliseconds(200)) }
        try await Task.sleep(for: .seconds(86_400))
        throw CancellationError()
      }
      if batch == 1 {
        consumer.onMessage { message, _ in
          try await printOrKeep(message)
          return .success
        }
      } else {
        consumer.onMessages(batchSize: batch) { messages, _ in
          for message in messages { try await printOrKeep(message) }
          return .success
        }
      }
    }
    // Not before ^C is caught.
    let isCatching = Wake()
    let lookup = Task {
      await isCatching.wait()
      try await checkCluster(client, name)
    }
    let (report, exitCode) = try await untilStopped {
      isCatching.ring()
      do {
        try await lookup.value
      } catch {
        guard lookup.isCancelled else { throw error }
        return await consumer.shutdown()  // ^C before anything was taken
      }
      try await consumer.start()
      await end.wait()
      return await consumer.shutdown()
    } stop: {
      lookup.cancel()
      end.reached()
    }
    await client.shutdown()
    if let failure = printer.failure { throw failure }
    for queue in report.leftOver where !queue.isCommitted {
      throw Failure("the offset \(queue.offset) of \(queue.queue) could not be committed; its messages will come again")
    }
    // Where nothing else was said, ^C is how it ends: a success.
    if let exitCode, count != nil || idleExit != nil { throw exitCode }
  }
}

/// False: it was not printed, and nothing will be from now on.
private func print(_ message: ReceivedMessage, _ printer: MessagePrinter, _ end: EndOfInput) -> Bool {
  switch printer.print(message) {
  case .more: end.sawMessage()
  case .last: end.reached()
  case .refused:
    end.reached()
    return false
  }
  return true
}

extension ConsumeCommand {
  /// A consumer waits for a cluster that is not there; a person who has mistyped its address does not want to.
  private func checkCluster(_ client: RocketMQClient, _ topic: String) async throws {
    do {
      let route = try await Admin(client: client).route(of: topic)
      for queue in route.queues where route.brokers.first(where: { $0.name == queue.brokerName })?.addresses.isEmpty ?? true {
        throw Failure("the route of \(topic) names the broker \(queue.brokerName), but no address for it")
      }
    } catch let error as RocketMQError where error.code == .topicNotFound {
      Terminal.report("There is no topic \(topic) yet; waiting for it.")
    }
  }
}

extension StartTime {
  var consumeStart: ConsumeStart {
    switch self {
    case .first: .earliest
    case .last: .latest
    case .time(let time): .timestamp(time)
    }
  }
}

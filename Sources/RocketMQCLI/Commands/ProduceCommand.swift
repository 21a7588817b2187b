// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ

struct ProduceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "produce",
    abstract: "Sends the lines of a file, or generated messages, to a topic.",
    discussion: """
      Examples:
        rocketmq produce -n 127.0.0.1:9876 -t orders --file orders.txt --tag paid
        tail -f app.log | rocketmq produce -n 127.0.0.1:9876 -t logs --file -
        rocketmq produce -n 127.0.0.1:9876 -t load --count 100000 --batch 32 --json

      Each line is one message; empty lines are left out, since a message must
      have a body. Prints a summary at the end. The first message that cannot be
      sent, also after the producer's own retries, ends the command; what is
      under way then is waited for. ^C ends the input in the same way.
      """)

  @OptionGroup var client: ClientOptions
  @OptionGroup var topic: TopicOption

  @Option(help: ArgumentHelp("Send this file's lines; - is standard input.", valueName: "path"))
  var file: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Send this many generated messages.", valueName: "n"), transform: wholeNumber(1...Int.max))
  var count: Int?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Bytes of each generated message. Default: 128.", valueName: "bytes"),
    transform: wholeNumber(1...ProducerConfiguration().maxMessageBytes))
  var size = 128

  @Option(help: "The messages' tag.")
  var tag: String?

  @Option(help: "A key of the messages; may be repeated.")
  var key: [String] = []

  @Option(help: ArgumentHelp("A property of the messages; may be repeated.", valueName: "name=value"))
  var property: [Property] = []

  @Flag(help: "Choose the queue by a hash of the key (without --key: of the body) instead of in turn; equal ones stay in order.")
  var queueHash = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Deliver later: 1 to 18 are 1s 5s 10s 30s 1m 2m … 10m 20m 30m 1h 2h. Default: 0, at once.", valueName: "level"),
    transform: wholeNumber(0...18))
  var delayLevel = 0

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Messages in one request, as far as their bytes fit. Default: 1.", valueName: "n"),
    transform: wholeNumber(1...10_000))
  var batch = 1

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Requests under way at a time; with 1, messages are stored in the order of the input. Default: 8.", valueName: "n"),
    transform: wholeNumber(1...1000))
  var concurrency = 8

  @Option(help: ArgumentHelp("The producer group. Default: $ROCKETMQ_GROUP, else rocketmq-cli.", valueName: "name"))
  var group: String?

  @Flag(help: "Print the summary as one JSON object.")
  var json = false

  func validate() throws {
    guard (file == nil) != (count == nil) else { throw ValidationError("Give either --file or --count.") }
    if batch > 1 && delayLevel > 0 {
      throw ValidationError("Delayed messages cannot be sent in batches: leave --batch or --delay-level out.")
    }
    if batch > 1 && queueHash { throw ValidationError("A batch goes to one queue: leave --batch or --queue-hash out.") }
  }

  func run() async throws {
    let template = Message(
      topic: try topic.resolved(), body: [], tags: tag, keys: key,
      properties: Dictionary(property.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }), delayLevel: delayLevel)
    let group = group ?? environment("ROCKETMQ_GROUP") ?? "rocketmq-cli"
    try GroupName.validate(group)
    let input = try file.map { path throws(Failure) in try InputFile(path) }
    let client = try client.client()
    var configuration = ProducerConfiguration()
    // Longer than a request, so that what is reported is the request that failed.
    configuration.sendTimeout = client.configuration.requestTimeout + .seconds(1)
    let producer = Producer(client: client, group: group, configuration: configuration)
    var messages = MessageSource(template, input: input, count: count ?? 0, size: size, limit: producer.configuration.maxMessageBytes)
    let meter = SendMeter()

    // Before any input is read: nothing is under way yet, so ^C need not wait for a name server that does not answer.
    // But not before ^C is caught.
    let isCatching = Wake()
    let lookup = Task { [name = template.topic] in
      await isCatching.wait()
      try await checkNameServer(client, name)
    }
    let (failure, exitCode) = try await untilStopped { () -> (any Error)? in
      isCatching.ring()
      do { try await lookup.value } catch { return lookup.isCancelled ? nil : error }
      return await meter.showingProgress(of: count) {
        await sendAll(&messages, with: producer, meter)
      }
    } stop: {
      lookup.cancel()
      input?.stop()
      meter.stop()
    }
    await producer.shutdown()
    await client.shutdown()

    if json {
      try Terminal.print(meter.json(skipped: messages.skipped, failure: failure))
    } else if failure == nil || meter.hasSent {
      try Terminal.print(meter.summary(skipped: messages.skipped))
    }
    if let failure { throw failure }
    if let exitCode { throw exitCode }
  }

  /// A topic that is not there yet is the producer's business: brokers may make it at the first message.
  private func checkNameServer(_ client: RocketMQClient, _ topic: String) async throws(RocketMQError) {
    do throws(RocketMQError) {
      _ = try await Admin(client: client).route(of: topic)
    } catch {
      guard error.code == .topicNotFound else { throw error }
    }
  }

  /// The first failure, once nothing is under way any more.
  private func sendAll(_ messages: inout MessageSource, with producer: Producer, _ meter: SendMeter) async -> (any Error)? {
    await withTaskGroup(of: (any Error)?.self) { group in
      var underWay = 0
      var failure: (any Error)?
      do {
        while failure == nil, !meter.isStopped, let next = try await messages.next(batch) {
          if underWay == concurrency, let finished = await group.next() {
            underWay -= 1
            failure = finished
            if failure != nil { break }
          }
          group.addTask { await send(next, with: producer, meter) }
          underWay += 1
        }
      } catch {
        failure = error
      }
      for await finished in group { failure = failure ?? finished }
      return failure
    }
  }

  private func send(_ messages: [Message], with producer: Producer, _ meter: SendMeter) async -> (any Error)? {
    do {
      for run in producer.batches(of: messages) {
        if run.count > 1 {
          try await producer.send(batch: run)
        } else if queueHash {
          try await producer.send(run[0], hashing: run[0].keys.first ?? String(decoding: run[0].body, as: UTF8.self))
        } else {
          try await producer.send(run[0])
        }
        meter.sent(run)
      }
      return nil
    } catch {
      return error
    }
  }
}

/// "name=value".
struct Property: ExpressibleByArgument {
  let name: String
  let value: String

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
    name = String(argument[..<equals])
    value = String(argument[argument.index(after: equals)...])
  }
}

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

  @Option(help: ArgumentHelp("Send this many generated messages.", valueName: "n"))
  var count: Int?

  @Option(help: ArgumentHelp("Bytes of each generated message.", valueName: "bytes"))
  var size = 128

  @Option(help: "The messages' tag.")
  var tag: String?

  @Option(help: "A key of the messages; may be repeated.")
  var key: [String] = []

  @Option(help: ArgumentHelp("A property of the messages; may be repeated.", valueName: "name=value"))
  var property: [Property] = []

  @Flag(help: "Choose the queue by a hash of the key (without --key: of the body) instead of in turn; equal ones stay in order.")
  var queueHash = false

  @Option(help: ArgumentHelp("Deliver later: 1 to 18 are 1s 5s 10s 30s 1m 2m … 10m 20m 30m 1h 2h.", valueName: "level"))
  var delayLevel = 0

  @Option(help: ArgumentHelp("Messages in one request.", valueName: "n"))
  var batch = 1

  @Option(help: ArgumentHelp("Requests under way at a time; with 1, messages are stored in the order of the input.", valueName: "n"))
  var concurrency = 8

  @Option(help: ArgumentHelp("The producer group. Default: $ROCKETMQ_GROUP, else rocketmq-cli.", valueName: "name"))
  var group: String?

  @Flag(help: "Print the summary as one JSON object.")
  var json = false

  func validate() throws {
    guard (file == nil) != (count == nil) else { throw ValidationError("Give either --file or --count.") }
    if let count, count < 1 { throw ValidationError("--count must be at least 1.") }
    guard size >= 1 else { throw ValidationError("--size must be at least 1.") }
    guard (0...18).contains(delayLevel) else { throw ValidationError("--delay-level must be 0 to 18.") }
    guard (1...10_000).contains(batch) else { throw ValidationError("--batch must be 1 to 10000.") }
    guard (1...1000).contains(concurrency) else { throw ValidationError("--concurrency must be 1 to 1000.") }
    if batch > 1 && delayLevel > 0 {
      throw ValidationError("Delayed messages cannot be sent in batches: leave --batch or --delay-level out.")
    }
    if batch > 1 && queueHash { throw ValidationError("A batch goes to one queue: leave --batch or --queue-hash out.") }
  }

  func run() async throws {
    let template = Message(
      topic: try topic.resolved(), body: [], tags: tag, keys: key,
      properties: Dictionary(property.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }), delayLevel: delayLevel)
    let input = try file.map { path throws(Failure) in try InputFile(path) }
    let client = try RocketMQClient(client.configuration())
    var configuration = ProducerConfiguration()
    // Longer than a request, so that what is reported is the request that failed.
    configuration.sendTimeout = client.configuration.requestTimeout + .seconds(1)
    let producer = Producer(
      client: client, group: group ?? environment("ROCKETMQ_GROUP") ?? "rocketmq-cli", configuration: configuration)
    var messages = MessageSource(template, input: input, count: count ?? 0, size: size, limit: producer.configuration.maxMessageBytes)
    let meter = SendMeter()

    let (failure, exitCode) = try await untilStopped {
      await meter.showingProgress(of: count) {
        await sendAll(&messages, with: producer, meter)
      }
    } stop: {
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

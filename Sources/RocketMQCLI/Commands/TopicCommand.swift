// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ

struct TopicCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topic",
    abstract: "Creates, lists and shows topics.",
    discussion: """
      Examples:
        rocketmq topic create -n 127.0.0.1:9876 -t orders --queues 8
        rocketmq topic list -n 127.0.0.1:9876
        rocketmq topic route -n 127.0.0.1:9876 -t orders
        rocketmq topic stats -n 127.0.0.1:9876 -t orders --json
      """,
    subcommands: [Create.self, List.self, Route.self, Stats.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a topic, or changes the number of its queues.",
      discussion: "Example: rocketmq topic create -n 127.0.0.1:9876 -t orders --queues 8")

    @OptionGroup var client: ClientOptions
    @OptionGroup var topic: TopicOption

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Queues on each broker. Default: 8.", valueName: "n"),
      transform: wholeNumber(1...65536))
    var queues: Int32 = 8

    @Option(help: ArgumentHelp("Make it on this cluster's brokers only.", valueName: "name"))
    var cluster: String?

    @Flag(help: "Print the result as a JSON object.")
    var json = false

    func run() async throws {
      let name = try topic.resolved()
      let brokers = try await client.ask { try await $0.createTopic(name, queues: queues, cluster: cluster) }
      if json {
        try Terminal.print(
          JSONValue.record([
            ("topic", .string(name)), ("queues", .number("\(queues)")), ("brokers", .array(brokers.map { .string($0) })),
          ]).string())
      } else {
        try Terminal.print("\(name): \(Int(queues).of("queue")) on \(brokers.joined(separator: ", "))")
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints the names of all topics, one a line.",
      discussion: "Example: rocketmq topic list -n 127.0.0.1:9876 --json")

    @OptionGroup var client: ClientOptions

    @Flag(help: "Print one JSON array.")
    var json = false

    func run() async throws {
      let topics = try await client.ask { try await $0.topics() }
      if json { return try Terminal.print(JSONValue.array(topics.map { .string($0) }).string()) }
      for topic in topics { try Terminal.print(topic) }
    }
  }

  struct Route: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows which brokers have a topic, and how many queues each.",
      discussion: "Example: rocketmq topic route -n 127.0.0.1:9876 -t orders --json")

    @OptionGroup var client: ClientOptions
    @OptionGroup var topic: TopicOption

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
      let name = try topic.resolved()
      let route = try await client.ask { try await $0.route(of: name) }
      if json { return try Terminal.print(describe(name, route).string()) }
      for queues in route.queues {
        let addresses = route.brokers.first { $0.name == queues.brokerName }?.addresses ?? [:]
        let places = addresses.sorted { $0.key < $1.key }.map { "\($0.value) (\($0.key == 0 ? "master" : "replica \($0.key)"))" }
        try Terminal.print(
          "\(queues.brokerName): \(queues.readQueues) to read, \(queues.writeQueues) to write, at "
            + (places.isEmpty ? "no known address" : places.joined(separator: ", ")))
      }
    }

    private func describe(_ name: String, _ route: TopicRoute) -> JSONValue {
      .record([
        ("topic", .string(name)),
        (
          "brokers",
          .array(
            route.brokers.map { broker in
              .record([
                ("name", .string(broker.name)), ("cluster", .string(broker.cluster)),
                ("addresses", .record(broker.addresses.sorted { $0.key < $1.key }.map { ("\($0.key)", .string($0.value)) })),
              ])
            })
        ),
        (
          "queues",
          .array(
            route.queues.map { queues in
              .record([
                ("broker", .string(queues.brokerName)), ("read", .number("\(queues.readQueues)")),
                ("write", .number("\(queues.writeQueues)")), ("permission", .number("\(queues.permission.rawValue)")),
              ])
            })
        ),
      ])
    }
  }

  struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows the range of offsets in each queue of a topic.",
      discussion: "Example: rocketmq topic stats -n 127.0.0.1:9876 -t orders --json")

    @OptionGroup var client: ClientOptions
    @OptionGroup var topic: TopicOption

    @Flag(help: "Print one JSON object a queue.")
    var json = false

    func run() async throws {
      let name = try topic.resolved()
      let queues = try await client.ask { try await $0.offsets(of: name) }
      for offsets in queues {
        if json {
          try Terminal.print(
            JSONValue.record([
              ("topic", .string(name)), ("broker", .string(offsets.queue.brokerName)), ("queue", .number("\(offsets.queue.queueID)")),
              ("minOffset", .number("\(offsets.min)")), ("maxOffset", .number("\(offsets.max)")),
            ]).string())
        } else {
          try Terminal.print("\(offsets.queue): offsets \(offsets.min) to \(offsets.max), \(Int(offsets.count).of("message"))")
        }
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ

struct GroupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "group",
    abstract: "Shows who consumes in a group and how far it is behind, and sets where it goes on.",
    discussion: """
      Examples:
        rocketmq group members -n 127.0.0.1:9876 -g billing
        rocketmq group lag -n 127.0.0.1:9876 -g billing
        rocketmq group lag -n 127.0.0.1:9876 -g billing -t orders --json
        rocketmq group reset -n 127.0.0.1:9876 -g billing -t orders \\
          --to 2026-01-31T08:15:00Z --dry-run
      """,
    subcommands: [Members.self, Lag.self, Reset.self])

  struct Members: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the clients that consume in a group now, and what each of them has.",
      discussion: """
        Example: rocketmq group members -n 127.0.0.1:9876 -g billing --json

        Every member is asked itself; one that does not answer within two seconds
        is listed with a question mark. A warning on standard error says when
        members subscribe to different things, which loses messages.

        With --json each member is one object a line: clientId, address, language,
        subscriptions (the filter by topic; null when it did not answer), queues
        (topic, broker, queue; null likewise).
        """)

    @OptionGroup var client: ClientOptions
    @OptionGroup var group: GroupOption

    @Flag(help: "Print one JSON object a member.")
    var json = false

    func run() async throws {
      let name = try group.resolved()
      guard let group = try await client.ask({ try await $0.members(of: name) }) else {
        throw Failure("the group \(name) has no members now")
      }
      if json {
        for member in group.members { try Terminal.print(describe(member).string()) }
      } else {
        var table = Table(("CLIENT", .left), ("ADDRESS", .left), ("LANGUAGE", .left), ("QUEUES", .right), ("SUBSCRIPTIONS", .left))
        for member in group.members {
          table.add(
            member.clientID, member.address, member.language, member.queues.map { "\($0.count)" } ?? "?",
            member.subscriptions.map { $0.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ") } ?? "?")
        }
        try table.print()
      }
      if !group.agree {
        Terminal.report("The members subscribe to different things: messages are lost to filters, or go to the wrong members.")
      }
    }

    private func describe(_ member: GroupMembers.Member) -> JSONValue {
      .record([
        ("clientId", .string(member.clientID)), ("address", .string(member.address)), ("language", .string(member.language)),
        (
          "subscriptions",
          member.subscriptions.map { .record($0.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }) } ?? .null
        ),
        (
          "queues",
          member.queues.map { queues in
            .array(
              queues.map { queue in
                .record([
                  ("topic", .string(queue.topic)), ("broker", .string(queue.brokerName)), ("queue", .number("\(queue.queueID)")),
                ])
              })
          } ?? .null
        ),
      ])
    }
  }

  struct Lag: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows how many messages a group has still to consume, queue by queue.",
      discussion: """
        Example: rocketmq group lag -n 127.0.0.1:9876 -g billing -t orders

        COMMITTED is what the group has told the broker, which it does every few
        seconds; END is where the next message will be; BEHIND is how long ago the
        last message that was consumed was stored, while there are more; MEMBER is
        the client that has the queue. Without --topic it shows all topics that the
        group subscribes to or has consumed, its retry topic %RETRY%name included.

        With --json each queue is one object a line: topic, broker, queue,
        committed, end, lag, consumedUpTo (milliseconds since 1970, or null),
        member (or null).
        """)

    @OptionGroup var client: ClientOptions
    @OptionGroup var group: GroupOption

    @Option(
      name: .shortAndLong, help: ArgumentHelp("Only this topic. Default: $ROCKETMQ_TOPIC, else all of the group's.", valueName: "name"))
    var topic: String?

    @Flag(help: "Print one JSON object a queue.")
    var json = false

    func run() async throws {
      let name = try group.resolved()
      let topic = topic ?? environment("ROCKETMQ_TOPIC")
      if let topic { try TopicName.validate(topic) }
      let lag = try await client.ask { try await $0.lag(of: name, topic: topic) }
      if lag.queues.isEmpty {
        throw Failure("no broker knows anything of the group \(name)\(topic.map { " in \($0)" } ?? ""); has it consumed before?")
      }
      if json {
        for queue in lag.queues { try Terminal.print(describe(queue).string()) }
        return
      }
      var table = Table(
        ("TOPIC", .left), ("BROKER", .left), ("QUEUE", .right), ("COMMITTED", .right), ("END", .right), ("LAG", .right),
        ("BEHIND", .right), ("MEMBER", .left))
      for queue in lag.queues {
        table.add(
          queue.queue.topic, queue.queue.brokerName, "\(queue.queue.queueID)", "\(queue.committed)", "\(queue.end)", "\(queue.lag)",
          behind(queue), queue.member ?? "-")
      }
      try table.print()
      try Terminal.print("\(Int(lag.total).of("message")) behind in \(lag.queues.count.of("queue"))")
    }

    private func behind(_ queue: GroupLag.Queue) -> String {
      guard queue.lag > 0, let time = queue.consumedUpTo else { return "-" }
      return max(0, Timestamp.now.millisecondsSince1970 - time.millisecondsSince1970).asSpan
    }

    private func describe(_ queue: GroupLag.Queue) -> JSONValue {
      .record([
        ("topic", .string(queue.queue.topic)), ("broker", .string(queue.queue.brokerName)),
        ("queue", .number("\(queue.queue.queueID)")), ("committed", .number("\(queue.committed)")), ("end", .number("\(queue.end)")),
        ("lag", .number("\(queue.lag)")),
        ("consumedUpTo", queue.consumedUpTo.map { .number("\($0.millisecondsSince1970)") } ?? .null),
        ("member", queue.member.map { .string($0) } ?? .null),
      ])
    }
  }
}

extension Int64 {
  /// Of milliseconds: "850 ms", "12 s", "3 min", "5 h", "2 d", the last full one.
  fileprivate var asSpan: String {
    for (unit, length) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("min", 60_000), ("s", 1000)] where self >= length {
      return "\(self / length) \(unit)"
    }
    return "\(self) ms"
  }
}

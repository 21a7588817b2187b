// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ

extension GroupCommand {
  struct Reset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Has a group consume a topic again from a point, or pass over messages.",
      discussion: """
        Examples:
          rocketmq group reset -n 127.0.0.1:9876 -g billing -t orders --to first \\
            --dry-run
          rocketmq group reset -n 127.0.0.1:9876 -g billing -t orders \\
            --to 2026-01-31T08:15:00Z --yes
          rocketmq group reset -n 127.0.0.1:9876 -g billing -t orders \\
            --to-offset 1200 --yes

        It shows, queue by queue, what is stored and what will be, and how many
        messages come again (AGAIN above 0) or are passed over (below 0). Nothing is
        changed without --yes: with --dry-run that is a success, with neither it is
        an error.

        While the group has members, the brokers tell them, and they obey: those of
        this library within a second, Java's after ten. --to-offset works only
        without members, since those can be told a time but no offset.

        With --json each queue is one object a line: topic, broker, queue, from
        (null when nothing was stored), to.
        """)

    @OptionGroup var client: ClientOptions
    @OptionGroup var group: GroupOption
    @OptionGroup var topic: TopicOption

    @Option(
      help: ArgumentHelp("Where to go on: first, last, or a time (ISO 8601, or milliseconds since 1970).", valueName: "where"),
      transform: StartTime.parse)
    var to: StartTime?

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Where to go on: this offset, in every queue.", valueName: "offset"),
      transform: wholeNumber(0...Int64.max))
    var toOffset: Int64?

    @Flag(help: "Do it.")
    var yes = false

    @Flag(help: "Only show what it would do.")
    var dryRun = false

    @Flag(help: "Print one JSON object a queue.")
    var json = false

    func validate() throws {
      guard (to == nil) != (toOffset == nil) else {
        throw ValidationError("Give either --to first, last or a time, or --to-offset.")
      }
      if yes && dryRun { throw ValidationError("Give either --yes or --dry-run, not both.") }
    }

    func run() async throws {
      let (name, topic, target) = (try group.resolved(), try topic.resolved(), target)
      let reset = try await client.ask { admin in
        yes
          ? try await admin.resetOffsets(of: name, topic: topic, to: target)
          : try await admin.plannedReset(of: name, topic: topic, to: target)
      }
      if json { try printObjects(reset) } else { try printTable(reset) }
      if !yes && !dryRun { throw Failure("nothing has been changed: give --yes to do this, or --dry-run to look only") }
    }

    private var target: OffsetTarget {
      if let toOffset { return .offset(toOffset) }
      return switch to {
      case .first, nil: .first
      case .last: .last
      case .time(let time): .time(time)
      }
    }

    private func printTable(_ reset: GroupReset) throws(Failure) {
      var table = Table(("TOPIC", .left), ("BROKER", .left), ("QUEUE", .right), ("FROM", .right), ("TO", .right), ("AGAIN", .right))
      for change in reset.changes {
        table.add(
          change.queue.topic, change.queue.brokerName, "\(change.queue.queueID)", change.from.map { "\($0)" } ?? "-", "\(change.to)",
          change.from == nil ? "-" : "\(change.again)")
      }
      try table.print()
      let members = reset.toldMembers.of("member")
      if yes {
        try Terminal.print(reset.toldMembers > 0 ? "\(members) told" : "stored at the brokers; the group has no members now")
      } else {
        try Terminal.print(reset.toldMembers > 0 ? "\(members) would be told" : "the group has no members now")
      }
    }

    private func printObjects(_ reset: GroupReset) throws(Failure) {
      for change in reset.changes {
        try Terminal.print(
          JSONValue.record([
            ("topic", .string(change.queue.topic)), ("broker", .string(change.queue.brokerName)),
            ("queue", .number("\(change.queue.queueID)")), ("from", change.from.map { .number("\($0)") } ?? .null),
            ("to", .number("\(change.to)")),
          ]).string())
      }
    }
  }
}

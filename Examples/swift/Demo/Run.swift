// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ChildProcess
internal import RocketMQ

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The demo itself: starts the processes, sends, watches, judges. What happens outside comes to it as one row of events.
struct Run {
  private static let topic = "lines"
  private static let group = "demo"
  private static let queueCount = 8
  private static let limit: Duration = .seconds(60)

  private let directory: String
  private let rocketmq: String
  private let demo: String
  private let start = ContinuousClock.now
  private let events = Events()
  private var children: [String: ChildProcess] = [:]
  /// Those that have been told to end.
  private var dismissed: Set<String> = []
  private var nameServer: String?
  /// The queues of the topic that each consumer has.
  private var queues: [String: [String]] = [:]
  /// How long sending took.
  private var sendTime: Duration?

  /// - Parameters:
  ///   - directory: whose lines are sent.
  ///   - rocketmq: the command that runs the broker.
  ///   - demo: this program.
  init(directory: String, rocketmq: String, demo: String) {
    self.directory = directory
    self.rocketmq = rocketmq
    self.demo = demo
  }

  mutating func main() async -> Never {
    do {
      try await run()
    } catch {
      await stopAll()
      fail("\(error)", status: error is Interruption ? 130 : 1)
    }
    await stopAll()
    say("OK: every line was consumed, none was lost")
    exit(0)
  }

  private mutating func run() async throws {
    let (lines, files) = try await repositoryLines(of: directory)
    guard !lines.isEmpty else { throw Problem("there are no text files in \(directory)") }
    note("\(lines.count) lines of \(files) text files are to be sent")
    await events.watchSignals()
    events.watchTime(Self.limit)

    try startBroker()
    try await waitUntil { $0.nameServer != nil }
    let client = try RocketMQClient(nameServers: [nameServer ?? ""])
    try await Admin(client: client).createTopic(Self.topic, queues: Int32(Self.queueCount))
    note("topic \(Self.topic) with \(Self.queueCount) queues is there")

    let tally = Tally(expecting: lines, milestones: (1...4).map { lines.count * $0 / 4 }, events)
    try startConsumer("A", tally)
    try startConsumer("B", tally)
    try await waitUntil { $0.queues["A"]?.count == Self.queueCount / 2 && $0.queues["B"]?.count == Self.queueCount / 2 }

    let began = ContinuousClock.now
    Task { [events] in await send(lines, to: Self.topic, with: client, events) }
    let elapsed: Duration
    do {
      try await waitUntil { _ in tally.counts.distinct >= lines.count / 2 }
      note("half-way: B is told to stop")
      dismiss("B")
      try await waitUntil { _ in tally.counts.distinct == lines.count }
      elapsed = began.duration(to: .now)
      // B may have drained its queues so fast that they have not moved yet.
      try await waitUntil { $0.children["B"] == nil && $0.queues["A"]?.count == Self.queueCount && $0.sendTime != nil }
    } catch is Overdue {
      let missing = tally.missing
      throw Problem("\(missing.count) lines were not consumed within \(Self.limit), such as \(missing.prefix(3).joined(separator: ", "))")
    }
    await client.shutdown()
    dismiss("A")
    try await waitUntil { $0.children["A"] == nil }
    try report(tally, lines, elapsed)
  }

  private func report(_ tally: Tally, _ lines: [SourceLine], _ elapsed: Duration) throws {
    let counts = tally.counts
    let expected = lines.count { failsAtFirst($0.key) }
    let seconds = sendTime ?? .zero
    say(
      """

      sent        \(lines.count) messages in \(text(seconds)) s, \(rate(lines.count, seconds)) a second
      consumed    \(counts.consumed) in \(text(elapsed)) s, \(rate(counts.consumed, elapsed)) a second: \
      \(counts.byConsumer.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
      distinct    \(counts.distinct) of \(lines.count)
      retried     \(counts.retried) of the \(expected) that failed at first
      duplicates  \(counts.consumed - counts.distinct)
      elapsed     \(text(start.duration(to: .now))) s in all

      """)
    guard counts.distinct == lines.count else { throw Problem("\(lines.count - counts.distinct) lines were lost") }
    guard counts.retried == expected else { throw Problem("\(expected) lines failed at first, but \(counts.retried) were retried") }
  }

  // MARK: Processes

  private mutating func startBroker() throws {
    try startChild("the broker", rocketmq, ["broker", "--port", "0", "--name-server-port", "0", "--stop-with-input"]) {
      [events] line in events.happened(.line("the broker", line))
    }
  }

  private mutating func startConsumer(_ name: String, _ tally: Tally) throws {
    try startChild(name, demo, ["consumer", nameServer ?? "", Self.topic, Self.group]) { [events] line in
      let words = line.split(separator: " ", maxSplits: 2)
      switch words.first {
      case "consumed" where words.count == 3: tally.consumed(String(words[2]), failures: Int(words[1]) ?? 0, by: name)
      case "failed": break
      default: events.happened(.line(name, line))
      }
    }
  }

  private mutating func startChild(
    _ name: String, _ program: String, _ arguments: [String], onLine: @escaping @Sendable (String) -> Void
  ) throws {
    let child = try ChildProcess(program, arguments, onLine: onLine)
    children[name] = child
    Task { [events] in events.happened(.ended(name, await child.wait())) }
  }

  private mutating func dismiss(_ name: String) {
    dismissed.insert(name)
    children[name]?.signal(SIGTERM)
  }

  /// Consumers first, so that they can still commit; whoever does not go within 5 s is killed.
  private mutating func stopAll() async {
    for name in children.keys.sorted() {
      guard let child = children.removeValue(forKey: name) else { continue }
      child.signal(SIGTERM)
      let killer = Task {
        try await Task.sleep(for: .seconds(5))
        child.signal(SIGKILL)
      }
      _ = await child.wait()
      killer.cancel()
    }
  }

  // MARK: Events

  private mutating func waitUntil(_ holds: (Run) -> Bool) async throws {
    while !holds(self) { try handle(await events.next()) }
  }

  private mutating func handle(_ event: Events.Event) throws {
    switch event {
    case .line("the broker", let line):
      guard let address = line.split(separator: " ").first(where: { $0.hasPrefix("name-server=") }) else { break }
      nameServer = String(address.dropFirst("name-server=".count))
      note("the broker is ready, its name server is \(nameServer ?? "")")
    case .line(let name, let line): try heard(line, from: name)
    case .reached(let count): note("\(count) lines consumed")
    case .sent(let count, let time):
      sendTime = time
      note("all \(count) sent")
    case .sendFailed(let text): throw Problem("sending failed: \(text)")
    case .ended(let name, let exit):
      children[name] = nil
      guard dismissed.contains(name), exit == .status(0) else { throw Problem("\(name) has ended: \(exit)") }
      queues[name] = nil
      note("\(name) has stopped")
    case .interrupted: throw Interruption()
    case .tooLong: throw Overdue()
    }
  }

  private mutating func heard(_ line: String, from name: String) throws {
    let words = line.split(separator: " ").map(String.init)
    switch words.first {
    case "queues":
      queues[name] = Array(words.dropFirst())
      let owners = queues.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.isEmpty ? "none" : $0.value.joined(separator: " "))" }
      note("queues: \(owners.joined(separator: " | "))")
    case "left": note("\(name) has drained, \(words.last ?? "") messages are left unfinished")
    default: throw Problem("consumer \(name): \(line)")
    }
  }

  private func note(_ text: String) {
    let time = self.text(start.duration(to: .now))
    say("\(String(repeating: " ", count: max(0, 7 - time.count)))\(time)  \(text)")
  }

  /// "1.234", in seconds.
  private func text(_ duration: Duration) -> String {
    let milliseconds = Int(duration / .milliseconds(1))
    return "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst())"
  }

  private func rate(_ count: Int, _ duration: Duration) -> Int { Int(Double(count) / max(duration / .seconds(1), 0.001)) }
}

/// What makes the demo fail.
struct Problem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// ^C or SIGTERM.
struct Interruption: Error, CustomStringConvertible {
  var description: String { "interrupted" }
}

/// The demo takes longer than it may.
struct Overdue: Error, CustomStringConvertible {
  var description: String { "the demo takes too long" }
}

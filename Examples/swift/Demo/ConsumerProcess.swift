// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Dispatch
internal import RocketMQ
internal import UnixSignals

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// One member of the group, a process of its own. It tells the demo what it does, a line at a time:
///
///     queues 0 1 2 3          these queues of the topic are mine now
///     failed KEY              refused at the first time
///     consumed N KEY          taken, after N failures
///     left N                  shut down; N messages were unfinished
///     error TEXT
struct ConsumerProcess {
  let nameServer: String
  let topic: String
  let group: String

  /// Runs until SIGTERM.
  func main() async -> Never {
    endWithParent()
    do {
      try await run()
      exit(0)
    } catch {
      say("error \(error)")
      exit(1)
    }
  }

  private func run() async throws {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    let client = try RocketMQClient(nameServers: [nameServer])
    let consumer = try PushConsumer(client: client, group: group, startFrom: .earliest)
    try await consumer.subscribe(topic)
    let topic = topic
    consumer.onEvent { event in
      if case .rebalanced(let event) = event, event.topic == topic { say(event.owned.reduce("queues") { "\($0) \($1.queueID)" }) }
    }
    consumer.onMessage { message, _ in
      let key = message.keys.first ?? ""
      if message.reconsumeTimes == 0 && failsAtFirst(key) {
        say("failed \(key)")
        return .retryLater(delayLevel: 1)  // in one second
      }
      say("consumed \(message.reconsumeTimes) \(key)")
      return .success
    }
    try await consumer.start()
    for await _ in signals { break }
    let report = await consumer.shutdown()
    await client.shutdown()
    say("left \(report.unfinished)")
  }
}

/// The demo holds the other end of standard input, and lets go of it when it ends, however that happens.
private func endWithParent() {
  DispatchQueue(label: "parent").async {
    var byte: UInt8 = 0
    while read(0, &byte, 1) > 0 {}
    exit(1)
  }
}

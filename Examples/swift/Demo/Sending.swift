// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// Sends all lines in batches, four of them under way at a time.
func send(_ lines: [SourceLine], to topic: String, with client: RocketMQClient, _ events: Events) async {
  let producer = Producer(client: client, group: "demo-producer")
  let messages = lines.map { Message(topic: topic, body: $0.body, keys: [$0.key]) }
  let start = ContinuousClock.now
  do {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, first) in stride(from: 0, to: messages.count, by: 32).enumerated() {
        if number >= 4 { try await group.next() }
        group.addTask {
          // Long lines may fill a batch before the 32nd.
          for batch in producer.batches(of: Array(messages[first..<min(first + 32, messages.count)])) {
            try await producer.send(batch: batch)
          }
        }
      }
      try await group.waitForAll()
    }
    events.happened(.sent(messages.count, start.duration(to: .now)))
  } catch {
    events.happened(.sendFailed("\(error)"))
  }
  await producer.shutdown()
}

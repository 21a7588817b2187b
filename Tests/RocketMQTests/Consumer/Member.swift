// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

@testable import RocketMQ

/// A consumer with a client of its own, as in a process of its own, that keeps what its listener was given.
struct Member {
  let client: RocketMQClient
  let consumer: PushConsumer
  /// In the order of the listener's calls, each before anything else happens in it.
  let seen = Record<ReceivedMessage>()
  let events = Record<ConsumerEvent>()
  private let topic: String

  /// Not started yet; until then another listener may take the place of this one, and `seen` stays empty.
  ///
  /// Its client's periodic work goes by the rig's clock when it `isStepped`; `client` replaces it. The listener waits at the `gate` first.
  init(
    _ rig: ConsumerRig, _ configuration: PushConsumerConfiguration = .init(), client: RocketMQClient? = nil, group: String = "G",
    topic: String = "T", filter: FilterExpression = .all, startFrom: ConsumeStart = .earliest, isStepped: Bool = false, gate: Gate? = nil,
    _ listener: @escaping @Sendable (ReceivedMessage) async throws -> ConsumeResult = { _ in .success },
    inOrder orderedListener: (@Sendable (ReceivedMessage) async throws -> OrderedConsumeResult)? = nil
  ) async throws {
    self.topic = topic
    self.client = try client ?? rig.client(isStepped: isStepped)
    consumer = try PushConsumer(client: self.client, group: group, startFrom: startFrom, configuration: configuration)
    try await consumer.subscribe(topic, filter: filter)
    let (seen, events) = (seen, events)
    consumer.onEvent { events.add($0) }
    if let orderedListener {
      consumer.onMessageInOrder { message, _ in
        seen.add(message)
        await gate?.pass()
        return try await orderedListener(message)
      }
    } else {
      consumer.onMessage { message, _ in
        seen.add(message)
        await gate?.pass()
        return try await listener(message)
      }
    }
  }

  func started() async throws -> Member {
    try await consumer.start()
    return self
  }

  var statistics: ConsumerStatistics { consumer.statistics }
  /// The queues it has of its topic.
  var held: [ConsumerStatistics.Queue] { consumer.statistics.queues.filter { $0.queue.topic == topic } }
  /// Their ids.
  var queues: [Int32] { held.map(\.queue.queueID) }

  @discardableResult
  func leave(deadline: Duration = .seconds(10)) async -> ShutdownReport {
    let report = await consumer.shutdown(deadline: deadline)
    await client.shutdown()
    return report
  }
}

extension PushConsumerConfiguration {
  /// The defaults with changes.
  init(_ change: (inout PushConsumerConfiguration) -> Void) {
    self.init()
    change(&self)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import Synchronization

/// A consumer that only notes what its client tells it.
final class TestMember: ConsumerMember {
  enum Event: Sendable, Equatable {
    case membersChanged
    case routeChanged(String)
    case request(Int32)
  }

  let group: String
  private let topics: Mutex<[String]>
  private let version = Atomic<Int64>(1)
  private let answers: Set<Int32>
  let events: AsyncStream<Event>
  private let sink: AsyncStream<Event>.Continuation
  private let noted = Mutex<[Event]>([])

  /// `answers`: request codes it claims to have handled.
  init(group: String, topics: [String] = [], answers: Set<Int32> = []) {
    self.group = group
    self.topics = Mutex(topics)
    self.answers = answers
    (events, sink) = AsyncStream<Event>.makeStream()
  }

  /// All events so far.
  var history: [Event] { noted.withLock { $0 } }

  func subscribe(_ topic: String) {
    topics.withLock { $0.append(topic) }
    version.add(1, ordering: .relaxed)
  }

  /// Waits for an event.
  func next(_ event: Event) async {
    for await seen in events where seen == event { return }
  }

  func heartbeat() -> ConsumerHeartbeat {
    let version = version.load(ordering: .relaxed)
    let subscriptions = topics.withLock { topics in
      topics.map {
        SubscriptionData(topic: $0, expressionType: "TAG", expression: "TagA || TagB", tags: ["TagA", "TagB"], version: version)
      }
    }
    return ConsumerHeartbeat(
      group: group, consumeType: "CONSUME_PASSIVELY", messageModel: "CLUSTERING", consumeFromWhere: "CONSUME_FROM_LAST_OFFSET",
      subscriptions: subscriptions)
  }

  func connected(to address: String) {}
  func unreachable(_ address: String) {}
  func disconnected(from address: String) {}

  func membersChanged() { note(.membersChanged) }
  func routeChanged(topic: String) { note(.routeChanged(topic)) }
  func request(_ request: borrowing InboundRequest) -> Bool {
    note(.request(request.code.rawValue))
    return answers.contains(request.code.rawValue)
  }

  private func note(_ event: Event) {
    noted.withLock { $0.append(event) }
    sink.yield(event)
  }
}

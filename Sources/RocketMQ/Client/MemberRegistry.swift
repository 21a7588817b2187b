// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// The producers and consumers of one client, by group. Java: `MQClientInstance.producerTable`, `consumerTable`.
final class MemberRegistry: Sendable {
  private struct State {
    var consumers: [String: any ConsumerMember] = [:]
    var producers: Set<String> = []
    /// Producers of the client itself: several consumers share one group.
    var innerProducers = 0
  }

  private let state = Mutex(State())

  /// Throws `groupInUse`.
  func add(consumer: any ConsumerMember) throws(RocketMQError) {
    let isNew = state.withLock { state in
      guard state.consumers[consumer.group] == nil else { return false }
      state.consumers[consumer.group] = consumer
      return true
    }
    if !isNew { throw inUse("consumer", consumer.group) }
  }

  /// Throws `groupInUse`.
  func add(producer group: String) throws(RocketMQError) {
    let isNew = state.withLock { state in
      if group == GroupName.innerProducer {
        state.innerProducers += 1
        return true
      }
      return state.producers.insert(group).inserted
    }
    if !isNew { throw inUse("producer", group) }
  }

  /// False: there was none.
  func remove(consumer group: String) -> Bool { state.withLock { $0.consumers.removeValue(forKey: group) != nil } }

  /// True: it was there, and nobody else uses the group.
  func remove(producer group: String) -> Bool {
    state.withLock { state in
      if group == GroupName.innerProducer {
        state.innerProducers -= 1
        return state.innerProducers == 0
      }
      return state.producers.remove(group) != nil
    }
  }

  var isEmpty: Bool { state.withLock { $0.consumers.isEmpty && $0.producers.isEmpty && $0.innerProducers == 0 } }

  var consumers: [any ConsumerMember] { state.withLock { Array($0.consumers.values) } }
  func consumer(_ group: String) -> (any ConsumerMember)? { state.withLock { $0.consumers[group] } }

  var producers: [String] {
    state.withLock { Array($0.producers) + ($0.innerProducers > 0 ? [GroupName.innerProducer] : []) }
  }

  /// Topics that some consumer subscribes to.
  var subscribedTopics: Set<String> { Set(consumers.flatMap { $0.heartbeat().subscriptions.map(\.topic) }) }

  private func inUse(_ kind: String, _ group: String) -> RocketMQError {
    RocketMQError(.groupInUse, "this client has a \(kind) of the group \(group) already; use another group, or another client")
  }
}

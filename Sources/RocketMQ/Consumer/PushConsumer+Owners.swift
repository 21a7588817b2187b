// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// What the members of a group say they have of one topic.
struct QueueClaims {
  var claims: [String: [MessageQueue]]
  /// Every member has answered.
  var isComplete: Bool

  /// Nobody is missing, every queue has one owner, and `member` has what it should.
  func areSettled(_ queues: [MessageQueue], _ mine: Set<MessageQueue>, of member: String) -> Bool {
    isComplete && claims.values.joined().sorted() == queues.sorted() && Set(claims[member] ?? []) == mine
  }

  var owners: [MessageQueue: String] { StickyAllocation.owners(claims: claims) }
}

extension PushConsumer {
  /// Who has which queue of `topic` now, for a strategy that wants to know; nil for one that does not. A member that does not answer counts
  /// as having what it had when it last did.
  func claims(on topic: String, of members: [String]) async -> QueueClaims? {
    guard configuration.allocation.wantsOwners, let address = client.routes.anyAddress(forTopic: topic) else { return nil }
    let others = Set(members).subtracting([client.clientID])
    let answers = await GroupPeers(api: client.api, group: group).runningInfo(of: others, at: address)
    var claims: [String: [MessageQueue]] = answers.mapValues { info in info.queues.keys.filter { $0.topic == topic } }
    state.withLock { state in
      for member in others where claims[member] == nil { claims[member] = state.lastClaims[topic]?[member] }
      state.lastClaims[topic] = claims
    }
    claims[client.clientID] = rebalance.held.map(\.messageQueue).filter { $0.topic == topic }
    return QueueClaims(claims: claims, isComplete: answers.count == others.count)
  }
}

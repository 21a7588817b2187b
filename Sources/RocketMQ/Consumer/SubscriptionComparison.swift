// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Compares the subscriptions of a group's members, and remembers what has been told.
package struct SubscriptionComparison: Sendable {
  private struct Key: Hashable {
    var topic: String
    var mine: String?
    var theirs: String?
  }

  private let retryTopic: String
  private var told: Set<Key> = []

  package init(group: String) { retryTopic = TopicName.retry(ofGroup: group) }

  /// What has not been told yet, sorted by topic.
  ///
  /// - Parameters:
  ///   - mine: What this member subscribes to.
  ///   - theirs: What other members say, by client id.
  ///   - known: What a broker knows of the group: the newest of each topic, whoever said so.
  ///   - isComplete: All other members have answered. Then what does not differ any more will be told again when it does.
  package mutating func differences(
    _ mine: [SubscriptionData], _ theirs: [String: [SubscriptionData]], known: [SubscriptionData], isComplete: Bool
  ) -> [SubscriptionDifference] {
    let mine = filters(mine)
    var found: [Key: Set<String>] = [:]
    for (member, subscriptions) in theirs {
      for key in compare(mine, filters(subscriptions)) { found[key, default: []].insert(member) }
    }
    // What a broker knows is this member's own, or that of one which has answered, or else of one which has not.
    if !isComplete {
      for key in compare(mine, filters(known)) where found[key] == nil { found[key] = [] }
    }
    let new = found.filter { !told.contains($0.key) }
    told = isComplete ? Set(found.keys) : told.union(found.keys)
    return new.map { key, members in
      SubscriptionDifference(topic: key.topic, mine: key.mine, theirs: key.theirs, members: members.sorted(by: javaOrder))
    }.sorted { ($0.topic, $0.theirs ?? "") < ($1.topic, $1.theirs ?? "") }
  }

  private func compare(_ mine: [String: String], _ theirs: [String: String]) -> [Key] {
    Set(mine.keys).union(theirs.keys).compactMap { topic in
      mine[topic] == theirs[topic] ? nil : Key(topic: topic, mine: mine[topic], theirs: theirs[topic])
    }
  }

  /// By topic, so that what means the same is the same text.
  private func filters(_ subscriptions: [SubscriptionData]) -> [String: String] {
    var filters: [String: String] = [:]
    for subscription in subscriptions where subscription.topic != retryTopic {
      let isByTags = subscription.expressionType == "TAG" && !subscription.tags.isEmpty
      filters[subscription.topic] = isByTags ? Set(subscription.tags).sorted().joined(separator: " || ") : subscription.expression
    }
    return filters
  }
}

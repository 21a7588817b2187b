// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

extension PushConsumer {
  /// Looks whether all members of the group subscribe to the same: when members have come or gone, when something says that subscriptions
  /// have changed, and with every heartbeat. Until the task is cancelled.
  func watchPeers() async {
    var comparison = SubscriptionComparison(group: group)
    var last: GroupConnections?
    while !Task.isCancelled {
      let isCalled = await peersChanged.wait(atMost: client.configuration.heartbeatInterval, on: client.clock)
      if Task.isCancelled { return }
      last = await comparePeers(&comparison, since: isCalled ? nil : last)
      // Many may come one after the other.
      try? await client.clock.sleep(for: Self.comparisonPause)
    }
  }

  private static var comparisonPause: Duration { .seconds(1) }
  /// Members asked in one comparison; where there are more, others may be asked with the next.
  private static var mostPeersAsked: Int { 16 }

  /// `last`: what the broker said when all was compared last; while it says nothing new, nobody is asked again. Returns what is to be given
  /// with the next call.
  private func comparePeers(_ comparison: inout SubscriptionComparison, since last: GroupConnections?) async -> GroupConnections? {
    let mine = state.withLock { $0.subscriptions.data }
    guard let address = mine.lazy.compactMap({ self.client.routes.anyAddress(forTopic: $0.topic) }).first,
      var group = try? await client.api.connections(of: group, at: address)
    else { return nil }
    group.members.sort { javaOrder($0.clientID, $1.clientID) }
    if group.isLike(last) { return last }
    let others = Set(group.members.map(\.clientID)).subtracting([client.clientID])
    let asked = others.shuffled().prefix(Self.mostPeersAsked)
    let answers = await GroupPeers(api: client.api, group: self.group).runningInfo(of: asked, at: address)
    let differences = comparison.differences(
      mine, answers.mapValues(\.subscriptions), known: others.isEmpty ? mine : group.subscriptions,
      isComplete: answers.count == others.count)
    for difference in differences {
      logger.warning(
        "members of the group subscribe to different things; messages will be lost to filters or go to the wrong members",
        metadata: [
          LogKey.topic: "\(difference.topic)", "rocketmq.mine": "\(difference.mine ?? "nothing")",
          "rocketmq.theirs": "\(difference.theirs ?? "nothing")",
          "rocketmq.members": "\(difference.members.joined(separator: ", "))",
        ])
      tell(.subscriptionsDiffer(difference))
    }
    return answers.count == asked.count ? group : nil
  }
}

extension GroupConnections {
  /// The same members and subscriptions, however often they have changed in between.
  fileprivate func isLike(_ other: GroupConnections?) -> Bool {
    guard let other else { return false }
    return members.map(\.clientID) == other.members.map(\.clientID)
      && Set(subscriptions) == Set(other.subscriptions)
  }
}

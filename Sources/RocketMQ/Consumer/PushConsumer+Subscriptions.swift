// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import Synchronization

extension PushConsumer {
  /// Consumes `topic` from now on, or what `filter` lets through of it; replaces the topic's filter when it is subscribed to already. May
  /// be called before and after the start; afterwards brokers are told at once, and what is pulled from then on passes the new filter.
  ///
  /// Messages that have been pulled already are still consumed though the new filter would drop them, and what the old filter has dropped
  /// does not come again: a filter is no way to look back.
  ///
  /// All members of a group must have the same subscriptions.
  ///
  /// - Throws: `invalidArgument` for a name that is no topic, or the group's own retry topic; `brokerError` when a broker refuses an SQL
  ///   filter.
  public func subscribe(_ topic: String, filter: FilterExpression = .all) async throws(RocketMQError) {
    try TopicName.validate(topic)
    guard topic != TopicName.retry(ofGroup: group) else {
      throw RocketMQError(.invalidArgument, "\(topic) is the group's own retry topic; it is always subscribed to")
    }
    if case .running = state.withLock({ $0.phase }) {
      try await check(
        SubscriptionData(topic: topic, expressionType: filter.type, expression: filter.description, tags: filter.tags, version: 0))
    }
    let now = Timestamp.now.millisecondsSince1970
    let isNew = state.withLock { state in
      guard state.subscriptions.set(topic, filter, nowMilliseconds: now) else { return false }
      // Before any heartbeat can tell a broker: from here on answers to pulls with the old filter are discarded.
      guard let data = state.subscriptions.data(of: topic) else { return true }
      for queue in rebalance.held where queue.messageQueue.topic == topic { queue.apply(data) }
      return true
    }
    if isNew { await subscriptionsChanged() }
  }

  /// Ends the subscription to `topic`; its queues are released in good order, in the background. Nothing happens when there is none.
  public func unsubscribe(_ topic: String) async {
    guard topic != TopicName.retry(ofGroup: group) else { return }
    if state.withLock({ $0.subscriptions.remove(topic) }) { await subscriptionsChanged() }
  }

  private func subscriptionsChanged() async {
    guard case .running = state.withLock({ $0.phase }) else { return }
    client.subscriptionsChanged()
    // Brokers refuse pulls with a version that they have not heard of.
    await client.sendHeartbeats(within: Self.greetingLimit)
    for queue in rebalance.held { queue.puller?.hurry() }
    peersChanged.ring()
    // Under the lock, so that the last one posted is the newest.
    state.withLock { rebalance.post(.subscribed($0.subscriptions.topics)) }
  }

  static var greetingLimit: Duration { .seconds(1) }

  func applySubscription(to queue: OwnedQueue) {
    // Under the lock, so that the newest is the last.
    state.withLock { state in
      if let data = state.subscriptions.data(of: queue.messageQueue.topic) { queue.apply(data) }
    }
  }

  /// Asks a broker whether it understands an SQL filter. When none can be asked, pulls will tell. Java: `checkClientInBroker`.
  func check(_ subscription: SubscriptionData) async throws(RocketMQError) {
    guard subscription.expressionType != "TAG" else { return }
    do throws(RocketMQError) {
      _ = try await client.routes.route(of: subscription.topic)
      guard let address = client.routes.anyAddress(forTopic: subscription.topic) else { return }
      try await client.api.checkSubscription(subscription, at: address, group: group, clientID: client.clientID)
    } catch {
      if error.code == .brokerError { throw error }
      logger.warning(
        "the filter could not be checked", metadata: [LogKey.topic: "\(subscription.topic)", LogKey.error: "\(error)"])
    }
  }
}

extension PushConsumer: ConsumerMember {
  package func heartbeat() -> ConsumerHeartbeat {
    ConsumerHeartbeat(
      group: group, consumeType: "CONSUME_PASSIVELY", messageModel: configuration.messageModel.javaName,
      consumeFromWhere: startFrom.javaName,
      subscriptions: state.withLock { $0.subscriptions.data })
  }

  package func membersChanged() {
    rebalance.due()
    peersChanged.ring()
    // The broker knows this consumer now, perhaps for the first time since it was restarted: pulls may go better.
    guard hasFailedPulls.exchange(false, ordering: .relaxed) else { return }
    for queue in rebalance.held { queue.puller?.hurry() }
  }

  package func routeChanged(topic: String) {
    for queue in rebalance.held where queue.messageQueue.topic == topic { applyAddresses(to: queue) }
    rebalance.due()
  }
}

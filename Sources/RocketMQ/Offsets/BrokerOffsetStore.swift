// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Keeps offsets at the brokers that hold the queues: what groups in clustering mode use. Java: `RemoteBrokerOffsetStore`.
struct BrokerOffsetStore: OffsetStore {
  let api: BrokerAPI
  let routes: RouteCache

  func offset(of queue: MessageQueue, group: String) async throws(RocketMQError) -> Int64? {
    try await api.queryOffset(of: queue, group: group, at: address(of: queue), timeout: api.timeout)
  }

  func commit(_ offset: Int64, of queue: MessageQueue, group: String) async throws(RocketMQError) {
    try await api.updateOffset(of: queue, group: group, to: offset, at: address(of: queue), timeout: api.timeout)
  }

  /// The master; a replica only when, with a fresh route, there is no master.
  private func address(of queue: MessageQueue) async throws(RocketMQError) -> String {
    if let master = routes.address(ofBroker: queue.brokerName, exactly: true) { return master.address }
    try await routes.refresh(queue.topic)
    if let any = routes.address(ofBroker: queue.brokerName) { return any.address }
    throw RocketMQError(.brokerNotFound, "the route of \(queue.topic) names no address of the broker \(queue.brokerName)")
  }
}

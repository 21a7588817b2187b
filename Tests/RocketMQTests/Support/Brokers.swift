// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import RocketMQEmbeddedBroker

/// An embedded broker with the topic "t", and a client of it, for the length of `work`.
func withBroker<R>(
  queues: Int32 = 4, configuration: EmbeddedBroker.Configuration = .init(storage: .memory),
  _ work: (EmbeddedBroker, RocketMQClient) async throws -> R
) async throws -> R {
  let broker = try await EmbeddedBroker.start(configuration)
  do {
    try await broker.createTopic("t", queues: queues)
    let result = try await withClient([broker.nameServerAddress]) { client in try await work(broker, client) }
    await broker.shutdown()
    return result
  } catch {
    await broker.shutdown()
    throw error
  }
}

extension RocketMQClient {
  /// The stored message with this broker's id.
  func stored(_ offsetMessageID: String, on broker: EmbeddedBroker) async throws -> MessageBox {
    guard let (_, offset) = HostAddress.parse(offsetMessageID: offsetMessageID) else {
      throw RocketMQError(.malformedData, "\(offsetMessageID) is no id of a broker")
    }
    return try await api.viewMessage(at: offset, broker: broker.brokerAddress)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQEmbeddedBroker
import Synchronization

@testable import RocketMQ

/// An embedded broker that can be stopped and started again: at the same addresses, with what it has stored, but without its members.
final class LastingBroker: Sendable {
  private struct State {
    var broker: EmbeddedBroker
    var configuration: EmbeddedBroker.Configuration
  }

  private let state: Mutex<State>

  /// `work` gets it started; afterwards nothing is left of it.
  static func run(
    named name: String = "broker-a", topics: [String: Int] = ["T": 4], _ work: (LastingBroker) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      var configuration = EmbeddedBroker.Configuration(storage: .directory(directory))
      configuration.brokerName = name
      let broker = try await EmbeddedBroker.start(configuration)
      configuration.nameServerPort = port(broker.nameServerAddress)
      configuration.brokerPort = port(broker.brokerAddress)
      let lasting = LastingBroker(State(broker: broker, configuration: configuration))
      do {
        for (topic, queues) in topics { try await broker.createTopic(topic, queues: Int32(queues)) }
        try await work(lasting)
      } catch {
        await lasting.stop()
        throw error
      }
      await lasting.stop()
    }
  }

  private init(_ state: State) { self.state = Mutex(state) }

  /// Of its current life.
  var broker: EmbeddedBroker { state.withLock { $0.broker } }
  var rig: ConsumerRig { ConsumerRig(broker: broker) }

  func stop() async { await broker.shutdown() }

  func start() async throws {
    let broker = try await EmbeddedBroker.start(state.withLock { $0.configuration })
    state.withLock { $0.broker = broker }
  }

  private static func port(_ address: String) -> UInt16 { UInt16(address.split(separator: ":").last ?? "") ?? 0 }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Synchronization

/// Sends messages. Any number of tasks may send at the same time; more of them at once is what makes it fast.
///
/// A send function that returns has the broker's word that the message is stored. One that throws after an attempt on the wire (`timeout`,
/// `connectionClosed`, `cancelled`) does not know: the message may be stored, and sending it again may store it twice.
///
/// Java: `DefaultMQProducer`.
public final class Producer: Sendable {
  private enum State {
    case idle
    case running
    case shutDown
  }

  /// By which brokers know the producers of one kind.
  public let group: String
  public let configuration: ProducerConfiguration
  let client: RocketMQClient
  let gate: ByteGate
  let health = BrokerHealth()
  private let state = Mutex(State.idle)

  /// It registers with the client at its first send: that throws `invalidArgument` for a bad group name or setting, `groupInUse` for a
  /// group that the client has already.
  public init(client: RocketMQClient, group: String, configuration: ProducerConfiguration = ProducerConfiguration()) {
    self.client = client
    self.group = group
    self.configuration = configuration
    gate = ByteGate(limit: configuration.maxBytesInFlight)
  }

  /// The producer by which consumers send to retry topics; any number of them share the group. Java: `defaultMQProducer` of
  /// `MQClientInstance`.
  package static func inner(client: RocketMQClient) -> Producer { Producer(client: client, group: GroupName.innerProducer) }

  deinit {
    // Not shut down: the group becomes free, and brokers forget it when they miss its heartbeats.
    if case .running = state.withLock({ $0 }) { client.forget(producer: group) }
  }

  /// Lets the messages being sent come to their end, and leaves the brokers. Sends started from now on throw `notRunning`. Returns within
  /// ``ProducerConfiguration/sendTimeout`` and 3 s.
  public func shutdown() async {
    let wasRunning = state.withLock { state in
      defer { state = .shutDown }
      return state == .running
    }
    guard wasRunning else { return }
    try? await gate.drain(within: configuration.sendTimeout, on: client.loop)
    await client.unregister(producer: group)
  }

  /// Every send function calls it first.
  func start() throws(RocketMQError) {
    let failure = state.withLock { state -> RocketMQError? in
      switch state {
      case .running: return nil
      case .shutDown: return RocketMQError(.notRunning, "the producer \(group) has been shut down")
      case .idle:
        do throws(RocketMQError) {
          try GroupName.validate(group)
          try configuration.validate()
          try client.register(producer: group)
          state = .running
          return nil
        } catch { return error }
      }
    }
    if let failure { throw failure }
  }

  /// Bytes of messages being sent now.
  package var bytesInFlight: Int { gate.bytesInside }
}

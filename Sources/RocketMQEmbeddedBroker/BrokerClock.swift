// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

public import RocketMQ

/// The time an embedded broker goes by: when messages are stored, delayed ones become due, held pulls end, and locks expire.
public struct BrokerClock: Sendable {
  private let broker: Broker

  init(_ broker: Broker) { self.broker = broker }

  /// The broker's time.
  public var now: Timestamp {
    get async { Timestamp(millisecondsSince1970: await broker.now) }
  }

  /// Moves a manual clock on. Everything that becomes due on the way happens in its order and at its own time; when this returns, it has
  /// happened, and its answers are on their way to the clients.
  ///
  /// Only for a broker started with a manual clock (``EmbeddedBroker/ClockMode/manual(startingAt:)``); with the system clock it is a
  /// programming error.
  public func advance(by duration: Duration) async {
    await broker.advance(
      byMilliseconds: Int64(duration.components.seconds) * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
  }
}

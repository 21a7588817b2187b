// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Which brokers are to hear a heartbeat next; a value, so that its rules can be tested without a network.
///
/// At most one heartbeat is on its way to an address: what is wanted meanwhile goes out right after it, with what is true then.
struct HeartbeatSchedule {
  private struct Flight {
    var isWantedAgain = false
    /// The connection opened while the heartbeat was on its way. When it fails, it may have gone down with the connection before.
    var sawOpening = false
  }

  private var pending: [String] = []
  private var flights: [String: Flight] = [:]
  /// Addresses that may know this client.
  private(set) var greeted: Set<String> = []
  /// Connected anew since the last heartbeat that arrived.
  private var reopened: Set<String> = []

  mutating func want(_ addresses: some Sequence<String>) {
    for address in addresses {
      if flights[address] != nil {
        flights[address]?.isWantedAgain = true
      } else if !pending.contains(address) {
        pending.append(address)
      }
    }
  }

  /// A connection to `address` has been made. A broker forgets its clients with their connections, so it must be told again.
  mutating func opened(_ address: String) {
    if greeted.contains(address) { reopened.insert(address) }
    if flights[address] != nil {
      flights[address]?.sawOpening = true
    } else if greeted.contains(address) {
      want([address])
    }
  }

  /// The addresses to send to now; they count as on their way.
  mutating func takePending() -> [String] {
    defer { pending = [] }
    for address in pending {
      flights[address] = Flight()
      greeted.insert(address)
    }
    return pending
  }

  /// A heartbeat has ended. True: it was the first to arrive over a new connection, so the broker's other members may have changed.
  mutating func finished(_ address: String, succeeded: Bool) -> Bool {
    let flight = flights.removeValue(forKey: address)
    if let flight, flight.isWantedAgain || (flight.sawOpening && !succeeded) { want([address]) }
    return succeeded && reopened.remove(address) != nil
  }

  func isOnItsWay(_ address: String) -> Bool { flights[address] != nil }

  /// A heartbeat is on its way, or due.
  func isBusy(_ address: String) -> Bool { flights[address] != nil || pending.contains(address) }

  /// Drops addresses that are no brokers any more.
  mutating func forget(except known: Set<String>) {
    greeted.formIntersection(known)
    reopened.formIntersection(known)
    pending.removeAll { !known.contains($0) }
  }
}

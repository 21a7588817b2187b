// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Who counts as a member of a group, by what brokers say and over which connections they say it; a value, so that its rules can be tested
/// without a network. Times are in milliseconds.
///
/// A broker knows members by their connections. One that is started again knows nobody, and then whoever has come back: so the first list
/// after it was out of reach may lack members that are well. Those count as absent for a while, instead of their queues being consumed by
/// others and by themselves. A member that has been in a list of the same connection, and is not any more, has left. When the broker was in
/// reach all the time, and only connections were cut, a few seconds are enough: either all were cut, and are back at once, or just this
/// one, and who is not in the list has left meanwhile. In Java the first one that is back takes all queues until the others are.
struct Roster {
  /// A broker that is asked for a list, and the connection it is asked over.
  struct Question {
    fileprivate var address: String
    fileprivate var connection: Int
  }

  private struct Connection {
    var number: Int
    /// The last one; nil: there was none.
    var list: Set<String>?
  }

  private let grace: UInt64
  private static let graceAfterCut: UInt64 = 3000
  /// Those that have not been lost since somebody was asked over them, by address.
  private var connections: [String: Connection] = [:]
  private var lastNumber = 0
  /// Brokers that have told a list, and have been in reach whenever somebody tried since.
  private var steady: Set<String> = []
  /// The members that count, absent ones among them.
  private(set) var members: Set<String> = []
  /// The broker to ask: the one that answered last, as long as it does. Brokers hear of members at different times, and who asks now one
  /// and now another takes the difference for members that come and go.
  private(set) var source: String?
  /// For how much longer each absent member counts.
  private var absent: [String: UInt64] = [:]
  /// From when on that time passes; nil: it stands still, because a broker that would know is out of reach.
  private var passesFrom: UInt64?

  init(grace: Duration) { self.grace = UInt64(max(0, grace.wholeMilliseconds)) }

  /// The members that count although the last list lacks them.
  var absentMembers: Set<String> { Set(absent.keys) }

  /// Call it before a broker is asked.
  mutating func question(to address: String) -> Question {
    if let connection = connections[address] { return Question(address: address, connection: connection.number) }
    lastNumber += 1
    connections[address] = Connection(number: lastNumber)
    return Question(address: address, connection: lastNumber)
  }

  /// A broker has said who is in the group. False: its connection has been lost since it was asked, so this says nothing of now.
  mutating func answered(_ question: Question, _ list: some Sequence<String>, now: UInt64) -> Bool {
    guard connections[question.address]?.number == question.connection else { return false }
    let list = Set(list)
    pass(until: now)
    let before = connections[question.address]?.list
    for member in list { absent[member] = nil }
    for member in members.subtracting(list) {
      if let before {
        if before.contains(member) { absent[member] = nil }
      } else if absent[member] == nil {
        absent[member] = steady.contains(question.address) ? min(grace, Self.graceAfterCut) : grace
      }
    }
    absent = absent.filter { $0.value > 0 }
    passesFrom = now
    steady.insert(question.address)
    connections[question.address]?.list = list
    source = question.address
    members = list.union(absent.keys)
    return true
  }

  /// No connection could be made: the broker may have been stopped.
  mutating func unreachable(_ address: String) {
    steady.remove(address)
    turnAway(from: address)
  }

  /// The broker did not answer: another one may.
  mutating func turnAway(from address: String) { if source == address { source = nil } }

  /// A connection has been lost.
  mutating func disconnected(from address: String, now: UInt64) {
    guard connections.removeValue(forKey: address) != nil else { return }
    pass(until: now)
    passesFrom = nil
  }

  /// In how many milliseconds a member ceases to count unless it comes back; nil: none is absent.
  func nextEnd(now: UInt64) -> UInt64? { absent.values.min().map { $0 - min($0, passed(until: now)) } }

  private func passed(until now: UInt64) -> UInt64 { passesFrom.map { now - min(now, $0) } ?? 0 }

  private mutating func pass(until now: UInt64) {
    let time = passed(until: now)
    absent = absent.mapValues { $0 - min($0, time) }
    if passesFrom != nil { passesFrom = now }
  }
}

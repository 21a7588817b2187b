// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Moves as few queues as can be: every member keeps what it has as far as shares stay even, that is, differ by one queue at most.
///
/// When a member comes or goes, the smallest possible number of queues moves: what the new one gets, or what the old one had. It needs to
/// know who has what, and asks the other members, through a broker, at each rebalance. Until all members see the same they may disagree
/// for a moment, and then come to the same shares. Java clients do not have it: all members must be of this library.
public struct StickyAllocation: AllocationStrategy {
  /// It has no settings.
  public init() {}

  /// "STICKY".
  public var name: String { "STICKY" }

  /// True.
  public var wantsOwners: Bool { true }

  /// What it has already, as far as its share reaches, and of the rest what it lacks. A stranger gets nothing.
  public func allocate(_ request: AllocationRequest) -> [MessageQueue] {
    Self.shares(of: request.queues, among: request.members, owners: request.owners)[request.member] ?? []
  }

  /// The shares of all members, each sorted.
  ///
  /// Shares are even, so `extra` members get one queue more than the others. As many queues as possible stay when those are members who
  /// have that many. Every choice goes by the order of ids and queues and not by who has how much: so while some members have moved
  /// already and others have not, all still choose the same.
  static func shares(of queues: [MessageQueue], among members: [String], owners: [MessageQueue: String]) -> [String: [MessageQueue]] {
    var shares: [String: [MessageQueue]] = [:]
    let members = members.filter { shares.updateValue([], forKey: $0) == nil }
    var free: [MessageQueue] = []
    for queue in queues {
      if let owner = owners[queue], shares[owner] != nil { shares[owner, default: []].append(queue) } else { free.append(queue) }
    }
    let (share, extra) = queues.count.quotientAndRemainder(dividingBy: members.count)
    let candidates = members.filter { shares[$0, default: []].count > share } + members.filter { shares[$0, default: []].count <= share }
    let larger = Set(candidates.prefix(extra))
    func room(_ member: String) -> Int { larger.contains(member) ? share + 1 : share }
    for member in members {
      let surplus = shares[member, default: []].dropFirst(room(member))
      free += surplus
      shares[member]?.removeLast(surplus.count)
    }
    free.sort()
    for member in members {
      let lacking = room(member) - shares[member, default: []].count
      shares[member, default: []] += free.prefix(lacking)
      free.removeFirst(lacking)
      shares[member]?.sort()
    }
    return shares
  }

  /// Who has which queue, by what each member says it has. Of several that claim one, as happens while it is handed over, the first by
  /// id counts.
  static func owners(claims: [String: [MessageQueue]]) -> [MessageQueue: String] {
    var owners: [MessageQueue: String] = [:]
    for (member, queues) in claims {
      for queue in queues {
        if let other = owners[queue], javaOrder(other, member) { continue }
        owners[queue] = member
      }
    }
    return owners
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Shares out only the queues of brokers in certain machine rooms: brokers named `room@name`. Other queues go to nobody.
///
/// Java: `AllocateMessageQueueByMachineRoom` ("MACHINE_ROOM").
public struct MachineRoomAllocation: AllocationStrategy {
  /// Java: `consumeridcs`.
  public var rooms: Set<String>

  /// - Parameter rooms: The rooms whose queues are consumed.
  public init(rooms: Set<String>) { self.rooms = rooms }

  /// "MACHINE_ROOM".
  public var name: String { "MACHINE_ROOM" }

  /// A run of equal length for each member; what is left over goes to the first members, one queue each. A stranger gets nothing.
  public func allocate(_ request: AllocationRequest) -> [MessageQueue] {
    guard let index = request.index else { return [] }
    let near = request.queues.filter { queue in Self.room(of: queue.brokerName).map(rooms.contains) ?? false }
    let (share, rest) = near.count.quotientAndRemainder(dividingBy: request.members.count)
    var mine = Array(near[(index * share)..<((index + 1) * share)])
    if index < rest { mine.append(near[request.members.count * share + index]) }
    return mine
  }

  /// nil unless the name has two parts. As with Java's `split`, empty parts at the end do not count.
  private static func room(of brokerName: String) -> String? {
    var parts = brokerName.split(separator: "@", omittingEmptySubsequences: false)
    while parts.last?.isEmpty == true { parts.removeLast() }
    return parts.count == 2 ? String(parts[0]) : nil
  }
}

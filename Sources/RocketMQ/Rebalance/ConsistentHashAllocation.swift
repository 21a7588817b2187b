// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Places members and queues on a ring by their hashes; a queue goes to the next member on it. When a member comes or goes only queues of
/// its neighbours move, but shares differ in size.
///
/// Java: `AllocateMessageQueueConsistentHash` ("CONSISTENT_HASH").
public struct ConsistentHashAllocation: AllocationStrategy {
  /// How often each member is on the ring; the more, the more even the shares. Java: `virtualNodeCnt`.
  public let virtualNodes: Int

  /// - Parameter virtualNodes: How often each member is on the ring; the same in all members. With 0 nobody gets anything. Default 10, as
  ///   in Java.
  public init(virtualNodes: Int = 10) {
    precondition(virtualNodes >= 0, "a member cannot be on the ring \(virtualNodes) times")
    self.virtualNodes = virtualNodes
  }

  /// "CONSISTENT_HASH".
  public var name: String { "CONSISTENT_HASH" }

  /// The queues whose next member it is. A stranger gets nothing.
  ///
  /// - Throws: `outOfMemory`, also when OpenSSL was built without MD5.
  public func allocate(_ request: AllocationRequest) throws(RocketMQError) -> [MessageQueue] {
    guard request.index != nil else { return [] }
    let md5 = try MD5()
    let ring = try ring(of: request.members, md5)
    guard !ring.isEmpty else { return [] }
    var mine: [MessageQueue] = []
    for queue in request.queues {
      let hash = try md5.hash("MessageQueue [topic=\(queue.topic), brokerName=\(queue.brokerName), queueId=\(queue.queueID)]")
      if owner(of: hash, on: ring) == request.member { mine.append(queue) }
    }
    return mine
  }

  private typealias Node = (hash: UInt32, member: String)

  /// Sorted by hash. Java: `ConsistentHashRouter`; of two nodes in one place the later one stays.
  private func ring(of members: [String], _ md5: borrowing MD5) throws(RocketMQError) -> [Node] {
    var nodes: [UInt32: String] = [:]
    var seen: Set<String> = []
    for member in members {
      // One that is connected twice goes on counting where it was. Java: `getExistingReplicas`.
      let first = seen.insert(member).inserted ? 0 : nodes.values.count { $0 == member }
      for replica in first..<(first + virtualNodes) { nodes[try md5.hash("\(member)-\(replica)")] = member }
    }
    return nodes.map { ($0.key, $0.value) }.sorted { $0.hash < $1.hash }
  }

  /// The first at `hash` or behind it; behind the last comes the first again.
  private func owner(of hash: UInt32, on ring: [Node]) -> String {
    var low = 0
    var high = ring.count
    while low < high {
      let middle = (low + high) / 2
      if ring[middle].hash < hash { low = middle + 1 } else { high = middle }
    }
    return ring[low == ring.count ? 0 : low].member
  }
}

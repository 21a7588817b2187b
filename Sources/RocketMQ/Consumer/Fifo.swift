// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// First in, first out, in a ring that grows and is reused; no allocation once it is large enough.
package struct Fifo<Element> {
  private var ring: [Element?] = []
  private var first = 0
  package private(set) var count = 0

  package init() {}

  package var isEmpty: Bool { count == 0 }

  package mutating func append(_ element: Element) {
    if count == ring.count { grow() }
    ring[(first + count) & (ring.count - 1)] = element
    count += 1
  }

  package mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    defer {
      ring[first] = nil
      first = (first + 1) & (ring.count - 1)
      count -= 1
    }
    return ring[first]
  }

  /// Takes out what matches and returns it, in order.
  package mutating func removeAll(where matches: (Element) -> Bool) -> [Element] {
    var removed: [Element] = []
    for _ in 0..<count {
      guard let element = popFirst() else { break }
      if matches(element) { removed.append(element) } else { append(element) }
    }
    return removed
  }

  private mutating func grow() {
    var larger: [Element?] = []
    larger.reserveCapacity(max(8, ring.count * 2))
    for i in 0..<count { larger.append(ring[(first + i) & (ring.count - 1)]) }
    larger.append(contentsOf: repeatElement(nil, count: max(8, ring.count * 2) - count))
    ring = larger
    first = 0
  }
}

extension Fifo: Sendable where Element: Sendable {}

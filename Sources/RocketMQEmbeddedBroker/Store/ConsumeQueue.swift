// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// The messages of one queue of a topic, as places in the log. Java: `ConsumeQueue`.
final class ConsumeQueue {
  /// One message. Its offset in the queue is its place in `entries`.
  struct Entry {
    /// Where its record starts in the log.
    var offset: Int64
    /// Bytes of the record.
    var size: Int32
    /// Java's hash of its tag; 0 without one.
    var tagHash: Int32
    /// Milliseconds since 1970.
    var storedAt: Int64
  }

  let topic: String
  let id: Int32
  /// Offset of the first message that is still there. Java: `minOffset`.
  private(set) var first: Int64 = 0
  private var entries: ContiguousArray<Entry> = []
  /// Pulls that wait for messages to come, in the order in which they came.
  var held: [HeldPull] = []

  init(topic: String, id: Int32) {
    self.topic = topic
    self.id = id
  }

  /// Offset that the next message gets. Java: `maxOffset`.
  var next: Int64 { Int64(entries.count) }
  var isEmpty: Bool { first == next }

  /// The message that came last.
  var newest: Entry? { self[next - 1] }

  func append(_ entry: Entry) { entries.append(entry) }

  /// nil outside of `first..<next`.
  subscript(_ offset: Int64) -> Entry? { offset >= first && offset < next ? entries[Int(offset)] : nil }

  /// Lends the entries from `offset` on, which lies within `first...next`.
  func withEntries<R>(from offset: Int64, _ body: (Slice<UnsafeBufferPointer<Entry>>) -> R) -> R {
    entries.withUnsafeBufferPointer { body($0[Int(offset)...]) }
  }

  /// Forgets the messages before `offset`.
  func removeMessages(before offset: Int64) { first = min(max(first, offset), next) }

  /// The message stored nearest to `time`, in milliseconds since 1970; of two equally near, the earlier. 0 when there is none.
  /// Java: `getOffsetInQueueByTime`.
  func offset(nearest time: Int64) -> Int64 {
    guard !isEmpty else { return 0 }
    var low = Int(first)
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].storedAt < time { low = middle + 1 } else { high = middle }
    }
    // `low` is the first message not before `time`.
    if low == entries.count { return Int64(low - 1) }
    if low == Int(first) || entries[low].storedAt == time { return Int64(low) }
    return entries[low].storedAt - time < time - entries[low - 1].storedAt ? Int64(low) : Int64(low - 1)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// The log and the queues over it. Java: `DefaultMessageStore`. Only the loop thread uses it.
final class MessageStore {
  /// A message on its way into a queue.
  struct NewMessage {
    var flag: Int32 = 0
    var body: UnsafeRawBufferPointer
    /// A part of the text that all messages of one call share.
    var properties: Range<Int>
    var tagHash: Int32
  }

  private let log: any CommitLog
  private var topics: [String: [Int32: ConsumeQueue]] = [:]
  // Kept between calls for their memory.
  private var records = ByteBlock()
  private var sizes: [Int] = []

  init(log: any CommitLog) { self.log = log }

  /// Made when it is needed.
  func queue(_ topic: String, _ id: Int32) -> ConsumeQueue {
    if let queue = topics[topic]?[id] { return queue }
    let queue = ConsumeQueue(topic: topic, id: id)
    topics[topic, default: [:]][id] = queue
    return queue
  }

  /// nil: nobody has used it yet, so it is empty.
  func existingQueue(_ topic: String, _ id: Int32) -> ConsumeQueue? { topics[topic]?[id] }

  /// The queues of a topic that were ever used.
  func queues(of topic: String) -> [ConsumeQueue] { topics[topic].map { Array($0.values) } ?? [] }
  var allQueues: [ConsumeQueue] { topics.values.flatMap(\.values) }

  /// The messages stay in the log, but nothing leads to them any more.
  func removeTopic(_ topic: String) { topics[topic] = nil }

  var endOffset: Int64 { log.nextOffset }

  /// Writes `messages`, which otherwise are like `template`, behind each other into `queue`; all or none. Returns where their records
  /// start.
  func append(
    _ messages: some Sequence<NewMessage>, like template: MessageRecord, properties: [UInt8], to queue: ConsumeQueue
  ) throws(RocketMQError) -> [Int64] {
    records.removeAll()
    sizes.removeAll(keepingCapacity: true)
    var record = template
    record.topic = queue.topic
    record.queueID = queue.id
    record.queueOffset = queue.next
    record.commitLogOffset = log.nextOffset
    var entries: [ConsumeQueue.Entry] = []
    for message in messages {
      record.flag = message.flag
      let before = records.count
      try properties.lend { text throws(RocketMQError) in
        let text = UnsafeRawBufferPointer(rebasing: text[message.properties])
        try record.append(body: message.body, properties: text, to: &records)
      }
      let size = records.count - before
      sizes.append(size)
      entries.append(
        .init(offset: record.commitLogOffset, size: Int32(size), tagHash: message.tagHash, storedAt: record.storedAt))
      record.queueOffset += 1
      record.commitLogOffset += Int64(size + log.gap)
    }
    try records.withUnsafeBytes { records throws(RocketMQError) in try log.append(records, sizes: sizes) }
    for entry in entries { queue.append(entry) }
    return entries.map(\.offset)
  }

  /// The record that starts at `offset` of the log, whatever the number; nil when none does.
  func record(at offset: Int64) -> UnsafeRawBufferPointer? { log.record(at: offset) }

  func record(_ entry: ConsumeQueue.Entry) -> UnsafeRawBufferPointer? { log.bytes(at: entry.offset, count: Int(entry.size)) }

  /// Takes up a record that was in the log at start. Throws `storageFailed` when it is not the next of its queue.
  func restore(_ record: borrowing RecordView, topic: String) throws(RocketMQError) {
    let queue = queue(topic, record.queueID)
    guard record.queueOffset == queue.next else {
      throw RocketMQError(
        .storageFailed,
        """
        the record at offset \(record.commitLogOffset) of the log says it is message \(record.queueOffset) of queue \(queue.id) of topic \
        \(topic), where message \(queue.next) should follow; restore the log from a copy
        """)
    }
    queue.append(
      .init(
        offset: record.commitLogOffset, size: Int32(record.size), tagHash: tagHash(in: record.properties), storedAt: record.storedAt))
  }

  // MARK: Reading

  /// How much one read may give.
  struct ReadLimits {
    var messages: Int
    var bytes: Int
    /// Entries looked at; the rest is for the next read.
    var scanned: Int
  }

  /// What a read found: records in the order of the queue, and the offset to go on at.
  struct ReadResult: ~Copyable {
    var count = 0
    var next: Int64
    var records: ByteBlock
  }

  /// A run of records that follow each other in the log.
  private struct Run {
    var offset: Int64
    var count: Int
  }

  private var runs: [Run] = []

  /// Whether the message is wanted. It is read only for a condition.
  func passes(_ entry: ConsumeQueue.Entry, _ filter: MessageFilter) -> Bool {
    guard filter.tags.passes(entry.tagHash) else { return false }
    guard let condition = filter.condition else { return true }
    guard let bytes = record(entry) else { return true }
    // A record that cannot be read is the client's to complain of.
    return (try? RecordView.of(bytes) { condition.matches($0.properties) }) ?? true
  }

  /// Reads from `offset`, which lies within the queue. The first message that passes is given whatever its size.
  func read(_ queue: ConsumeQueue, from offset: Int64, passing filter: MessageFilter, limits: ReadLimits) -> ReadResult {
    runs.removeAll(keepingCapacity: true)
    var found = 0
    var bytes = 0
    let scanned = queue.withEntries(from: offset) { entries in
      var scanned = 0
      for entry in entries {
        let size = Int(entry.size)
        if scanned == limits.scanned || (found > 0 && (found >= limits.messages || bytes + size > limits.bytes)) { break }
        scanned += 1
        guard passes(entry, filter) else { continue }
        found += 1
        bytes += size
        if let last = runs.indices.last, runs[last].offset + Int64(runs[last].count) == entry.offset {
          runs[last].count += size
        } else {
          runs.append(Run(offset: entry.offset, count: size))
        }
      }
      return scanned
    }
    var records = ByteBlock(reserving: bytes)
    for run in runs { log.copy(at: run.offset, count: run.count, to: &records) }
    return ReadResult(count: found, next: offset + Int64(scanned), records: records)
  }
}

/// Java's hash of the tag in a property text; 0 without a tag.
func tagHash(in properties: UnsafeRawBufferPointer) -> Int32 {
  PropertyBlock.value(PropertyName.tags, in: properties).map(Core.tagHash) ?? 0
}

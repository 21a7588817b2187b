// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import RocketMQ

/// How far the delivery of delayed messages has come.
struct Schedule {
  /// By level, from 1 on: offset of the next message of the level's queue to deliver.
  private var next = [Int64](repeating: 0, count: DelayLevels.count + 1)
  /// The levels whose next delivery has its timer.
  var armed: Set<Int> = []
  /// Set by every delivery, for whoever keeps this.
  var isChanged = false

  subscript(_ level: Int) -> Int64 {
    get { next[level] }
    set {
      next[level] = newValue
      isChanged = true
    }
  }

  /// `{"offsetTable":{1:5}}`. Java: `delayOffset.json`.
  var json: JSONValue {
    ["offsetTable": .object((1...DelayLevels.count).map { .init(.int($0), .int(next[$0])) })]
  }

  mutating func restore(_ json: JSONValue) {
    for member in json["offsetTable"]?.members ?? [] {
      if let level = member.key.int32.map(Int.init), (1...DelayLevels.count).contains(level), let offset = member.value.int64 {
        next[level] = offset
      }
    }
  }
}

// Messages that are seen only after a while. Java: `ScheduleMessageService`.
//
// All messages of a level wait equally long, so its queue is in the order of delivery and only the first needs a timer.
extension Broker {
  /// Sets the timer for the level's next message, if there is one and it has none.
  func armDelivery(_ level: Int) {
    guard !schedule.armed.contains(level), let entry = nextDelayed(level) else { return }
    schedule.armed.insert(level)
    let due = dueTime(entry, level)
    _ = at(due, .deliver(level: level))
  }

  /// Puts what is due into its real queue.
  func deliver(_ level: Int) {
    schedule.armed.remove(level)
    while let entry = nextDelayed(level), dueTime(entry, level) <= now {
      do throws(RocketMQError) {
        try deliver(entry)
      } catch {
        logger.error("a delayed message could not be stored; trying again in 10 s", metadata: [LogKey.error: "\(error)"])
        schedule.armed.insert(level)
        _ = at(now + 10_000, .deliver(level: level))
        return
      }
      schedule[level] += 1
    }
    saveOffsetsSoon()
    armDelivery(level)
  }

  private func nextDelayed(_ level: Int) -> ConsumeQueue.Entry? {
    store.queue(SystemTopic.schedule, DelayLevels.queueID(level))[schedule[level]]
  }

  private func dueTime(_ entry: ConsumeQueue.Entry, _ level: Int) -> Int64 {
    let delay = DelayLevels.milliseconds(level)
    // Stored in the future: the clock was set back while the broker was down.
    return entry.storedAt > now ? now : entry.storedAt + delay
  }

  private func deliver(_ entry: ConsumeQueue.Entry) throws(RocketMQError) {
    guard let bytes = store.record(entry) else { return }
    var (record, _) = try MessageRecord.decode(bytes)
    let properties = PropertyBlock(record.properties)
    guard let topic = properties.value(PropertyName.realTopic), let id = properties.value(PropertyName.realQueueID).flatMap({ Int32($0) })
    else { return }
    record.topic = topic
    record.queueID = id
    record.storedAt = now
    _ = try record.body.lend { body throws(RocketMQError) in try append(record, body: body, properties) }
  }
}

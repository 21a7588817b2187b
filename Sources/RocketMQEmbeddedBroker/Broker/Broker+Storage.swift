// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import RocketMQ

/// The files of a broker that keeps its state, and the thread that writes them.
struct Persistence: Sendable {
  /// What is kept besides the log.
  enum Table: String, CaseIterable {
    case topics = "topics.json"
    case groups = "groups.json"
    case offsets = "offsets.json"
    case delays = "delays.json"
  }

  let directory: StorageDirectory
  let queue = StorageQueue()
}

// What outlives the process. The loop thread writes messages into the log's files, which does not wait for the disk; whatever waits for
// it is done on the storage queue.
extension Broker {
  /// Takes up what the directory holds. Throws `storageFailed`. Reads files on the loop thread: nobody is connected yet.
  func open() throws(RocketMQError) {
    guard case .directory(let path) = configuration.storage else { return }
    let directory = try StorageDirectory(path: path)
    if let json = try read(.topics, directory) { topics.restore(json) }
    if let json = try read(.groups, directory) { groups.restore(json) }
    if let json = try read(.offsets, directory) { offsets.restore(json) }
    if let json = try read(.delays, directory) { schedule.restore(json) }
    let log = try FileLog(directory: directory.logPath, segmentSize: configuration.segmentBytes)
    store = MessageStore(log: log)
    fileLog = log
    try log.recover(logger) { record throws(RocketMQError) in
      let topic = String(decoding: record.topic, as: UTF8.self)
      if topics.admit(topic, queueID: record.queueID, logOffset: record.commitLogOffset) { try store.restore(record, topic: topic) }
    }
    persistence = Persistence(directory: directory)
    for level in 1...DelayLevels.count { armDelivery(level) }
  }

  private func read(_ table: Persistence.Table, _ directory: StorageDirectory) throws(RocketMQError) -> JSONValue? {
    guard let bytes = try directory.read(table.rawValue) else { return nil }
    do throws(RocketMQError) {
      return try JSONValue(parsing: bytes)
    } catch {
      throw RocketMQError(
        .storageFailed,
        "\(directory.path)/\(table.rawValue) is damaged; restore it from a copy, or remove it to start without what it held", cause: error)
    }
  }

  private func content(_ table: Persistence.Table) -> [UInt8] {
    switch table {
    case .topics: topics.stored.bytes()
    case .groups: groups.json.bytes()
    case .offsets: offsets.json.bytes()
    case .delays: schedule.json.bytes()
    }
  }

  /// `saved` runs when the table is on the disk or could not be written: at once when nothing is kept, else on the storage queue.
  func save(_ table: Persistence.Table, saved: @escaping @Sendable (RocketMQError?) -> Void = { _ in }) {
    guard let persistence else { return saved(nil) }
    let bytes = content(table)
    persistence.queue.post { [logger] in
      do throws(RocketMQError) {
        try persistence.directory.replace(table.rawValue, with: bytes)
        saved(nil)
      } catch {
        logger.error("\(table.rawValue) could not be written", metadata: [LogKey.error: "\(error)"])
        saved(error)
      }
    }
  }

  /// Offsets change all the time; they are written at most every `offsetInterval`.
  func saveOffsetsSoon() {
    guard persistence != nil, !savesOffsets else { return }
    savesOffsets = true
    loop.after(configuration.offsetInterval) { [weak self] in self?.assumeIsolated { $0.saveOffsets() } }
  }

  private func saveOffsets() {
    savesOffsets = false
    if offsets.isChanged {
      offsets.isChanged = false
      save(.offsets)
    }
    if schedule.isChanged {
      schedule.isChanged = false
      save(.delays)
    }
  }

  /// Messages were stored: they are synced within `flushInterval`.
  func flushSoon() {
    guard fileLog != nil, !flushes else { return }
    flushes = true
    loop.after(configuration.flushInterval) { [weak self] in self?.assumeIsolated { $0.flush() } }
  }

  private func flush() {
    flushes = false
    guard let persistence, let unsynced = fileLog?.takeUnsynced() else { return }
    persistence.queue.post { [logger] in persistence.sync(unsynced.files, hasNewFile: unsynced.hasNewFile, logger) }
  }

  /// Stops serving, and returns when everything is on the disk and the directory is free for another broker.
  func close() async {
    stopServing()
    guard let persistence else { return }
    // Topics and groups were written when they changed.
    var tables: [(Persistence.Table, [UInt8])] = []
    if offsets.isChanged { tables.append((.offsets, content(.offsets))) }
    if schedule.isChanged { tables.append((.delays, content(.delays))) }
    let unsynced = fileLog?.takeUnsynced()
    self.persistence = nil
    await persistence.queue.run { [logger, tables] in
      if let unsynced { persistence.sync(unsynced.files, hasNewFile: unsynced.hasNewFile, logger) }
      for (table, bytes) in tables {
        do throws(RocketMQError) {
          try persistence.directory.replace(table.rawValue, with: bytes)
        } catch {
          logger.error("\(table.rawValue) could not be written at shutdown", metadata: [LogKey.error: "\(error)"])
        }
      }
      persistence.directory.unlock()
    }
  }
}

extension Persistence {
  fileprivate func sync(_ files: [FileDescriptor], hasNewFile: Bool, _ logger: Logger) {
    do throws(RocketMQError) {
      for file in files { try file.sync() }
      if hasNewFile { try directory.syncLogNames() }
    } catch {
      logger.critical("the log could not be synced: a power failure now loses messages", metadata: [LogKey.error: "\(error)"])
    }
  }
}

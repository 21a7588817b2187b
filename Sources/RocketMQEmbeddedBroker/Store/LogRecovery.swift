// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging
internal import RocketMQ

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

extension FileLog {
  /// Lends every record of the log to `each`, in order. Once, after opening and before anything else.
  ///
  /// What a crash leaves behind - a last record that is incomplete or damaged, with nothing whole after it - is cut off, and one line in
  /// the log says so. Damage with whole records behind it cannot come from a crash of the broker and is an error that says what to do.
  func recover(_ logger: Logger, _ each: (borrowing RecordView) throws(RocketMQError) -> Void) throws(RocketMQError) {
    var previous: LogSegment?
    for segment in segments {
      if let previous, previous.end != segment.start {
        throw RocketMQError(
          .storageFailed,
          """
          the log has a hole: \(previous.path) ends at offset \(previous.end), but the next file is \(segment.path); restore the missing \
          file from a copy
          """)
      }
      try LogScan(segment: segment).recover(isLast: segment === segments.last, logger, each)
      previous = segment
    }
  }
}

/// Finds the whole records of one segment.
struct LogScan {
  private let segment: LogSegment

  init(segment: LogSegment) { self.segment = segment }

  func recover(isLast: Bool, _ logger: Logger, _ each: (borrowing RecordView) throws(RocketMQError) -> Void) throws(RocketMQError) {
    guard segment.contents.prefix(FileLog.header.count).elementsEqual(FileLog.header) else {
      if isLast, segment.fileSize < FileLog.header.count { return try restart(logger) }
      throw RocketMQError(
        .storageFailed, "\(segment.path) does not begin as a log file of this version does; is it the right directory?")
    }
    var position = FileLog.header.count
    while let size = try readRecord(at: position, each) { position += FileLog.frameSize + size }
    if position == segment.fileSize { return }
    if isLast, !hasRecord(after: position) {
      logger.warning(
        "the log's last bytes were incomplete and have been cut off",
        metadata: [
          "rocketmq.file": "\(segment.path)", "rocketmq.position": "\(position)", "rocketmq.bytes": "\(segment.fileSize - position)",
        ])
      return try segment.truncate(to: position)
    }
    throw RocketMQError(
      .storageFailed,
      """
      \(segment.path) is damaged at byte \(position), and there are whole records behind it; restore the file from a copy, or give up all \
      that follows: truncate -s \(position) \(segment.path)\(isLast ? "" : ", and remove the log files after it")
      """)
  }

  /// The file was made, but its header did not get there: nothing is lost.
  private func restart(_ logger: Logger) throws(RocketMQError) {
    logger.warning(
      "the log's last file had no content yet and has been started again",
      metadata: ["rocketmq.file": "\(segment.path)", "rocketmq.bytes": "\(segment.fileSize)"])
    try segment.truncate(to: 0)
    try segment.append(FileLog.header)
  }

  /// The size of the whole, undamaged record whose frame starts at `position`; nil when there is none.
  private func readRecord(
    at position: Int, _ each: (borrowing RecordView) throws(RocketMQError) -> Void
  ) throws(RocketMQError) -> Int? {
    let contents = segment.contents
    let rest = contents.count - position - FileLog.frameSize
    guard rest >= RecordLayout.minimumSize else { return nil }
    let size = Int(contents.loadBigEndian(at: position))
    guard size >= RecordLayout.minimumSize, size <= rest else { return nil }
    let bytes = UnsafeRawBufferPointer(rebasing: contents[(position + FileLog.frameSize)..<(position + FileLog.frameSize + size)])
    guard contents.loadBigEndian(at: position + 4) == Core.crc31(bytes) else { return nil }
    let offset = segment.start + Int64(position + FileLog.frameSize - FileLog.header.count)
    // What `each` throws must get out; what the decoder throws means "no record here".
    let outcome = try? RecordView.of(bytes) { record -> Result<Void, RocketMQError>? in
      guard record.size == size, record.commitLogOffset == offset else { return nil }
      do throws(RocketMQError) { return .success(try each(record)) } catch { return .failure(error) }
    }
    guard let outcome = outcome ?? nil else { return nil }
    try outcome.get()
    return size
  }

  /// A record can only be where its magic is, so the search is a search for that.
  private func hasRecord(after position: Int) -> Bool {
    let contents = segment.contents
    let lead = FileLog.frameSize + RecordLayout.magicPosition
    var at = position + 1 + lead
    while at + 4 <= contents.count {
      guard let hit = memchr(contents.baseAddress! + at, Int32(UInt8(RecordLayout.magic >> 24)), contents.count - 3 - at) else {
        return false
      }
      at = UnsafeRawPointer(hit) - contents.baseAddress!
      if contents.loadBigEndian(at: at) == RecordLayout.magic, (try? readRecord(at: at - lead) { _ in }) ?? nil != nil { return true }
      at += 1
    }
    return false
  }
}

/// The names in a directory, in no order. Throws `storageFailed`.
func fileNames(in directory: String) throws(RocketMQError) -> [String] {
  guard let stream = opendir(directory) else { throw systemError("reading the directory \(directory)") }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) { String(cString: $0) }
    }
    names.append(name)
  }
  return names
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// A log of segment files. What has been appended survives the process; what has been synced survives the machine.
///
/// A segment is called after the offset of its first byte (20 digits, as Java does it) and holds an 8-byte header and then, for every
/// record, its size, its CRC-32 (31 bits) and its bytes. Offsets do not count the headers.
final class FileLog: CommitLog {
  static let header: [UInt8] = [UInt8]("RMQLOG".utf8) + [0, 1]  // the last two: version of the format
  /// Size and checksum before each record.
  static let frameSize = 8

  private let directory: String
  private let segmentSize: Int
  /// In ascending order, each starting where the one before ends.
  private(set) var segments: [LogSegment] = []
  /// Frames and records on their way to the file.
  private var staging: [UInt8] = []
  private var unsynced: [FileDescriptor] = []
  private var hasNewFile = false

  /// Opens the files in `directory`; what they hold counts after ``recover(_:_:)``. Throws `storageFailed`.
  init(directory: String, segmentSize: Int) throws(RocketMQError) {
    self.directory = directory
    self.segmentSize = segmentSize
    for start in try fileNames(in: directory).compactMap(LogSegment.start(ofFile:)).sorted() {
      segments.append(try open(start: start, capacity: segmentSize))
    }
  }

  var nextOffset: Int64 { (segments.last?.end ?? 0) + Int64(FileLog.frameSize) }
  var gap: Int { FileLog.frameSize }

  func append(_ records: UnsafeRawBufferPointer, sizes: [Int]) throws(RocketMQError) {
    staging.removeAll(keepingCapacity: true)
    staging.reserveCapacity(records.count + sizes.count * FileLog.frameSize)
    var position = 0
    for size in sizes {
      let record = UnsafeRawBufferPointer(rebasing: records[position..<(position + size)])
      withUnsafeBytes(of: UInt32(size).bigEndian) { staging.append(contentsOf: $0) }
      withUnsafeBytes(of: Core.crc31(record).bigEndian) { staging.append(contentsOf: $0) }
      staging.append(contentsOf: record)
      position += size
    }
    let segment = try segment(withRoomFor: staging.count)
    try segment.append(staging)
    if unsynced.last !== segment.file { unsynced.append(segment.file) }
  }

  func bytes(at offset: Int64, count: Int) -> UnsafeRawBufferPointer? {
    segments.lastIndex(startingAtOrBefore: offset, \.start).flatMap { segments[$0].bytes(at: offset, count: count) }
  }

  func copy(at offset: Int64, count: Int, to block: inout ByteBlock) {
    if let bytes = bytes(at: offset, count: count) { block.append(bytes) }
  }

  /// The files written to since the last call, for someone to sync, and whether one of them is new.
  func takeUnsynced() -> (files: [FileDescriptor], hasNewFile: Bool) {
    defer {
      unsynced.removeAll()
      hasNewFile = false
    }
    return (unsynced, hasNewFile)
  }

  private func open(start: Int64, capacity: Int) throws(RocketMQError) -> LogSegment {
    try LogSegment(path: "\(directory)/\(LogSegment.name(start: start))", start: start, capacity: capacity)
  }

  private func segment(withRoomFor count: Int) throws(RocketMQError) -> LogSegment {
    if let last = segments.last, last.isEmpty || last.fileSize + count <= segmentSize {
      if last.canHold(count) { return last }
      // An empty segment whose mapping is too small for one enormous batch: map it anew.
      let segment = try open(start: last.start, capacity: FileLog.header.count + count)
      segments[segments.count - 1] = segment
      return segment
    }
    let segment = try open(start: segments.last?.end ?? 0, capacity: max(segmentSize, FileLog.header.count + count))
    segments.append(segment)
    hasNewFile = true
    return segment
  }
}

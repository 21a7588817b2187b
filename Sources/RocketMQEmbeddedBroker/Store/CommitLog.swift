// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

/// The bytes of all messages of the broker, in the order in which they came. Java: `CommitLog`.
///
/// Offsets count bytes from the log's begin, whatever pieces the log is kept in; they never shrink. Only the loop thread uses a log.
protocol CommitLog: AnyObject {
  /// Where the next record will start. Records carry their own offset, so it must be known before they are encoded.
  var nextOffset: Int64 { get }
  /// How far apart the end of a record and the start of the next are.
  var gap: Int { get }

  /// Appends records that stand one behind the other in `records`: all of them, or none when it throws (`storageFailed`, `outOfMemory`).
  /// `sizes` says where each ends.
  func append(_ records: UnsafeRawBufferPointer, sizes: [Int]) throws(RocketMQError)

  /// `count` bytes from `offset` on, as long as they lie within one record; nil where the log has no such bytes. Valid until the next
  /// append.
  func bytes(at offset: Int64, count: Int) -> UnsafeRawBufferPointer?

  /// Copies records that follow each other without a gap.
  func copy(at offset: Int64, count: Int, to block: inout ByteBlock)
}

extension CommitLog {
  /// The whole record at `offset`; nil when none starts there, so that it may be asked for any number a client sends.
  func record(at offset: Int64) -> UnsafeRawBufferPointer? {
    guard let head = bytes(at: offset, count: RecordLayout.headSize),
      head.loadBigEndian(at: RecordLayout.magicPosition) == RecordLayout.magic,
      let size = Int(exactly: Int32(bitPattern: head.loadBigEndian(at: 0))), size >= RecordLayout.minimumSize,
      let record = bytes(at: offset, count: size),
      (try? RecordView.of(record) { $0.commitLogOffset == offset && $0.size == size }) == true
    else { return nil }
    return record
  }
}

/// What the log must know of a record before it decodes it (Java: `MessageDecoder`, `CommitLog.MESSAGE_MAGIC_CODE`).
enum RecordLayout {
  /// Size and magic.
  static let headSize = 8
  static let magicPosition = 4
  static let magic: UInt32 = 0xDAA3_20A7
  /// Of a record with IPv4 hosts and neither body nor properties.
  static let minimumSize = 91
}

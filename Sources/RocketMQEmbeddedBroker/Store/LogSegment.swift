// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// One file of the log: written to through its descriptor, read through a mapping.
final class LogSegment {
  /// Log offset of the first byte behind the header.
  let start: Int64
  let file: FileDescriptor
  private(set) var fileSize: Int
  private let mapping: UnsafeMutableRawPointer
  /// Address space; the file may be shorter, what lies behind its end is never touched.
  private let capacity: Int

  /// Opens the file at `path`, or makes it. Throws `storageFailed`.
  init(path: String, start: Int64, capacity: Int) throws(RocketMQError) {
    self.start = start
    file = try FileDescriptor(path: path, flags: O_RDWR | O_CREAT | O_APPEND)
    fileSize = try file.size()
    self.capacity = max(capacity, fileSize)
    guard let mapping = mmap(nil, self.capacity, PROT_READ, MAP_SHARED, file.raw, 0), mapping != MAP_FAILED else {
      throw systemError("mapping \(path)")
    }
    self.mapping = mapping
    if fileSize == 0 { try append(FileLog.header) }
  }

  deinit { munmap(mapping, capacity) }

  var path: String { file.path }
  /// Log offset one past the last byte.
  var end: Int64 { start + Int64(fileSize - FileLog.header.count) }
  var isEmpty: Bool { fileSize <= FileLog.header.count }
  func canHold(_ count: Int) -> Bool { fileSize + count <= capacity }

  /// All of the file.
  var contents: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: mapping, count: fileSize) }

  func bytes(at offset: Int64, count: Int) -> UnsafeRawBufferPointer? {
    guard offset >= start, count >= 0, Int64(count) <= end - offset else { return nil }
    let position = FileLog.header.count + Int(offset - start)
    return UnsafeRawBufferPointer(rebasing: contents[position..<(position + count)])
  }

  /// All of `bytes`, or, when it throws, none of them.
  func append(_ bytes: [UInt8]) throws(RocketMQError) {
    do throws(RocketMQError) {
      try file.write(bytes)
    } catch {
      ftruncate(file.raw, off_t(fileSize))
      throw error
    }
    fileSize += bytes.count
  }

  /// Cuts the file to its first `size` bytes.
  func truncate(to size: Int) throws(RocketMQError) {
    guard ftruncate(file.raw, off_t(size)) == 0, fsync(file.raw) == 0 else { throw systemError("cutting \(path)") }
    fileSize = size
  }

  static func name(start: Int64) -> String {
    let digits = String(start)
    return String(repeating: "0", count: max(20 - digits.count, 0)) + digits
  }

  /// nil: not a segment's name.
  static func start(ofFile name: String) -> Int64? {
    name.utf8.count == 20 ? Int64(name) : nil
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Dispatch
internal import RocketMQ

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// A broker's directory: locked while the broker lives, so that no second one can open it.
///
/// Everything here may block and belongs on a ``StorageQueue``, except at start, when there is nobody to be kept waiting.
final class StorageDirectory: Sendable {
  let path: String
  /// Holds the lock.
  private let lock: FileDescriptor

  /// Makes the directory when there is none. Throws `storageFailed`, also when another broker has it.
  init(path: String) throws(RocketMQError) {
    self.path = path
    try makeDirectory(path)
    lock = try FileDescriptor(path: "\(path)/lock", flags: O_RDWR | O_CREAT)
    guard flock(lock.raw, LOCK_EX | LOCK_NB) == 0 else {
      if errno == EWOULDBLOCK {
        throw RocketMQError(.storageFailed, "another broker uses the directory \(path); stop it, or give this one a directory of its own")
      }
      throw systemError("locking \(path)/lock")
    }
    try makeDirectory(logPath)
  }

  /// Lets another broker have the directory, at once and not only when the last reference goes.
  func unlock() { flock(lock.raw, LOCK_UN) }

  var logPath: String { "\(path)/log" }

  /// The whole file; nil when there is none.
  func read(_ name: String) throws(RocketMQError) -> [UInt8]? {
    guard access("\(path)/\(name)", F_OK) == 0 else { return nil }
    let file = try FileDescriptor(path: "\(path)/\(name)", flags: O_RDONLY)
    let size = try file.size()
    var failed: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let part = Self.systemRead(file.raw, buffer.baseAddress! + count, size - count)
        if part == 0 { break }
        if part > 0 {
          count += part
        } else if errno != EINTR {
          failed = errno
          break
        }
      }
    }
    if let failed { throw systemError("reading \(path)/\(name)", failed) }
    return bytes
  }

  /// Replaces the file in one step: whoever reads it later finds all of the old or all of the new content.
  func replace(_ name: String, with bytes: [UInt8]) throws(RocketMQError) {
    let aside = "\(path)/\(name).new"
    let file = try FileDescriptor(path: aside, flags: O_WRONLY | O_CREAT | O_TRUNC)
    try file.write(bytes)
    guard fsync(file.raw) == 0 else { throw systemError("syncing \(aside)") }
    guard rename(aside, "\(path)/\(name)") == 0 else { throw systemError("renaming \(aside) to \(name)") }
    try syncNames(path)
  }

  /// Makes the names of new log files durable.
  func syncLogNames() throws(RocketMQError) { try syncNames(logPath) }

  private func syncNames(_ path: String) throws(RocketMQError) {
    let directory = try FileDescriptor(path: path, flags: O_RDONLY)
    guard fsync(directory.raw) == 0 else { throw systemError("syncing the directory \(path)") }
  }

  private static func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.read(file, buffer, count)
    #else
      Darwin.read(file, buffer, count)
    #endif
  }
}

/// With all directories above it.
private func makeDirectory(_ path: String) throws(RocketMQError) {
  if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
  guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
    throw systemError("making the directory \(path)")
  }
  try makeDirectory(String(path[..<slash]))
  guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw systemError("making the directory \(path)") }
}

/// Where a broker does what blocks, one thing after the other.
struct StorageQueue: Sendable {
  private let queue = DispatchQueue(label: "rocketmq.embedded-broker.storage")

  func post(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }

  func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: work()) }
    }
  }
}

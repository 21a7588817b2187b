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
    guard try lock.lock() else {
      throw RocketMQError(.storageFailed, "another broker uses the directory \(path); stop it, or give this one a directory of its own")
    }
    try makeDirectory(logPath)
  }

  /// Lets another broker have the directory, at once and not only when the last reference goes.
  func unlock() { lock.unlock() }

  var logPath: String { "\(path)/log" }

  /// The whole file; nil when there is none.
  func read(_ name: String) throws(RocketMQError) -> [UInt8]? {
    guard access("\(path)/\(name)", F_OK) == 0 else { return nil }
    return try FileDescriptor(path: "\(path)/\(name)", flags: O_RDONLY).readAll()
  }

  /// Replaces the file in one step: whoever reads it later finds all of the old or all of the new content.
  func replace(_ name: String, with bytes: [UInt8]) throws(RocketMQError) {
    let aside = "\(path)/\(name).new"
    let file = try FileDescriptor(path: aside, flags: O_WRONLY | O_CREAT | O_TRUNC)
    try file.write(bytes)
    guard fsync(file.raw) == 0 else { throw systemError("syncing \(aside)") }
    guard rename(aside, "\(path)/\(name)") == 0 else { throw systemError("renaming \(aside) to \(name)") }
    try syncDirectory(path)
  }

  /// Makes the names of new log files durable.
  func syncLogNames() throws(RocketMQError) { try syncDirectory(logPath) }
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

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Logging

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The file with one group's offsets, its forerunner (`.bak`) and the lock that keeps others away. Everything here blocks.
///
/// At every moment, whatever ends the process or the power, the file or its forerunner is whole on the disk.
final class OffsetFile: Sendable {
  /// What a write does, one after the other.
  enum Step: CaseIterable {
    case madeAside, wroteHalf, wroteAll, synced, keptForerunner, replaced, syncedNames
  }

  /// What was found at the start.
  enum Content {
    case offsets([MessageQueue: Int64])
    case nothing
    /// There is something, but none of it can be read.
    case damaged(RocketMQError)
  }

  let path: String
  private var forerunner: String { "\(path).bak" }
  private let folder: String
  private let lock: FileDescriptor
  /// For tests: what throws here ends the write, as the end of the process would.
  private let afterStep: @Sendable (Step) throws(RocketMQError) -> Void

  /// Makes the folder when there is none, and locks it. Throws `storageFailed`, which names the process that has it.
  init(folder: String, afterStep: @escaping @Sendable (Step) throws(RocketMQError) -> Void = { (_) throws(RocketMQError) in })
    throws(RocketMQError)
  {
    self.folder = folder
    self.afterStep = afterStep
    path = "\(folder)/offsets.json"
    try makeDirectory(folder)
    lock = try FileDescriptor(path: "\(folder)/lock", flags: O_RDWR | O_CREAT)
    guard try lock.lock() else { throw Self.isTaken(path, by: lock) }
    guard ftruncate(lock.raw, 0) == 0 else { throw systemError("writing \(lock.path)") }
    try lock.write(Array("\(getpid())\n".utf8))
  }

  private static func isTaken(_ path: String, by lock: FileDescriptor) -> RocketMQError {
    let text = String(decoding: (try? lock.readAll()) ?? [], as: UTF8.self)
    let holder =
      switch Int32(text.prefix { $0.isNumber }) {
      case getpid()?: "another consumer of this process"
      case let process?: "process \(process)"
      case nil: "another process"
      }
    return RocketMQError(
      .storageFailed, "the offsets in \(path) are in use by \(holder); stop it, or give this consumer a directory of its own")
  }

  /// Lets others have it.
  func unlock() { lock.unlock() }

  // MARK: Reading

  /// The file, or its forerunner when there is none or it cannot be read; then it is put aside for somebody to look at.
  ///
  /// Throws `storageFailed` when the system does not let it be read: then nothing is known.
  func load(_ logger: Logger) throws(RocketMQError) -> Content {
    let main = try Self.find(path)
    if case .offsets(let offsets) = main { return .offsets(offsets) }
    switch try Self.find(forerunner) {
    case .offsets(let offsets):
      if case .damaged(let error) = main { try putAside(path, error, logger) }
      logger.warning(
        "the offsets are those of the write before the last one; some messages may be consumed again",
        metadata: ["rocketmq.file": "\(forerunner)"])
      return .offsets(offsets)
    case .damaged(let error):
      if case .damaged(let first) = main { return .damaged(first) }
      return .damaged(error)
    case .nothing: return main
    }
  }

  /// Begins anew: what is there and cannot be read is kept under other names.
  func putAside(_ error: RocketMQError, _ logger: Logger) throws(RocketMQError) {
    for path in [path, forerunner] where access(path, F_OK) == 0 { try putAside(path, error, logger) }
  }

  private func putAside(_ path: String, _ error: RocketMQError, _ logger: Logger) throws(RocketMQError) {
    let name = "\(path).damaged-\(Timestamp.now.millisecondsSince1970)"
    guard rename(path, name) == 0 else { throw systemError("renaming \(path) to \(name)") }
    logger.error(
      "an offset file cannot be read; it was put aside", metadata: ["rocketmq.file": "\(name)", LogKey.error: "\(error)"])
  }

  /// What another client has left in a folder of the same kind; nothing is changed there.
  static func peek(folder: String) throws(RocketMQError) -> Content {
    var failure: RocketMQError?
    for path in ["\(folder)/offsets.json", "\(folder)/offsets.json.bak"] {
      switch try find(path) {
      case .nothing: continue
      case .offsets(let offsets): return .offsets(offsets)
      case .damaged(let error): failure = failure ?? error
      }
    }
    return if let failure { .damaged(failure) } else { .nothing }
  }

  private static func find(_ path: String) throws(RocketMQError) -> Content {
    guard access(path, F_OK) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return .nothing }
      throw systemError("looking for \(path)")
    }
    let bytes = try FileDescriptor(path: path, flags: O_RDONLY).readAll()
    do throws(RocketMQError) { return .offsets(try OffsetFileFormat.offsets(bytes)) } catch { return .damaged(error) }
  }

  // MARK: Writing

  /// Replaces the content; returns when it is on the disk. Throws `storageFailed`: then the old content is still there.
  func replace(with offsets: [MessageQueue: Int64]) throws(RocketMQError) {
    let bytes = OffsetFileFormat.bytes(offsets)
    let aside = "\(path).new"
    let file = try FileDescriptor(path: aside, flags: O_WRONLY | O_CREAT | O_TRUNC)
    try afterStep(.madeAside)
    try file.write(Array(bytes[..<(bytes.count / 2)]))
    try afterStep(.wroteHalf)
    try file.write(Array(bytes[(bytes.count / 2)...]))
    try afterStep(.wroteAll)
    guard fsync(file.raw) == 0 else { throw systemError("syncing \(aside)") }
    try afterStep(.synced)
    guard rename(path, forerunner) == 0 || errno == ENOENT else { throw systemError("renaming \(path) to \(forerunner)") }
    try afterStep(.keptForerunner)
    guard rename(aside, path) == 0 else { throw systemError("renaming \(aside) to \(path)") }
    try afterStep(.replaced)
    try syncDirectory(folder)
    try afterStep(.syncedNames)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Dispatch
public import Logging
internal import Synchronization

/// Keeps offsets in files, one a group: `<directory>/<group>/offsets.json`. What broadcasting consumers use; clustering ones may.
/// Java: `LocalFileOffsetStore`.
///
/// **Format.** To the byte Java's, so a Java client can go on with the file and this one with Java's, also 5.x.
///
/// **Crashes.** A write goes to a file aside, is synced, and replaces the file; the one before stays as `offsets.json.bak`. Whatever ends
/// the process or the power, one of the two is whole. A file that cannot be read is put aside as `offsets.json.damaged-<time>`, an error
/// is logged, and the `.bak` is read instead. When neither can be read, ``Damage`` decides.
///
/// **Writes.** All offsets of a commit interval are one write; commits that come while one is written are the next one together. A write
/// that fails (a full disk, say) throws `storageFailed`; consumers log it and try again with the next commit.
///
/// **Sharing.** A group's file belongs to one consumer at a time: a second one, of this or another process, gets an error that names the
/// first. One store may serve consumers of several groups. Thread-safe.
public final class FileOffsetStore: BatchOffsetStore {
  /// What is done when neither a group's file nor its `.bak` can be read.
  public enum Damage: Sendable, Hashable {
    /// They are put aside, and nothing counts as stored: the group begins where ``PushConsumer/startFrom`` says. Some messages may be
    /// skipped or consumed again.
    case beginAnew
    /// ``PushConsumer/start()`` throws `storageFailed` until somebody has moved them away.
    case refuse
  }

  /// Where the groups' folders are.
  public let directory: String
  private let predecessor: String?
  private let damage: Damage
  private let groups = Mutex<[String: OpenOffsetFile]>([:])
  /// Blocks, and must not do so on Swift's threads.
  private let queue = DispatchQueue(label: "rocketmq.offsets")
  private let afterStep: @Sendable (OffsetFile.Step) throws(RocketMQError) -> Void

  /// Touches nothing yet: the folder is made when a consumer starts.
  ///
  /// - Parameters:
  ///   - directory: Made when there is none, with those above it.
  ///   - predecessor: Another such directory, from which a group is taken over when it has no file here yet; for instance Java's
  ///     (`$HOME/.rocketmq_offsets/<client id>`). It is only read.
  ///   - damage: What is done when nothing can be read; default ``Damage/beginAnew``.
  public convenience init(directory: String, takingOverFrom predecessor: String? = nil, damage: Damage = .beginAnew) {
    self.init(directory, predecessor, damage) { (_) throws(RocketMQError) in }
  }

  init(
    _ directory: String, _ predecessor: String? = nil, _ damage: Damage = .beginAnew,
    afterStep: @escaping @Sendable (OffsetFile.Step) throws(RocketMQError) -> Void
  ) {
    self.directory = directory
    self.predecessor = predecessor
    self.damage = damage
    self.afterStep = afterStep
  }

  /// Locks and reads the group's file.
  ///
  /// - Throws: `invalidArgument` for a name that is no group; `storageFailed` when another consumer has the file, when the directory or
  ///   the file cannot be used, or (``Damage/refuse``) when it is damaged.
  public func open(group: String, logger: Logger) async throws(RocketMQError) {
    try GroupName.validate(group)
    try await blocking { () throws(RocketMQError) in
      let file = try OffsetFile(folder: "\(self.directory)/\(group)", afterStep: self.afterStep)
      do throws(RocketMQError) {
        let offsets = try self.load(file, group, logger)
        self.groups.withLock { $0[group] = OpenOffsetFile(file, offsets) }
      } catch {
        file.unlock()
        throw error
      }
    }
  }

  public func offset(of queue: MessageQueue, group: String) async throws(RocketMQError) -> Int64? { try open(group).offsets[queue] }

  public func commit(_ offsets: [MessageQueue: Int64], group: String) async throws(RocketMQError) {
    let file = try open(group)
    let result = await withUnsafeContinuation { (done: UnsafeContinuation<Result<Void, RocketMQError>, Never>) in
      file.add(offsets, done)
      queue.async { file.write() }
    }
    try result.get()
  }

  /// Lets another consumer have the group's file.
  public func close(group: String) async {
    let file = groups.withLock { $0.removeValue(forKey: group) }
    // Behind the writes that wait.
    try? await blocking { () throws(RocketMQError) in file?.unlock() }
  }

  private func open(_ group: String) throws(RocketMQError) -> OpenOffsetFile {
    guard let file = groups.withLock({ $0[group] }) else {
      throw RocketMQError(.notRunning, "the offset file of \(group) in \(directory) is not open")
    }
    return file
  }

  private func load(_ file: OffsetFile, _ group: String, _ logger: Logger) throws(RocketMQError) -> [MessageQueue: Int64] {
    switch try file.load(logger) {
    case .offsets(let offsets): return offsets
    case .nothing: return try takeOver(group, logger)
    case .damaged(let error):
      guard damage == .beginAnew else {
        throw RocketMQError(
          .storageFailed, "neither \(file.path) nor its .bak can be read; repair them, or move them away to begin anew", cause: error)
      }
      try file.putAside(error, logger)
      logger.error("no offset file can be read; the group begins as if nothing were stored", metadata: ["rocketmq.file": "\(file.path)"])
      return [:]
    }
  }

  private func takeOver(_ group: String, _ logger: Logger) throws(RocketMQError) -> [MessageQueue: Int64] {
    guard let predecessor else { return [:] }
    let folder = "\(predecessor)/\(group)"
    switch try OffsetFile.peek(folder: folder) {
    case .nothing: return [:]
    case .offsets(let offsets):
      logger.notice("offsets were taken over", metadata: ["rocketmq.file": "\(folder)", LogKey.count: "\(offsets.count)"])
      return offsets
    case .damaged(let error):
      logger.error(
        "the offsets to be taken over cannot be read; the group begins as if nothing were stored",
        metadata: ["rocketmq.file": "\(folder)", LogKey.error: "\(error)"])
      return [:]
    }
  }

  private func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws(RocketMQError) -> Value) async throws(RocketMQError) -> Value
  {
    let result = await withUnsafeContinuation { (done: UnsafeContinuation<Result<Value, RocketMQError>, Never>) in
      queue.async {
        let result: Result<Value, RocketMQError>
        do throws(RocketMQError) { result = .success(try work()) } catch { result = .failure(error) }
        done.resume(returning: result)
      }
    }
    return try result.get()
  }
}

/// A group's file while a consumer has it, and the commits that wait to be written.
private final class OpenOffsetFile: Sendable {
  private typealias Waiter = UnsafeContinuation<Result<Void, RocketMQError>, Never>

  private struct State {
    /// What the file holds.
    var offsets: [MessageQueue: Int64]
    var pending: [MessageQueue: Int64] = [:]
    var waiters: [Waiter] = []
  }

  private let file: OffsetFile
  private let state: Mutex<State>

  init(_ file: OffsetFile, _ offsets: [MessageQueue: Int64]) {
    self.file = file
    state = Mutex(State(offsets: offsets))
  }

  var offsets: [MessageQueue: Int64] { state.withLock { $0.offsets } }

  func add(_ offsets: [MessageQueue: Int64], _ done: UnsafeContinuation<Result<Void, RocketMQError>, Never>) {
    state.withLock { state in
      state.pending.merge(offsets) { _, new in new }
      state.waiters.append(done)
    }
  }

  /// Everything that waits, in one write; on the store's queue. Queues that nobody commits now (of a topic that is not subscribed to any
  /// more) keep what they have.
  func write() {
    let (offsets, waiters) = state.withLock { state in
      let offsets = state.offsets.merging(state.pending) { _, new in new }
      state.pending = [:]
      return (offsets, exchange(&state.waiters, with: []))
    }
    if waiters.isEmpty { return }
    let result: Result<Void, RocketMQError>
    do throws(RocketMQError) {
      try file.replace(with: offsets)
      state.withLock { $0.offsets = offsets }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    for waiter in waiters { waiter.resume(returning: result) }
  }

  func unlock() { file.unlock() }
}

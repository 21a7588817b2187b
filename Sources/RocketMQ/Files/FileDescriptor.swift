// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// An open file; closed when the last reference goes, so that a sync under way on another thread keeps it open.
package final class FileDescriptor: Sendable {
  package let path: String
  package let raw: Int32

  /// Throws `storageFailed`.
  package init(path: String, flags: Int32) throws(RocketMQError) {
    self.path = path
    raw = open(path, flags | O_CLOEXEC, 0o644)
    guard raw >= 0 else { throw systemError("opening \(path)") }
  }

  deinit { close(raw) }

  package func size() throws(RocketMQError) -> Int {
    var facts = stat()
    guard fstat(raw, &facts) == 0 else { throw systemError("reading the size of \(path)") }
    return Int(facts.st_size)
  }

  /// All there is from the beginning.
  package func readAll() throws(RocketMQError) -> [UInt8] {
    let size = try size()
    var failed: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let part = pread(raw, buffer.baseAddress! + count, size - count, off_t(count))
        if part == 0 { break }
        if part > 0 {
          count += part
        } else if errno != EINTR {
          failed = errno
          break
        }
      }
    }
    if let failed { throw systemError("reading \(path)", failed) }
    return bytes
  }

  /// Locks the file for this process until it is closed. False: another holds the lock (also another open file of this process).
  package func lock() throws(RocketMQError) -> Bool {
    if flock(raw, LOCK_EX | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK else { throw systemError("locking \(path)") }
    return false
  }

  /// At once, and not only when the last reference goes.
  package func unlock() { flock(raw, LOCK_UN) }

  /// All of `bytes`; a part may have been written when it throws.
  package func write(_ bytes: [UInt8]) throws(RocketMQError) {
    let failed = bytes.withUnsafeBytes { bytes -> Int32? in
      var done = 0
      while done < bytes.count {
        let count = systemWrite(raw, bytes.baseAddress! + done, bytes.count - done)
        if count >= 0 { done += count } else if errno != EINTR { return errno }
      }
      return nil
    }
    if let failed { throw systemError("writing \(path)", failed) }
  }

  /// Blocks until what was written is on the disk.
  package func sync() throws(RocketMQError) {
    #if canImport(Glibc)
      let status = fdatasync(raw)
    #else
      let status = fsync(raw)
    #endif
    guard status == 0 else { throw systemError("syncing \(path)") }
  }
}

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  #if canImport(Glibc)
    Glibc.write(file, bytes, count)
  #else
    Darwin.write(file, bytes, count)
  #endif
}

/// The error of the last system call, or of `number`.
package func systemError(_ doing: String, _ number: Int32 = errno) -> RocketMQError {
  RocketMQError(.storageFailed, "\(doing): \(String(cString: strerror(number)))")
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// A file, or standard input, read in chunks by one task at a time.
final class InputFile: Sendable {
  enum Chunk: Sendable {
    /// Never empty.
    case bytes([UInt8])
    /// The end of the input, or ``InputFile/stop()`` was called.
    case end
    /// An `errno`.
    case failure(Int32)
  }

  let name: String
  private let descriptor: Int32
  private let queue = DispatchQueue(label: "rocketmq.input")
  private let reading = Mutex(Reading())

  private struct Reading {
    var stopped = false
    var waiter: UnsafeContinuation<Chunk, Never>?
  }

  /// `path` "-" is standard input.
  init(_ path: String) throws(Failure) {
    if path == "-" { try StandardStreams.requireInput() }
    name = path == "-" ? "standard input" : path
    descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure("opening \(path): \(String(cString: strerror(errno)))") }
    // Told here, like a missing file, instead of at the first read, which comes only once a name server has answered.
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw Failure("opening \(name): \(String(cString: strerror(EISDIR)))")
    }
  }

  deinit { if descriptor > 0 { close(descriptor) } }

  /// The next bytes. Reading blocks for as long as a person types, so it happens on a queue of its own.
  func read() async -> Chunk {
    await withUnsafeContinuation { waiter in
      let stopped = reading.withLock { reading in
        if !reading.stopped { reading.waiter = waiter }
        return reading.stopped
      }
      if stopped { return waiter.resume(returning: .end) }
      queue.async { [self] in finish(readBlocking()) }
    }
  }

  /// Ends the input here, on any thread; a read that is under way is left to itself.
  func stop() {
    reading.withLock { $0.stopped = true }
    finish(.end)
  }

  private func finish(_ chunk: Chunk) {
    let waiter = reading.withLock { reading in
      defer { reading.waiter = nil }
      return reading.waiter
    }
    waiter?.resume(returning: chunk)
  }

  private func readBlocking() -> Chunk {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 256 * 1024) { buffer, count in
      var result: Int
      repeat {
        #if canImport(Glibc)
          result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #else
          result = Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
      } while result < 0 && errno == EINTR
      if result < 0 { failure = errno }
      count = max(result, 0)
    }
    if failure != 0 { return .failure(failure) }
    return bytes.isEmpty ? .end : .bytes(bytes)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A directory that goes away, with everything in it, when the test forgets it.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/rocketmq-test-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } }
    guard let made else { throw SystemFailure("mkdtemp: \(String(cString: strerror(errno)))") }
    path = made
  }

  deinit { _ = system("rm -rf '\(path)'") }

  /// Writes a file and returns its path.
  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let bytes = Array(bytes)
    let file = "\(path)/\(name)"
    guard let stream = fopen(file, "w") else { throw SystemFailure("opening \(file): \(String(cString: strerror(errno)))") }
    defer { fclose(stream) }
    guard fwrite(bytes, 1, bytes.count, stream) == bytes.count else { throw SystemFailure("writing \(file)") }
    return file
  }

  func write(_ name: String, _ text: String) throws -> String { try write(name, text.utf8) }
}

struct SystemFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

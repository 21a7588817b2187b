// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Standard output for what a command is asked for, standard error for everything else.
enum Terminal {
  /// Writes a line to standard output. Throws when nobody reads it any more, or the disk is full.
  static func print(_ line: String) throws(Failure) {
    let failure = write(line + "\n", to: 1)
    guard failure == 0 else { throw Failure("writing to standard output: \(String(cString: strerror(failure)))") }
  }

  /// Writes a line to standard error.
  static func report(_ line: String) {
    _ = write(clearing() + line + "\n", to: 2)
  }

  /// Shows `line` in place of the last one; only on a terminal.
  static func progress(_ line: String) {
    if showsProgress { _ = write("\r\u{1b}[K" + line, to: 2) }
  }

  /// Takes the progress line away.
  static func endProgress() { _ = write(clearing(), to: 2) }

  static let showsProgress = isatty(2) == 1

  private static func clearing() -> String { showsProgress ? "\r\u{1b}[K" : "" }

  /// 0, or the `errno` of the failure.
  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while let start = rest.baseAddress, !rest.isEmpty {
        #if canImport(Glibc)
          let count = Glibc.write(descriptor, start, rest.count)
        #else
          let count = Darwin.write(descriptor, start, rest.count)
        #endif
        if count < 0 {
          if errno == EINTR { continue }
          return errno
        }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      }
      return 0
    }
  }
}

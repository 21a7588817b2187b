// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Cuts an input into lines.
struct LineReader {
  private let file: InputFile
  private var bytes: [UInt8] = []
  /// Where the next line begins in `bytes`.
  private var start = 0
  /// Up to here there is no line end.
  private var searched = 0
  private var atEnd = false
  /// A longer line is refused, before it is in memory as a whole.
  private let limit: Int
  /// Of the line that was returned last, from 1.
  private(set) var lineNumber = 0

  init(_ file: InputFile, limit: Int) {
    self.file = file
    self.limit = limit
  }

  /// The next line without its end ("\n" or "\r\n"); nil at the end of the input.
  mutating func next() async throws(Failure) -> [UInt8]? {
    while true {
      if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = bytes[start..<end]
        start = end + 1
        searched = start
        return try take(line)
      }
      searched = bytes.count
      if atEnd {
        guard start < bytes.count else { return nil }
        defer { start = bytes.count }
        return try take(bytes[start...])
      }
      if bytes.count - start > limit + 2 { throw tooLong() }
      bytes.removeSubrange(..<start)
      searched -= start
      start = 0
      switch await file.read() {
      case .bytes(let more): bytes += more
      case .end: atEnd = true
      case .failure(let code): throw Failure("reading \(file.name): \(String(cString: strerror(code)))")
      }
    }
  }

  private mutating func take(_ line: ArraySlice<UInt8>) throws(Failure) -> [UInt8] {
    let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    guard text.count <= limit else { throw tooLong() }
    lineNumber += 1
    return [UInt8](text)
  }

  private func tooLong() -> Failure {
    Failure("\(file.name), line \((lineNumber + 1).grouped): longer than a message may be, \(limit.grouped) bytes")
  }
}

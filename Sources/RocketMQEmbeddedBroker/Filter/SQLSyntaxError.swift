// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Why a text is no SQL condition, and where. Java: `MQFilterException`.
struct SQLSyntaxError: Error, CustomStringConvertible {
  /// "expected a value, found \")\"".
  var message: String
  /// Both from 1; columns count characters.
  var line: Int
  var column: Int

  /// `offset`: where in the text, in bytes.
  init(_ message: String, at offset: Int, in text: [UInt8]) {
    self.message = message
    let before = text.prefix(offset)
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    line = before.count { $0 == UInt8(ascii: "\n") } + 1
    column = String(decoding: before[lineStart...], as: UTF8.self).unicodeScalars.count + 1
  }

  var description: String { "line \(line), column \(column) of the SQL condition: \(message)" }
}

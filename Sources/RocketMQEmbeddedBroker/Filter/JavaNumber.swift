// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Numbers in text as Java reads them.
enum JavaNumber {
  /// Java: `Double.valueOf`: blanks around it, "NaN", "Infinity", a suffix (`5d`) and hexadecimal notation are allowed. nil: it is none.
  static func double(_ text: String) -> Double? {
    var bytes = Array(text.utf8)[...]
    while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    var sign = 1.0
    if let first = bytes.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
      if first == UInt8(ascii: "-") { sign = -1 }
      bytes.removeFirst()
    }
    switch String(decoding: bytes, as: UTF8.self) {
    case "NaN": return .nan
    case "Infinity": return sign * .infinity
    default: break
    }
    var digits = Digits(bytes)
    guard digits.isNumber else { return nil }
    return Double(String(decoding: bytes[..<digits.end], as: UTF8.self)).map { sign * $0 }
  }

  /// Java: `Integer.valueOf`.
  static func int(_ text: String) -> Int32? { Int32(text) }

  /// Java: `Long.valueOf`.
  static func long(_ text: String) -> Int64? { Int64(text) }

  /// The shape of a number without its sign: `12.5e-3`, `.5`, `0x1.8p1`, and perhaps one of `fFdD` behind it, from `end` on.
  private struct Digits {
    private let bytes: ArraySlice<UInt8>
    private(set) var end: Int

    init(_ bytes: ArraySlice<UInt8>) {
      self.bytes = bytes
      end = bytes.startIndex
    }

    var isNumber: Bool {
      mutating get {
        let isHexadecimal = takes("0") && takes("x")
        if !isHexadecimal { end = bytes.startIndex }
        let count = run(isHexadecimal) + (takes(".") ? run(isHexadecimal) : 0)
        guard count > 0 else { return false }
        if takes(isHexadecimal ? "p" : "e") {
          _ = takes("+") || takes("-")
          guard run(false) > 0 else { return false }
        } else if isHexadecimal {
          return false
        }
        let rest = bytes[end...]
        return rest.isEmpty || rest.count == 1 && "fFdD".utf8.contains(rest[end])
      }
    }

    private mutating func takes(_ character: Character) -> Bool {
      guard end < bytes.endIndex, let wanted = character.asciiValue, bytes[end] == wanted || bytes[end] | 0x20 == wanted else {
        return false
      }
      end += 1
      return true
    }

    private mutating func run(_ isHexadecimal: Bool) -> Int {
      let start = end
      while end < bytes.endIndex, isDigit(bytes[end], isHexadecimal) { end += 1 }
      return end - start
    }

    private func isDigit(_ byte: UInt8, _ isHexadecimal: Bool) -> Bool {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || isHexadecimal && (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
  }
}

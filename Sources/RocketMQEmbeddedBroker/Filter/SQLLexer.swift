// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// A word of an SQL condition.
struct SQLToken {
  enum Kind: Equatable {
    case keyword(Keyword)
    case name(String)
    /// Without its quotes.
    case string(String)
    case integer(Int64)
    case decimal(Double)
    case symbol(Symbol)
    case end
  }

  /// In any case.
  enum Keyword: String, CaseIterable {
    case and = "AND"
    case between = "BETWEEN"
    case contains = "CONTAINS"
    case endsWith = "ENDSWITH"
    case `false` = "FALSE"
    case `in` = "IN"
    case `is` = "IS"
    case not = "NOT"
    case null = "NULL"
    case or = "OR"
    case startsWith = "STARTSWITH"
    case `true` = "TRUE"
  }

  enum Symbol: String {
    case equal = "="
    case notEqual = "<>"
    case greater = ">"
    case greaterOrEqual = ">="
    case less = "<"
    case lessOrEqual = "<="
    case plus = "+"
    case minus = "-"
    case open = "("
    case close = ")"
    case comma = ","
  }

  var kind: Kind
  /// The bytes of the text that it is made of.
  var range: Range<Int>
}

/// Cuts an SQL condition into words. Java: `SelectorParserTokenManager`, whose idea of numbers is kept: "007" are three of them, while
/// "007.5" is one, and neither 0.0 nor what has no room in a `long` or a `double` can be written.
struct SQLLexer {
  let text: [UInt8]
  private var position = 0

  init(_ text: [UInt8]) { self.text = text }

  mutating func next() throws(SQLSyntaxError) -> SQLToken {
    try skipBlanks()
    let start = position
    guard let byte = peek() else { return SQLToken(kind: .end, range: start..<start) }
    let kind: SQLToken.Kind
    switch byte {
    case _ where isNameStart(byte): kind = word()
    case UInt8(ascii: "'"): kind = try string()
    case _ where isDigit(byte), UInt8(ascii: ".") where isDigit(peek(1)): kind = try number()
    default: kind = try symbol()
    }
    return SQLToken(kind: kind, range: start..<position)
  }

  // MARK: Blanks

  private mutating func skipBlanks() throws(SQLSyntaxError) {
    while let byte = peek() {
      switch (byte, peek(1)) {
      case (0x09, _), (0x0A, _), (0x0C, _), (0x0D, _), (0x20, _): position += 1
      case (UInt8(ascii: "-"), UInt8(ascii: "-")):
        // Without the end of a line it is no comment.
        guard let end = text[position...].firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) else { return }
        position = end + 1
      case (UInt8(ascii: "/"), UInt8(ascii: "*")): try skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() throws(SQLSyntaxError) {
    let start = position
    position += 2
    while let byte = peek() {
      position += 1
      if byte == UInt8(ascii: "*"), peek() == UInt8(ascii: "/") {
        position += 1
        return
      }
    }
    throw SQLSyntaxError("the comment has no end", at: start, in: text)
  }

  // MARK: Words

  private mutating func word() -> SQLToken.Kind {
    let start = position
    while let byte = peek(), isNameStart(byte) || isDigit(byte) { position += 1 }
    let name = String(decoding: text[start..<position], as: UTF8.self)
    return SQLToken.Keyword(rawValue: name.uppercased()).map { .keyword($0) } ?? .name(name)
  }

  private mutating func string() throws(SQLSyntaxError) -> SQLToken.Kind {
    let start = position
    var value: [UInt8] = []
    position += 1
    while let byte = peek() {
      position += 1
      if byte == UInt8(ascii: "'") {
        guard peek() == byte else { return .string(String(decoding: value, as: UTF8.self)) }
        position += 1
      }
      value.append(byte)
    }
    throw SQLSyntaxError("the string has no end", at: start, in: text)
  }

  private mutating func number() throws(SQLSyntaxError) -> SQLToken.Kind {
    let start = position
    skipDigits()
    var isDecimal = peek() == UInt8(ascii: ".")
    if isDecimal {
      position += 1
      skipDigits()
    }
    if skipExponent() { isDecimal = true }
    if isDecimal {
      let digits = String(decoding: text[start..<position], as: UTF8.self)
      guard let value = JavaNumber.double(digits), value.isFinite, value >= .leastNonzeroMagnitude else {
        throw SQLSyntaxError("\(digits) has no room in a double; 0 is written without a point", at: start, in: text)
      }
      return .decimal(value)
    }
    if text[start] == UInt8(ascii: "0") { position = start + 1 }
    let digits = String(decoding: text[start..<position], as: UTF8.self)
    guard let value = Int64(digits) else {
      throw SQLSyntaxError("\(digits) is more than \(Int64.max), the largest integer", at: start, in: text)
    }
    if value != 0, let suffix = peek(), suffix | 0x20 == UInt8(ascii: "l") { position += 1 }
    return .integer(value)
  }

  private mutating func skipDigits() {
    while isDigit(peek()) { position += 1 }
  }

  private mutating func skipExponent() -> Bool {
    guard let letter = peek(), letter | 0x20 == UInt8(ascii: "e") else { return false }
    let isSigned = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
    guard isDigit(peek(isSigned ? 2 : 1)) else { return false }
    position += isSigned ? 2 : 1
    skipDigits()
    return true
  }

  private mutating func symbol() throws(SQLSyntaxError) -> SQLToken.Kind {
    for length in [2, 1] where position + length <= text.count {
      let candidate = String(decoding: text[position..<(position + length)], as: UTF8.self)
      if let symbol = SQLToken.Symbol(rawValue: candidate) {
        position += length
        return .symbol(symbol)
      }
    }
    let rest = String(decoding: text[position...].prefix(4), as: UTF8.self)
    throw SQLSyntaxError("\"\(rest.unicodeScalars.first.map(String.init) ?? "")\" means nothing here", at: position, in: text)
  }

  // MARK: Bytes

  private func peek(_ distance: Int = 0) -> UInt8? { position + distance < text.count ? text[position + distance] : nil }
}

private func isDigit(_ byte: UInt8?) -> Bool { byte.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false }

private func isNameStart(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
}

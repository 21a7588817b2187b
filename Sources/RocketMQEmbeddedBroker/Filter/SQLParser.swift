// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Reads an SQL condition. Java: `SelectorParser`, whose precedences are kept: `NOT` binds more tightly than comparisons, so
/// `NOT a = 1` is `(NOT a) = 1`.
///
/// Unlike Java's it does not pass over what stands behind a whole condition: `name LIKE 'x'` is an error, and not just `name`.
struct SQLParser {
  /// Parentheses, signs, `NOT`s and comparisons within each other; more could use up the stack.
  static let deepest = 100
  /// Bytes.
  static let longest = 64 << 10

  private var lexer: SQLLexer
  private var token: SQLToken
  private var following: SQLToken?
  private var depth = 0

  static func parse(_ text: String) throws(SQLSyntaxError) -> SQLExpression {
    let bytes = Array(text.utf8)
    guard bytes.count <= longest else {
      throw SQLSyntaxError("it is \(bytes.count) bytes long; \(longest) are allowed", at: 0, in: bytes)
    }
    var parser = try SQLParser(bytes)
    let condition = try parser.condition { parser throws(SQLSyntaxError) in try parser.disjunction() }
    guard parser.token.kind == .end else { throw parser.unexpected("AND, OR or the end") }
    return condition
  }

  private init(_ text: [UInt8]) throws(SQLSyntaxError) {
    lexer = SQLLexer(text)
    token = try lexer.next()
  }

  // MARK: Conditions

  private mutating func disjunction() throws(SQLSyntaxError) -> SQLExpression {
    try joined(by: .or, SQLExpression.or) { parser throws(SQLSyntaxError) in
      try parser.joined(by: .and, SQLExpression.and) { parser throws(SQLSyntaxError) in try parser.equality() }
    }
  }

  /// One part alone is handed on as it is: it need not be a condition.
  private mutating func joined(
    by keyword: SQLToken.Keyword, _ join: ([SQLExpression]) -> SQLExpression,
    _ part: (inout SQLParser) throws(SQLSyntaxError) -> SQLExpression
  ) throws(SQLSyntaxError) -> SQLExpression {
    let start = token.range.lowerBound
    let first = try part(&self)
    guard token.kind == .keyword(keyword) else { return first }
    var parts = [try condition(first, at: start)]
    while try takes(keyword) { parts.append(try condition(part)) }
    return join(parts)
  }

  private mutating func condition(
    _ part: (inout SQLParser) throws(SQLSyntaxError) -> SQLExpression
  ) throws(SQLSyntaxError) -> SQLExpression {
    let start = token.range.lowerBound
    return try condition(try part(&self), at: start)
  }

  private func condition(_ expression: SQLExpression, at start: Int) throws(SQLSyntaxError) -> SQLExpression {
    if expression.isCondition { return expression }
    if case .property = expression { return .truth(expression) }
    throw SQLSyntaxError("a condition is needed here, not a value", at: start, in: lexer.text)
  }

  // MARK: Comparisons

  private mutating func equality() throws(SQLSyntaxError) -> SQLExpression {
    let outer = depth
    defer { depth = outer }
    let start = token.range.lowerBound
    var left = try comparison()
    while true {
      try deepen()
      if try takes(.equal) {
        left = try equal(left, at: start)
      } else if try takes(.notEqual) {
        left = .not(try equal(left, at: start))
      } else if try takes(.is) {
        let isNegated = try takes(.not)
        guard try takes(.null) else { throw unexpected(isNegated ? "NULL" : "NULL or NOT NULL") }
        let isNull = SQLExpression.equal(left, .literal(.null))
        left = isNegated ? .not(isNull) : isNull
      } else {
        return left
      }
    }
  }

  /// What stands behind the sign.
  private mutating func equal(_ left: SQLExpression, at start: Int) throws(SQLSyntaxError) -> SQLExpression {
    let rightStart = token.range.lowerBound
    let right = try comparison()
    for (side, place) in [(left, start), (right, rightStart)] {
      guard case .literal(.null) = side else { continue }
      throw SQLSyntaxError("NULL is not compared; write IS NULL or IS NOT NULL", at: place, in: lexer.text)
    }
    if case .literal(.bool) = left, case .literal(let value) = right, value.truth == nil {
      throw SQLSyntaxError("a truth value is not compared with another value", at: rightStart, in: lexer.text)
    }
    return .equal(left, right)
  }

  private mutating func comparison() throws(SQLSyntaxError) -> SQLExpression {
    let outer = depth
    defer { depth = outer }
    let start = token.range.lowerBound
    var left = try signed()
    while true {
      try deepen()
      if let order = try takesOrder() {
        left = .order(order, try ordered(left, at: start), try orderedOperand())
        continue
      }
      let isNegated = try startsNegatedTest()
      if isNegated { try advance() }
      if try takes(.between) {
        left = try between(left, at: start, isNegated: isNegated)
      } else if try takes(.in) {
        guard case .property(let name) = left else { throw SQLSyntaxError("IN needs a property before it", at: start, in: lexer.text) }
        left = .among(property: name, try list(), isNegated: isNegated)
      } else if let test = try takesTextTest() {
        left = .text(test, left, Array(try string().utf8), isNegated: isNegated)
      } else {
        return left
      }
    }
  }

  private mutating func between(_ value: SQLExpression, at start: Int, isNegated: Bool) throws(SQLSyntaxError) -> SQLExpression {
    let value = try ordered(value, at: start)
    let lowStart = token.range.lowerBound
    let low = try orderedOperand()
    guard try takes(.and) else { throw unexpected("AND and the upper bound") }
    let high = try orderedOperand()
    if isNegated { return .or([.order(.less, value, low), .order(.greater, value, high)]) }
    if case .literal(let least) = low, case .literal(let most) = high, let order = try? least.compared(to: most), order > 0 {
      throw SQLSyntaxError("the lower bound is above the upper one", at: lowStart, in: lexer.text)
    }
    return .and([.order(.greaterOrEqual, value, low), .order(.lessOrEqual, value, high)])
  }

  private mutating func orderedOperand() throws(SQLSyntaxError) -> SQLExpression {
    let start = token.range.lowerBound
    return try ordered(try signed(), at: start)
  }

  private func ordered(_ operand: SQLExpression, at start: Int) throws(SQLSyntaxError) -> SQLExpression {
    switch operand {
    case .literal(.int), .literal(.long), .literal(.double), .property, .negative: return operand
    default: throw SQLSyntaxError("only properties and numbers have an order", at: start, in: lexer.text)
    }
  }

  private mutating func list() throws(SQLSyntaxError) -> Set<[UInt8]> {
    var values: Set<[UInt8]> = []
    guard try takes(.open) else { throw unexpected("\"(\"") }
    repeat { values.insert(Array(try string().utf8)) } while try takes(.comma)
    guard try takes(.close) else { throw unexpected("\",\" or \")\"") }
    return values
  }

  private mutating func string() throws(SQLSyntaxError) -> String {
    guard case .string(let value) = token.kind else { throw unexpected("a string in single quotes") }
    try advance()
    return value
  }

  // MARK: Values

  private mutating func signed() throws(SQLSyntaxError) -> SQLExpression {
    let outer = depth
    defer { depth = outer }
    try deepen()
    if try takes(.plus) { return try signed() }
    if try takes(.minus) { return .negative(try signed()) }
    if try takes(.not) { return .not(try condition { parser throws(SQLSyntaxError) in try parser.signed() }) }
    return try primary()
  }

  private mutating func primary() throws(SQLSyntaxError) -> SQLExpression {
    let value: SQLExpression
    switch token.kind {
    case .name(let name): value = .property(name)
    case .string(let text): value = .literal(.text(text))
    case .integer(let number): value = .literal(Int32(exactly: number).map { .int($0) } ?? .long(number))
    case .decimal(let number): value = .literal(.double(number))
    case .keyword(.true): value = .literal(.bool(true))
    case .keyword(.false): value = .literal(.bool(false))
    case .keyword(.null): value = .literal(.null)
    case .symbol(.open):
      try advance()
      let inner = try disjunction()
      guard try takes(.close) else { throw unexpected("\")\"") }
      return inner
    default: throw unexpected("a property, a value or \"(\"")
    }
    try advance()
    return value
  }

  // MARK: Tokens

  private mutating func advance() throws(SQLSyntaxError) {
    if let following {
      token = following
      self.following = nil
    } else {
      token = try lexer.next()
    }
  }

  private mutating func peek() throws(SQLSyntaxError) -> SQLToken {
    if let following { return following }
    let next = try lexer.next()
    following = next
    return next
  }

  private mutating func takes(_ symbol: SQLToken.Symbol) throws(SQLSyntaxError) -> Bool {
    guard token.kind == .symbol(symbol) else { return false }
    try advance()
    return true
  }

  private mutating func takes(_ keyword: SQLToken.Keyword) throws(SQLSyntaxError) -> Bool {
    guard token.kind == .keyword(keyword) else { return false }
    try advance()
    return true
  }

  private mutating func takesOrder() throws(SQLSyntaxError) -> SQLExpression.Order? {
    let order: SQLExpression.Order
    switch token.kind {
    case .symbol(.greater): order = .greater
    case .symbol(.greaterOrEqual): order = .greaterOrEqual
    case .symbol(.less): order = .less
    case .symbol(.lessOrEqual): order = .lessOrEqual
    default: return nil
    }
    try advance()
    return order
  }

  private mutating func takesTextTest() throws(SQLSyntaxError) -> SQLExpression.TextTest? {
    if try takes(.contains) { return .contains }
    if try takes(.startsWith) { return .startsWith }
    return try takes(.endsWith) ? .endsWith : nil
  }

  /// `NOT` before a test, as in `a NOT IN ('x')`.
  private mutating func startsNegatedTest() throws(SQLSyntaxError) -> Bool {
    guard token.kind == .keyword(.not) else { return false }
    return switch try peek().kind {
    case .keyword(.between), .keyword(.in), .keyword(.contains), .keyword(.startsWith), .keyword(.endsWith): true
    default: false
    }
  }

  private mutating func deepen() throws(SQLSyntaxError) {
    depth += 1
    if depth > Self.deepest {
      throw SQLSyntaxError("more than \(Self.deepest) parts within each other", at: token.range.lowerBound, in: lexer.text)
    }
  }

  private func unexpected(_ expected: String) -> SQLSyntaxError {
    let found = String(decoding: lexer.text[token.range].prefix(40), as: UTF8.self)
    return SQLSyntaxError(
      "expected \(expected), found \(token.kind == .end ? "the end" : "\"\(found)\"")", at: token.range.lowerBound, in: lexer.text)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// An SQL condition, or a part of one. Java: `Expression` and its subclasses.
indirect enum SQLExpression {
  enum Order {
    case greater, greaterOrEqual, less, lessOrEqual

    func holds(_ comparison: Int) -> Bool {
      switch self {
      case .greater: comparison > 0
      case .greaterOrEqual: comparison >= 0
      case .less: comparison < 0
      case .lessOrEqual: comparison <= 0
      }
    }
  }

  enum TextTest {
    case contains, startsWith, endsWith
  }

  case literal(SQLValue)
  case property(String)
  case negative(SQLExpression)
  /// A property where a condition should stand: it is text, so never true. Java: `BOOLEANCAST`.
  case truth(SQLExpression)
  case not(SQLExpression)
  case and([SQLExpression])
  case or([SQLExpression])
  case equal(SQLExpression, SQLExpression)
  case order(Order, SQLExpression, SQLExpression)
  case among(property: String, Set<[UInt8]>, isNegated: Bool)
  case text(TextTest, SQLExpression, [UInt8], isNegated: Bool)

  /// It is true, false or unknown. Java: `BooleanExpression`.
  var isCondition: Bool {
    switch self {
    case .literal(.null), .literal(.bool): true
    case .literal, .property, .negative: false
    default: true
    }
  }

  /// `properties`: the value of a property; nil when there is none.
  func value(_ properties: (String) -> String?) throws(SQLIncomparable) -> SQLValue {
    switch self {
    case .literal(let value): return value
    case .property(let name): return properties(name).map { .text($0) } ?? .null
    case .negative(let inner): return negated(try inner.value(properties))
    case .truth(let inner): return try inner.value(properties).isNull ? .null : .bool(false)
    case .not(let inner): return .truth(try inner.value(properties).truth.map { !$0 })
    case .and(let parts): return try joined(parts, until: false, properties)
    case .or(let parts): return try joined(parts, until: true, properties)
    case .equal(let left, let right): return try equality(try left.value(properties), try right.value(properties))
    case .order(let order, let left, let right):
      let left = try left.value(properties)
      if left.isNull { return .null }
      let right = try right.value(properties)
      if right.isNull { return .null }
      return .bool(order.holds(try number(left, beside: right).compared(to: number(right, beside: left))))
    case .among(let property, let values, let isNegated):
      guard let value = properties(property) else { return .null }
      return .bool(values.contains(Array(value.utf8)) != isNegated)
    case .text(let test, let inner, let part, let isNegated):
      // Never unknown, and the negation of what does not apply is false, too.
      guard case .text(let text) = try inner.value(properties), !part.isEmpty else { return .bool(false) }
      return .bool(test.holds(text, part) != isNegated)
    }
  }

  private func negated(_ value: SQLValue) -> SQLValue {
    switch value {
    case .int(let number): .int(0 &- number)
    case .long(let number): .long(0 &- number)
    case .double(let number): .double(-number)
    default: .null
    }
  }

  /// `until`: the value that decides; what comes behind it is not looked at.
  private func joined(_ parts: [SQLExpression], until: Bool, _ properties: (String) -> String?) throws(SQLIncomparable) -> SQLValue {
    var isUnknown = false
    for part in parts {
      switch try part.value(properties).truth {
      case until: return .bool(until)
      case nil: isUnknown = true
      default: break
      }
    }
    return isUnknown ? .null : .bool(!until)
  }

  /// Java's, which is not symmetric: where only the right side is missing, it is false and not unknown, and two missing ones are equal.
  private func equality(_ left: SQLValue, _ right: SQLValue) throws(SQLIncomparable) -> SQLValue {
    switch (left.isNull, right.isNull) {
    case (true, true): .bool(true)
    case (true, false): .null
    case (false, true): .bool(false)
    case (false, false): .bool(try left.compared(to: right) == 0)
    }
  }

  /// Two texts are ordered as numbers.
  private func number(_ value: SQLValue, beside other: SQLValue) throws(SQLIncomparable) -> SQLValue {
    guard case .text(let text) = value, case .text = other else { return value }
    guard let number = JavaNumber.double(text) else { throw SQLIncomparable() }
    return .double(number)
  }
}

extension SQLExpression.TextTest {
  fileprivate func holds(_ text: String, _ part: [UInt8]) -> Bool {
    var text = text
    return text.withUTF8 { text in
      guard part.count <= text.count else { return false }
      switch self {
      case .startsWith: return text.prefix(part.count).elementsEqual(part)
      case .endsWith: return text.suffix(part.count).elementsEqual(part)
      case .contains: return (0...(text.count - part.count)).contains { text[$0..<($0 + part.count)].elementsEqual(part) }
      }
    }
  }
}

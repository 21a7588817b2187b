// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a part of an SQL condition comes to.
enum SQLValue: Equatable {
  case null
  case bool(Bool)
  /// Java: `Integer`; how large a literal is decides how text that is compared with it is read.
  case int(Int32)
  case long(Int64)
  case double(Double)
  /// Every property is one.
  case text(String)
}

/// Two values that cannot be compared: a message for which that happens does not match, whatever the rest of the condition says. Java
/// throws, and catches it around the whole condition.
struct SQLIncomparable: Error {}

extension SQLValue {
  var isNull: Bool { if case .null = self { true } else { false } }

  /// nil: it is unknown. Only conditions are asked.
  var truth: Bool? { if case .bool(let value) = self { value } else { nil } }

  static func truth(_ value: Bool?) -> SQLValue { value.map { .bool($0) } ?? .null }

  /// Below, equal to or above 0, as Java's `compareTo` after its conversions: text is read as what it is compared with. With a truth
  /// value on one side only, it is below 0.
  func compared(to other: SQLValue) throws(SQLIncomparable) -> Int {
    switch (self, other) {
    case (.int(let left), .int(let right)): order(left, right)
    case (.long(let left), .long(let right)): order(left, right)
    case (.int(let left), .long(let right)): order(Int64(left), right)
    case (.long(let left), .int(let right)): order(left, Int64(right))
    case (.double(let left), .double(let right)): order(left, right)
    case (.double(let left), .int(let right)): order(left, Double(right))
    case (.double(let left), .long(let right)): order(left, Double(right))
    case (.int(let left), .double(let right)): order(Double(left), right)
    case (.long(let left), .double(let right)): order(Double(left), right)
    case (.bool(let left), .bool(let right)): order(left ? 1 : 0, right ? 1 : 0)

    case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8) ? 0 : 1
    case (.text(let left), .int): try read(JavaNumber.int(left).map { .int($0) }).compared(to: other)
    case (.text(let left), .long): try read(JavaNumber.long(left).map { .long($0) }).compared(to: other)
    case (.text(let left), .double): try read(JavaNumber.double(left).map { .double($0) }).compared(to: other)
    case (.text(let left), .bool): try SQLValue.bool(left.lowercased() == "true").compared(to: other)
    case (.int, .text(let right)): try compared(to: read(JavaNumber.int(right).map { .int($0) }))
    case (.long, .text(let right)): try compared(to: read(JavaNumber.long(right).map { .long($0) }))
    case (.double, .text(let right)): try compared(to: read(JavaNumber.double(right).map { .double($0) }))
    case (.bool, .text): throw SQLIncomparable()

    case (.bool, _), (_, .bool), (.null, _), (_, .null): -1
    }
  }

  private func read(_ value: SQLValue?) throws(SQLIncomparable) -> SQLValue {
    guard let value else { throw SQLIncomparable() }
    return value
  }

  private func order<Number: Comparable>(_ left: Number, _ right: Number) -> Int { left < right ? -1 : left == right ? 0 : 1 }

  /// Java: `Double.compare`: -0 comes before 0, and NaN after everything, equal to itself.
  private func order(_ left: Double, _ right: Double) -> Int {
    if left < right { return -1 }
    if left > right { return 1 }
    if left.isNaN || right.isNaN { return order(left.isNaN ? 1 : 0, right.isNaN ? 1 : 0) }
    return order(left.sign == .minus ? 0 : 1, right.sign == .minus ? 0 : 1)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// A compiled SQL condition over the properties of a message. Java: `ConsumerFilterData`, and `SqlFilter`, which compiles it.
struct SQLFilter {
  private let condition: SQLExpression

  init(_ text: String) throws(SQLSyntaxError) { condition = try SQLParser.parse(text) }

  /// `properties`: the property text of a record.
  func matches(_ properties: UnsafeRawBufferPointer) -> Bool {
    outcome { PropertyBlock.value($0, in: properties) } == .holds
  }

  enum Outcome {
    case holds, doesNotHold, unknown
    /// Values that it compares cannot be compared.
    case incomparable
  }

  func outcome(_ properties: (String) -> String?) -> Outcome {
    do throws(SQLIncomparable) {
      switch try condition.value(properties).truth {
      case true?: return .holds
      case false?: return .doesNotHold
      case nil: return .unknown
      }
    } catch {
      return .incomparable
    }
  }
}

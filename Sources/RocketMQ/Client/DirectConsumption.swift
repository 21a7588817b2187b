// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a listener made of one message that was handed to it by request (309). Java: `ConsumeMessageDirectlyResult`.
package struct DirectConsumption: Sendable, Equatable {
  /// Java: `CMResult`.
  package enum Outcome: String, Sendable {
    case success = "CR_SUCCESS"
    case later = "CR_LATER"
    case rollback = "CR_ROLLBACK"
    case commit = "CR_COMMIT"
    case threw = "CR_THROW_EXCEPTION"
    case returnedNull = "CR_RETURN_NULL"
  }

  package var outcome: Outcome
  /// What was thrown.
  package var remark: String?
  package var isOrderly = false
  package var commitsAutomatically = true
  package var spent: Duration = .zero

  package init(_ outcome: Outcome, remark: String? = nil) {
    self.outcome = outcome
    self.remark = remark
  }

  package var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("autoCommit", .bool(commitsAutomatically)), .init("consumeResult", .string(outcome.rawValue)), .init("order", .bool(isOrderly)),
    ]
    if let remark { members.append(.init("remark", .string(remark))) }
    members.append(.init("spentTimeMills", .int(spent.wholeMilliseconds)))
    return .object(members)
  }

  /// nil when it names no known outcome.
  package init?(json: JSONValue) {
    guard let outcome = json["consumeResult"]?.text.flatMap(Outcome.init(rawValue:)) else { return nil }
    self.init(outcome, remark: json["remark"]?.text)
    isOrderly = json["order"]?.bool ?? false
    commitsAutomatically = json["autoCommit"]?.bool ?? true
    spent = .milliseconds(json["spentTimeMills"]?.int64 ?? 0)
  }
}

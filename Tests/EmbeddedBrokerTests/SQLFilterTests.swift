// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import Testing

@testable import RocketMQEmbeddedBroker

/// The language by itself; see ``SQLPullTests`` for what brokers do with it.
@Suite("SQL conditions") struct SQLFilterTests {
  /// 2,807 conditions with what the Java classes of 5.3 made of them for ten messages, see `Tests/Fixtures/sql92/README.md`.
  @Test func agreeWithJava() throws {
    let fixture = try fixture("sql92/conditions.json")
    let messages = fixture["properties"]?.elements.map(properties) ?? []
    let conditions = fixture["conditions"]?.elements ?? []
    #expect(conditions.count == 2807 && messages.count == 10)
    for condition in conditions {
      let text = condition.elements[0].text ?? ""
      let expected = condition.elements[1].text ?? ""
      #expect(outcomes(text, messages) == (expected == "rest" ? "error" : expected), "\(text)")
    }
  }

  /// "error", or for each message "t", "f", "n" for unknown, "!" for what cannot be compared.
  private func outcomes(_ text: String, _ messages: [[String: String]]) -> String {
    guard let filter = try? SQLFilter(text) else { return "error" }
    return String(
      messages.map { message -> Character in
        switch filter.outcome({ message[$0] }) {
        case .holds: "t"
        case .doesNotHold: "f"
        case .unknown: "n"
        case .incomparable: "!"
        }
      })
  }

  private func properties(_ json: JSONValue) -> [String: String] {
    Dictionary(uniqueKeysWithValues: json.members.map { ($0.key.text ?? "", $0.value.text ?? "") })
  }

  private func fixture(_ name: String, file: StaticString = #filePath) throws -> JSONValue {
    let tests = "\(file)".split(separator: "/").dropLast(2).joined(separator: "/")
    return try JSONValue(parsing: readFile("/\(tests)/Fixtures/\(name)"))
  }

  @Test(arguments: [
    ("a >", 1, 4, "found the end"), ("a > 1 AND", 1, 10, "found the end"), ("(a = 1", 1, 7, "expected \")\""),
    ("a = 1 b", 1, 7, "expected AND, OR or the end, found \"b\""), ("name LIKE 'x%'", 1, 6, "found \"LIKE\""),
    ("a = 'x", 1, 5, "the string has no end"), ("a /* x", 1, 3, "the comment has no end"), ("a = é", 1, 5, "\"é\" means nothing"),
    ("ä", 1, 1, "means nothing"), ("a = 1\nAND b ! 2", 2, 7, "\"!\" means nothing"), ("'日本' = x y", 1, 10, "found \"y\""),
    ("a = NULL", 1, 5, "IS NULL"), ("a > 'x'", 1, 5, "only properties and numbers"), ("a BETWEEN 5 AND 1", 1, 11, "the lower bound"),
    ("a BETWEEN 5", 1, 12, "expected AND"), ("a IN (1)", 1, 7, "a string in single quotes"), ("1 IN ('x')", 1, 1, "IN needs a property"),
    ("a IS 5", 1, 6, "NULL or NOT NULL"), ("5", 1, 1, "a condition is needed"), ("a AND 'x'", 1, 7, "a condition is needed"),
    ("a > 0.0", 1, 5, "0 is written without a point"), ("a = 9223372036854775808", 1, 5, "the largest integer"), ("", 1, 1, "the end"),
  ])
  func errorsNameThePlace(_ text: String, line: Int, column: Int, says part: String) {
    let error = #expect(throws: SQLSyntaxError.self) { try SQLFilter(text) }
    #expect(error?.line == line && error?.column == column)
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    String(repeating: "(", count: 60_000), String(repeating: "NOT ", count: 15_000), String(repeating: "- ", count: 30_000) + "1",
    "a" + String(repeating: " = a", count: 15_000), "a" + String(repeating: " CONTAINS 'x'", count: 4000),
    String(repeating: "(", count: 101) + "a" + String(repeating: ")", count: 101),
  ])
  func nestingTooDeepIsRefusedAndNoStackOverflows(_ text: String) {
    let error = #expect(throws: SQLSyntaxError.self) { try SQLFilter(text) }
    #expect(error?.message.contains("within each other") == true, "\(error?.description ?? "")")
  }

  @Test func whatIsWithinTheLimitsIsNot() throws {
    let nested = String(repeating: "(", count: 90) + "a = 1" + String(repeating: ")", count: 90)
    #expect(try SQLFilter(nested).outcome { _ in "1" } == .holds)
    let many = (1...4000).map { "a = \($0)" }.joined(separator: " OR ")
    #expect(many.utf8.count < SQLParser.longest)
    #expect(try SQLFilter(many).outcome { _ in "4000" } == .holds)
    #expect(throws: SQLSyntaxError.self) { try SQLFilter("a = '" + String(repeating: "x", count: SQLParser.longest) + "'") }
  }

  /// Whatever bytes come, it ends, with a condition or an error.
  @Test func rubbishIsAnError() {
    var random = SystemRandomNumberGenerator()
    let pieces = [
      "a", "'", "(", ")", "NOT", "AND", "BETWEEN", "IN", "IS", "NULL", "1", ".", "e", "--", "/*", "*/", "=", "<", ">", "\u{0}", "é", ",",
    ]
    var refused = 0
    for _ in 0..<3000 {
      let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined(separator: " ")
      do throws(SQLSyntaxError) { _ = try SQLFilter(text).outcome { _ in "1" } } catch { refused += 1 }
    }
    #expect(refused > 1500)
  }

  @Test func textIsComparedByItsBytesAsJavaDoes() throws {
    let filter = try SQLFilter("a = '\u{E9}' OR b IN ('\u{E9}')")
    #expect(filter.outcome { $0 == "a" ? "\u{E9}" : nil } == .holds)
    #expect(filter.outcome { $0 == "a" ? "e\u{301}" : "x" } == .doesNotHold)
    #expect(filter.outcome { $0 == "b" ? "e\u{301}" : "x" } == .doesNotHold)
  }
}

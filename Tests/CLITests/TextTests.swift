// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import RocketMQ
import Testing

@testable import RocketMQCLI

@Suite("What the command reads and writes")
struct TextTests {
  @Test(
    "A time may be written in these ways",
    arguments: [
      ("1769847330250", 1_769_847_330_250), ("2026-01-31T08:15:30.250Z", 1_769_847_330_250), ("2026-01-31 08:15:30,25", 1_769_847_330_250),
      ("2026-01-31T10:15:30.250+02:00", 1_769_847_330_250), ("2026-01-31T03:45:30.2509-0430", 1_769_847_330_250),
      ("2026-01-31T08:15", 1_769_847_300_000), ("2026-01-31", 1_769_817_600_000), ("2024-02-29", 1_709_164_800_000),
    ])
  func time(text: String, milliseconds: Int64) throws {
    #expect(try StartTime.parse(text) == .time(Timestamp(millisecondsSince1970: milliseconds)))
  }

  @Test(
    "What is no time is refused",
    arguments: [
      "", "-1", "0", "1769847330", "yesterday", "2026", "2026-1-31", "2026-02-30", "2026-13-01", "2026-01-31T", "2026-01-31T25:00",
      "2026-01-31T08:15:30.",
      "FIRST",
      "2026-01-31T08:15:30Zulu", "2026-01-31T08:15+2", "1970-01-01T00:00:61",
    ])
  func noTime(text: String) {
    #expect(throws: (any Error).self) { try StartTime.parse(text) }
  }

  @Test(
    "Base 64 is that of RFC 4648",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
  func base64Text(plain: String, encoded: String) {
    #expect(base64(Array(plain.utf8)) == encoded)
  }

  @Test("Numbers are grouped", arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
  func grouped(number: Int, text: String) {
    #expect(number.grouped == text)
  }
}

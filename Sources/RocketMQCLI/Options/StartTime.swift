// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser
internal import RocketMQ

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Where a group that has no offset yet begins: `first`, `last`, or a time.
enum StartTime: Sendable, Equatable {
  case first
  case last
  case time(Timestamp)

  /// A smaller number is a year, or seconds, rather than milliseconds of 1973 or before.
  private static let leastMilliseconds: Int64 = 100_000_000_000

  /// A time is milliseconds since 1970, or "2026-01-31", "2026-01-31T08:15", "2026-01-31T08:15:30.250Z", "…+02:00"; without a
  /// zone it is UTC.
  @Sendable static func parse(_ text: String) throws -> StartTime {
    switch text {
    case "first": return .first
    case "last": return .last
    default:
      if let milliseconds = Int64(text), milliseconds >= leastMilliseconds {
        return .time(Timestamp(millisecondsSince1970: milliseconds))
      }
      if let time = Timestamp(iso8601: text) { return .time(time) }
      throw ValidationError("it must be first, last, or a time: ISO 8601 such as 2026-01-31T08:15:00Z, or milliseconds since 1970")
    }
  }
}

extension Timestamp {
  /// The common part of ISO 8601: a date, and perhaps a time to the minute, second or fraction, and perhaps a zone.
  init?(iso8601 text: String) {
    var rest = Substring(text)
    func number(_ digits: Int, _ range: ClosedRange<Int32>) -> Int32? {
      let field = rest.prefix(digits)
      guard field.utf8.count == digits, field.utf8.allSatisfy({ 48...57 ~= $0 }), let value = Int32(field), range ~= value else {
        return nil
      }
      rest = rest.dropFirst(digits)
      return value
    }
    func skip(_ characters: String) -> Bool {
      guard let first = rest.first, characters.contains(first) else { return false }
      rest = rest.dropFirst()
      return true
    }

    var parts = tm()
    guard let year = number(4, 1970...9999), skip("-"), let month = number(2, 1...12), skip("-"), let day = number(2, 1...31) else {
      return nil
    }
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
    var milliseconds: Int64 = 0
    if skip("T ") {
      guard let hour = number(2, 0...23), skip(":"), let minute = number(2, 0...59) else { return nil }
      (parts.tm_hour, parts.tm_min) = (hour, minute)
      if skip(":") {
        guard let second = number(2, 0...60) else { return nil }
        parts.tm_sec = second
        if skip(".,") {
          let digits = rest.prefix { $0.isASCII && $0.isNumber }
          guard !digits.isEmpty, let value = Int64((digits + "00").prefix(3)) else { return nil }
          milliseconds = value
          rest = rest.dropFirst(digits.count)
        }
      }
    }
    var offset: Int64 = 0
    if !skip("Zz"), let sign = rest.first, sign == "+" || sign == "-" {
      rest = rest.dropFirst()
      guard let hours = number(2, 0...23) else { return nil }
      _ = skip(":")
      guard let minutes = number(2, 0...59) else { return nil }
      offset = Int64(hours * 60 + minutes) * 60 * (sign == "-" ? -1 : 1)
    }
    guard rest.isEmpty else { return nil }
    let seconds = Int64(timegm(&parts))
    guard parts.tm_mday == day else { return nil }  // no 30th of February
    self.init(millisecondsSince1970: (seconds - offset) * 1000 + milliseconds)
  }
}

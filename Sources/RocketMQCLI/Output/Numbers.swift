// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

extension BinaryInteger {
  /// "1,234,567".
  var grouped: String {
    let digits = String(magnitude)
    var text = self < 0 ? "-" : ""
    for (i, digit) in digits.enumerated() {
      if i > 0 && (digits.count - i) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// "1 message", "2 messages".
  func of(_ noun: String) -> String { "\(grouped) \(noun)\(self == 1 ? "" : "s")" }
}

extension Duration {
  var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }

  /// "0.123", in seconds.
  var secondsText: String {
    let milliseconds = Int64((seconds * 1000).rounded())
    let rest = String(milliseconds % 1000)
    return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
  }

  /// How many a second that many are; 0 when no time has passed.
  func rate(of count: Int) -> Int { seconds > 0 ? Int(Double(count) / seconds) : 0 }
}

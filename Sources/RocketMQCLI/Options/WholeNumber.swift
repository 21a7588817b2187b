// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import ArgumentParser

/// What an option does with its value: takes a whole number of `range`, and refuses everything else in words that name the range.
///
/// The parser shows no default for an option with such a transform: the option's help has to name it.
func wholeNumber<N: FixedWidthInteger & Sendable>(_ range: ClosedRange<N>) -> @Sendable (String) throws -> N {
  { text in
    guard let number = N(text), range ~= number else {
      let limit = range.upperBound >= Int32.max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
      throw ValidationError("it must be a whole number, \(limit)")
    }
    return number
  }
}

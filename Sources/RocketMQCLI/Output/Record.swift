// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

internal import RocketMQ

extension JSONValue {
  /// An object with these names, in this order.
  static func record(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(members.map { Member(.string($0.0), $0.1) })
  }
}

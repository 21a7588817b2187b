// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Where a group begins with a queue for which no offset is stored. With a stored offset it goes on from there. Java: `ConsumeFromWhere`.
///
/// When offsets are kept at brokers, a broker answers "offset 0" for a new group as long as the queue's first message is still in its
/// memory; then every group begins with that one, whatever is chosen here. The group's own retry topic always begins with its first
/// message: what has failed must not be skipped.
public enum ConsumeStart: Sendable, Hashable {
  /// With what comes from now on. Java: `CONSUME_FROM_LAST_OFFSET`.
  case latest
  /// With the first message that is still there. Java: `CONSUME_FROM_FIRST_OFFSET`.
  case earliest
  /// With the message stored nearest to this time, which may be a little older. Java: `CONSUME_FROM_TIMESTAMP`.
  case timestamp(Timestamp)

  var javaName: String {
    switch self {
    case .latest: "CONSUME_FROM_LAST_OFFSET"
    case .earliest: "CONSUME_FROM_FIRST_OFFSET"
    case .timestamp: "CONSUME_FROM_TIMESTAMP"
    }
  }
}

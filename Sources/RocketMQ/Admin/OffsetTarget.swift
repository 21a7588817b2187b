// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Where a group is to go on.
public enum OffsetTarget: Sendable, Hashable {
  /// With the first message that is still there.
  case first
  /// With what comes from now on.
  case last
  /// With the message stored nearest to this time, which may be a little older; brokers from 5.0 on: the first that is not older.
  case time(Timestamp)
  /// With this offset in every queue; where that is outside of the queue, with the nearest inside. Only while the group has no members:
  /// there is no request by which members could be told.
  case offset(Int64)
}

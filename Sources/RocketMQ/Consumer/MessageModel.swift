// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Who of a group gets a message. Java: `MessageModel`.
public enum MessageModel: Sendable, Hashable {
  /// One of the members; what fails comes again, to any of them. Offsets are kept at the brokers.
  case clustering
  /// Every member; what fails is logged and not delivered again. Offsets are kept by each member.
  case broadcasting

  /// As brokers know it.
  var javaName: String {
    switch self {
    case .clustering: "CLUSTERING"
    case .broadcasting: "BROADCASTING"
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Who of a group gets a message. Java: `MessageModel`.
public enum MessageModel: Sendable, Hashable {
  /// One of the members; what fails comes again, to any of them. Offsets are kept at the brokers.
  case clustering
  /// Every member gets every message. What fails is logged, counted and passed over: no retry topic, no dead letters. Offsets are kept by
  /// each member, in a file unless it is told otherwise.
  case broadcasting

  /// nil for a name that means nothing here.
  init?(javaName: String) {
    switch javaName {
    case "CLUSTERING": self = .clustering
    case "BROADCASTING": self = .broadcasting
    default: return nil
    }
  }

  /// As brokers know it.
  var javaName: String {
    switch self {
    case .clustering: "CLUSTERING"
    case .broadcasting: "BROADCASTING"
    }
  }
}

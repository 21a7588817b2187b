// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Which messages a pull wants, as far as the index of a queue can tell: by the hashes of tags. Clients compare the tags themselves.
struct TagFilter {
  /// nil: all.
  var hashes: [Int32]?

  static let all = TagFilter(hashes: nil)

  func passes(_ hash: Int32) -> Bool { hashes?.contains(hash) ?? true }
}

/// Which messages a pull wants. Java: `ExpressionMessageFilter`.
struct MessageFilter {
  var tags = TagFilter.all
  /// Looked at only for what the tags let through; nil, as for every filter by tag: nothing is read of the message.
  var condition: SQLFilter?
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// Compiled conditions by their text, for pulls that bring their own with each request. Java: the cache of `SelectorParser`.
struct SQLFilterCache {
  private static let capacity = 100
  private var filters: [String: SQLFilter] = [:]

  mutating func filter(_ text: String) throws(SQLSyntaxError) -> SQLFilter {
    if let filter = filters[text] { return filter }
    let filter = try SQLFilter(text)
    if filters.count == Self.capacity { filters = [:] }
    filters[text] = filter
    return filter
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

import Logging

/// Keeps what is logged.
final class LogRecord: Sendable {
  struct Item: Sendable {
    var level: Logger.Level
    var message: String
    var metadata: Logger.Metadata
  }

  private let record = Record<Item>()

  var items: [Item] { record.items }
  var logger: Logger { Logger(label: "test") { _ in Handler(record: record) } }

  /// "level message key=value key=value", keys sorted.
  func lines(containing text: String) -> [String] {
    items.map { item in
      let metadata = item.metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
      return "\(item.level) \(item.message)\(metadata.joined())"
    }.filter { $0.contains(text) }
  }

  /// False: nothing of the kind was logged in time.
  func wait(until isMet: @escaping @Sendable (Item) -> Bool) async -> Bool { await record.wait { $0.contains(where: isMet) } }

  private struct Handler: LogHandler {
    let record: Record<Item>
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      record.add(
        Item(level: event.level, message: "\(event.message)", metadata: metadata.merging(event.metadata ?? [:]) { $1 }))
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// What a consumer says of itself when a broker asks it (307). Java: `ConsumerRunningInfo`.
package struct RunningInfo: Sendable, Equatable {
  /// Settings and facts, for people. Java's names, so that its tools find what they look for.
  package var properties: [String: String] = [:]
  package var subscriptions: [SubscriptionData] = []
  package var queues: [MessageQueue: Queue] = [:]

  /// One queue that the consumer has now. Java: `ProcessQueueInfo`.
  package struct Queue: Sendable, Equatable {
    package var commitOffset: Int64 = 0
    package var cachedMessages = 0
    /// Offsets of the oldest and the newest of them; 0 when there is none.
    package var cachedMinOffset: Int64 = 0
    package var cachedMaxOffset: Int64 = 0
    package var cachedMebibytes = 0
    /// Locked for this member (orderly consumption).
    package var isLocked = false
    /// Milliseconds since 1970; 0: never.
    package var lockedAt: Int64 = 0
    package var pulledAt: Int64 = 0
    package var consumedAt: Int64 = 0

    package init() {}
  }

  package init() {}
}

extension RunningInfo {
  /// The body; written with `bytes(asFastjson: true)`.
  ///
  /// `statusTable` (rates a topic) is empty, and there is no `jstack`: the tasks of this consumer have no stacks of their own.
  package var json: JSONValue {
    [
      "mqTable": .object(queues.sorted { $0.key < $1.key }.map { .init($0.key.json, $0.value.json) }),
      "properties": .object(properties.sorted { $0.key < $1.key }.map { .init(.string($0.key), .string($0.value)) }),
      "statusTable": [:],
      "subscriptionSet": .array(subscriptions.map(\.json)),
    ]
  }

  /// From a consumer in any language. nil when it holds something else, or subscriptions that cannot be read.
  package init?(json: JSONValue) {
    guard case .object = json else { return nil }
    for member in json["properties"]?.members ?? [] {
      if let name = member.key.text, let value = member.value.text { properties[name] = value }
    }
    for element in json["subscriptionSet"]?.elements ?? [] {
      guard let subscription = SubscriptionData(json: element) else { return nil }
      subscriptions.append(subscription)
    }
    for member in json["mqTable"]?.members ?? [] {
      if let queue = QueueOffsetsBody.queue(key: member.key) { queues[queue] = Queue(json: member.value) }
    }
  }
}

extension RunningInfo.Queue {
  fileprivate var json: JSONValue {
    [
      "cachedMsgCount": .int(cachedMessages), "cachedMsgMaxOffset": .int(cachedMaxOffset), "cachedMsgMinOffset": .int(cachedMinOffset),
      "cachedMsgSizeInMiB": .int(cachedMebibytes), "commitOffset": .int(commitOffset), "droped": false,
      "lastConsumeTimestamp": .int(consumedAt), "lastLockTimestamp": .int(lockedAt), "lastPullTimestamp": .int(pulledAt),
      "locked": .bool(isLocked), "transactionMsgCount": 0, "transactionMsgMaxOffset": 0, "transactionMsgMinOffset": 0,
      "tryUnlockTimes": 0,
    ]
  }

  fileprivate init(json: JSONValue) {
    commitOffset = json["commitOffset"]?.int64 ?? 0
    cachedMessages = Int(json["cachedMsgCount"]?.int64 ?? 0)
    cachedMinOffset = json["cachedMsgMinOffset"]?.int64 ?? 0
    cachedMaxOffset = json["cachedMsgMaxOffset"]?.int64 ?? 0
    cachedMebibytes = Int(json["cachedMsgSizeInMiB"]?.int64 ?? 0)
    isLocked = json["locked"]?.bool ?? false
    lockedAt = json["lastLockTimestamp"]?.int64 ?? 0
    pulledAt = json["lastPullTimestamp"]?.int64 ?? 0
    consumedAt = json["lastConsumeTimestamp"]?.int64 ?? 0
  }
}

extension SubscriptionData {
  /// nil when it names no topic.
  package init?(json: JSONValue) {
    guard let topic = json["topic"]?.text else { return nil }
    let type = json["expressionType"]?.text ?? ""
    let expression = json["subString"]?.text ?? ""
    self.init(
      topic: topic, expressionType: type.isEmpty ? "TAG" : type, expression: expression.isEmpty ? "*" : expression,
      tags: json["tagsSet"]?.elements.compactMap(\.text) ?? [], version: json["subVersion"]?.int64 ?? 0)
  }
}

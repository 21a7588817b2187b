// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The metadata keys of everything this library logs; stable, so that log searches may rely on them.
package enum LogKey {
  package static let clientID = "rocketmq.client_id"
  package static let group = "rocketmq.group"
  package static let topic = "rocketmq.topic"
  package static let queue = "rocketmq.queue"
  package static let broker = "rocketmq.broker"
  package static let address = "rocketmq.address"
  package static let request = "rocketmq.request"
  package static let messageID = "rocketmq.message_id"
  package static let offset = "rocketmq.offset"
  package static let count = "rocketmq.count"
  package static let error = "rocketmq.error"
}

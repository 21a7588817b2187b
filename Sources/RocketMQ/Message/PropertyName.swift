// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/// The names of the properties that RocketMQ itself uses. Java: `MessageConst`.
package enum PropertyName {
  package static let keys = "KEYS"
  package static let tags = "TAGS"
  package static let wait = "WAIT"
  package static let delay = "DELAY"
  package static let retryTopic = "RETRY_TOPIC"
  package static let realTopic = "REAL_TOPIC"
  package static let realQueueID = "REAL_QID"
  package static let transactionPrepared = "TRAN_MSG"
  package static let producerGroup = "PGROUP"
  package static let uniqueKey = "UNIQ_KEY"
  package static let originMessageID = "ORIGIN_MESSAGE_ID"
  package static let reconsumeTime = "RECONSUME_TIME"
  package static let maxReconsumeTimes = "MAX_RECONSUME_TIMES"
  package static let messageType = "MSG_TYPE"
  package static let cluster = "CLUSTER"
  package static let instanceID = "INSTANCE_ID"

  /// A user's property must not have this name.
  package static func isReserved(_ name: String) -> Bool { reserved.contains(name) }

  private static let reserved: Set<String> = [
    keys, tags, wait, delay, retryTopic, realTopic, realQueueID, transactionPrepared, producerGroup, uniqueKey, originMessageID,
    reconsumeTime, maxReconsumeTimes, messageType, cluster, instanceID, "MIN_OFFSET", "MAX_OFFSET", "BUYER_ID", "TRANSFER_FLAG",
    "CORRECTION_FLAG", "MQ2_FLAG", "MSG_REGION", "TRACE_ON", "CONSUME_START_TIME", "CORRELATION_ID", "REPLY_TO_CLIENT", "TTL",
    "ARRIVE_TIME", "PUSH_REPLY_TIME", "INNER_MULTI_QUEUE_OFFSET",
    // What brokers of 5.x add. TIMER_DELAY_SEC, TIMER_DELAY_MS and TIMER_DELIVER_MS are for producers, and not here.
    "__CRC32#", "INNER_NUM", "INNER_BASE", "DUP_INFO", "EXTEND_UNIQ_INFO", "TRAN_PREPARED_QUEUE_OFFSET", "DLQ_ORIGIN_TOPIC",
    "DLQ_ORIGIN_MESSAGE_ID", "POP_CK", "POP_CK_OFFSET", "1ST_POP_TIME", "TIMER_ENQUEUE_MS", "TIMER_DEQUEUE_MS", "TIMER_ROLL_TIMES",
    "TIMER_OUT_MS", "TIMER_DELAY_LEVEL", "BORN_TIMESTAMP", "__BORNHOST",
  ]
}

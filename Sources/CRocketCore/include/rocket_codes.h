// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The protocol's tables, each fact written once: header fields, requests with the fields they need, response codes.
 * The enums here, the codec, the required-field checks, the names in logs and the fuzzers' dictionary all come from them.
 * Upstream: org.apache.rocketmq.common.protocol.RequestCode, ResponseCode and the header classes (4.9.8; 5.x additions).
 */
#ifndef ROCKET_CODES_H
#define ROCKET_CODES_H

#ifdef __cplusplus
extern "C" {
#endif

/* Header fields: name, wire name, kind (I32, I64, BOOL, TEXT). Their numbers are part of the ABI: new ones come last. */
#define ROCKET_FIELD_MAP(XX)                                         \
  XX(PRODUCER_GROUP, "producerGroup", TEXT)                          \
  XX(CONSUMER_GROUP, "consumerGroup", TEXT)                          \
  XX(GROUP, "group", TEXT)                                           \
  XX(GROUP_NAME, "groupName", TEXT)                                  \
  XX(TOPIC, "topic", TEXT)                                           \
  XX(DEFAULT_TOPIC, "defaultTopic", TEXT)                            \
  XX(DEFAULT_TOPIC_QUEUE_NUMS, "defaultTopicQueueNums", I32)         \
  XX(QUEUE_ID, "queueId", I32)                                       \
  XX(QUEUE_OFFSET, "queueOffset", I64)                               \
  XX(SYS_FLAG, "sysFlag", I32)                                       \
  XX(BORN_TIMESTAMP, "bornTimestamp", I64)                           \
  XX(FLAG, "flag", I32)                                              \
  XX(PROPERTIES, "properties", TEXT)                                 \
  XX(RECONSUME_TIMES, "reconsumeTimes", I32)                         \
  XX(UNIT_MODE, "unitMode", BOOL)                                    \
  XX(BATCH, "batch", BOOL)                                           \
  XX(MAX_RECONSUME_TIMES, "maxReconsumeTimes", I32)                  \
  XX(BROKER_NAME, "brokerName", TEXT)                                \
  XX(BNAME, "bname", TEXT)                                           \
  XX(MAX_MSG_NUMS, "maxMsgNums", I32)                                \
  XX(COMMIT_OFFSET, "commitOffset", I64)                             \
  XX(SUSPEND_TIMEOUT_MILLIS, "suspendTimeoutMillis", I64)            \
  XX(SUBSCRIPTION, "subscription", TEXT)                             \
  XX(SUB_VERSION, "subVersion", I64)                                 \
  XX(EXPRESSION_TYPE, "expressionType", TEXT)                        \
  XX(SUGGEST_WHICH_BROKER_ID, "suggestWhichBrokerId", I64)           \
  XX(NEXT_BEGIN_OFFSET, "nextBeginOffset", I64)                      \
  XX(MIN_OFFSET, "minOffset", I64)                                   \
  XX(MAX_OFFSET, "maxOffset", I64)                                   \
  XX(MSG_ID, "msgId", TEXT)                                          \
  XX(TRANSACTION_ID, "transactionId", TEXT)                          \
  XX(OFFSET_MSG_ID, "offsetMsgId", TEXT)                             \
  XX(MSG_REGION, "MSG_REGION", TEXT)                                 \
  XX(TRACE_ON, "TRACE_ON", BOOL)                                     \
  XX(KEY, "key", TEXT)                                               \
  XX(MAX_NUM, "maxNum", I32)                                         \
  XX(BEGIN_TIMESTAMP, "beginTimestamp", I64)                         \
  XX(END_TIMESTAMP, "endTimestamp", I64)                             \
  XX(UNIQUE_KEY_QUERY, "_UNIQUE_KEY_QUERY", BOOL)                    \
  XX(INDEX_LAST_UPDATE_TIMESTAMP, "indexLastUpdateTimestamp", I64)   \
  XX(INDEX_LAST_UPDATE_PHYOFFSET, "indexLastUpdatePhyoffset", I64)   \
  XX(OFFSET, "offset", I64)                                          \
  XX(TIMESTAMP, "timestamp", I64)                                    \
  XX(CLIENT_ID, "clientID", TEXT)                                    \
  XX(CLIENT_ID_LOWER, "clientId", TEXT)                              \
  XX(CLIENT_ADDR, "clientAddr", TEXT)                                \
  XX(DELAY_LEVEL, "delayLevel", I32)                                 \
  XX(ORIGIN_MSG_ID, "originMsgId", TEXT)                             \
  XX(ORIGIN_TOPIC, "originTopic", TEXT)                              \
  XX(TRAN_STATE_TABLE_OFFSET, "tranStateTableOffset", I64)           \
  XX(COMMIT_LOG_OFFSET, "commitLogOffset", I64)                      \
  XX(COMMIT_OR_ROLLBACK, "commitOrRollback", I32)                    \
  XX(FROM_TRANSACTION_CHECK, "fromTransactionCheck", BOOL)           \
  XX(IS_FORCE, "isForce", BOOL)                                      \
  XX(JSTACK_ENABLE, "jstackEnable", BOOL)                            \
  XX(BORN_HOST, "bornHost", TEXT)                                    \
  XX(STORE_HOST, "storeHost", TEXT)                                  \
  XX(STORE_TIMESTAMP, "storeTimestamp", I64)                         \
  XX(READ_QUEUE_NUMS, "readQueueNums", I32)                          \
  XX(WRITE_QUEUE_NUMS, "writeQueueNums", I32)                        \
  XX(PERM, "perm", I32)                                              \
  XX(TOPIC_FILTER_TYPE, "topicFilterType", TEXT)                     \
  XX(TOPIC_SYS_FLAG, "topicSysFlag", I32)                            \
  XX(ORDER, "order", BOOL)                                           \
  XX(REMOVE_OFFSET, "removeOffset", BOOL)                            \
  XX(ACCEPT_STANDARD_JSON_ONLY, "acceptStandardJsonOnly", BOOL)      \
  XX(BROKER_ADDR, "brokerAddr", TEXT)                                \
  XX(CLUSTER_NAME, "clusterName", TEXT)                              \
  XX(CLUSTER, "cluster", TEXT)                                       \
  XX(HA_SERVER_ADDR, "haServerAddr", TEXT)                           \
  XX(MASTER_ADDR, "masterAddr", TEXT)                                \
  XX(BROKER_ID, "brokerId", I64)                                     \
  XX(COMPRESSED, "compressed", BOOL)                                 \
  XX(BODY_CRC32, "bodyCrc32", I32)                                   \
  XX(NAMESPACE, "namespace", TEXT)                                   \
  XX(VALUE, "value", TEXT)                                           \
  XX(VERSION, "version", TEXT)                                       \
  XX(ACCESS_KEY, "AccessKey", TEXT)                                  \
  XX(SIGNATURE, "Signature", TEXT)                                   \
  XX(SECURITY_TOKEN, "SecurityToken", TEXT)                          \
  XX(STREAM_REQUEST_TYPE, "ReqT", TEXT)

typedef enum rocket_field {
  ROCKET_FIELD_UNKNOWN = -1,
#define ROCKET_FIELD_ENUM(name, wire, kind) ROCKET_FIELD_##name,
  ROCKET_FIELD_MAP(ROCKET_FIELD_ENUM)
#undef ROCKET_FIELD_ENUM
  ROCKET_FIELD_COUNT
} rocket_field;

/* SEND_MESSAGE_V2's fields have one-letter names on the wire (Java: SendMessageRequestHeaderV2). NEED: mandatory. */
#define ROCKET_SEND_V2_FIELDS(NEED, MAY)                                                                          \
  NEED(PRODUCER_GROUP, "a") NEED(TOPIC, "b") NEED(DEFAULT_TOPIC, "c") NEED(DEFAULT_TOPIC_QUEUE_NUMS, "d")         \
  NEED(QUEUE_ID, "e") NEED(SYS_FLAG, "f") NEED(BORN_TIMESTAMP, "g") NEED(FLAG, "h") MAY(PROPERTIES, "i")          \
  MAY(RECONSUME_TIMES, "j") MAY(UNIT_MODE, "k") MAY(MAX_RECONSUME_TIMES, "l") MAY(BATCH, "m") MAY(BNAME, "n")

#define ROCKET_SEND_V1_FIELDS(NEED, MAY)                                                                          \
  NEED(PRODUCER_GROUP, 0) NEED(TOPIC, 0) NEED(DEFAULT_TOPIC, 0) NEED(DEFAULT_TOPIC_QUEUE_NUMS, 0) NEED(QUEUE_ID, 0) \
  NEED(SYS_FLAG, 0) NEED(BORN_TIMESTAMP, 0) NEED(FLAG, 0) MAY(PROPERTIES, 0) MAY(RECONSUME_TIMES, 0)              \
  MAY(UNIT_MODE, 0) MAY(BATCH, 0) MAY(MAX_RECONSUME_TIMES, 0) MAY(BNAME, 0)

#define ROCKET_NO_FIELDS(NEED, MAY)

#define ROCKET_QUEUE_FIELDS(NEED, MAY) NEED(TOPIC, 0) NEED(QUEUE_ID, 0) MAY(BNAME, 0)

#define ROCKET_PULL_FIELDS(NEED, MAY)                                                                             \
  NEED(CONSUMER_GROUP, 0) NEED(TOPIC, 0) NEED(QUEUE_ID, 0) NEED(QUEUE_OFFSET, 0) NEED(MAX_MSG_NUMS, 0)            \
  NEED(SYS_FLAG, 0) NEED(COMMIT_OFFSET, 0) NEED(SUSPEND_TIMEOUT_MILLIS, 0) MAY(SUBSCRIPTION, 0)                   \
  NEED(SUB_VERSION, 0) MAY(EXPRESSION_TYPE, 0) MAY(BNAME, 0)

#define ROCKET_QUERY_MESSAGE_FIELDS(NEED, MAY)                                                                    \
  NEED(TOPIC, 0) NEED(KEY, 0) NEED(MAX_NUM, 0) NEED(BEGIN_TIMESTAMP, 0) NEED(END_TIMESTAMP, 0) MAY(UNIQUE_KEY_QUERY, 0)

#define ROCKET_QUERY_OFFSET_FIELDS(NEED, MAY) NEED(CONSUMER_GROUP, 0) NEED(TOPIC, 0) NEED(QUEUE_ID, 0) MAY(BNAME, 0)

#define ROCKET_UPDATE_OFFSET_FIELDS(NEED, MAY)                                                                    \
  NEED(CONSUMER_GROUP, 0) NEED(TOPIC, 0) NEED(QUEUE_ID, 0) NEED(COMMIT_OFFSET, 0) MAY(BNAME, 0)

#define ROCKET_CREATE_TOPIC_FIELDS(NEED, MAY)                                                                     \
  NEED(TOPIC, 0) NEED(DEFAULT_TOPIC, 0) NEED(READ_QUEUE_NUMS, 0) NEED(WRITE_QUEUE_NUMS, 0) NEED(PERM, 0)          \
  NEED(TOPIC_FILTER_TYPE, 0) MAY(TOPIC_SYS_FLAG, 0) NEED(ORDER, 0)

#define ROCKET_SEARCH_OFFSET_FIELDS(NEED, MAY) NEED(TOPIC, 0) NEED(QUEUE_ID, 0) NEED(TIMESTAMP, 0) MAY(BNAME, 0)

#define ROCKET_VIEW_FIELDS(NEED, MAY) NEED(OFFSET, 0)

#define ROCKET_UNREGISTER_FIELDS(NEED, MAY) NEED(CLIENT_ID, 0) MAY(PRODUCER_GROUP, 0) MAY(CONSUMER_GROUP, 0)

#define ROCKET_SEND_BACK_FIELDS(NEED, MAY)                                                                        \
  NEED(OFFSET, 0) NEED(GROUP, 0) NEED(DELAY_LEVEL, 0) MAY(ORIGIN_MSG_ID, 0) MAY(ORIGIN_TOPIC, 0)                  \
  MAY(UNIT_MODE, 0) MAY(MAX_RECONSUME_TIMES, 0) MAY(BNAME, 0)

#define ROCKET_END_TRANSACTION_FIELDS(NEED, MAY)                                                                  \
  NEED(PRODUCER_GROUP, 0) NEED(TRAN_STATE_TABLE_OFFSET, 0) NEED(COMMIT_LOG_OFFSET, 0) NEED(COMMIT_OR_ROLLBACK, 0) \
  MAY(FROM_TRANSACTION_CHECK, 0) NEED(MSG_ID, 0) MAY(TRANSACTION_ID, 0) MAY(BNAME, 0)

#define ROCKET_CHECK_TRANSACTION_FIELDS(NEED, MAY)                                                                \
  NEED(TRAN_STATE_TABLE_OFFSET, 0) NEED(COMMIT_LOG_OFFSET, 0) MAY(MSG_ID, 0) MAY(TRANSACTION_ID, 0)               \
  MAY(OFFSET_MSG_ID, 0) MAY(BNAME, 0)

#define ROCKET_GROUP_FIELDS(NEED, MAY) NEED(CONSUMER_GROUP, 0)

#define ROCKET_TOPIC_FIELDS(NEED, MAY) NEED(TOPIC, 0)

#define ROCKET_ROUTE_FIELDS(NEED, MAY) NEED(TOPIC, 0) MAY(ACCEPT_STANDARD_JSON_ONLY, 0)

#define ROCKET_RESET_OFFSET_FIELDS(NEED, MAY) NEED(TOPIC, 0) NEED(GROUP, 0) NEED(TIMESTAMP, 0) NEED(IS_FORCE, 0)

#define ROCKET_CONSUMER_STATUS_FIELDS(NEED, MAY) NEED(TOPIC, 0) NEED(GROUP, 0) MAY(CLIENT_ADDR, 0)

#define ROCKET_RUNNING_INFO_FIELDS(NEED, MAY) NEED(CONSUMER_GROUP, 0) NEED(CLIENT_ID_LOWER, 0) MAY(JSTACK_ENABLE, 0)

#define ROCKET_CONSUME_DIRECTLY_FIELDS(NEED, MAY)                                                                 \
  NEED(CONSUMER_GROUP, 0) MAY(CLIENT_ID_LOWER, 0) MAY(MSG_ID, 0) MAY(BROKER_NAME, 0)

#define ROCKET_PUSH_REPLY_FIELDS(NEED, MAY)                                                                       \
  NEED(PRODUCER_GROUP, 0) NEED(TOPIC, 0) NEED(DEFAULT_TOPIC, 0) NEED(DEFAULT_TOPIC_QUEUE_NUMS, 0) NEED(QUEUE_ID, 0) \
  NEED(SYS_FLAG, 0) NEED(BORN_TIMESTAMP, 0) NEED(FLAG, 0) MAY(PROPERTIES, 0) MAY(RECONSUME_TIMES, 0)              \
  MAY(UNIT_MODE, 0) NEED(BORN_HOST, 0) NEED(STORE_HOST, 0) NEED(STORE_TIMESTAMP, 0)

#define ROCKET_CONSUME_STATS_FIELDS(NEED, MAY) NEED(CONSUMER_GROUP, 0) MAY(TOPIC, 0)

#define ROCKET_DELETE_GROUP_FIELDS(NEED, MAY) NEED(GROUP_NAME, 0) MAY(REMOVE_OFFSET, 0)

#define ROCKET_PUT_KV_FIELDS(NEED, MAY) NEED(NAMESPACE, 0) NEED(KEY, 0) NEED(VALUE, 0)

#define ROCKET_GET_KV_FIELDS(NEED, MAY) NEED(NAMESPACE, 0) NEED(KEY, 0)

#define ROCKET_NAMESPACE_FIELDS(NEED, MAY) NEED(NAMESPACE, 0)

#define ROCKET_REGISTER_BROKER_FIELDS(NEED, MAY)                                                                  \
  NEED(BROKER_NAME, 0) NEED(BROKER_ADDR, 0) NEED(CLUSTER_NAME, 0) NEED(HA_SERVER_ADDR, 0) NEED(BROKER_ID, 0)      \
  MAY(COMPRESSED, 0) MAY(BODY_CRC32, 0)

#define ROCKET_UNREGISTER_BROKER_FIELDS(NEED, MAY)                                                                \
  NEED(BROKER_NAME, 0) NEED(BROKER_ADDR, 0) NEED(CLUSTER_NAME, 0) NEED(BROKER_ID, 0)

#define ROCKET_BROKER_NAME_FIELDS(NEED, MAY) NEED(BROKER_NAME, 0)

#define ROCKET_CLUSTER_FIELDS(NEED, MAY) NEED(CLUSTER, 0)

#define ROCKET_DELETE_TOPIC_IN_NS_FIELDS(NEED, MAY) NEED(TOPIC, 0) MAY(CLUSTER_NAME, 0)

/* Requests: name, code, fields. The fields are a macro that walks them with NEED(field, wire name or 0) and MAY(...). */
#define ROCKET_REQUEST_MAP(XX)                                                   \
  XX(SEND_MESSAGE, 10, ROCKET_SEND_V1_FIELDS)                                    \
  XX(PULL_MESSAGE, 11, ROCKET_PULL_FIELDS)                                       \
  XX(QUERY_MESSAGE, 12, ROCKET_QUERY_MESSAGE_FIELDS)                             \
  XX(QUERY_CONSUMER_OFFSET, 14, ROCKET_QUERY_OFFSET_FIELDS)                      \
  XX(UPDATE_CONSUMER_OFFSET, 15, ROCKET_UPDATE_OFFSET_FIELDS)                    \
  XX(UPDATE_AND_CREATE_TOPIC, 17, ROCKET_CREATE_TOPIC_FIELDS)                    \
  XX(GET_ALL_TOPIC_CONFIG, 21, ROCKET_NO_FIELDS)                                 \
  XX(UPDATE_BROKER_CONFIG, 25, ROCKET_NO_FIELDS)                                 \
  XX(GET_BROKER_CONFIG, 26, ROCKET_NO_FIELDS)                                    \
  XX(GET_BROKER_RUNTIME_INFO, 28, ROCKET_NO_FIELDS)                              \
  XX(SEARCH_OFFSET_BY_TIMESTAMP, 29, ROCKET_SEARCH_OFFSET_FIELDS)                \
  XX(GET_MAX_OFFSET, 30, ROCKET_QUEUE_FIELDS)                                    \
  XX(GET_MIN_OFFSET, 31, ROCKET_QUEUE_FIELDS)                                    \
  XX(GET_EARLIEST_MSG_STORETIME, 32, ROCKET_QUEUE_FIELDS)                        \
  XX(VIEW_MESSAGE_BY_ID, 33, ROCKET_VIEW_FIELDS)                                 \
  XX(HEART_BEAT, 34, ROCKET_NO_FIELDS)                                           \
  XX(UNREGISTER_CLIENT, 35, ROCKET_UNREGISTER_FIELDS)                            \
  XX(CONSUMER_SEND_MSG_BACK, 36, ROCKET_SEND_BACK_FIELDS)                        \
  XX(END_TRANSACTION, 37, ROCKET_END_TRANSACTION_FIELDS)                         \
  XX(GET_CONSUMER_LIST_BY_GROUP, 38, ROCKET_GROUP_FIELDS)                        \
  XX(CHECK_TRANSACTION_STATE, 39, ROCKET_CHECK_TRANSACTION_FIELDS)               \
  XX(NOTIFY_CONSUMER_IDS_CHANGED, 40, ROCKET_GROUP_FIELDS)                       \
  XX(LOCK_BATCH_MQ, 41, ROCKET_NO_FIELDS)                                        \
  XX(UNLOCK_BATCH_MQ, 42, ROCKET_NO_FIELDS)                                      \
  XX(GET_ALL_CONSUMER_OFFSET, 43, ROCKET_NO_FIELDS)                              \
  XX(GET_ALL_DELAY_OFFSET, 45, ROCKET_NO_FIELDS)                                 \
  XX(CHECK_CLIENT_CONFIG, 46, ROCKET_NO_FIELDS)                                  \
  XX(PUT_KV_CONFIG, 100, ROCKET_PUT_KV_FIELDS)                                   \
  XX(GET_KV_CONFIG, 101, ROCKET_GET_KV_FIELDS)                                   \
  XX(DELETE_KV_CONFIG, 102, ROCKET_GET_KV_FIELDS)                                \
  XX(REGISTER_BROKER, 103, ROCKET_REGISTER_BROKER_FIELDS)                        \
  XX(UNREGISTER_BROKER, 104, ROCKET_UNREGISTER_BROKER_FIELDS)                    \
  XX(GET_ROUTEINFO_BY_TOPIC, 105, ROCKET_ROUTE_FIELDS)                           \
  XX(GET_BROKER_CLUSTER_INFO, 106, ROCKET_NO_FIELDS)                             \
  XX(UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, 200, ROCKET_NO_FIELDS)                 \
  XX(GET_ALL_SUBSCRIPTIONGROUP_CONFIG, 201, ROCKET_NO_FIELDS)                    \
  XX(GET_TOPIC_STATS_INFO, 202, ROCKET_TOPIC_FIELDS)                             \
  XX(GET_CONSUMER_CONNECTION_LIST, 203, ROCKET_GROUP_FIELDS)                     \
  XX(GET_PRODUCER_CONNECTION_LIST, 204, ROCKET_NO_FIELDS)                        \
  XX(WIPE_WRITE_PERM_OF_BROKER, 205, ROCKET_BROKER_NAME_FIELDS)                  \
  XX(GET_ALL_TOPIC_LIST_FROM_NAMESERVER, 206, ROCKET_NO_FIELDS)                  \
  XX(DELETE_SUBSCRIPTIONGROUP, 207, ROCKET_DELETE_GROUP_FIELDS)                  \
  XX(GET_CONSUME_STATS, 208, ROCKET_CONSUME_STATS_FIELDS)                        \
  XX(DELETE_TOPIC_IN_BROKER, 215, ROCKET_TOPIC_FIELDS)                           \
  XX(DELETE_TOPIC_IN_NAMESRV, 216, ROCKET_DELETE_TOPIC_IN_NS_FIELDS)             \
  XX(GET_KVLIST_BY_NAMESPACE, 219, ROCKET_NAMESPACE_FIELDS)                      \
  XX(RESET_CONSUMER_CLIENT_OFFSET, 220, ROCKET_RESET_OFFSET_FIELDS)              \
  XX(GET_CONSUMER_STATUS_FROM_CLIENT, 221, ROCKET_CONSUMER_STATUS_FIELDS)        \
  XX(INVOKE_BROKER_TO_RESET_OFFSET, 222, ROCKET_RESET_OFFSET_FIELDS)             \
  XX(INVOKE_BROKER_TO_GET_CONSUMER_STATUS, 223, ROCKET_CONSUMER_STATUS_FIELDS)   \
  XX(GET_TOPICS_BY_CLUSTER, 224, ROCKET_CLUSTER_FIELDS)                          \
  XX(QUERY_TOPIC_CONSUME_BY_WHO, 300, ROCKET_TOPIC_FIELDS)                       \
  XX(GET_CONSUMER_RUNNING_INFO, 307, ROCKET_RUNNING_INFO_FIELDS)                 \
  XX(CONSUME_MESSAGE_DIRECTLY, 309, ROCKET_CONSUME_DIRECTLY_FIELDS)              \
  XX(SEND_MESSAGE_V2, 310, ROCKET_SEND_V2_FIELDS)                                \
  XX(SEND_BATCH_MESSAGE, 320, ROCKET_SEND_V2_FIELDS)                             \
  XX(SEND_REPLY_MESSAGE, 324, ROCKET_SEND_V1_FIELDS)                             \
  XX(SEND_REPLY_MESSAGE_V2, 325, ROCKET_SEND_V2_FIELDS)                          \
  XX(PUSH_REPLY_MESSAGE_TO_CLIENT, 326, ROCKET_PUSH_REPLY_FIELDS)                \
  XX(ADD_WRITE_PERM_OF_BROKER, 327, ROCKET_BROKER_NAME_FIELDS)                   \
  XX(LITE_PULL_MESSAGE, 361, ROCKET_PULL_FIELDS)

typedef enum rocket_request_code {
#define ROCKET_REQUEST_ENUM(name, code, fields) ROCKET_REQUEST_##name = code,
  ROCKET_REQUEST_MAP(ROCKET_REQUEST_ENUM)
#undef ROCKET_REQUEST_ENUM
} rocket_request_code;

/* Response codes: name, code. */
#define ROCKET_RESPONSE_MAP(XX)         \
  XX(SUCCESS, 0)                        \
  XX(SYSTEM_ERROR, 1)                   \
  XX(SYSTEM_BUSY, 2)                    \
  XX(REQUEST_CODE_NOT_SUPPORTED, 3)     \
  XX(TRANSACTION_FAILED, 4)             \
  XX(FLUSH_DISK_TIMEOUT, 10)            \
  XX(SLAVE_NOT_AVAILABLE, 11)           \
  XX(FLUSH_SLAVE_TIMEOUT, 12)           \
  XX(MESSAGE_ILLEGAL, 13)               \
  XX(SERVICE_NOT_AVAILABLE, 14)         \
  XX(VERSION_NOT_SUPPORTED, 15)         \
  XX(NO_PERMISSION, 16)                 \
  XX(TOPIC_NOT_EXIST, 17)               \
  XX(TOPIC_EXIST_ALREADY, 18)           \
  XX(PULL_NOT_FOUND, 19)                \
  XX(PULL_RETRY_IMMEDIATELY, 20)        \
  XX(PULL_OFFSET_MOVED, 21)             \
  XX(QUERY_NOT_FOUND, 22)               \
  XX(SUBSCRIPTION_PARSE_FAILED, 23)     \
  XX(SUBSCRIPTION_NOT_EXIST, 24)        \
  XX(SUBSCRIPTION_NOT_LATEST, 25)       \
  XX(SUBSCRIPTION_GROUP_NOT_EXIST, 26)  \
  XX(FILTER_DATA_NOT_EXIST, 27)         \
  XX(FILTER_DATA_NOT_LATEST, 28)        \
  XX(INVALID_PARAMETER, 29)             \
  XX(TRANSACTION_SHOULD_COMMIT, 200)    \
  XX(TRANSACTION_SHOULD_ROLLBACK, 201)  \
  XX(TRANSACTION_STATE_UNKNOW, 202)     \
  XX(TRANSACTION_STATE_GROUP_WRONG, 203) \
  XX(NO_BUYER_ID, 204)                  \
  XX(NOT_IN_CURRENT_UNIT, 205)          \
  XX(CONSUMER_NOT_ONLINE, 206)          \
  XX(CONSUME_MSG_TIMEOUT, 207)          \
  XX(NO_MESSAGE, 208)                   \
  XX(FLOW_CONTROL, 215)                 \
  XX(NOT_LEADER_FOR_QUEUE, 501)         \
  XX(ILLEGAL_OPERATION, 604)            \
  XX(GO_AWAY, 1500)

typedef enum rocket_response_code {
#define ROCKET_RESPONSE_ENUM(name, code) ROCKET_RESPONSE_##name = code,
  ROCKET_RESPONSE_MAP(ROCKET_RESPONSE_ENUM)
#undef ROCKET_RESPONSE_ENUM
} rocket_response_code;

#ifdef __cplusplus
}
#endif
#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The stored record. Java: MessageDecoder.decode; broker: CommitLog.
 *
 *   i32 totalSize | i32 magic | i32 bodyCRC | i32 queueId | i32 flag | i64 queueOffset | i64 physicalOffset | i32 sysFlag |
 *   i64 bornTimestamp | bornHost | i64 storeTimestamp | storeHost | i32 reconsumeTimes | i64 preparedTransactionOffset |
 *   i32 n, body | u8 or i16 n, topic | i16 n, properties            (host: 4 or 16 bytes of address, i32 port)
 */
#include "base/buffer.h"
#include "base/endian.h"
#include "base/slice.h"
#include "rocket_message.h"

#define MAGIC_V1 UINT32_C(0xDAA320A7)
#define MAGIC_V2 UINT32_C(0xDAA320AB)

enum {
  IP4_SIZE = 4,
  IP6_SIZE = 16,
  SMALLEST_V1 = 91, /* IPv4 hosts; body, topic and properties empty */
  FIXED_HEAD = 48,  /* up to bornHost */
  OFFSET_BODY = 84  /* of bodyLength, with IPv4 hosts */
};

static int fail(rocket_fault *fault, int status, size_t offset, const char *what) {
  if (fault) *fault = (rocket_fault){status, (uint32_t)offset, what};
  return status;
}

static const uint8_t *load_host(const uint8_t *at, bool v6, rocket_host *out) {
  size_t ip_size = v6 ? IP6_SIZE : IP4_SIZE;
  memset(out->ip, 0, sizeof out->ip);
  memcpy(out->ip, at, IP4_SIZE);
  if (v6) memcpy(out->ip, at, IP6_SIZE);
  out->ip_size = (uint8_t)ip_size;
  out->port = rocket__load_i32(at + ip_size);
  return at + ip_size + sizeof(int32_t);
}

/* The three parts of variable size. */
typedef struct record_parts {
  rocket_slice body;
  rocket_slice topic;
  rocket_slice properties;
} record_parts;

static rocket_slice part(const uint8_t *at, size_t size) { return size > 0 ? rocket__slice(at, size) : (rocket_slice){0}; }

/* They lie behind each other from offset `at` on and end exactly at `size`. */
static int find_parts(const uint8_t *record, size_t size, size_t at, bool v2, record_parts *out, rocket_fault *fault) {
  size_t topic_width = v2 ? 2 : 1, rest = size - at - 4 - topic_width - 2; /* the caller has checked that the lengths fit */
  size_t body_size = rocket__load_u32(record + at);
  if (body_size > rest) return fail(fault, ROCKET_BAD_MESSAGE, at, "bodyLength");
  out->body = part(record + at + 4, body_size);
  at += 4 + body_size;
  rest -= body_size;

  size_t topic_size = v2 ? rocket__load_u16(record + at) : record[at];
  if (topic_size > rest || topic_size > INT16_MAX) return fail(fault, ROCKET_BAD_MESSAGE, at, "topicLength");
  out->topic = part(record + at + topic_width, topic_size);
  at += topic_width + topic_size;
  rest -= topic_size;

  size_t properties_size = rocket__load_u16(record + at);
  if (properties_size != rest || rest > INT16_MAX) return fail(fault, ROCKET_BAD_MESSAGE, at, "propertiesLength");
  out->properties = part(record + at + 2, rest);
  return ROCKET_OK;
}

int rocket_message_decode(rocket_slice bytes, rocket_message *out, rocket_fault *fault) {
  if (bytes.size < 8) return fail(fault, ROCKET_INCOMPLETE, bytes.size, "totalSize");
  const uint8_t *record = bytes.data;
  uint32_t size = rocket__load_u32(record), magic = rocket__load_u32(record + 4);
  if (magic != MAGIC_V1 && magic != MAGIC_V2) return fail(fault, ROCKET_BAD_MESSAGE, 4, "magicCode");
  if (size < SMALLEST_V1 || size > INT32_MAX) return fail(fault, ROCKET_BAD_MESSAGE, 0, "totalSize");
  if (bytes.size < size) return fail(fault, ROCKET_INCOMPLETE, 0, "totalSize");

  int32_t sys_flag = rocket__load_i32(record + 36);
  bool v2 = magic == MAGIC_V2, born_v6 = sys_flag & ROCKET_SYS_BORN_HOST_V6, store_v6 = sys_flag & ROCKET_SYS_STORE_HOST_V6;
  size_t longer = (size_t)(born_v6 + store_v6) * (IP6_SIZE - IP4_SIZE);
  if (size < (v2 ? SMALLEST_V1 + 1 : SMALLEST_V1) + longer) return fail(fault, ROCKET_BAD_MESSAGE, 0, "totalSize");
  record_parts parts;
  int status = find_parts(record, size, OFFSET_BODY + longer, v2, &parts, fault);
  if (status != ROCKET_OK) return status;

  out->size = size;
  out->record_version = v2 ? 2 : 1;
  out->body_crc = rocket__load_u32(record + 8);
  out->queue_id = rocket__load_i32(record + 12);
  out->flag = rocket__load_i32(record + 16);
  out->queue_offset = rocket__load_i64(record + 20);
  out->commit_log_offset = rocket__load_i64(record + 28);
  out->sys_flag = sys_flag;
  out->born_at_ms = rocket__load_i64(record + 40);
  const uint8_t *at = load_host(record + FIXED_HEAD, born_v6, &out->born_host);
  out->stored_at_ms = rocket__load_i64(at);
  at = load_host(at + 8, store_v6, &out->store_host);
  out->reconsume_times = rocket__load_i32(at);
  out->prepared_transaction_offset = rocket__load_i64(at + 4);
  out->body = parts.body;
  out->topic = parts.topic;
  out->properties = parts.properties;
  return ROCKET_OK;
}

static bool is_v6(const rocket_host *host) { return host->ip_size == IP6_SIZE; }

size_t rocket_message_encoded_size(const rocket_message *message) {
  size_t longer = (size_t)(is_v6(&message->born_host) + is_v6(&message->store_host)) * (IP6_SIZE - IP4_SIZE);
  size_t fixed = message->record_version == 2 ? SMALLEST_V1 + 1 : SMALLEST_V1;
  return fixed + longer + message->body.size + message->topic.size + message->properties.size;
}

static uint8_t *store_host(uint8_t *at, const rocket_host *host) {
  at = rocket__store_bytes(at, host->ip, is_v6(host) ? IP6_SIZE : IP4_SIZE);
  return rocket__store_i32(at, host->port);
}

static int32_t sys_flag_of(const rocket_message *message) {
  int32_t flag = message->sys_flag & ~(ROCKET_SYS_BORN_HOST_V6 | ROCKET_SYS_STORE_HOST_V6);
  if (is_v6(&message->born_host)) flag |= ROCKET_SYS_BORN_HOST_V6;
  if (is_v6(&message->store_host)) flag |= ROCKET_SYS_STORE_HOST_V6;
  return flag;
}

int rocket_message_encode(const rocket_message *message, rocket_buffer *out) {
  bool v2 = message->record_version == 2;
  if (message->topic.size > (v2 ? (size_t)INT16_MAX : ROCKET_MAX_TOPIC_BYTES)) return ROCKET_TOO_LARGE;
  if (message->properties.size > ROCKET_MAX_PROPERTIES_BYTES || message->body.size > INT32_MAX) return ROCKET_TOO_LARGE;
  size_t size = rocket_message_encoded_size(message);
  if (size > INT32_MAX) return ROCKET_TOO_LARGE;
  uint8_t *at = rocket__buffer_room(out, size);
  if (!at) return out->status;

  at = rocket__store_u32(at, (uint32_t)size);
  at = rocket__store_u32(at, v2 ? MAGIC_V2 : MAGIC_V1);
  at = rocket__store_u32(at, rocket_crc31(message->body));
  at = rocket__store_i32(at, message->queue_id);
  at = rocket__store_i32(at, message->flag);
  at = rocket__store_i64(at, message->queue_offset);
  at = rocket__store_i64(at, message->commit_log_offset);
  at = rocket__store_i32(at, sys_flag_of(message));
  at = rocket__store_i64(at, message->born_at_ms);
  at = store_host(at, &message->born_host);
  at = rocket__store_i64(at, message->stored_at_ms);
  at = store_host(at, &message->store_host);
  at = rocket__store_i32(at, message->reconsume_times);
  at = rocket__store_i64(at, message->prepared_transaction_offset);
  at = rocket__store_u32(at, (uint32_t)message->body.size);
  at = rocket__store_bytes(at, message->body.data, message->body.size);
  if (v2) at = rocket__store_u16(at, (uint16_t)message->topic.size);
  else *at++ = (uint8_t)message->topic.size;
  at = rocket__store_bytes(at, message->topic.data, message->topic.size);
  at = rocket__store_u16(at, (uint16_t)message->properties.size);
  rocket__store_bytes(at, message->properties.data, message->properties.size);
  out->size += size;
  return ROCKET_OK;
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Stored records and batch items, one behind the other: what decodes encodes to the same bytes (but for the checksum). */
#include <stdlib.h>

#include "rocket_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CRC_BEGIN = 8, CRC_END = 12 };

static void check_message(const rocket_message *message, const uint8_t *record) {
  rocket_buffer out = {0};
  int status = rocket_message_encode(message, &out);
  if (status == ROCKET_OK) {
    if (out.size != message->size || memcmp(out.data, record, CRC_BEGIN) != 0) abort();
    if (memcmp(out.data + CRC_END, record + CRC_END, out.size - CRC_END) != 0) abort();
  } else if (status != ROCKET_TOO_LARGE || message->topic.size <= ROCKET_MAX_TOPIC_BYTES) {
    abort();
  }
  out.size = 0;
  if (message->size < 10000) rocket_message_body(message, 100000, &out);
  rocket_buffer_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_message message;
  rocket_batch_item item;
  rocket_fault fault = {0};
  for (size_t at = 0; at < size; at += message.size) {
    if (rocket_message_decode(rocket_slice_make(data + at, size - at), &message, &fault) != ROCKET_OK) break;
    check_message(&message, data + at);
  }
  for (size_t at = 0; at < size; at += item.size) {
    rocket_buffer out = {0};
    if (rocket_batch_decode(rocket_slice_make(data + at, size - at), &item, &fault) != ROCKET_OK) break;
    if (rocket_batch_append(&out, item.flag, item.body, item.properties) != ROCKET_OK || out.size != item.size) abort();
    if (memcmp(out.data + 12, data + at + 12, out.size - 12) != 0) abort();
    rocket_buffer_clear(&out);
  }
  if (!fault.what && size > 0 && fault.status != ROCKET_OK) abort();
  return 0;
}

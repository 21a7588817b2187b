// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Stored records, one behind the other as in the answer to a pull: what decodes encodes to the same bytes (but for the checksum), and
 * its parts lie inside it. */
#include "fuzz.h"
#include "rocket_message.h"

enum { CRC_BEGIN = 8, CRC_END = 12, BODY_LIMIT = 100000 };

static bool lies_within(rocket_slice part, const uint8_t *record, size_t size) {
  return !part.data ? part.size == 0 : part.data >= record && part.size <= size && part.data + part.size <= record + size;
}

static void check_encoding(const rocket_message *message, const uint8_t *record) {
  rocket_buffer out = {0};
  int status = rocket_message_encode(message, &out);
  if (status == ROCKET_OK) {
    HOLDS(out.size == message->size && out.size == rocket_message_encoded_size(message));
    HOLDS(memcmp(out.data, record, CRC_BEGIN) == 0 && memcmp(out.data + CRC_END, record + CRC_END, out.size - CRC_END) == 0);
  } else {
    HOLDS(status == ROCKET_TOO_LARGE && message->topic.size > ROCKET_MAX_TOPIC_BYTES && out.size == 0);
  }
  rocket_buffer_clear(&out);
}

static void check_body(const rocket_message *message) {
  rocket_buffer out = {0};
  int status = rocket_message_body(message, BODY_LIMIT, &out);
  if (status != ROCKET_OK) HOLDS(out.size == 0);
  else if (rocket_message_is_compressed(message)) HOLDS(out.size <= BODY_LIMIT || out.size == message->body.size);
  else HOLDS(rocket_slice_equal(rocket_slice_make(out.data, out.size), message->body));
  rocket_buffer_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  for (size_t at = 0;;) {
    rocket_message message;
    rocket_fault fault = {0};
    uint8_t *rest = fuzz_copy(rocket_slice_make(data + at, size - at));
    int status = rocket_message_decode(rocket_slice_make(rest, size - at), &message, &fault);
    if (status == ROCKET_OK) {
      HOLDS(message.size > 0 && message.size <= size - at);
      HOLDS(lies_within(message.body, rest, message.size) && lies_within(message.topic, rest, message.size));
      HOLDS(lies_within(message.properties, rest, message.size));
      check_encoding(&message, rest);
      check_body(&message);
      at += message.size;
    } else {
      HOLDS(fault.status == status && fault.what && fault.offset <= size - at);
    }
    free(rest);
    if (status != ROCKET_OK) return 0;
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The body of SEND_BATCH_MESSAGE: what decodes is written again as the same item. */
#include "fuzz.h"
#include "rocket_message.h"

enum { IGNORED_BEGIN = 4, IGNORED_END = 12 }; /* magic and checksum, which nobody reads */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  for (size_t at = 0;;) {
    rocket_batch_item item;
    rocket_fault fault = {0};
    rocket_buffer out = {0};
    uint8_t *rest = fuzz_copy(rocket_slice_make(data + at, size - at));
    int status = rocket_batch_decode(rocket_slice_make(rest, size - at), &item, &fault);
    if (status == ROCKET_OK) {
      HOLDS(item.size > 0 && item.size <= size - at);
      HOLDS(rocket_batch_append(&out, item.flag, item.body, item.properties) == ROCKET_OK && out.size == item.size);
      HOLDS(memcmp(out.data, rest, IGNORED_BEGIN) == 0);
      HOLDS(memcmp(out.data + IGNORED_END, rest + IGNORED_END, out.size - IGNORED_END) == 0);
      at += item.size;
    } else {
      HOLDS(fault.status == status && fault.what && fault.offset <= size - at);
    }
    rocket_buffer_clear(&out);
    free(rest);
    if (status != ROCKET_OK) return 0;
  }
}

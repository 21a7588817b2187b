// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Property text: what is parsed can be written again and then parses the same; also tag hashes and offset ids of any bytes. */
#include <stdlib.h>

#include "rocket_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_slice text = rocket_slice_make(data, size), name, value, found, again_name, again_value;
  rocket_buffer out = {0};
  rocket_host host;
  int64_t offset;
  size_t cursor = 0, again_cursor = 0;
  while (rocket_property_next(text, &cursor, &name, &value)) {
    if (cursor > size || name.size == 0 || value.size == 0) abort();
    if (!rocket_property_find(text, name, &found)) abort();
    if (rocket_property_append(&out, name, value) != ROCKET_OK) abort();
  }
  cursor = 0;
  while (rocket_property_next(text, &cursor, &name, &value)) {
    rocket_slice again = rocket_slice_make(out.data, out.size);
    if (!rocket_property_next(again, &again_cursor, &again_name, &again_value)) abort();
    if (!rocket_slice_equal(name, again_name) || !rocket_slice_equal(value, again_value)) abort();
  }
  rocket_tag_hash(text);
  if (rocket_offset_id_parse(text, &host, &offset) == ROCKET_OK) {
    char id[ROCKET_ID_TEXT_SIZE];
    rocket_offset_id_format(&host, offset, id);
    if (strlen(id) != size) abort();
  }
  rocket_buffer_clear(&out);
  return 0;
}

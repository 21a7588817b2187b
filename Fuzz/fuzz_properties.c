// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Property text: what is parsed can be written again and then parses the same; the last one of a name is the one that is found. */
#include "fuzz.h"
#include "rocket_message.h"

static rocket_slice last_of(rocket_slice text, rocket_slice name) {
  rocket_slice each_name, value, last = {0};
  size_t cursor = 0;
  while (rocket_property_next(text, &cursor, &each_name, &value))
    if (rocket_slice_equal(each_name, name)) last = value;
  return last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_slice text = rocket_slice_make(data, size), name, value, found, again_name, again_value;
  rocket_buffer out = {0};
  size_t cursor = 0, again_cursor = 0;
  while (rocket_property_next(text, &cursor, &name, &value)) {
    HOLDS(cursor <= size && name.size > 0 && value.size > 0);
    HOLDS(rocket_property_append(&out, name, value) == ROCKET_OK);
    if (size > 2000) continue; /* what follows takes quadratic time */
    HOLDS(rocket_property_find(text, name, &found));
    HOLDS(found.data == last_of(text, name).data);
  }
  HOLDS(cursor == size);
  rocket_slice again = rocket_slice_make(out.data, out.size);
  for (cursor = 0; rocket_property_next(text, &cursor, &name, &value);) {
    HOLDS(rocket_property_next(again, &again_cursor, &again_name, &again_value));
    HOLDS(rocket_slice_equal(name, again_name) && rocket_slice_equal(value, again_value));
  }
  HOLDS(!rocket_property_next(again, &again_cursor, &again_name, &again_value));
  rocket_buffer_clear(&out);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Java: MessageDecoder.messageProperties2String, string2messageProperties. */
#include "base/buffer.h"
#include "base/slice.h"
#include "rocket_message.h"

enum { NAME_END = 1, PROPERTY_END = 2 };

bool rocket_property_next(rocket_slice properties, size_t *cursor, rocket_slice *name, rocket_slice *value) {
  while (*cursor < properties.size) {
    const uint8_t *begin = properties.data + *cursor;
    size_t left = properties.size - *cursor;
    const uint8_t *end = memchr(begin, PROPERTY_END, left);
    size_t size = end ? (size_t)(end - begin) : left;
    *cursor += end ? size + 1 : size;
    const uint8_t *middle = memchr(begin, NAME_END, size);
    if (!middle || middle == begin || middle == begin + size - 1) continue;
    *name = rocket__slice(begin, (size_t)(middle - begin));
    *value = rocket__slice(middle + 1, size - name->size - 1);
    return true;
  }
  return false;
}

static bool has(rocket_slice text, int byte) { return text.size > 0 && memchr(text.data, byte, text.size) != NULL; }

/* As rocket_property_next goes, but a segment is only compared with the name: where its first NAME_END is follows from that. */
bool rocket_property_find(rocket_slice properties, rocket_slice name, rocket_slice *value) {
  if (name.size == 0 || has(name, NAME_END)) return false;
  bool found = false;
  const uint8_t *at = properties.data;
  for (size_t left = properties.size; left > 0;) {
    const uint8_t *end = memchr(at, PROPERTY_END, left);
    size_t size = end ? (size_t)(end - at) : left;
    if (size > name.size + 1 && at[name.size] == NAME_END && memcmp(at, name.data, name.size) == 0) {
      *value = rocket__slice(at + name.size + 1, size - name.size - 1);
      found = true;
    }
    if (!end) break;
    at = end + 1;
    left -= size + 1;
  }
  return found;
}

int rocket_property_append(rocket_buffer *properties, rocket_slice name, rocket_slice value) {
  if (name.size == 0 || value.size == 0) return ROCKET_INVALID_ARGUMENT;
  if (has(name, NAME_END) || has(name, PROPERTY_END) || has(value, PROPERTY_END)) return ROCKET_INVALID_ARGUMENT;
  size_t before = properties->size;
  rocket_buffer_append(properties, name.data, name.size);
  rocket__buffer_put(properties, NAME_END);
  rocket_buffer_append(properties, value.data, value.size);
  rocket__buffer_put(properties, PROPERTY_END);
  return rocket__buffer_finish(properties, before);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include <zlib.h>

#include "base/slice.h"
#include "rocket_message.h"
#include "wire/utf8.h"

int32_t rocket_tag_hash(rocket_slice tag) {
  const uint8_t *at = tag.data, *end = rocket__slice_end(tag);
  uint32_t hash = 0;
  while (at < end) {
    uint32_t c = rocket__utf8_next(&at, end);
    if (c >= 0x10000) { /* Java hashes the two surrogates */
      hash = hash * 31 + (0xD800 + ((c - 0x10000) >> 10));
      c = 0xDC00 + ((c - 0x10000) & 0x3FF);
    }
    hash = hash * 31 + c;
  }
  return (int32_t)hash;
}

uint32_t rocket_crc31(rocket_slice bytes) {
  if (bytes.size == 0) return 0;
  return (uint32_t)(crc32_z(0, bytes.data, bytes.size) & 0x7FFFFFFF);
}

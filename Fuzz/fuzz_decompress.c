// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Compressed bodies: the first byte chooses the type. Output never exceeds the limit, and what comes out compresses again. */
#include <stdlib.h>

#include "rocket_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  rocket_compression type = (rocket_compression)((data[0] & 3) << 8);
  rocket_buffer out = {0}, packed = {0}, again = {0};
  int status = rocket_decompress(type, rocket_slice_make(data + 1, size - 1), LIMIT, &out);
  if (out.size > LIMIT || out.capacity > 4 * LIMIT || (status != ROCKET_OK && out.size > 0)) abort();
  if (rocket_compress(type, 1, rocket_slice_make(out.data, out.size), &packed) != ROCKET_OK) abort();
  if (rocket_decompress(type, rocket_slice_make(packed.data, packed.size), out.size, &again) != ROCKET_OK) abort();
  if (again.size != out.size || (out.size > 0 && memcmp(again.data, out.data, out.size) != 0)) abort();
  rocket_buffer_clear(&out);
  rocket_buffer_clear(&packed);
  rocket_buffer_clear(&again);
  return 0;
}

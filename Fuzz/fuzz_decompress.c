// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Compressed bodies: the first byte chooses the type. Output never exceeds the limit, and what comes out compresses again. */
#include "fuzz.h"
#include "rocket_message.h"

enum { LIMIT = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_slice input = rocket_slice_make(data, size);
  rocket_compression type = (rocket_compression)((fuzz_byte(&input) & 7) << 8);
  rocket_buffer out = {0}, packed = {0}, again = {0};
  int status = rocket_decompress(type, input, LIMIT, &out);
  HOLDS(out.size <= LIMIT && out.capacity <= 4 * LIMIT);
  if (status == ROCKET_OK) {
    HOLDS(rocket_compress(type, 1, rocket_slice_make(out.data, out.size), &packed) == ROCKET_OK);
    HOLDS(rocket_decompress(type, rocket_slice_make(packed.data, packed.size), out.size, &again) == ROCKET_OK);
    HOLDS(rocket_slice_equal(rocket_slice_make(again.data, again.size), rocket_slice_make(out.data, out.size)));
  } else {
    HOLDS(out.size == 0 && status != ROCKET_NO_MEMORY);
    HOLDS((status == ROCKET_UNSUPPORTED) == (type > ROCKET_COMPRESSION_ZLIB));
  }
  rocket_buffer_clear(&out);
  rocket_buffer_clear(&packed);
  rocket_buffer_clear(&again);
  return 0;
}

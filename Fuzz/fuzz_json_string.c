// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* JSON strings: any bytes survive being written and read; undoing escapes does in place what it does elsewhere. */
#include "fuzz.h"
#include "rocket_json.h"

static void check_round_trip(rocket_slice bytes) {
  rocket_buffer out = {0};
  rocket_json_reader reader;
  rocket_json_token token;
  size_t size;
  HOLDS(rocket_json_append_string(&out, bytes) == ROCKET_OK);
  for (size_t i = 0; i < out.size; i++) HOLDS(out.data[i] >= 0x20 && out.data[i] != 0x7F);
  rocket_json_reader_init(&reader, rocket_slice_make(out.data, out.size));
  HOLDS(rocket_json_next(&reader, &token, NULL) == ROCKET_OK && token.kind == ROCKET_JSON_STRING);
  HOLDS(token.text.size == out.size - 2);
  uint8_t *plain = fuzz_copy(token.text);
  HOLDS(rocket_json_unescape(token.text, plain, &size) == ROCKET_OK);
  HOLDS(size == bytes.size && (size == 0 || memcmp(plain, bytes.data, size) == 0));
  free(plain);
  rocket_buffer_clear(&out);
}

static void check_unescape(rocket_slice text) {
  size_t size = 77, in_place_size = 77;
  uint8_t *elsewhere = fuzz_copy((rocket_slice){text.data, text.size}), *in_place = fuzz_copy(text);
  int status = rocket_json_unescape(text, elsewhere, &size);
  HOLDS(status == ROCKET_OK || (status == ROCKET_BAD_JSON && size == 77));
  HOLDS(rocket_json_unescape(rocket_slice_make(in_place, text.size), in_place, &in_place_size) == status);
  HOLDS(size == in_place_size);
  if (status == ROCKET_OK) HOLDS(size <= text.size && memcmp(elsewhere, in_place, size) == 0);
  free(elsewhere);
  free(in_place);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check_round_trip(rocket_slice_make(data, size));
  check_unescape(rocket_slice_make(data, size));
  return 0;
}

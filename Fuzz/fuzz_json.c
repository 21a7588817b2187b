// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* JSON: the reader ends, stays within its depth, and gives strings that survive being written and read again. */
#include <stdlib.h>

#include "rocket_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(rocket_slice text) {
  uint8_t *plain = malloc(text.size + 1), *again = malloc(text.size + 1);
  size_t plain_size, again_size;
  rocket_buffer out = {0};
  rocket_json_reader reader;
  rocket_json_token token;
  if (rocket_json_unescape(text, plain, &plain_size) != ROCKET_OK || plain_size > text.size) abort();
  rocket_json_append_string(&out, rocket_slice_make(plain, plain_size));
  rocket_json_reader_init(&reader, rocket_slice_make(out.data, out.size));
  if (rocket_json_next(&reader, &token, NULL) != ROCKET_OK || token.kind != ROCKET_JSON_STRING) abort();
  again = realloc(again, token.text.size + 1);
  if (rocket_json_unescape(token.text, again, &again_size) != ROCKET_OK) abort();
  if (again_size != plain_size || memcmp(plain, again, plain_size) != 0) abort();
  if (rocket_json_next(&reader, &token, NULL) != ROCKET_OK || token.kind != ROCKET_JSON_END) abort();
  rocket_buffer_clear(&out);
  free(plain);
  free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_json_reader reader;
  rocket_json_token token;
  rocket_fault fault = {0};
  rocket_json_reader_init(&reader, rocket_slice_make(data, size));
  for (;;) {
    int status = rocket_json_next(&reader, &token, &fault);
    if (reader.depth > ROCKET_JSON_MAX_DEPTH || reader.position > size) abort();
    if (status != ROCKET_OK) {
      if (fault.status != status || fault.offset > size) abort();
      break;
    }
    if (token.kind == ROCKET_JSON_END) break;
    if (token.kind == ROCKET_JSON_STRING) check_string(token.text);
  }
  return 0;
}

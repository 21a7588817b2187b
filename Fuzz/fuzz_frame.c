// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A frame: whatever decodes must encode again, in both serializations, to a frame that says the same. */
#include <stdlib.h>

#include "rocket_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const rocket_command *command, rocket_serialization serialization) {
  rocket_command copy = *command, again;
  rocket_buffer out = {0};
  copy.serialization = serialization;
  int status = rocket_command_encode(&copy, &out);
  if (status == ROCKET_OK) {
    if (rocket_command_decode(out.data, out.size, &again, NULL) != ROCKET_OK) abort();
    if (again.code != command->code || again.flag != command->flag || again.opaque != command->opaque) abort();
    if (!rocket_slice_equal(again.body, command->body) || again.field_count > command->field_count) abort();
  } else if (status != ROCKET_UNSUPPORTED && status != ROCKET_TOO_LARGE) {
    abort();
  }
  rocket_buffer_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_command command;
  rocket_fault fault = {0};
  rocket_field missing;
  size_t frame_size;
  int scanned = rocket_frame_scan(rocket_slice_make(data, size), ROCKET_MAX_FRAME_BYTES, &frame_size);
  if (scanned == ROCKET_OK) size = frame_size;
  uint8_t *frame = malloc(size + 1);
  memcpy(frame, data, size);
  int status = rocket_command_decode(frame, size, &command, &fault);
  if (status == ROCKET_OK) {
    if (scanned != ROCKET_OK && size <= ROCKET_MAX_FRAME_BYTES) abort();
    rocket_command_check_request(&command, &missing);
    check_again(&command, ROCKET_SERIALIZATION_JSON);
    check_again(&command, ROCKET_SERIALIZATION_BINARY);
  } else if (fault.status != status || !fault.what || fault.offset > size) {
    abort();
  }
  free(frame);
  return 0;
}

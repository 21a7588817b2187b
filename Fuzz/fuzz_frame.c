// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A frame: whatever decodes encodes again, in both serializations, to a frame that decodes to the same. */
#include "fuzz.h"
#include "rocket_command.h"

/* Java reads an empty text of a binary header as absent. */
static bool is_written(const rocket_command_field *entry, rocket_serialization to) {
  return to == ROCKET_SERIALIZATION_JSON || (entry->name.size > 0 && entry->value.size > 0);
}

static void check_same(const rocket_command *before, const rocket_command *after, rocket_serialization as) {
  uint32_t count = 0;
  HOLDS(after->serialization == as);
  HOLDS(after->code == before->code && after->opaque == before->opaque && after->flag == before->flag);
  HOLDS(after->version == before->version);
  HOLDS(after->language == (before->language < 0 ? 7 : before->language));
  HOLDS(rocket_slice_equal(after->remark, before->remark) && rocket_slice_equal(after->body, before->body));
  for (uint32_t i = 0; i < before->field_count; i++) {
    const rocket_command_field *was = &before->fields[i], *is = &after->fields[count];
    if (!is_written(was, as)) continue;
    HOLDS(count < after->field_count);
    HOLDS(is->field == was->field && rocket_slice_equal(is->name, was->name) && rocket_slice_equal(is->value, was->value));
    count++;
  }
  HOLDS(after->field_count == count);
  HOLDS(after->has_fields == (as == ROCKET_SERIALIZATION_JSON ? before->has_fields : count > 0));
}

static void check_again(const rocket_command *command, rocket_serialization as) {
  rocket_command copy = *command, again;
  rocket_buffer out = {0};
  size_t size;
  copy.serialization = as;
  int status = rocket_command_encode(&copy, &out);
  if (status == ROCKET_OK) {
    uint8_t *frame = fuzz_copy(rocket_slice_make(out.data, out.size));
    HOLDS(rocket_frame_scan(rocket_slice_make(frame, out.size), ROCKET_MAX_FRAME_BYTES, &size) == ROCKET_OK && size == out.size);
    HOLDS(rocket_command_decode(frame, size, &again, NULL) == ROCKET_OK);
    check_same(command, &again, as);
    free(frame);
  } else {
    bool unfit = command->code != (int16_t)command->code || command->version != (int16_t)command->version;
    HOLDS(status == ROCKET_TOO_LARGE || (status == ROCKET_UNSUPPORTED && as == ROCKET_SERIALIZATION_BINARY && unfit));
    HOLDS(out.size == 0);
  }
  rocket_buffer_clear(&out);
}

static void check_getters(const rocket_command *command) {
  rocket_field missing = ROCKET_FIELD_UNKNOWN;
  int status = rocket_command_check_request(command, &missing);
  HOLDS((status == ROCKET_OK) == (missing == ROCKET_FIELD_UNKNOWN));
  for (uint32_t i = 0; i < command->field_count; i++) {
    const rocket_command_field *entry = &command->fields[i];
    rocket_slice by_name;
    int64_t wide;
    int32_t narrow;
    HOLDS(rocket_command_get_named(command, entry->name, &by_name) == ROCKET_OK);
    HOLDS(by_name.data == entry->value.data && by_name.size == entry->value.size);
    if (entry->field == ROCKET_FIELD_UNKNOWN) continue;
    int as_wide = rocket_command_get_i64(command, entry->field, &wide), as_narrow = rocket_command_get_i32(command, entry->field, &narrow);
    HOLDS(as_wide == ROCKET_OK || as_narrow != ROCKET_OK);
    HOLDS(as_narrow != ROCKET_OK || narrow == wide);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_command command;
  rocket_fault fault = {0};
  size_t frame_size;
  int scanned = rocket_frame_scan(rocket_slice_make(data, size), ROCKET_MAX_FRAME_BYTES, &frame_size);
  if (scanned == ROCKET_OK) size = frame_size;
  uint8_t *frame = fuzz_copy(rocket_slice_make(data, size));
  int status = rocket_command_decode(frame, size, &command, &fault);
  if (status == ROCKET_OK) {
    HOLDS(scanned == ROCKET_OK);
    HOLDS(command.field_count <= ROCKET_MAX_FIELDS);
    check_getters(&command);
    check_again(&command, ROCKET_SERIALIZATION_JSON);
    check_again(&command, ROCKET_SERIALIZATION_BINARY);
  } else {
    HOLDS(fault.status == status && fault.what && fault.offset <= size);
  }
  free(frame);
  return 0;
}

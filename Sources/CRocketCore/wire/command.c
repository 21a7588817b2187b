// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "base/allocator.h"
#include "base/decimal.h"
#include "base/slice.h"
#include "wire/header.h"
#include "wire/tables.h"

void rocket_command_init(rocket_command *command, int32_t code) {
  command->code = code;
  command->opaque = 0;
  command->flag = 0;
  command->version = ROCKET_VERSION_4_9_8;
  command->language = ROCKET__LANGUAGE_OTHER;
  command->serialization = ROCKET_SERIALIZATION_JSON;
  command->has_fields = false;
  command->remark = (rocket_slice){0};
  command->body = (rocket_slice){0};
  command->field_count = 0;
  command->scratch_used = 0;
}

int rocket_command_new(int32_t code, rocket_command **out) {
  rocket_command *command = rocket__alloc(NULL, sizeof *command);
  if (!command) return ROCKET_NO_MEMORY;
  rocket_command_init(command, code);
  *out = command;
  return ROCKET_OK;
}

void rocket_command_free(rocket_command *command) { rocket__release(NULL, command); }

void rocket_command_init_response(rocket_command *response, const rocket_command *request, int32_t code) {
  int32_t opaque = request->opaque; /* before init: both may be the same command */
  rocket_serialization serialization = request->serialization;
  rocket_command_init(response, code);
  response->opaque = opaque;
  response->serialization = serialization;
  response->flag = ROCKET_FLAG_RESPONSE;
}

static bool entry_is(const rocket_command_field *entry, rocket_field field, rocket_slice name) {
  return field != ROCKET_FIELD_UNKNOWN ? entry->field == field : rocket__slice_equal(entry->name, name);
}

/* The index of a field, or of a name that means none; field_count when it is not there. */
static uint32_t entry_of(const rocket_command *command, rocket_field field, rocket_slice name) {
  uint32_t i = 0;
  while (i < command->field_count && !entry_is(&command->fields[i], field, name)) i++;
  return i;
}

/* Replaces an entry of the same field or name: a name is on the wire once. */
static int put(rocket_command *command, rocket_field field, rocket_slice name, rocket_slice value) {
  if (!value.data) return ROCKET_OK;
  uint32_t i = entry_of(command, field, name);
  if (i == ROCKET_MAX_FIELDS) return ROCKET_TOO_MANY_FIELDS;
  if (i == command->field_count) command->field_count++;
  command->fields[i] = (rocket_command_field){field, name, value};
  command->has_fields = true;
  return ROCKET_OK;
}

int rocket_command_set(rocket_command *command, rocket_field field, rocket_slice value) {
  if (field < 0 || field >= ROCKET_FIELD_COUNT) return ROCKET_INVALID_ARGUMENT;
  return put(command, field, rocket__field_wire_name(command->code, field), value);
}

int rocket_command_set_i64(rocket_command *command, rocket_field field, int64_t value) {
  if (command->scratch_used + ROCKET__I64_DIGITS > sizeof command->scratch) return ROCKET_TOO_MANY_FIELDS;
  uint8_t *begin = (uint8_t *)command->scratch + command->scratch_used;
  size_t size = (size_t)(rocket__format_i64(begin, value) - begin);
  int status = rocket_command_set(command, field, rocket__slice(begin, size));
  if (status == ROCKET_OK) command->scratch_used += (uint32_t)size;
  return status;
}

int rocket_command_set_copy(rocket_command *command, rocket_field field, rocket_slice value) {
  if (value.size > sizeof command->scratch - command->scratch_used) return ROCKET_TOO_LARGE;
  uint8_t *begin = (uint8_t *)command->scratch + command->scratch_used;
  if (value.size > 0) memcpy(begin, value.data, value.size);
  int status = rocket_command_set(command, field, rocket__slice(value.data ? begin : NULL, value.size));
  if (status == ROCKET_OK) command->scratch_used += (uint32_t)value.size;
  return status;
}

int rocket_command_set_bool(rocket_command *command, rocket_field field, bool value) {
  return rocket_command_set(command, field, value ? ROCKET__LITERAL("true") : ROCKET__LITERAL("false"));
}

int rocket_command_set_named(rocket_command *command, rocket_slice name, rocket_slice value) {
  return put(command, rocket__field_of(command->code, name), name, value);
}

int rocket_command_get(const rocket_command *command, rocket_field field, rocket_slice *out) {
  if (field == ROCKET_FIELD_UNKNOWN) return ROCKET_MISSING_FIELD;
  for (uint32_t i = 0; i < command->field_count; i++) {
    if (command->fields[i].field != field) continue;
    *out = command->fields[i].value;
    return ROCKET_OK;
  }
  return ROCKET_MISSING_FIELD;
}

int rocket_command_get_named(const rocket_command *command, rocket_slice name, rocket_slice *out) {
  for (uint32_t i = 0; i < command->field_count; i++) {
    if (!rocket__slice_equal(command->fields[i].name, name)) continue;
    *out = command->fields[i].value;
    return ROCKET_OK;
  }
  return ROCKET_MISSING_FIELD;
}

int rocket_command_get_i64(const rocket_command *command, rocket_field field, int64_t *out) {
  rocket_slice text;
  int status = rocket_command_get(command, field, &text);
  if (status != ROCKET_OK) return status;
  return rocket__parse_i64(text, out) ? ROCKET_OK : ROCKET_BAD_FIELD;
}

int rocket_command_get_i32(const rocket_command *command, rocket_field field, int32_t *out) {
  rocket_slice text;
  int status = rocket_command_get(command, field, &text);
  if (status != ROCKET_OK) return status;
  return rocket__parse_i32(text, out) ? ROCKET_OK : ROCKET_BAD_FIELD;
}

static bool is_true(rocket_slice text) {
  static const char word[] = "true";
  if (text.size != sizeof word - 1) return false;
  for (size_t i = 0; i < text.size; i++)
    if ((text.data[i] | 0x20) != word[i]) return false;
  return true;
}

int rocket_command_get_bool(const rocket_command *command, rocket_field field, bool *out) {
  rocket_slice text;
  int status = rocket_command_get(command, field, &text);
  if (status == ROCKET_OK) *out = is_true(text);
  return status;
}

/* What rocket__command_add leaves: names that are unknown, come again or have no value. Kept apart, so that the usual case needs
 * no registers for it. */
static __attribute__((noinline)) int add_unusual(rocket_command *command, rocket_field field, rocket_slice name, rocket_slice value) {
  uint32_t at = entry_of(command, field, name);
  if (!value.data) {
    if (at < command->field_count) command->fields[at] = command->fields[--command->field_count];
    return ROCKET_OK;
  }
  if (at == ROCKET_MAX_FIELDS) return ROCKET_TOO_MANY_FIELDS;
  if (at == command->field_count) command->field_count++;
  command->fields[at] = (rocket_command_field){field, name, value};
  return ROCKET_OK;
}

int rocket__command_add(rocket_command *command, rocket__seen_fields *seen, rocket_slice name, rocket_slice value) {
  rocket_field field = rocket__field_of(command->code, name);
  if (field == ROCKET_FIELD_UNKNOWN || !value.data) return add_unusual(command, field, name, value);
  uint64_t bit = UINT64_C(1) << (field % 64), *bits = &seen->bits[field / 64];
  if ((*bits & bit) || command->field_count == ROCKET_MAX_FIELDS) return add_unusual(command, field, name, value);
  *bits |= bit;
  rocket_command_field *entry = &command->fields[command->field_count++];
  entry->field = field;
  entry->name = name;
  entry->value = value;
  return ROCKET_OK;
}

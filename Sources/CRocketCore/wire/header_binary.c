// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The ROCKETMQ header. Java: RocketMQSerializable.
 *
 *   i16 code | i8 language | i16 version | i32 opaque | i32 flag | i32 size, remark | i32 size, extFields
 *   extFields = repeated { i16 size, name | i32 size, value }
 */
#include "base/buffer.h"
#include "base/endian.h"
#include "base/slice.h"
#include "wire/header.h"
#include "wire/tables.h"

enum { FIXED_SIZE = 21 /* everything but texts */, NAME_SIZE = 2, VALUE_SIZE = 4 };

/* What is left to decode. */
typedef struct input {
  const uint8_t *at;
  const uint8_t *end;
} input;

/* A length of `width` bytes and that many bytes behind it. False: they are not all there. */
static bool take(input *in, size_t width, rocket_slice *out) {
  if ((size_t)(in->end - in->at) < width) return false;
  int32_t size = width == NAME_SIZE ? rocket__load_i16(in->at) : rocket__load_i32(in->at);
  in->at += width;
  if (size < 0 || size > in->end - in->at) return false;
  *out = size > 0 ? rocket__slice(in->at, (size_t)size) : (rocket_slice){0}; /* Java: empty reads as null */
  in->at += size;
  return true;
}

static int decode_fields(rocket_slice bytes, rocket_command *out, const uint8_t **stop) {
  input in = {bytes.data, bytes.data + bytes.size};
  rocket__seen_fields seen = {0};
  while (in.at < in.end) {
    rocket_slice name = {0}, value = {0};
    *stop = in.at;
    if (!take(&in, NAME_SIZE, &name) || !take(&in, VALUE_SIZE, &value)) return ROCKET_BAD_HEADER;
    int status = rocket__command_add(out, &seen, name, value);
    if (status != ROCKET_OK) return status;
  }
  return ROCKET_OK;
}

static int fail(rocket_fault *fault, int status, const uint8_t *frame, const uint8_t *at, const char *what) {
  if (fault) *fault = (rocket_fault){status, (uint32_t)(at - frame), what};
  return status;
}

int rocket__binary_header_decode(const uint8_t *frame, rocket_slice header, rocket_command *out, rocket_fault *fault) {
  input in = {header.data, header.data + header.size};
  if (header.size < FIXED_SIZE) return fail(fault, ROCKET_BAD_HEADER, frame, in.at, "header");
  out->code = rocket__load_i16(in.at);
  out->language = rocket__language_known(in.at[2]);
  out->version = rocket__load_i16(in.at + 3);
  out->opaque = rocket__load_i32(in.at + 5);
  out->flag = rocket__load_i32(in.at + 9);
  out->field_count = 0;
  out->scratch_used = 0;
  in.at += 13;

  rocket_slice fields;
  const uint8_t *stop = in.at;
  if (!take(&in, VALUE_SIZE, &out->remark)) return fail(fault, ROCKET_BAD_HEADER, frame, stop, "remark");
  stop = in.at;
  if (!take(&in, VALUE_SIZE, &fields)) return fail(fault, ROCKET_BAD_HEADER, frame, stop, "extFields");
  if (in.at != in.end) return fail(fault, ROCKET_BAD_HEADER, frame, in.at, "headerLength");
  out->has_fields = fields.size > 0;
  if (!out->has_fields) return ROCKET_OK;
  int status = decode_fields(fields, out, &stop);
  return status == ROCKET_OK ? ROCKET_OK : fail(fault, status, frame, stop, "extFields");
}

/* Java would read an empty value back as null, so it stays out; so does an empty name. */
static bool is_written(const rocket_command_field *field) { return field->name.size > 0 && field->value.size > 0; }

static int fields_size(const rocket_command *command, size_t *out) {
  size_t size = 0;
  for (uint32_t i = 0; i < command->field_count; i++) {
    const rocket_command_field *field = &command->fields[i];
    if (field->name.size > INT16_MAX || field->value.size > ROCKET_MAX_FRAME_BYTES) return ROCKET_TOO_LARGE;
    if (is_written(field)) size += NAME_SIZE + field->name.size + VALUE_SIZE + field->value.size;
  }
  *out = size;
  return ROCKET_OK;
}

static bool fits_i16(int32_t number) { return number >= INT16_MIN && number <= INT16_MAX; }

int rocket__binary_header_encode(const rocket_command *command, rocket_buffer *out) {
  size_t ext_size = 0;
  if (!fits_i16(command->code) || !fits_i16(command->version)) return ROCKET_UNSUPPORTED;
  if (command->remark.size > ROCKET_MAX_FRAME_BYTES) return ROCKET_TOO_LARGE;
  int status = fields_size(command, &ext_size);
  if (status != ROCKET_OK) return status;
  uint8_t *begin = rocket__buffer_room(out, FIXED_SIZE + command->remark.size + ext_size);
  if (!begin) return out->status;

  int32_t language = rocket__language_known(command->language);
  uint8_t *at = begin;
  at = rocket__store_u16(at, (uint16_t)command->code);
  *at++ = (uint8_t)(language < 0 ? ROCKET__LANGUAGE_OTHER : language);
  at = rocket__store_u16(at, (uint16_t)command->version);
  at = rocket__store_i32(at, command->opaque);
  at = rocket__store_i32(at, command->flag);
  at = rocket__store_u32(at, (uint32_t)command->remark.size);
  at = rocket__store_bytes(at, command->remark.data, command->remark.size);
  at = rocket__store_u32(at, (uint32_t)ext_size);
  for (uint32_t i = 0; i < command->field_count; i++) {
    const rocket_command_field *field = &command->fields[i];
    if (!is_written(field)) continue;
    at = rocket__store_u16(at, (uint16_t)field->name.size);
    at = rocket__store_bytes(at, field->name.data, field->name.size);
    at = rocket__store_u32(at, (uint32_t)field->value.size);
    at = rocket__store_bytes(at, field->value.data, field->value.size);
  }
  out->size += (size_t)(at - begin);
  return ROCKET_OK;
}

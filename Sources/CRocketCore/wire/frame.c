// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "base/buffer.h"
#include "base/endian.h"
#include "base/slice.h"
#include "wire/header.h"

enum { LENGTH_SIZE = 4, WORD_SIZE = 4, HEAD_SIZE = LENGTH_SIZE + WORD_SIZE, MAX_HEADER_BYTES = 0xFFFFFF };

int rocket_frame_scan(rocket_slice bytes, size_t max_frame_bytes, size_t *frame_size) {
  if (bytes.size < LENGTH_SIZE) {
    *frame_size = 0;
    return ROCKET_INCOMPLETE;
  }
  int32_t length = rocket__load_i32(bytes.data);
  if (length < WORD_SIZE) return ROCKET_BAD_FRAME;
  size_t total = (size_t)length + LENGTH_SIZE;
  if (total > max_frame_bytes) return ROCKET_TOO_LARGE;
  *frame_size = total;
  return bytes.size < total ? ROCKET_INCOMPLETE : ROCKET_OK;
}

static int fail(rocket_fault *fault, int status, uint32_t offset, const char *what) {
  if (fault) *fault = (rocket_fault){status, offset, what};
  return status;
}

int rocket_command_decode(uint8_t *frame, size_t size, rocket_command *out, rocket_fault *fault) {
  if (size < HEAD_SIZE || rocket__load_u32(frame) != size - LENGTH_SIZE) return fail(fault, ROCKET_BAD_FRAME, 0, "length");
  uint32_t word = rocket__load_u32(frame + LENGTH_SIZE);
  uint32_t type = word >> 24, header_size = word & MAX_HEADER_BYTES;
  if (header_size > size - HEAD_SIZE) return fail(fault, ROCKET_BAD_FRAME, LENGTH_SIZE, "headerLength");

  rocket_slice header = rocket__slice(frame + HEAD_SIZE, header_size);
  int status;
  if (type == ROCKET_SERIALIZATION_JSON) status = rocket__json_header_decode(frame, header, out, fault);
  else if (type == ROCKET_SERIALIZATION_BINARY) status = rocket__binary_header_decode(frame, header, out, fault);
  else return fail(fault, ROCKET_BAD_SERIALIZATION, LENGTH_SIZE, "serializeType");
  if (status != ROCKET_OK) return status;

  size_t body_size = size - HEAD_SIZE - header_size;
  out->serialization = (rocket_serialization)type;
  out->body = body_size > 0 ? rocket__slice(frame + HEAD_SIZE + header_size, body_size) : (rocket_slice){0};
  return ROCKET_OK;
}

/* Appends length, word and header. */
static int encode_head(const rocket_command *command, size_t body_size, rocket_buffer *out) {
  size_t before = out->size;
  if (!rocket__buffer_room(out, HEAD_SIZE)) return out->status;
  out->size += HEAD_SIZE;
  int status = command->serialization == ROCKET_SERIALIZATION_BINARY ? rocket__binary_header_encode(command, out)
                                                                     : rocket__json_header_encode(command, out);
  if (status != ROCKET_OK) return status;
  size_t header_size = out->size - before - HEAD_SIZE;
  if (header_size > MAX_HEADER_BYTES || body_size > ROCKET_MAX_FRAME_BYTES ||
      HEAD_SIZE + header_size + body_size > ROCKET_MAX_FRAME_BYTES)
    return ROCKET_TOO_LARGE;
  uint8_t *at = out->data + before;
  at = rocket__store_u32(at, (uint32_t)(WORD_SIZE + header_size + body_size));
  rocket__store_u32(at, (uint32_t)command->serialization << 24 | (uint32_t)header_size);
  return ROCKET_OK;
}

int rocket_command_encode_head(const rocket_command *command, size_t body_size, rocket_buffer *out) {
  size_t before = out->size;
  int status = encode_head(command, body_size, out);
  if (status != ROCKET_OK) out->size = before;
  return status;
}

int rocket_command_encode(const rocket_command *command, rocket_buffer *out) {
  size_t before = out->size;
  int status = encode_head(command, command->body.size, out);
  if (status == ROCKET_OK) status = rocket_buffer_append(out, command->body.data, command->body.size);
  if (status != ROCKET_OK) out->size = before;
  return status;
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* One message in the body of SEND_BATCH_MESSAGE. Java: MessageDecoder.encodeMessage.
 *
 *   i32 size | i32 magic (0) | i32 bodyCRC (0) | i32 flag | i32 n, body | i16 n, properties
 */
#include "base/buffer.h"
#include "base/endian.h"
#include "base/slice.h"
#include "rocket_message.h"

enum { SMALLEST = 22, OFFSET_FLAG = 12, OFFSET_BODY = 16 };

int rocket_batch_append(rocket_buffer *out, int32_t flag, rocket_slice body, rocket_slice properties) {
  if (properties.size > ROCKET_MAX_PROPERTIES_BYTES || body.size > INT32_MAX - SMALLEST - ROCKET_MAX_PROPERTIES_BYTES)
    return ROCKET_TOO_LARGE;
  size_t size = SMALLEST + body.size + properties.size;
  uint8_t *at = rocket__buffer_room(out, size);
  if (!at) return out->status;
  at = rocket__store_u32(at, (uint32_t)size);
  at = rocket__store_u64(at, 0);
  at = rocket__store_i32(at, flag);
  at = rocket__store_u32(at, (uint32_t)body.size);
  at = rocket__store_bytes(at, body.data, body.size);
  at = rocket__store_u16(at, (uint16_t)properties.size);
  rocket__store_bytes(at, properties.data, properties.size);
  out->size += size;
  return ROCKET_OK;
}

static int fail(rocket_fault *fault, int status, size_t offset, const char *what) {
  if (fault) *fault = (rocket_fault){status, (uint32_t)offset, what};
  return status;
}

static rocket_slice part(const uint8_t *at, size_t size) { return size > 0 ? rocket__slice(at, size) : (rocket_slice){0}; }

int rocket_batch_decode(rocket_slice bytes, rocket_batch_item *out, rocket_fault *fault) {
  if (bytes.size < 4) return fail(fault, ROCKET_INCOMPLETE, bytes.size, "size");
  uint32_t size = rocket__load_u32(bytes.data);
  if (size < SMALLEST || size > INT32_MAX) return fail(fault, ROCKET_BAD_MESSAGE, 0, "size");
  if (bytes.size < size) return fail(fault, ROCKET_INCOMPLETE, 0, "size");
  uint32_t body_size = rocket__load_u32(bytes.data + OFFSET_BODY);
  if (body_size > size - SMALLEST) return fail(fault, ROCKET_BAD_MESSAGE, OFFSET_BODY, "bodyLength");
  const uint8_t *body = bytes.data + OFFSET_BODY + 4, *properties = body + body_size + 2;
  size_t properties_size = size - SMALLEST - body_size;
  if (properties_size > INT16_MAX || rocket__load_u16(properties - 2) != properties_size)
    return fail(fault, ROCKET_BAD_MESSAGE, (size_t)(body + body_size - bytes.data), "propertiesLength");
  *out = (rocket_batch_item){size, rocket__load_i32(bytes.data + OFFSET_FLAG), part(body, body_size),
                             part(properties, properties_size)};
  return ROCKET_OK;
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "base/buffer.h"

#include "base/allocator.h"

enum { SMALLEST = 256 };

void rocket_buffer_init(rocket_buffer *buffer, const rocket_allocator *allocator) {
  *buffer = (rocket_buffer){.allocator = allocator};
}

void rocket_buffer_clear(rocket_buffer *buffer) {
  rocket__release(buffer->allocator, buffer->data);
  rocket_buffer_init(buffer, buffer->allocator);
}

static int grow(rocket_buffer *buffer, size_t more) {
  size_t needed, doubled;
  if (__builtin_add_overflow(buffer->size, more, &needed)) goto fail;
  if (needed < SMALLEST) needed = SMALLEST;
  if (!__builtin_mul_overflow(buffer->capacity, 2, &doubled) && doubled > needed) needed = doubled;
  uint8_t *data = rocket__resize(buffer->allocator, buffer->data, needed);
  if (!data) goto fail;
  buffer->data = data;
  buffer->capacity = needed;
  return ROCKET_OK;
fail:
  buffer->status = ROCKET_NO_MEMORY;
  return ROCKET_NO_MEMORY;
}

int rocket_buffer_reserve(rocket_buffer *buffer, size_t more) {
  if (buffer->status != ROCKET_OK) return buffer->status;
  if (buffer->data && more <= buffer->capacity - buffer->size) return ROCKET_OK;
  return grow(buffer, more);
}

int rocket_buffer_append(rocket_buffer *buffer, const void *bytes, size_t size) {
  int status = rocket_buffer_reserve(buffer, size);
  if (status != ROCKET_OK || size == 0) return status;
  memcpy(buffer->data + buffer->size, bytes, size);
  buffer->size += size;
  return ROCKET_OK;
}

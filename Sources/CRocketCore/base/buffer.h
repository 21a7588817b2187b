// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What encoders need of a rocket_buffer beyond its public functions. */
#ifndef ROCKET_BASE_BUFFER_H
#define ROCKET_BASE_BUFFER_H

#include "base/endian.h"
#include "rocket_bytes.h"
#include "rocket_status.h"

/* Room for `more` bytes behind what is there, or NULL (the failure sticks). The writer then adds what it wrote to `size`. */
static inline uint8_t *rocket__buffer_room(rocket_buffer *buffer, size_t more) {
  bool fits = buffer->status == ROCKET_OK && buffer->data && more <= buffer->capacity - buffer->size;
  if (!fits && rocket_buffer_reserve(buffer, more) != ROCKET_OK) return NULL;
  return buffer->data + buffer->size;
}

/* Appends one byte. */
static inline void rocket__buffer_put(rocket_buffer *buffer, uint8_t byte) {
  uint8_t *at = rocket__buffer_room(buffer, 1);
  if (!at) return;
  *at = byte;
  buffer->size++;
}

/* Appends what is short or of a known size: no call. */
static inline void rocket__buffer_put_bytes(rocket_buffer *buffer, const void *bytes, size_t size) {
  uint8_t *at = rocket__buffer_room(buffer, size);
  if (!at) return;
  rocket__store_bytes(at, bytes, size);
  buffer->size += size;
}

/* Ends an append that began at `size`: ROCKET_OK, or the buffer's failure with everything since then taken back. */
static inline int rocket__buffer_finish(rocket_buffer *buffer, size_t size) {
  if (buffer->status != ROCKET_OK) buffer->size = size;
  return buffer->status;
}

#endif

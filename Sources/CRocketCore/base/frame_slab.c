// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include <stdatomic.h>

#include "base/allocator.h"
#include "rocket_status.h"

/* The bytes follow the struct, in the same allocation. */
struct rocket_frame {
  atomic_uint_fast64_t count;
  size_t size;
  const rocket_allocator *allocator;
  _Alignas(16) uint8_t bytes[];
};

int rocket_frame_new(const rocket_allocator *allocator, size_t size, rocket_frame **out) {
  size_t total;
  if (__builtin_add_overflow(sizeof(rocket_frame), size, &total)) return ROCKET_NO_MEMORY;
  rocket_frame *frame = rocket__alloc(allocator, total);
  if (!frame) return ROCKET_NO_MEMORY;
  atomic_init(&frame->count, 1);
  frame->size = size;
  frame->allocator = allocator;
  *out = frame;
  return ROCKET_OK;
}

void rocket_frame_retain(rocket_frame *frame) { rocket_frame_retain_many(frame, 1); }

/* Relaxed: whoever adds a count already holds one, so the frame cannot go away meanwhile. */
void rocket_frame_retain_many(rocket_frame *frame, uint32_t counts) {
  atomic_fetch_add_explicit(&frame->count, counts, memory_order_relaxed);
}

/* Release: what this holder did to the bytes is done before the count goes down. Acquire: the one who frees sees it all.
 * Both sit on the one operation, because thread sanitizers do not follow separate fences. */
void rocket_frame_release_many(rocket_frame *frame, uint32_t counts) {
  if (!frame) return;
  if (atomic_fetch_sub_explicit(&frame->count, counts, memory_order_acq_rel) == counts)
    rocket__release(frame->allocator, frame);
}
void rocket_frame_release(rocket_frame *frame) { rocket_frame_release_many(frame, 1); }

uint8_t *rocket_frame_bytes(rocket_frame *frame) { return frame->bytes; }
size_t rocket_frame_size(const rocket_frame *frame) { return frame->size; }

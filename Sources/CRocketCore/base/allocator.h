// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The only way this library takes and gives memory. A NULL allocator is malloc, realloc and free.
 * Thread: any. */
#ifndef ROCKET_BASE_ALLOCATOR_H
#define ROCKET_BASE_ALLOCATOR_H

#include <stdlib.h>
#include <string.h>

#include "rocket_bytes.h"

/* NULL when there is none left. */
static inline void *rocket__alloc(const rocket_allocator *allocator, size_t size) {
  return allocator ? allocator->allocate(allocator->user, size) : malloc(size);
}

/* `count` zeroed elements of `size` bytes; NULL also when the product overflows. */
static inline void *rocket__alloc_zeroed(const rocket_allocator *allocator, size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) return NULL;
  if (!allocator) return calloc(count, size);
  void *memory = allocator->allocate(allocator->user, total);
  return memory ? memset(memory, 0, total) : NULL;
}

/* Like realloc: `memory` may be NULL, and stays valid when the result is NULL. */
static inline void *rocket__resize(const rocket_allocator *allocator, void *memory, size_t size) {
  return allocator ? allocator->resize(allocator->user, memory, size) : realloc(memory, size);
}

/* `memory` may be NULL. */
static inline void rocket__release(const rocket_allocator *allocator, void *memory) {
  if (allocator) allocator->release(allocator->user, memory);
  else free(memory);
}

#endif

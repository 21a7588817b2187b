// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Slices inside the library, where a call for each would cost. */
#ifndef ROCKET_BASE_SLICE_H
#define ROCKET_BASE_SLICE_H

#include <string.h>

#include "rocket_bytes.h"

static inline rocket_slice rocket__slice(const void *data, size_t size) {
  rocket_slice slice = {(const uint8_t *)data, size};
  return slice;
}
static inline bool rocket__slice_equal(rocket_slice a, rocket_slice b) {
  return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* The address behind the last byte. Adding even 0 to the NULL of an absent slice is undefined. */
static inline const uint8_t *rocket__slice_end(rocket_slice slice) { return slice.data ? slice.data + slice.size : NULL; }

/* A slice of a string literal, its size known when compiling. */
#define ROCKET__LITERAL(text) rocket__slice(text, sizeof(text) - 1)

#endif

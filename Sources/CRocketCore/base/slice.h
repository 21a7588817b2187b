// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Slices inside the library. */
#ifndef ROCKET_BASE_SLICE_H
#define ROCKET_BASE_SLICE_H

#include "rocket_bytes.h"

/* The address behind the last byte. Adding even 0 to the NULL of an absent slice is undefined. */
static inline const uint8_t *rocket__slice_end(rocket_slice slice) { return slice.data ? slice.data + slice.size : NULL; }

/* A slice of a string literal, its size known when compiling. */
#define ROCKET__LITERAL(text) rocket_slice_make(text, sizeof(text) - 1)

#endif

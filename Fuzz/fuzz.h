// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What the fuzzers have in common. The input is an allocation of exactly `size` bytes, so reading beyond it is found. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rocket_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that holds for every input. */
#define HOLDS(condition)                                                              \
  do {                                                                                \
    if (!(condition)) {                                                               \
      fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);  \
      abort();                                                                        \
    }                                                                                 \
  } while (0)

/* A copy of exactly `bytes.size` bytes (of one, when there are none). */
static inline uint8_t *fuzz_copy(rocket_slice bytes) {
  uint8_t *copy = malloc(bytes.size > 0 ? bytes.size : 1);
  HOLDS(copy != NULL);
  if (bytes.size > 0) memcpy(copy, bytes.data, bytes.size);
  return copy;
}

/* Takes `size` bytes, or what is left, from the front of `input`. */
static inline rocket_slice fuzz_take(rocket_slice *input, size_t size) {
  rocket_slice taken = {input->data, size < input->size ? size : input->size};
  input->data += taken.size;
  input->size -= taken.size;
  return taken;
}

/* One byte; 0 when none is left. */
static inline uint8_t fuzz_byte(rocket_slice *input) {
  rocket_slice one = fuzz_take(input, 1);
  return one.size > 0 ? *one.data : 0;
}

#endif

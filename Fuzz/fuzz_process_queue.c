// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The process queue against the plain reference: the input says what happens, and after each step both must say the same. */
#include <stdarg.h>

#include "fuzz.h"
#include "queue_life.h"
#include "test.h"

void test_fail(const char *file, int line, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "%s:%d: ", file, line);
  vfprintf(stderr, format, args);
  fprintf(stderr, "\n");
  va_end(args);
  abort();
}

static uint32_t pick(void *user, uint32_t below) {
  uint32_t number = fuzz_byte(user);
  if (below > 256) number |= (uint32_t)fuzz_byte(user) << 8;
  return number % below;
}

static bool goes_on(void *user, uint32_t step) {
  (void)step;
  return ((rocket_slice *)user)->size > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_slice input = rocket_slice_make(data, size);
  bool orderly = fuzz_byte(&input) % 2 == 1;
  queue_life(&(queue_life_choices){pick, goes_on, &input, "this input"}, orderly);
  return 0;
}

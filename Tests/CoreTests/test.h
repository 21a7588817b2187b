// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The C tests' vocabulary. A test registers itself, runs in its own process with a time limit, and stops at its first failure. */
#ifndef TEST_H
#define TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_allocator.h"

typedef struct test_case {
  const char *name;
  const char *file;
  void (*run)(void);
  unsigned limit_s;
  struct test_case *next;
} test_case;

void test_register(test_case *test);
_Noreturn void test_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* TEST(name) { ... }: 10 seconds under plain builds; sanitizers multiply the limit. */
#define TEST(test_name) TEST_LIMITED(test_name, 10)
#define TEST_LIMITED(test_name, seconds)                                                         \
  static void test_run_##test_name(void);                                                        \
  __attribute__((constructor)) static void test_register_##test_name(void) {                     \
    static test_case test = {#test_name, __FILE__, test_run_##test_name, seconds, NULL};         \
    test_register(&test);                                                                        \
  }                                                                                              \
  static void test_run_##test_name(void)

#define CHECK(condition)                                                                         \
  do {                                                                                           \
    if (!(condition)) test_fail(__FILE__, __LINE__, "%s", #condition);                           \
  } while (0)
#define CHECK_INT(actual, expected)                                                              \
  do {                                                                                           \
    intmax_t check_a = (intmax_t)(actual), check_e = (intmax_t)(expected);                       \
    if (check_a != check_e)                                                                      \
      test_fail(__FILE__, __LINE__, "%s is %" PRIdMAX ", not %" PRIdMAX, #actual, check_a, check_e); \
  } while (0)
#define CHECK_TEXT(slice, text)                                                                  \
  do {                                                                                           \
    rocket_slice check_s = (slice);                                                              \
    const char *check_t = (text);                                                                \
    if (check_s.size != strlen(check_t) || memcmp(check_s.data, check_t, check_s.size) != 0)     \
      test_fail(__FILE__, __LINE__, "%s is \"%.*s\", not \"%s\"", #slice, (int)check_s.size,     \
                check_s.data ? (const char *)check_s.data : "", check_t);                        \
  } while (0)

/* `size` bytes that end right before a page no one may touch: reading one byte too many faults even without a sanitizer. Kept
 * until the test's process ends. */
uint8_t *test_guarded(const void *bytes, size_t size);

/* The next number of a sequence that is always the same; the high bits are the better ones. `state` begins as any number. */
uint64_t test_random(uint64_t *state);
void test_random_bytes(uint64_t *state, uint8_t *bytes, size_t size);

/* Bytes of hex text (white space ignored). Kept until the test's process ends. */
uint8_t *test_hex(const char *hex, size_t *size);

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "test.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

void test_fail(const char *file, int line, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "  %s:%d: ", file, line);
  vfprintf(stderr, format, args);
  fprintf(stderr, "\n");
  va_end(args);
  fflush(NULL);
  _exit(1);
}

uint8_t *test_guarded(const void *bytes, size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t room = (size + page - 1) / page * page;
  uint8_t *base = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(base != MAP_FAILED);
  CHECK(mprotect(base + room, page, PROT_NONE) == 0);
  uint8_t *at = base + room - size;
  if (size > 0) memcpy(at, bytes, size);
  return at;
}

uint64_t test_random(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *state;
}

void test_random_bytes(uint64_t *state, uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(test_random(state) >> 56);
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

uint8_t *test_hex(const char *hex, size_t *size) {
  uint8_t *out = malloc(strlen(hex) / 2 + 1);
  CHECK(out != NULL);
  size_t n = 0;
  int high = -1;
  for (; *hex; hex++) {
    int digit = hex_digit(*hex);
    if (digit < 0) continue;
    if (high < 0) {
      high = digit;
    } else {
      out[n++] = (uint8_t)(high << 4 | digit);
      high = -1;
    }
  }
  *size = n;
  return out;
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Big-endian numbers at any address. Each compiles to one load or store and one byte swap. */
#ifndef ROCKET_BASE_ENDIAN_H
#define ROCKET_BASE_ENDIAN_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ROCKET__BIG_16(x) __builtin_bswap16(x)
#define ROCKET__BIG_32(x) __builtin_bswap32(x)
#define ROCKET__BIG_64(x) __builtin_bswap64(x)
#else
#define ROCKET__BIG_16(x) (x)
#define ROCKET__BIG_32(x) (x)
#define ROCKET__BIG_64(x) (x)
#endif

static inline uint16_t rocket__load_u16(const uint8_t *at) {
  uint16_t x;
  memcpy(&x, at, sizeof x);
  return ROCKET__BIG_16(x);
}
static inline uint32_t rocket__load_u32(const uint8_t *at) {
  uint32_t x;
  memcpy(&x, at, sizeof x);
  return ROCKET__BIG_32(x);
}
static inline uint64_t rocket__load_u64(const uint8_t *at) {
  uint64_t x;
  memcpy(&x, at, sizeof x);
  return ROCKET__BIG_64(x);
}
static inline int16_t rocket__load_i16(const uint8_t *at) { return (int16_t)rocket__load_u16(at); }
static inline int32_t rocket__load_i32(const uint8_t *at) { return (int32_t)rocket__load_u32(at); }
static inline int64_t rocket__load_i64(const uint8_t *at) { return (int64_t)rocket__load_u64(at); }

/* For looking at eight bytes at once: the first is the lowest. */
static inline uint64_t rocket__load_little_u64(const uint8_t *at) { return __builtin_bswap64(rocket__load_u64(at)); }

/* Stores return the address behind what they wrote, so a writer reads as a list of fields. */
static inline uint8_t *rocket__store_u16(uint8_t *at, uint16_t x) {
  x = ROCKET__BIG_16(x);
  memcpy(at, &x, sizeof x);
  return at + sizeof x;
}
static inline uint8_t *rocket__store_u32(uint8_t *at, uint32_t x) {
  x = ROCKET__BIG_32(x);
  memcpy(at, &x, sizeof x);
  return at + sizeof x;
}
static inline uint8_t *rocket__store_u64(uint8_t *at, uint64_t x) {
  x = ROCKET__BIG_64(x);
  memcpy(at, &x, sizeof x);
  return at + sizeof x;
}
static inline uint8_t *rocket__store_i32(uint8_t *at, int32_t x) { return rocket__store_u32(at, (uint32_t)x); }
static inline uint8_t *rocket__store_i64(uint8_t *at, int64_t x) { return rocket__store_u64(at, (uint64_t)x); }
/* Texts of a header are short: two overlapping words beat a call. */
static inline uint8_t *rocket__store_bytes(uint8_t *at, const void *bytes, size_t size) {
  const uint8_t *from = (const uint8_t *)bytes;
  uint64_t first, last;
  if (size - 8 <= 8) {
    memcpy(&first, from, 8);
    memcpy(&last, from + size - 8, 8);
    memcpy(at, &first, 8);
    memcpy(at + size - 8, &last, 8);
  } else if (size > 16) {
    memcpy(at, from, size);
  } else {
    for (size_t i = 0; i < size; i++) at[i] = from[i];
  }
  return at + size;
}

#endif

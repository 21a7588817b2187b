// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* One code point of UTF-8 at a time. */
#ifndef ROCKET_WIRE_UTF8_H
#define ROCKET_WIRE_UTF8_H

#include <stdint.h>

#define ROCKET__REPLACEMENT UINT32_C(0xFFFD)

/* Writes one to four bytes and returns the address behind them. */
static inline uint8_t *rocket__utf8_put(uint8_t *to, uint32_t c) {
  if (c < 0x80) {
    *to++ = (uint8_t)c;
  } else if (c < 0x800) {
    *to++ = (uint8_t)(0xC0 | c >> 6);
    *to++ = (uint8_t)(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *to++ = (uint8_t)(0xE0 | c >> 12);
    *to++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    *to++ = (uint8_t)(0x80 | (c & 0x3F));
  } else {
    *to++ = (uint8_t)(0xF0 | c >> 18);
    *to++ = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    *to++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    *to++ = (uint8_t)(0x80 | (c & 0x3F));
  }
  return to;
}

/* Reads the code point at `*at` (before `end`) and moves behind it. What is not UTF-8 gives U+FFFD for each longest
 * beginning of a sequence (Unicode, section 3.9). */
static inline uint32_t rocket__utf8_next(const uint8_t **at, const uint8_t *end) {
  uint8_t lead = *(*at)++;
  if (lead < 0x80) return lead;
  if (lead < 0xC2 || lead > 0xF4) return ROCKET__REPLACEMENT;
  int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  uint32_t c = lead & (0x3Fu >> more);
  for (; more > 0; more--) {
    if (*at == end || **at < low || **at > high) return ROCKET__REPLACEMENT;
    c = c << 6 | (*(*at)++ & 0x3Fu);
    low = 0x80;
    high = 0xBF;
  }
  return c;
}

#endif

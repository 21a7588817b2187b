// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Decimal numbers without stdio: neither the locale nor a terminating zero matters. */
#ifndef ROCKET_BASE_DECIMAL_H
#define ROCKET_BASE_DECIMAL_H

#include <string.h>

#include "base/endian.h"
#include "rocket_bytes.h"

enum { ROCKET__I64_DIGITS = 20 }; /* "-9223372036854775808" */

/* As Java's Long.parseLong: an optional sign, then digits only. False: not a number, or over the range. */
static inline bool rocket__parse_i64(rocket_slice text, int64_t *out) {
  size_t i = 0;
  bool negative = text.size > 0 && text.data[0] == '-';
  if (negative || (text.size > 0 && text.data[0] == '+')) i = 1;
  if (i == text.size) return false;
  int64_t value = 0; /* kept negative: that side has one number more */
  for (; i < text.size; i++) {
    unsigned digit = text.data[i] - (unsigned)'0';
    if (digit > 9) return false;
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, (int64_t)digit, &value)) return false;
  }
  if (!negative && __builtin_sub_overflow((int64_t)0, value, &value)) return false;
  *out = value;
  return true;
}

static inline bool rocket__parse_i32(rocket_slice text, int32_t *out) {
  int64_t value;
  if (!rocket__parse_i64(text, &value) || value < INT32_MIN || value > INT32_MAX) return false;
  *out = (int32_t)value;
  return true;
}

/* Writes at most ROCKET__I64_DIGITS bytes and returns the address behind them. */
static inline uint8_t *rocket__format_i64(uint8_t *at, int64_t value) {
  uint8_t digits[ROCKET__I64_DIGITS];
  size_t first = sizeof digits;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do {
    digits[--first] = (uint8_t)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (value < 0) digits[--first] = '-';
  return rocket__store_bytes(at, digits + first, sizeof digits - first);
}

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The lexical part of JSON, shared by the token reader and the header decoder. Every function moves `*at` forward: on success
 * behind what it found, on failure to the byte that is wrong. None reads at or beyond `end`. */
#ifndef ROCKET_WIRE_JSON_LEX_H
#define ROCKET_WIRE_JSON_LEX_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/endian.h"
#include "rocket_json.h"

static inline void rocket__json_skip_space(const uint8_t **at, const uint8_t *end) {
  const uint8_t *p = *at;
  while (p < end && *p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) p++;
  *at = p;
}

#define ROCKET__EACH_BYTE(x) (UINT64_C(0x0101010101010101) * (x))

/* Zero bytes become 0x80. A borrow can also mark bytes behind a zero one, never before it. */
static inline uint64_t rocket__zero_bytes(uint64_t word) {
  return (word - ROCKET__EACH_BYTE(1)) & ~word & ROCKET__EACH_BYTE(0x80);
}

/* A bit (SSE2) or the top bit of a byte (elsewhere) for each quote or backslash among the bytes at `at`. */
#ifdef __SSE2__
enum { ROCKET__JSON_STEP = 16, ROCKET__JSON_MARK_BITS = 1 };
static inline uint64_t rocket__json_quote_marks(const uint8_t *at) {
  __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
  __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_or_si128(quotes, backslashes));
}
#else
enum { ROCKET__JSON_STEP = 8, ROCKET__JSON_MARK_BITS = 8 };
static inline uint64_t rocket__json_quote_marks(const uint8_t *at) {
  uint64_t word = rocket__load_little_u64(at);
  return rocket__zero_bytes(word ^ ROCKET__EACH_BYTE('"')) | rocket__zero_bytes(word ^ ROCKET__EACH_BYTE('\\'));
}
#endif

/* The first quote or backslash in [at, end), or `end`. */
static inline const uint8_t *rocket__json_find_quote(const uint8_t *at, const uint8_t *end) {
  for (; end - at >= ROCKET__JSON_STEP; at += ROCKET__JSON_STEP) {
    uint64_t marks = rocket__json_quote_marks(at);
    if (marks) return at + __builtin_ctzll(marks) / ROCKET__JSON_MARK_BITS;
  }
  while (at < end && *at != '"' && *at != '\\') at++;
  return at;
}

/* The string, number or word at `*at`: fills all of `token` but its offset. False: not JSON. */
bool rocket__json_scan(const uint8_t **at, const uint8_t *end, rocket_json_token *token);

/* `*at` is at a backslash: writes what the escape means to `*to`, never more bytes than the escape has, and moves both on. */
bool rocket__json_undo_escape(const uint8_t **at, const uint8_t *end, uint8_t **to);

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The lexical part of JSON, shared by the token reader and the header decoder. Every function moves `*at` forward: on success
 * behind what it found, on failure to the byte that is wrong. None reads at or beyond `end`. */
#ifndef ROCKET_WIRE_JSON_LEX_H
#define ROCKET_WIRE_JSON_LEX_H

#include "rocket_json.h"

static inline void rocket__json_skip_space(const uint8_t **at, const uint8_t *end) {
  const uint8_t *p = *at;
  while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) p++;
  *at = p;
}

/* The string, number or word at `*at`: fills all of `token` but its offset. False: not JSON. */
bool rocket__json_scan(const uint8_t **at, const uint8_t *end, rocket_json_token *token);

/* The first quote or backslash in [at, end), or `end`. */
const uint8_t *rocket__json_find_quote(const uint8_t *at, const uint8_t *end);

#endif

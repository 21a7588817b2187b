// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "wire/json_lex.h"

#include "base/slice.h"

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
static bool is_hex(uint8_t c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/* `*at` is at a backslash. */
static bool scan_escape(const uint8_t **at, const uint8_t *end) {
  const uint8_t *p = *at + 1;
  *at = p;
  if (p == end) return false;
  if (*p != 'u') {
    bool known = *p == '"' || *p == '\\' || *p == '/' || *p == 'b' || *p == 'f' || *p == 'n' || *p == 'r' || *p == 't';
    if (known) *at = p + 1;
    return known;
  }
  for (int i = 0; i < 4; i++) {
    *at = ++p;
    if (p == end || !is_hex(*p)) return false;
  }
  *at = p + 1;
  return true;
}

/* `*at` is behind the opening quote. Control characters pass, as in fastjson: hand-written peers send properties that way. */
static bool scan_string(const uint8_t **at, const uint8_t *end, rocket_json_token *token) {
  const uint8_t *begin = *at;
  token->kind = ROCKET_JSON_STRING;
  token->escaped = false;
  for (;;) {
    *at = rocket__json_find_quote(*at, end);
    if (*at == end) return false;
    if (**at == '"') break;
    token->escaped = true;
    if (!scan_escape(at, end)) return false;
  }
  token->text = rocket__slice(begin, (size_t)(*at - begin));
  *at += 1;
  return true;
}

/* At least one digit. */
static bool scan_digits(const uint8_t **at, const uint8_t *end) {
  const uint8_t *p = *at;
  while (p < end && is_digit(*p)) p++;
  bool any = p > *at;
  *at = p;
  return any;
}

static bool scan_number(const uint8_t **at, const uint8_t *end, rocket_json_token *token) {
  const uint8_t *begin = *at;
  if (**at == '-') *at += 1;
  if (*at < end && **at == '0') *at += 1; /* nothing may follow a leading zero but a fraction */
  else if (!scan_digits(at, end)) return false;
  if (*at < end && **at == '.') {
    *at += 1;
    if (!scan_digits(at, end)) return false;
  }
  if (*at < end && (**at == 'e' || **at == 'E')) {
    *at += 1;
    if (*at < end && (**at == '+' || **at == '-')) *at += 1;
    if (!scan_digits(at, end)) return false;
  }
  token->kind = ROCKET_JSON_NUMBER;
  token->escaped = false;
  token->text = rocket__slice(begin, (size_t)(*at - begin));
  return true;
}

static bool scan_word(const uint8_t **at, const uint8_t *end, const char *word, rocket_json_kind kind, rocket_json_token *token) {
  const uint8_t *begin = *at;
  for (; *word; word++, *at += 1)
    if (*at == end || **at != (uint8_t)*word) return false;
  token->kind = kind;
  token->escaped = false;
  token->text = rocket__slice(begin, (size_t)(*at - begin));
  return true;
}

bool rocket__json_scan(const uint8_t **at, const uint8_t *end, rocket_json_token *token) {
  if (*at == end) return false;
  switch (**at) {
  case '"': *at += 1; return scan_string(at, end, token);
  case 't': return scan_word(at, end, "true", ROCKET_JSON_TRUE, token);
  case 'f': return scan_word(at, end, "false", ROCKET_JSON_FALSE, token);
  case 'n': return scan_word(at, end, "null", ROCKET_JSON_NULL, token);
  default: return scan_number(at, end, token);
  }
}

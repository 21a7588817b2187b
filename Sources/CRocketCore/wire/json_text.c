// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Escapes: undoing them, and writing them as fastjson's SerializeWriter does. */
#include "base/buffer.h"
#include "base/slice.h"
#include "wire/json_lex.h"
#include "wire/utf8.h"

static int hex_value(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The four digits at `at`; -1 when there are none. */
static int32_t hex_unit(const uint8_t *at, const uint8_t *end) {
  if (end - at < 4) return -1;
  int32_t unit = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hex_value(at[i]);
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

/* `*at` is behind "\u". Reads a second escape when it completes a pair. */
static bool unicode_escape(const uint8_t **at, const uint8_t *end, uint32_t *code_point) {
  int32_t unit = hex_unit(*at, end);
  if (unit < 0) return false;
  *at += 4;
  *code_point = (uint32_t)unit;
  if (unit < 0xD800 || unit > 0xDFFF) return true;
  *code_point = ROCKET__REPLACEMENT;
  if (unit > 0xDBFF || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') return true;
  int32_t low = hex_unit(*at + 2, end);
  if (low < 0xDC00 || low > 0xDFFF) return true;
  *code_point = 0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
  *at += 6;
  return true;
}

static bool simple_escape(uint8_t letter, uint8_t *out) {
  switch (letter) {
  case '"':
  case '\\':
  case '/': *out = letter; return true;
  case 'b': *out = '\b'; return true;
  case 'f': *out = '\f'; return true;
  case 'n': *out = '\n'; return true;
  case 'r': *out = '\r'; return true;
  case 't': *out = '\t'; return true;
  default: return false;
  }
}

bool rocket__json_undo_escape(const uint8_t **at, const uint8_t *end, uint8_t **to) {
  if (end - *at < 2) return false;
  uint8_t letter = (*at)[1];
  *at += 2;
  if (letter != 'u') {
    if (!simple_escape(letter, *to)) return false;
    *to += 1;
    return true;
  }
  uint32_t code_point;
  if (!unicode_escape(at, end, &code_point)) return false;
  *to = rocket__utf8_put(*to, code_point);
  return true;
}

int rocket_json_unescape(rocket_slice text, uint8_t *out, size_t *out_size) {
  const uint8_t *at = text.data, *end = rocket__slice_end(text);
  uint8_t *to = out;
  while (at < end) {
    if (*at != '\\') *to++ = *at++;
    else if (!rocket__json_undo_escape(&at, end, &to)) return ROCKET_BAD_JSON;
  }
  *out_size = (size_t)(to - out);
  return ROCKET_OK;
}

/* How many bytes at `at` must be written as one escape; 0: none. fastjson escapes C0, DEL, C1, U+2028 and U+2029. */
static size_t special_size(const uint8_t *at, const uint8_t *end) {
  uint8_t c = *at;
  if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F) return 1;
  if (c == 0xC2 && end - at >= 2 && at[1] >= 0x80 && at[1] < 0xA0) return 2;
  if (c == 0xE2 && end - at >= 3 && at[1] == 0x80 && (at[2] == 0xA8 || at[2] == 0xA9)) return 3;
  return 0;
}

/* True when none of the eight bytes can be special: printable ASCII without quote and backslash. */
static bool eight_plain(const uint8_t *at) {
  const uint64_t ones = ROCKET__EACH_BYTE(1), highs = ROCKET__EACH_BYTE(0x80);
  uint64_t word = rocket__load_little_u64(at);
  uint64_t quote = word ^ ROCKET__EACH_BYTE('"'), backslash = word ^ ROCKET__EACH_BYTE('\\');
  uint64_t marks = word | (word + ones) | (word - ROCKET__EACH_BYTE(0x20)) | rocket__zero_bytes(quote) | rocket__zero_bytes(backslash);
  return (marks & highs) == 0;
}

static void append_escape(rocket_buffer *out, const uint8_t *at, size_t size) {
  static const char names[128] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
  static const char digits[] = "0123456789ABCDEF";
  if (size == 1 && names[*at & 127]) {
    char escape[2] = {'\\', names[*at & 127]};
    rocket__buffer_put_bytes(out, escape, sizeof escape);
    return;
  }
  unsigned unit = size == 1 ? *at : size == 2 ? at[1] : 0x2000u | (at[2] & 0x3Fu);
  char escape[6] = {'\\', 'u', digits[unit >> 12], digits[unit >> 8 & 15], digits[unit >> 4 & 15], digits[unit & 15]};
  rocket__buffer_put_bytes(out, escape, sizeof escape);
}

/* The first byte from `at` on that must be escaped, or `end`. */
static const uint8_t *skip_plain(const uint8_t *at, const uint8_t *end) {
  while (at < end) {
    if (end - at >= 8 && eight_plain(at)) at += 8;
    else if (special_size(at, end) == 0) at++;
    else break;
  }
  return at;
}

int rocket_json_append_string(rocket_buffer *out, rocket_slice text) {
  size_t before = out->size;
  const uint8_t *at = text.data, *end = rocket__slice_end(text);
  const uint8_t *stop = skip_plain(at, end);
  uint8_t *to = rocket__buffer_room(out, text.size + 2);
  if (!to) return out->status;
  *to++ = '"';
  to = rocket__store_bytes(to, at, (size_t)(stop - at));
  out->size = (size_t)(to - out->data);
  while (stop < end) {
    size_t special = special_size(stop, end);
    append_escape(out, stop, special);
    at = stop + special;
    stop = skip_plain(at, end);
    rocket__buffer_put_bytes(out, at, (size_t)(stop - at));
  }
  rocket__buffer_put(out, '"');
  return rocket__buffer_finish(out, before);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The JSON header. Java: RemotingSerializable with fastjson; accepted is what fastjson accepts of other clients:
 * white space, unknown members, ext values that are no strings, missing members, numbers in quotes. */
#include "base/buffer.h"
#include "base/decimal.h"
#include "base/endian.h"
#include "base/slice.h"
#include "wire/header.h"
#include "wire/json_lex.h"
#include "wire/tables.h"

typedef struct input {
  const uint8_t *at;
  const uint8_t *end;
  const uint8_t *frame;
  rocket_fault *fault;
  int32_t fields_code; /* the code that the names of extFields were read for */
} input;

static int fail(const input *in, int status, const char *what) {
  if (in->fault) *in->fault = (rocket_fault){status, (uint32_t)(in->at - in->frame), what};
  return status;
}

/* The next byte that is no white space; 0 at the end, which no rule accepts. */
static uint8_t peek(input *in) {
  rocket__json_skip_space(&in->at, in->end);
  return in->at < in->end ? *in->at : 0;
}

static int expect(input *in, uint8_t byte, const char *what) {
  if (peek(in) != byte) return fail(in, ROCKET_BAD_JSON, what);
  in->at++;
  return ROCKET_OK;
}

/* A nested object or array becomes its own text. */
static int scan_nested(input *in, rocket_json_token *token) {
  rocket_json_reader reader;
  rocket_json_token inner;
  rocket_fault inside;
  rocket_json_reader_init(&reader, rocket__slice(in->at, (size_t)(in->end - in->at)));
  do {
    int status = rocket_json_next(&reader, &inner, &inside);
    if (status == ROCKET_OK) continue;
    in->at += inside.offset;
    return fail(in, status, inside.what);
  } while (reader.depth > 0);
  *token = (rocket_json_token){.kind = ROCKET_JSON_OBJECT_BEGIN, .text = {in->at, reader.position}};
  in->at += reader.position;
  return ROCKET_OK;
}

/* A string without escapes, as nearly all are, straight into its slice: through a token it would cost three times as much.
 * False: left to scan_text. */
static inline bool scan_plain_string(input *in, rocket_slice *out) {
  if (peek(in) != '"') return false;
  const uint8_t *begin = in->at + 1, *end = rocket__json_find_quote(begin, in->end);
  if (end == in->end || *end != '"') return false;
  *out = rocket__slice(begin, (size_t)(end - begin));
  in->at = end + 1;
  return true;
}

/* Any string; escapes are undone where they stand, which makes the text shorter, never longer. `in->at` is at the quote. */
static int scan_string(input *in, const char *what, rocket_slice *out) {
  const uint8_t *begin = in->at + 1, *end = in->end, *at = rocket__json_find_quote(begin, end);
  uint8_t *to = (uint8_t *)(uintptr_t)at; /* the frame is writable: see rocket_command_decode */
  while (at < end && *at != '"') {
    if (*at == '\\') {
      const uint8_t *escape = at;
      uint8_t *meaning = to;
      in->at = at;
      if (!rocket__json_undo_escape(&escape, end, &meaning)) return fail(in, ROCKET_BAD_JSON, what);
      at = escape;
      to = meaning;
    }
    const uint8_t *stop = rocket__json_find_quote(at, end);
    while (at < stop) *to++ = *at++;
  }
  in->at = at;
  if (at == end) return fail(in, ROCKET_BAD_JSON, what);
  in->at++;
  *out = rocket__slice(begin, (size_t)(to - begin));
  return ROCKET_OK;
}

/* Any value as text. */
static int scan_text(input *in, const char *what, rocket_json_token *token) {
  uint8_t first = peek(in);
  if (first == '{' || first == '[') return scan_nested(in, token);
  token->kind = ROCKET_JSON_STRING;
  if (first == '"') return scan_string(in, what, &token->text);
  return rocket__json_scan(&in->at, in->end, token) ? ROCKET_OK : fail(in, ROCKET_BAD_JSON, what);
}

/* Steps to the next member of an object and reads its name and colon. `*more` is false when the object is over.
 * `*first` is true before the first member. */
static int next_member(input *in, bool *first, bool *more, rocket_slice *name) {
  rocket_json_token token;
  uint8_t byte = peek(in);
  *more = byte != '}';
  if (!*more) {
    in->at++;
    return ROCKET_OK;
  }
  if (!*first) {
    if (byte != ',') return fail(in, ROCKET_BAD_JSON, "comma");
    in->at++;
    if (peek(in) == '}') return fail(in, ROCKET_BAD_JSON, "key");
  }
  *first = false;
  if (!scan_plain_string(in, name)) {
    int status = scan_text(in, "key", &token);
    if (status != ROCKET_OK) return status;
    *name = token.text;
  }
  return expect(in, ':', "colon");
}

/* Up to nine digits right here, ended by a comma or brace. */
static inline bool scan_plain_i32(input *in, int32_t *out) {
  const uint8_t *at = in->at, *end = in->end;
  int32_t value = 0;
  for (int digits = 0; at < end && digits < 9 && *at >= '0' && *at <= '9'; digits++) value = value * 10 + (*at++ - '0');
  if (at == in->at || at == end || (*at != ',' && *at != '}') || (*in->at == '0' && at - in->at > 1)) return false;
  *out = value;
  in->at = at;
  return true;
}

/* Null leaves the default. */
static int decode_i32(input *in, const char *what, int32_t *out) {
  rocket_json_token token;
  if (scan_plain_i32(in, out)) return ROCKET_OK;
  int status = scan_text(in, what, &token);
  if (status != ROCKET_OK || token.kind == ROCKET_JSON_NULL) return status;
  bool is_number = token.kind == ROCKET_JSON_NUMBER || token.kind == ROCKET_JSON_STRING;
  if (is_number && rocket__parse_i32(token.text, out)) return ROCKET_OK;
  return fail(in, ROCKET_BAD_HEADER, what);
}

static int decode_text(input *in, const char *what, rocket_slice *out) {
  rocket_json_token token;
  if (scan_plain_string(in, out)) return ROCKET_OK;
  int status = scan_text(in, what, &token);
  if (status == ROCKET_OK) *out = token.kind == ROCKET_JSON_NULL ? (rocket_slice){0} : token.text;
  return status;
}

static int decode_language(input *in, int32_t *out) {
  rocket_slice name;
  int status = decode_text(in, "language", &name);
  if (status == ROCKET_OK && name.data) *out = rocket__language_of(name);
  return status;
}

/* A member as every known peer writes it, "name":"value" with the comma before it, in one go: headers are mostly that.
 * False: nothing has moved, and next_member looks again. */
static inline bool scan_plain_member(input *in, bool *first, rocket_slice *name, rocket_slice *value) {
  const uint8_t *at = in->at, *end = in->end;
  if (!*first && (at == end || *at++ != ',')) return false;
  if (at == end || *at != '"') return false;
  const uint8_t *name_end = rocket__json_find_quote(at + 1, end);
  if (end - name_end < 4 || memcmp(name_end, "\":\"", 3) != 0) return false;
  const uint8_t *begin = name_end + 3, *value_end = rocket__json_find_quote(begin, end);
  if (value_end == end || *value_end != '"') return false;
  *name = rocket__slice(at + 1, (size_t)(name_end - at - 1));
  *value = rocket__slice(begin, (size_t)(value_end - begin));
  *first = false;
  in->at = value_end + 1;
  return true;
}

static int decode_fields(input *in, rocket_command *out) {
  rocket__seen_fields seen = {0};
  bool first = true, more;
  rocket_slice name, value;
  out->field_count = 0;
  out->has_fields = false;
  in->fields_code = out->code;
  if (peek(in) != '{') {
    int status = decode_text(in, "extFields", &value);
    if (status != ROCKET_OK || !value.data) return status;
    return fail(in, ROCKET_BAD_HEADER, "extFields");
  }
  in->at++;
  out->has_fields = true;
  for (;;) {
    int status = ROCKET_OK;
    if (!scan_plain_member(in, &first, &name, &value)) {
      status = next_member(in, &first, &more, &name);
      if (status != ROCKET_OK || !more) return status;
      status = decode_text(in, "extFields", &value);
      if (status != ROCKET_OK) return status;
    }
    status = rocket__command_add(out, &seen, name, value);
    if (status != ROCKET_OK) return fail(in, status, "extFields");
  }
}

static bool is(rocket_slice name, const char *word, size_t size) { return name.size == size && memcmp(name.data, word, size) == 0; }
#define IS(name, word) is(name, word, sizeof(word) - 1)

static int decode_member(input *in, rocket_slice name, rocket_command *out) {
  rocket_slice ignored;
  if (IS(name, "code")) return decode_i32(in, "code", &out->code);
  if (IS(name, "extFields")) return decode_fields(in, out);
  if (IS(name, "flag")) return decode_i32(in, "flag", &out->flag);
  if (IS(name, "language")) return decode_language(in, &out->language);
  if (IS(name, "opaque")) return decode_i32(in, "opaque", &out->opaque);
  if (IS(name, "remark")) return decode_text(in, "remark", &out->remark);
  if (IS(name, "version")) return decode_i32(in, "version", &out->version);
  return decode_text(in, "value", &ignored);
}

/* Short names can only be told once the code is known, and a peer may write the code last, or twice. */
static void resolve_short_names(const input *in, rocket_command *out) {
  if (rocket__has_short_names(out->code) == rocket__has_short_names(in->fields_code)) return;
  for (uint32_t i = 0; i < out->field_count; i++) out->fields[i].field = rocket__field_of(out->code, out->fields[i].name);
}

int rocket__json_header_decode(const uint8_t *frame, rocket_slice header, rocket_command *out, rocket_fault *fault) {
  input in = {header.data, header.data + header.size, frame, fault, 0};
  bool first = true, more;
  rocket_slice name;
  rocket_command_init(out, 0);
  out->version = 0;
  out->language = ROCKET__LANGUAGE_JAVA;
  if (peek(&in) != '{') return fail(&in, ROCKET_BAD_JSON, "header");
  in.at++;
  for (;;) {
    int status = next_member(&in, &first, &more, &name);
    if (status != ROCKET_OK) return status;
    if (!more) break;
    status = decode_member(&in, name, out);
    if (status != ROCKET_OK) return status;
  }
  if (peek(&in) != 0 || in.at < in.end) return fail(&in, ROCKET_BAD_JSON, "end");
  resolve_short_names(&in, out);
  return ROCKET_OK;
}

#define PUT(out, text) rocket__buffer_put_bytes(out, text, sizeof(text) - 1)

static void put_number(rocket_buffer *out, int32_t number) {
  uint8_t *at = rocket__buffer_room(out, ROCKET__I64_DIGITS);
  if (at) out->size += (size_t)(rocket__format_i64(at, number) - at);
}

/* Names from the table need no escapes. */
static void put_name(rocket_buffer *out, const rocket_command_field *field) {
  if (field->field == ROCKET_FIELD_UNKNOWN) {
    rocket_json_append_string(out, field->name);
    rocket__buffer_put(out, ':');
    return;
  }
  uint8_t *at = rocket__buffer_room(out, field->name.size + 3);
  if (!at) return;
  *at++ = '"';
  at = rocket__store_bytes(at, field->name.data, field->name.size);
  *at++ = '"';
  *at = ':';
  out->size += field->name.size + 3;
}

static void put_fields(const rocket_command *command, rocket_buffer *out) {
  PUT(out, ",\"extFields\":{");
  for (uint32_t i = 0; i < command->field_count; i++) {
    if (i > 0) rocket__buffer_put(out, ',');
    put_name(out, &command->fields[i]);
    rocket_json_append_string(out, command->fields[i].value);
  }
  rocket__buffer_put(out, '}');
}

/* Members in fastjson's order: alphabetical. */
int rocket__json_header_encode(const rocket_command *command, rocket_buffer *out) {
  rocket_slice language = rocket__language_name(command->language);
  PUT(out, "{\"code\":");
  put_number(out, command->code);
  if (command->has_fields) put_fields(command, out);
  PUT(out, ",\"flag\":");
  put_number(out, command->flag);
  PUT(out, ",\"language\":\"");
  rocket__buffer_put_bytes(out, language.data, language.size);
  PUT(out, "\",\"opaque\":");
  put_number(out, command->opaque);
  if (command->remark.data) {
    PUT(out, ",\"remark\":");
    rocket_json_append_string(out, command->remark);
  }
  PUT(out, ",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":");
  put_number(out, command->version);
  rocket__buffer_put(out, '}');
  return out->status;
}

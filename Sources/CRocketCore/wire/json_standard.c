// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* fastjson's text made into standard JSON. */
#include "base/buffer.h"
#include "base/slice.h"
#include "rocket_json.h"

typedef struct level {
  bool is_object;
  bool is_key;     /* this container stands where a key should */
  bool wants_key;  /* an object: a key comes next, else its value */
  bool is_empty;
  size_t begin;    /* in the output */
} level;

typedef struct rewriter {
  rocket_buffer *out;
  uint32_t depth;
  bool in_key;
  level levels[ROCKET_JSON_MAX_DEPTH + 1]; /* the lowest one holds the document */
} rewriter;

static void append_text(rocket_buffer *out, rocket_slice text) { rocket_buffer_append(out, text.data, text.size); }

/* The token's text as it stands, but for the control characters that fastjson lets pass. */
static void append_string(rocket_buffer *out, rocket_slice text) {
  static const char digits[] = "0123456789ABCDEF";
  rocket__buffer_put(out, '"');
  const uint8_t *at = text.data, *end = rocket__slice_end(text);
  while (at < end) {
    const uint8_t *stop = at;
    while (stop < end && *stop >= 0x20) stop++;
    rocket_buffer_append(out, at, (size_t)(stop - at));
    if (stop == end) break;
    char escape[6] = {'\\', 'u', '0', '0', digits[*stop >> 4], digits[*stop & 15]};
    rocket_buffer_append(out, escape, sizeof escape);
    at = stop + 1;
  }
  rocket__buffer_put(out, '"');
}

/* What was written since `begin` becomes one string. */
static void quote_since(rocket_buffer *out, size_t begin) {
  rocket_buffer copy;
  if (out->status != ROCKET_OK) return;
  rocket_buffer_init(&copy, out->allocator);
  out->status = rocket_buffer_append(&copy, out->data + begin, out->size - begin);
  out->size = begin;
  rocket_json_append_string(out, rocket__slice(copy.data, copy.size));
  rocket_buffer_clear(&copy);
}

static void begin_token(const rewriter *to) {
  const level *top = &to->levels[to->depth];
  if (top->is_object && !top->wants_key) rocket__buffer_put(to->out, ':');
  else if (!top->is_empty) rocket__buffer_put(to->out, ',');
}

static void end_token(rewriter *to) {
  level *top = &to->levels[to->depth];
  top->is_empty = false;
  top->wants_key = !top->wants_key;
}

static int open_container(rewriter *to, bool is_object, bool is_key) {
  if (is_key && to->in_key) return ROCKET_TOO_LARGE; /* each such nesting would double the text's backslashes; Java has none */
  to->in_key = to->in_key || is_key;
  to->levels[++to->depth] = (level){is_object, is_key, true, true, to->out->size};
  rocket__buffer_put(to->out, is_object ? '{' : '[');
  return ROCKET_OK;
}

static void close_container(rewriter *to) {
  const level *top = &to->levels[to->depth--];
  rocket__buffer_put(to->out, top->is_object ? '}' : ']');
  if (top->is_key) {
    quote_since(to->out, top->begin);
    to->in_key = false;
  }
  end_token(to);
}

static void append_word(rocket_buffer *out, const rocket_json_token *token) {
  switch (token->kind) {
  case ROCKET_JSON_TRUE: append_text(out, ROCKET__LITERAL("true")); break;
  case ROCKET_JSON_FALSE: append_text(out, ROCKET__LITERAL("false")); break;
  case ROCKET_JSON_NULL: append_text(out, ROCKET__LITERAL("null")); break;
  default: append_text(out, token->text); break;
  }
}

static int rewrite(rewriter *to, const rocket_json_token *token) {
  bool closes = token->kind == ROCKET_JSON_OBJECT_END || token->kind == ROCKET_JSON_ARRAY_END;
  if (closes) {
    close_container(to);
    return ROCKET_OK;
  }
  const level *top = &to->levels[to->depth];
  bool is_key = top->is_object && top->wants_key;
  begin_token(to);
  if (token->kind == ROCKET_JSON_OBJECT_BEGIN || token->kind == ROCKET_JSON_ARRAY_BEGIN)
    return open_container(to, token->kind == ROCKET_JSON_OBJECT_BEGIN, is_key);
  if (token->kind == ROCKET_JSON_STRING) {
    append_string(to->out, token->text);
  } else {
    if (is_key) rocket__buffer_put(to->out, '"');
    append_word(to->out, token);
    if (is_key) rocket__buffer_put(to->out, '"');
  }
  end_token(to);
  return ROCKET_OK;
}

int rocket_json_to_standard(rocket_slice input, rocket_buffer *out, rocket_fault *fault) {
  size_t before = out->size;
  rocket_json_reader reader;
  rocket_json_token token;
  rewriter to = {.out = out, .levels = {{.is_empty = true}}};
  rocket_json_reader_init(&reader, input);
  for (;;) {
    int status = rocket_json_next(&reader, &token, fault);
    if (status == ROCKET_OK && token.kind == ROCKET_JSON_END) return rocket__buffer_finish(out, before);
    if (status == ROCKET_OK) {
      status = rewrite(&to, &token);
      if (status != ROCKET_OK && fault) *fault = (rocket_fault){status, token.offset, "key"};
    }
    if (status != ROCKET_OK) {
      out->size = before;
      return status;
    }
  }
}

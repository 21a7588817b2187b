// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "wire/json_lex.h"

/* What the grammar allows next. */
enum {
  STATE_VALUE = 0,    /* a value: at the start, after a colon, after a comma in an array */
  STATE_FIRST_ELEMENT, /* a value or ] */
  STATE_FIRST_KEY,    /* a key or } */
  STATE_KEY,          /* a key, after a comma */
  STATE_COLON,        /* the colon behind a key, then a value */
  STATE_AFTER,        /* a comma or the container's end */
  STATE_DONE          /* nothing more */
};

/* What an entry of the stack says about its container. */
enum { IN_OBJECT = 1, IS_KEY = 2 };

void rocket_json_reader_init(rocket_json_reader *reader, rocket_slice input) {
  reader->input = input.data ? input : rocket_slice_of(""); /* so that there is always an address to count from */
  reader->position = 0;
  reader->depth = 0;
  reader->state = STATE_VALUE;
}

static int fail(const rocket_json_reader *reader, const uint8_t *at, int status, const char *what, rocket_fault *fault) {
  if (fault) *fault = (rocket_fault){status, (uint32_t)(at - reader->input.data), what};
  return status; /* the reader has not moved, so the next call fails in the same way */
}

static uint8_t state_after(const rocket_json_reader *reader, bool was_key) {
  if (was_key) return STATE_COLON;
  return reader->depth == 0 ? STATE_DONE : STATE_AFTER;
}

static bool may_close(const rocket_json_reader *reader, uint8_t state, uint8_t closer) {
  if (state != STATE_AFTER && state != (closer == '}' ? STATE_FIRST_KEY : STATE_FIRST_ELEMENT)) return false;
  bool in_object = (reader->stack[reader->depth - 1] & IN_OBJECT) != 0;
  return in_object == (closer == '}');
}

static void open_container(rocket_json_reader *reader, bool object, bool as_key) {
  reader->stack[reader->depth++] = (uint8_t)((object ? IN_OBJECT : 0) | (as_key ? IS_KEY : 0));
  reader->state = object ? STATE_FIRST_KEY : STATE_FIRST_ELEMENT;
}

static void close_container(rocket_json_reader *reader) {
  bool was_key = (reader->stack[--reader->depth] & IS_KEY) != 0;
  reader->state = state_after(reader, was_key);
}

/* The comma or colon before the next token; false when it is missing. */
static bool skip_separator(const rocket_json_reader *reader, const uint8_t **at, const uint8_t *end, uint8_t *state) {
  if (*state == STATE_AFTER && *at < end && **at == ',') *state = reader->stack[reader->depth - 1] & IN_OBJECT ? STATE_KEY : STATE_VALUE;
  else if (*state == STATE_COLON && *at < end && **at == ':') *state = STATE_VALUE;
  else return *state != STATE_COLON;
  *at += 1;
  rocket__json_skip_space(at, end);
  return true;
}

int rocket_json_next(rocket_json_reader *reader, rocket_json_token *token, rocket_fault *fault) {
  if (reader->input.size > UINT32_MAX) return fail(reader, reader->input.data, ROCKET_TOO_LARGE, "input", fault);
  const uint8_t *at = reader->input.data + reader->position;
  const uint8_t *end = reader->input.data + reader->input.size;
  uint8_t state = reader->state;
  rocket_json_token found = {0};

  rocket__json_skip_space(&at, end);
  if (!skip_separator(reader, &at, end, &state)) return fail(reader, at, ROCKET_BAD_JSON, "colon", fault);
  found.offset = (uint32_t)(at - reader->input.data);
  bool as_key = state == STATE_KEY || state == STATE_FIRST_KEY;

  if (state == STATE_DONE) {
    if (at < end) return fail(reader, at, ROCKET_BAD_JSON, "end", fault);
  } else if (at < end && (*at == '}' || *at == ']')) {
    if (!may_close(reader, state, *at)) return fail(reader, at, ROCKET_BAD_JSON, as_key ? "key" : "value", fault);
    found.kind = *at == '}' ? ROCKET_JSON_OBJECT_END : ROCKET_JSON_ARRAY_END;
    close_container(reader);
    at++;
  } else if (state == STATE_AFTER) {
    return fail(reader, at, ROCKET_BAD_JSON, "comma", fault);
  } else if (at < end && (*at == '{' || *at == '[')) {
    if (reader->depth == ROCKET_JSON_MAX_DEPTH) return fail(reader, at, ROCKET_TOO_LARGE, "depth", fault);
    found.kind = *at == '{' ? ROCKET_JSON_OBJECT_BEGIN : ROCKET_JSON_ARRAY_BEGIN;
    open_container(reader, *at == '{', as_key);
    at++;
  } else {
    if (!rocket__json_scan(&at, end, &found)) return fail(reader, at, ROCKET_BAD_JSON, as_key ? "key" : "value", fault);
    reader->state = state_after(reader, as_key);
  }
  reader->position = (size_t)(at - reader->input.data);
  *token = found;
  return ROCKET_OK;
}

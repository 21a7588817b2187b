// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* JSON as fastjson writes it: standard JSON, and also unquoted integer keys ({0:"10.0.0.1:10911"}) and objects as keys
 * ({{"brokerName":"b","queueId":0,"topic":"T"}:34}), which bodies of Java servers carry. Control characters inside strings
 * pass, as fastjson lets them.
 *
 * The reader gives one token at a time over borrowed bytes and never allocates. It checks the grammar as it goes: a token
 * stream that ends with ROCKET_JSON_END is well-formed. Depth is limited.
 *
 * Thread: pure; one reader belongs to one thread at a time.
 */
#ifndef ROCKET_JSON_H
#define ROCKET_JSON_H

#include "rocket_bytes.h"
#include "rocket_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ROCKET_JSON_MAX_DEPTH = 64 };

typedef enum rocket_json_kind {
  ROCKET_JSON_END = 0,      /* the document is over; only white space followed */
  ROCKET_JSON_OBJECT_BEGIN, /* then, alternately, a key (any value) and its value, until OBJECT_END */
  ROCKET_JSON_OBJECT_END,
  ROCKET_JSON_ARRAY_BEGIN,
  ROCKET_JSON_ARRAY_END,
  ROCKET_JSON_STRING, /* text between the quotes, escapes not undone */
  ROCKET_JSON_NUMBER, /* text of the number */
  ROCKET_JSON_TRUE,
  ROCKET_JSON_FALSE,
  ROCKET_JSON_NULL
} rocket_json_kind;

typedef struct rocket_json_token {
  rocket_json_kind kind;
  bool escaped;      /* STRING: has at least one backslash; undo with rocket_json_unescape */
  rocket_slice text; /* STRING, NUMBER: borrowed from the input */
  uint32_t offset;   /* of the token's first byte */
} rocket_json_token;

typedef struct rocket_json_reader {
  rocket_slice input;
  size_t position;
  uint32_t depth;
  uint8_t state;
  uint8_t stack[ROCKET_JSON_MAX_DEPTH];
} rocket_json_reader;

void rocket_json_reader_init(rocket_json_reader *reader, rocket_slice input);
/* The next token. Fails: ROCKET_BAD_JSON, ROCKET_TOO_LARGE (too deep); the reader then stays failed, and
 * `fault` (may be NULL) says where. */
int rocket_json_next(rocket_json_reader *reader, rocket_json_token *token, rocket_fault *fault);

/* Undoes the escapes of a STRING token's text into `out`, which has room for `text.size` bytes (the result is never longer);
 * `out` may be the text itself. Lone surrogates become U+FFFD. Fails: ROCKET_BAD_JSON. */
int rocket_json_unescape(rocket_slice text, uint8_t *out, size_t *out_size);

/* Appends the document of `input` as standard JSON, which any JSON library reads: keys that are numbers become strings, keys that
 * are objects become strings that hold the object's JSON ("{\"queueId\":0,...}"), control characters are escaped, white space goes.
 * Fails: as rocket_json_next (`fault` may be NULL), ROCKET_NO_MEMORY; the bytes of `out` are then as before. */
int rocket_json_to_standard(rocket_slice input, rocket_buffer *out, rocket_fault *fault);

/* Appends `text` as a quoted JSON string, escaped as fastjson does. */
int rocket_json_append_string(rocket_buffer *out, rocket_slice text);

#ifdef __cplusplus
}
#endif
#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* JSON: the reader ends, stays within its depth, and a document written from its tokens reads as the same tokens. What is made standard
 * JSON has only strings as keys, and making it standard again changes nothing. */
#include "fuzz.h"
#include "rocket_json.h"

/* ---- Writing tokens back ---- */

typedef struct writer {
  rocket_buffer out;
  struct {
    bool object;
    uint32_t items; /* keys and values alike */
  } open[ROCKET_JSON_MAX_DEPTH];
  uint32_t depth;
} writer;

static void put(writer *to, const char *text) { rocket_buffer_append(&to->out, text, strlen(text)); }

static void separate(writer *to) {
  if (to->depth == 0) return;
  uint32_t items = to->open[to->depth - 1].items++;
  if (items > 0) put(to, to->open[to->depth - 1].object && items % 2 == 1 ? " : " : " ,\n");
}

static void put_string(writer *to, rocket_slice text) {
  uint8_t *plain = fuzz_copy(text);
  size_t size;
  HOLDS(rocket_json_unescape(text, plain, &size) == ROCKET_OK && size <= text.size);
  HOLDS(rocket_json_append_string(&to->out, rocket_slice_make(plain, size)) == ROCKET_OK);
  free(plain);
}

static void put_token(writer *to, const rocket_json_token *token) {
  bool closes = token->kind == ROCKET_JSON_OBJECT_END || token->kind == ROCKET_JSON_ARRAY_END;
  if (closes) to->depth--;
  else separate(to);
  switch (token->kind) {
    case ROCKET_JSON_OBJECT_BEGIN:
    case ROCKET_JSON_ARRAY_BEGIN:
      put(to, token->kind == ROCKET_JSON_OBJECT_BEGIN ? "{" : "[");
      to->open[to->depth].object = token->kind == ROCKET_JSON_OBJECT_BEGIN;
      to->open[to->depth++].items = 0;
      break;
    case ROCKET_JSON_OBJECT_END: put(to, "}"); break;
    case ROCKET_JSON_ARRAY_END: put(to, "]"); break;
    case ROCKET_JSON_STRING: put_string(to, token->text); break;
    case ROCKET_JSON_NUMBER: rocket_buffer_append(&to->out, token->text.data, token->text.size); break;
    case ROCKET_JSON_TRUE: put(to, "true"); break;
    case ROCKET_JSON_FALSE: put(to, "false"); break;
    case ROCKET_JSON_NULL: put(to, "null"); break;
    case ROCKET_JSON_END: break;
  }
}

/* ---- Comparing ---- */

static bool same_text(const rocket_json_token *a, const rocket_json_token *b) {
  uint8_t *plain_a = fuzz_copy(a->text), *plain_b = fuzz_copy(b->text);
  size_t size_a = 0, size_b = 0;
  if (a->kind == ROCKET_JSON_STRING) {
    HOLDS(rocket_json_unescape(a->text, plain_a, &size_a) == ROCKET_OK && (a->escaped || size_a == a->text.size));
    HOLDS(rocket_json_unescape(b->text, plain_b, &size_b) == ROCKET_OK);
  }
  bool same = size_a == size_b && memcmp(plain_a, plain_b, size_a) == 0;
  free(plain_a);
  free(plain_b);
  return same && (a->kind != ROCKET_JSON_NUMBER || rocket_slice_equal(a->text, b->text));
}

static void check_same(rocket_slice first, rocket_slice second) {
  rocket_json_reader readers[2];
  rocket_json_token tokens[2];
  rocket_json_reader_init(&readers[0], first);
  rocket_json_reader_init(&readers[1], second);
  do {
    HOLDS(rocket_json_next(&readers[0], &tokens[0], NULL) == ROCKET_OK);
    HOLDS(rocket_json_next(&readers[1], &tokens[1], NULL) == ROCKET_OK);
    HOLDS(tokens[0].kind == tokens[1].kind && same_text(&tokens[0], &tokens[1]));
  } while (tokens[0].kind != ROCKET_JSON_END);
}

static void check_standard(rocket_slice document, int status) {
  rocket_buffer standard = {0}, again = {0};
  rocket_fault fault = {0};
  int made = rocket_json_to_standard(document, &standard, &fault);
  if (status != ROCKET_OK) HOLDS(made != ROCKET_OK && standard.size == 0);
  if (made == ROCKET_OK) {
    HOLDS(rocket_json_to_standard(rocket_slice_make(standard.data, standard.size), &again, NULL) == ROCKET_OK);
    HOLDS(rocket_slice_equal(rocket_slice_make(standard.data, standard.size), rocket_slice_make(again.data, again.size)));
  } else {
    HOLDS(fault.status == made && fault.what && fault.offset <= document.size);
  }
  rocket_buffer_clear(&standard);
  rocket_buffer_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_json_reader reader;
  rocket_json_token token = {0};
  rocket_fault fault = {0};
  writer to = {.depth = 0};
  size_t tokens = 0;
  int status;
  rocket_json_reader_init(&reader, rocket_slice_make(data, size));
  while ((status = rocket_json_next(&reader, &token, &fault)) == ROCKET_OK && token.kind != ROCKET_JSON_END) {
    HOLDS(++tokens <= size && reader.depth <= ROCKET_JSON_MAX_DEPTH && reader.position <= size && token.offset < size);
    put_token(&to, &token);
  }
  if (status == ROCKET_OK) {
    HOLDS(reader.position == size && reader.depth == 0);
    check_same(rocket_slice_make(data, size), rocket_slice_make(to.out.data, to.out.size));
  } else {
    HOLDS(fault.status == status && fault.what && fault.offset <= size);
    HOLDS(rocket_json_next(&reader, &token, NULL) == status); /* it stays failed */
  }
  check_standard(rocket_slice_make(data, size), status);
  rocket_buffer_clear(&to.out);
  return 0;
}

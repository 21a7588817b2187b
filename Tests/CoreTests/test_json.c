// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "rocket_json.h"

#include "test.h"

/* The tokens of `text` as one letter each, { } [ ] s n t f 0, with the status appended when it is no success. */
static const char *tokens_of(const char *text) {
  static char out[256];
  rocket_json_reader reader;
  rocket_json_token token;
  rocket_fault fault = {0};
  size_t n = 0;
  rocket_json_reader_init(&reader, rocket_slice_make(test_guarded(text, strlen(text)), strlen(text)));
  for (;;) {
    int status = rocket_json_next(&reader, &token, &fault);
    if (status != ROCKET_OK) {
      CHECK_INT(fault.status, status);
      CHECK(fault.what != NULL);
      snprintf(out + n, sizeof out - n, "!%s@%u", status == ROCKET_BAD_JSON ? "" : "deep", fault.offset);
      CHECK_INT(rocket_json_next(&reader, &token, NULL), status); /* it stays failed */
      return out;
    }
    out[n] = ".{}[]sntf0"[token.kind];
    if (token.kind == ROCKET_JSON_END) break;
    n++;
  }
  CHECK_INT(rocket_json_next(&reader, &token, NULL), ROCKET_OK);
  CHECK_INT(token.kind, ROCKET_JSON_END);
  out[n] = 0;
  return out;
}
#define CHECK_TOKENS(text, expected)                                                                          \
  do {                                                                                                        \
    const char *check_found = tokens_of(text);                                                                \
    if (strcmp(check_found, expected) != 0)                                                                   \
      test_fail(__FILE__, __LINE__, "%s has the tokens %s, not %s", text, check_found, expected);             \
  } while (0)

TEST(json_reads_standard_text) {
  CHECK_TOKENS("{}", "{}");
  CHECK_TOKENS(" [ ] ", "[]");
  CHECK_TOKENS("\"x\"", "s");
  CHECK_TOKENS("-0.5e+10", "n");
  CHECK_TOKENS("null", "0");
  CHECK_TOKENS("{\"a\":1,\"b\":[true,false,null,{\"c\":\"\"}]}", "{sns[tf0{ss}]}");
  CHECK_TOKENS("\n{ \"a\" :\t1 ,\r\"b\" : [ 1 , 2 ] }\n", "{sns[nn]}");
}

TEST(json_reads_what_fastjson_writes) {
  CHECK_TOKENS("{\"brokerAddrs\":{0:\"10.0.0.1:10911\",1:\"10.0.0.2:10911\"}}", "{s{nsns}}");
  CHECK_TOKENS("{\"offsetTable\":{{\"brokerName\":\"b\",\"queueId\":1,\"topic\":\"T\"}:34,{\"topic\":\"T\"}:{\"maxOffset\":9}}}",
               "{s{{sssnss}n{ss}{sn}}}");
  CHECK_TOKENS("{\"offsetTable\":[{\"offset\":12}]}", "{s[{sn}]}");
  CHECK_TOKENS("{[1]:{},true:1,null:2}", "{[n]{}tn0n}");
  CHECK_TOKENS("{\"offsetTable\":{{\n\t\t\"queueId\":1\n\t}:7,{\n\t\t\"queueId\":2\n\t}:12\n\t}\n}", "{s{{sn}n{sn}n}}");
  CHECK_TOKENS("{\"a\":{\"$ref\":\"$.x\"}}", "{s{ss}}");
  CHECK_TOKENS("\"TAGS\x01\x41\x02\"", "s");
}

TEST(json_refuses_what_is_not_json) {
  CHECK_TOKENS("", "!@0");
  CHECK_TOKENS("  ", "!@2");
  CHECK_TOKENS("{", "{!@1");
  CHECK_TOKENS("}", "!@0");
  CHECK_TOKENS("{]", "{!@1");
  CHECK_TOKENS("[}", "[!@1");
  CHECK_TOKENS("[1,]", "[n!@3");
  CHECK_TOKENS("[1 2]", "[n!@3");
  CHECK_TOKENS("{\"a\"}", "{s!@4");
  CHECK_TOKENS("{\"a\":}", "{s!@5");
  CHECK_TOKENS("{\"a\":1,}", "{sn!@7");
  CHECK_TOKENS("{\"a\" 1}", "{s!@5");
  CHECK_TOKENS("{,}", "{!@1");
  CHECK_TOKENS("{a:1}", "{!@1");
  CHECK_TOKENS("{{}}", "{{}!@3");
  CHECK_TOKENS("1 2", "n!@2");
  CHECK_TOKENS("{} x", "{}!@3");
  CHECK_TOKENS("nul", "!@3");
  CHECK_TOKENS("nulL", "!@3");
  CHECK_TOKENS("truefalse", "t!@4");
  CHECK_TOKENS("01", "n!@1");
  CHECK_TOKENS("-", "!@1");
  CHECK_TOKENS("+1", "!@0");
  CHECK_TOKENS("1.", "!@2");
  CHECK_TOKENS(".5", "!@0");
  CHECK_TOKENS("1e", "!@2");
  CHECK_TOKENS("NaN", "!@0");
  CHECK_TOKENS("\"abc", "!@4");
  CHECK_TOKENS("\"a\\", "!@3");
  CHECK_TOKENS("\"a\\x\"", "!@3");
  CHECK_TOKENS("\"\\u12\"", "!@5");
  CHECK_TOKENS("\"\\u12G4\"", "!@5");
}

TEST(json_gives_texts_and_offsets) {
  rocket_json_reader reader;
  rocket_json_token token;
  rocket_json_reader_init(&reader, rocket_slice_of("{ \"a\\\"b\" : -12.5 }"));
  CHECK_INT(rocket_json_next(&reader, &token, NULL), ROCKET_OK);
  CHECK_INT(token.offset, 0);
  CHECK_INT(rocket_json_next(&reader, &token, NULL), ROCKET_OK);
  CHECK_INT(token.kind, ROCKET_JSON_STRING);
  CHECK_INT(token.offset, 2);
  CHECK(token.escaped);
  CHECK_TEXT(token.text, "a\\\"b");
  CHECK_INT(rocket_json_next(&reader, &token, NULL), ROCKET_OK);
  CHECK_INT(token.kind, ROCKET_JSON_NUMBER);
  CHECK_INT(token.offset, 11);
  CHECK_TEXT(token.text, "-12.5");
}

TEST(json_depth_is_limited) {
  char text[2 * ROCKET_JSON_MAX_DEPTH + 3];
  memset(text, '[', ROCKET_JSON_MAX_DEPTH);
  memset(text + ROCKET_JSON_MAX_DEPTH, ']', ROCKET_JSON_MAX_DEPTH);
  text[2 * ROCKET_JSON_MAX_DEPTH] = 0;
  CHECK(strchr(tokens_of(text), '!') == NULL);
  memset(text, '{', ROCKET_JSON_MAX_DEPTH + 1); /* objects as keys of objects */
  CHECK(strstr(tokens_of(text), "!deep@64") != NULL);
}

TEST(json_without_input_is_an_error) {
  rocket_json_reader reader;
  rocket_json_token token;
  rocket_json_reader_init(&reader, (rocket_slice){0});
  CHECK_INT(rocket_json_next(&reader, &token, NULL), ROCKET_BAD_JSON);
}

static void check_unescape(const char *text, const char *expected) {
  size_t size = strlen(text), out_size = 0;
  uint8_t *copy = test_guarded(text, size), *in_place = test_guarded(text, size);
  uint8_t *out = test_guarded(text, size);
  CHECK_INT(rocket_json_unescape(rocket_slice_make(copy, size), out, &out_size), ROCKET_OK);
  CHECK_TEXT(rocket_slice_make(out, out_size), expected);
  CHECK_INT(rocket_json_unescape(rocket_slice_make(in_place, size), in_place, &out_size), ROCKET_OK);
  CHECK_TEXT(rocket_slice_make(in_place, out_size), expected);
}

TEST(json_undoes_escapes) {
  check_unescape("", "");
  check_unescape("plain", "plain");
  check_unescape("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t");
  check_unescape("KEYS\\u0001k1\\u0002", "KEYS\x01k1\x02");
  check_unescape("\\u00e9\\u4E2D\\uD83D\\uDE00", "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80");
}

TEST(json_replaces_lone_surrogates) {
  check_unescape("\\uD83D", "\xEF\xBF\xBD");
  check_unescape("\\uDE00x", "\xEF\xBF\xBDx");
  check_unescape("\\uD83D\\n", "\xEF\xBF\xBD\n");
  check_unescape("\\uD83D\\u0041", "\xEF\xBF\xBD\x41");
  check_unescape("\\uD83D\\uD83D\\uDE00", "\xEF\xBF\xBD\xF0\x9F\x98\x80");
}

TEST(json_refuses_bad_escapes) {
  static const char *const bad[] = {"\\", "\\x", "\\u", "\\u12", "\\u123g", "\\uD83D\\u12", "\\v"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    uint8_t out[16];
    size_t size;
    rocket_slice text = rocket_slice_make(test_guarded(bad[i], strlen(bad[i])), strlen(bad[i]));
    CHECK_INT(rocket_json_unescape(text, out, &size), ROCKET_BAD_JSON);
  }
}

static void check_escape(const char *text, size_t size, const char *expected) {
  rocket_buffer out = {0};
  CHECK_INT(rocket_json_append_string(&out, rocket_slice_make(test_guarded(text, size), size)), ROCKET_OK);
  CHECK_TEXT(rocket_slice_make(out.data, out.size), expected);
  rocket_buffer_clear(&out);
}

TEST(json_escapes_as_fastjson) {
  check_escape("", 0, "\"\"");
  check_escape("a/b", 3, "\"a/b\"");
  check_escape("KEYS\x01k1\x02TAGS\x01TagA", 17, "\"KEYS\\u0001k1\\u0002TAGS\\u0001TagA\"");
  check_escape("\"\\\b\t\n\f\r", 7, "\"\\\"\\\\\\b\\t\\n\\f\\r\"");
  check_escape("\0\x0B\x1F\x7F", 4, "\"\\u0000\\u000B\\u001F\\u007F\"");
  check_escape("\xC2\x85 \xC2\xA9", 5, "\"\\u0085 \xC2\xA9\"");
  check_escape("\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA", 9, "\"\\u2028\\u2029\xE2\x80\xAA\"");
  check_escape("\xE4\xB8\xAD\xF0\x9F\x98\x80", 7, "\"\xE4\xB8\xAD\xF0\x9F\x98\x80\"");
  check_escape("\xE2\x80", 2, "\"\xE2\x80\"");
}

TEST(json_text_survives_a_round_trip) {
  char text[300];
  for (int seed = 0; seed < 300; seed++) {
    for (int i = 0; i < seed; i++) text[i] = (char)((i * 37 + seed * 11) % 128);
    rocket_buffer out = {0};
    CHECK_INT(rocket_json_append_string(&out, rocket_slice_make(text, (size_t)seed)), ROCKET_OK);
    rocket_json_reader reader;
    rocket_json_token token;
    rocket_json_reader_init(&reader, rocket_slice_make(out.data, out.size));
    CHECK_INT(rocket_json_next(&reader, &token, NULL), ROCKET_OK);
    size_t size;
    CHECK_INT(rocket_json_unescape(token.text, out.data, &size), ROCKET_OK);
    CHECK_INT(size, seed);
    CHECK(memcmp(out.data, text, size) == 0);
    rocket_buffer_clear(&out);
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "rocket_message.h"
#include "rocket_status.h"
#include "test.h"

/* Writes `text` as "name=value;" for each property; ^ and ~ stand for the two separators. */
static const char *parsed(const char *text) {
  static char out[400];
  size_t size = strlen(text), cursor = 0, n = 0;
  rocket_slice name, value;
  uint8_t *bytes = test_guarded(text, size);
  for (size_t i = 0; i < size; i++) bytes[i] = text[i] == '^' ? 1 : text[i] == '~' ? 2 : (uint8_t)text[i];
  out[0] = 0;
  while (rocket_property_next(rocket_slice_make(bytes, size), &cursor, &name, &value))
    n += (size_t)snprintf(out + n, sizeof out - n, "%.*s=%.*s;", (int)name.size, (const char *)name.data, (int)value.size,
                          (const char *)value.data);
  CHECK(!rocket_property_next(rocket_slice_make(bytes, size), &cursor, &name, &value));
  for (char *c = out; *c; c++)
    if (*c == 1) *c = '^';
  return out;
}
#define CHECK_PARSED(text, expected)                                                                       \
  do {                                                                                                     \
    const char *check_found = parsed(text);                                                                \
    if (strcmp(check_found, expected) != 0) test_fail(__FILE__, __LINE__, "%s gives %s", text, check_found); \
  } while (0)

TEST(properties_parse_as_in_java) {
  CHECK_PARSED("A^1~B^~^x~C^3~D^a^b", "A=1;C=3;D=a^b;");
  CHECK_PARSED("TAGS^TagA", "TAGS=TagA;");
  CHECK_PARSED("TAGS^TagA~", "TAGS=TagA;");
  CHECK_PARSED("KEYS^k 1~TAGS^t~", "KEYS=k 1;TAGS=t;");
  CHECK_PARSED("", "");
  CHECK_PARSED("~~~", "");
  CHECK_PARSED("^", "");
  CHECK_PARSED("A^", "");
  CHECK_PARSED("^A", "");
  CHECK_PARSED("A", "");
  CHECK_PARSED("^^^", "");
  CHECK_PARSED("A^^", "A=^;");
  CHECK_PARSED("x~A^1~y", "A=1;");
}

TEST(properties_without_text) {
  size_t cursor = 0;
  rocket_slice name, value;
  CHECK(!rocket_property_next((rocket_slice){0}, &cursor, &name, &value));
  CHECK(!rocket_property_find((rocket_slice){0}, rocket_slice_of("A"), &value));
}

TEST(properties_find_the_last_of_several) {
  rocket_slice text = rocket_slice_of("WAIT\x01true\x02TAGS\x01T\x02WAIT\x01" "false\x02WAITING\x01x"), value = {0};
  CHECK(rocket_property_find(text, rocket_slice_of("WAIT"), &value));
  CHECK_TEXT(value, "false");
  CHECK(rocket_property_find(text, rocket_slice_of("TAGS"), &value));
  CHECK_TEXT(value, "T");
  CHECK(!rocket_property_find(text, rocket_slice_of("TAG"), &value));
  CHECK_TEXT(value, "T");
}

TEST(properties_append_what_they_parse) {
  rocket_buffer out = {0};
  rocket_slice value;
  CHECK_INT(rocket_property_append(&out, rocket_slice_of("KEYS"), rocket_slice_of("k1 k2")), ROCKET_OK);
  CHECK_INT(rocket_property_append(&out, rocket_slice_of("x"), rocket_slice_of("a\x01z")), ROCKET_OK);
  rocket_slice text = rocket_slice_make(out.data, out.size);
  CHECK_TEXT(text, "KEYS\x01k1 k2\x02x\x01" "a\x01z\x02");
  CHECK(rocket_property_find(text, rocket_slice_of("x"), &value));
  CHECK_TEXT(value, "a\x01z");
  rocket_buffer_clear(&out);
}

TEST(properties_refuse_what_would_break_the_text) {
  rocket_buffer out = {0};
  CHECK_INT(rocket_property_append(&out, rocket_slice_of(""), rocket_slice_of("v")), ROCKET_INVALID_ARGUMENT);
  CHECK_INT(rocket_property_append(&out, rocket_slice_of("n"), rocket_slice_of("")), ROCKET_INVALID_ARGUMENT);
  CHECK_INT(rocket_property_append(&out, rocket_slice_of("n\x01"), rocket_slice_of("v")), ROCKET_INVALID_ARGUMENT);
  CHECK_INT(rocket_property_append(&out, rocket_slice_of("n\x02"), rocket_slice_of("v")), ROCKET_INVALID_ARGUMENT);
  CHECK_INT(rocket_property_append(&out, rocket_slice_of("n"), rocket_slice_of("v\x02w")), ROCKET_INVALID_ARGUMENT);
  CHECK_INT(rocket_property_append(&out, (rocket_slice){0}, (rocket_slice){0}), ROCKET_INVALID_ARGUMENT);
  CHECK_INT(out.size, 0);
}

TEST(properties_append_fails_without_a_trace) {
  char value[600];
  rocket_buffer out;
  memset(value, 'v', sizeof value);
  rocket_buffer_init(&out, test_allocator(2));
  CHECK_INT(rocket_property_append(&out, rocket_slice_of("a"), rocket_slice_of("1")), ROCKET_OK);
  CHECK_INT(rocket_property_append(&out, rocket_slice_of("b"), rocket_slice_make(value, sizeof value)), ROCKET_NO_MEMORY);
  CHECK_TEXT(rocket_slice_make(out.data, out.size), "a\x01" "1\x02");
  rocket_buffer_clear(&out);
  CHECK_INT(test_allocated(), 0);
}

/* What rocket_property_find must say, by the other function's rules. */
static rocket_slice last_by_next(rocket_slice text, rocket_slice name) {
  rocket_slice each, value, last = {0};
  size_t cursor = 0;
  while (rocket_property_next(text, &cursor, &each, &value))
    if (rocket_slice_equal(each, name)) last = value;
  return last;
}

TEST(properties_find_agrees_with_next_on_every_text) {
  static const char letters[] = {'A', 'B', 1, 2};
  char text[7];
  for (int size = 0; size <= (int)sizeof text; size++)
    for (int number = 0; number < 1 << 2 * size; number++) {
      for (int i = 0; i < size; i++) text[i] = letters[number >> 2 * i & 3];
      uint8_t *bytes = (uint8_t *)text;
      rocket_slice whole = rocket_slice_make(bytes, (size_t)size);
      static const char *const names[] = {"", "A", "B", "AB", "A\1", "\1", "A\1B", "\2"};
      for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        rocket_slice name = rocket_slice_of(names[n]), expected = last_by_next(whole, name), value = {0};
        CHECK(rocket_property_find(whole, name, &value) == (expected.data != NULL));
        CHECK(value.data == expected.data && value.size == expected.size);
      }
    }
}

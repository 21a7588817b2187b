// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "rocket_json.h"

#include "test.h"

static rocket_slice standard(const char *text, rocket_buffer *out) {
  rocket_buffer_init(out, NULL);
  CHECK_INT(rocket_json_to_standard(rocket_slice_make(test_guarded(text, strlen(text)), strlen(text)), out, NULL), ROCKET_OK);
  return rocket_slice_make(out->data, out->size);
}
#define CHECK_STANDARD(text, expected)             \
  do {                                             \
    rocket_buffer check_out;                       \
    CHECK_TEXT(standard(text, &check_out), expected); \
    rocket_buffer_clear(&check_out);               \
  } while (0)

TEST(json_to_standard_leaves_standard_text) {
  CHECK_STANDARD("null", "null");
  CHECK_STANDARD("{\"a\":[1,-2.5e3,true,false,null,\"x\\\"\\u00E9\",{},[]],\"b\":{\"c\":[[1],[2]]}}",
                 "{\"a\":[1,-2.5e3,true,false,null,\"x\\\"\\u00E9\",{},[]],\"b\":{\"c\":[[1],[2]]}}");
  CHECK_STANDARD("\n{ \"a\" :\t1 ,\r\"b\" : [ 1 , 2 ] }\n", "{\"a\":1,\"b\":[1,2]}");
}

TEST(json_to_standard_quotes_keys_that_are_numbers) {
  CHECK_STANDARD("{\"brokerAddrs\":{0:\"10.0.0.1:10911\",1:\"10.0.0.2:10911\"},\"brokerName\":\"b\"}",
                 "{\"brokerAddrs\":{\"0\":\"10.0.0.1:10911\",\"1\":\"10.0.0.2:10911\"},\"brokerName\":\"b\"}");
  CHECK_STANDARD("{true:1,null:2}", "{\"true\":1,\"null\":2}");
}

TEST(json_to_standard_makes_texts_of_keys_that_are_objects) {
  CHECK_STANDARD("{\"offsetTable\":{{\"brokerName\":\"b\",\"queueId\":1,\"topic\":\"T\"}:34,{\"topic\":\"U\"}:{\"maxOffset\":9}}}",
                 "{\"offsetTable\":{\"{\\\"brokerName\\\":\\\"b\\\",\\\"queueId\\\":1,\\\"topic\\\":\\\"T\\\"}\":34,"
                 "\"{\\\"topic\\\":\\\"U\\\"}\":{\"maxOffset\":9}}}");
  CHECK_STANDARD("{[1,{0:2}]:3,\"k\":4}", "{\"[1,{\\\"0\\\":2}]\":3,\"k\":4}");
}

TEST(json_to_standard_escapes_control_characters) {
  CHECK_STANDARD("[\"TAGS\x01\x41\x02\"]", "[\"TAGS\\u0001A\\u0002\"]");
  CHECK_STANDARD("{{\"\x1F\":1}:2}", "{\"{\\\"\\\\u001F\\\":1}\":2}");
}

TEST(json_to_standard_fails_without_a_trace) {
  rocket_buffer out;
  rocket_fault fault = {0};
  rocket_buffer_init(&out, NULL);
  CHECK_INT(rocket_buffer_append(&out, "kept", 4), ROCKET_OK);
  CHECK_INT(rocket_json_to_standard(rocket_slice_of("{\"a\":1,}"), &out, &fault), ROCKET_BAD_JSON);
  CHECK_INT(fault.offset, 7);
  CHECK_INT(rocket_json_to_standard(rocket_slice_of("{{{1:2}:3}:4}"), &out, &fault), ROCKET_TOO_LARGE);
  CHECK_INT(fault.offset, 2);
  CHECK_INT(rocket_json_to_standard((rocket_slice){0}, &out, &fault), ROCKET_BAD_JSON);
  CHECK_TEXT(rocket_slice_make(out.data, out.size), "kept");
  rocket_buffer_clear(&out);
}

TEST(json_to_standard_reports_every_failed_allocation) {
  static const char text[] = "{\"offsetTable\":{{\"topic\":\"a topic with a name so long that the buffer must grow once more, and again, "
                             "and again, because two hundred and fifty-six bytes are what it takes at first, and the copy of the key "
                             "needs as many of its own, so that each of the allocations can be made to fail on its own\"}:34}}";
  for (uint64_t fail_at = 1;; fail_at++) {
    rocket_buffer out;
    rocket_buffer_init(&out, test_allocator(fail_at));
    int status = rocket_json_to_standard(rocket_slice_of(text), &out, NULL);
    CHECK_INT(out.size > 0, status == ROCKET_OK);
    rocket_buffer_clear(&out);
    CHECK_INT(test_allocated(), 0);
    if (status == ROCKET_OK) return;
    CHECK_INT(status, ROCKET_NO_MEMORY);
  }
}

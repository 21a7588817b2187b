// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "rocket_command.h"

#include "wire_samples.h"

#define TEXT(literal) rocket_slice_of(literal)

TEST(command_starts_empty) {
  rocket_command command;
  memset(&command, 0xAA, sizeof command);
  rocket_command_init(&command, ROCKET_REQUEST_PULL_MESSAGE);
  CHECK_INT(command.code, 11);
  CHECK_INT(command.version, 409);
  CHECK_INT(command.language, 7);
  CHECK_INT(command.flag, 0);
  CHECK_INT(command.serialization, ROCKET_SERIALIZATION_JSON);
  CHECK(!command.has_fields && command.field_count == 0);
  CHECK(command.remark.data == NULL && command.body.data == NULL);
}

TEST(command_response_answers_its_request) {
  rocket_command request, response;
  rocket_command_init(&request, 11);
  request.opaque = -42;
  request.serialization = ROCKET_SERIALIZATION_BINARY;
  rocket_command_init_response(&response, &request, ROCKET_RESPONSE_PULL_NOT_FOUND);
  CHECK_INT(response.code, 19);
  CHECK_INT(response.opaque, -42);
  CHECK_INT(response.flag, ROCKET_FLAG_RESPONSE);
  CHECK_INT(response.serialization, ROCKET_SERIALIZATION_BINARY);
  rocket_command_init_response(&request, &request, 0); /* in place */
  CHECK_INT(request.opaque, -42);
}

TEST(command_gives_back_what_was_set) {
  rocket_command command;
  rocket_slice text;
  int64_t wide;
  int32_t narrow;
  bool yes;
  rocket_command_init(&command, ROCKET_REQUEST_PULL_MESSAGE);
  CHECK_INT(rocket_command_set(&command, ROCKET_FIELD_TOPIC, TEXT("T")), ROCKET_OK);
  CHECK_INT(rocket_command_set_i64(&command, ROCKET_FIELD_QUEUE_ID, -1), ROCKET_OK);
  CHECK_INT(rocket_command_set_i64(&command, ROCKET_FIELD_QUEUE_OFFSET, INT64_MIN), ROCKET_OK);
  CHECK_INT(rocket_command_set_i64(&command, ROCKET_FIELD_SUB_VERSION, INT64_MAX), ROCKET_OK);
  CHECK_INT(rocket_command_set_bool(&command, ROCKET_FIELD_BATCH, true), ROCKET_OK);
  CHECK_INT(rocket_command_set(&command, ROCKET_FIELD_SUBSCRIPTION, (rocket_slice){0}), ROCKET_OK);
  CHECK_INT(command.field_count, 5);
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_TOPIC, &text), ROCKET_OK);
  CHECK_TEXT(text, "T");
  CHECK_INT(rocket_command_get_i32(&command, ROCKET_FIELD_QUEUE_ID, &narrow), ROCKET_OK);
  CHECK_INT(narrow, -1);
  CHECK_INT(rocket_command_get_i64(&command, ROCKET_FIELD_QUEUE_OFFSET, &wide), ROCKET_OK);
  CHECK_INT(wide, INT64_MIN);
  CHECK_INT(rocket_command_get_i64(&command, ROCKET_FIELD_SUB_VERSION, &wide), ROCKET_OK);
  CHECK_INT(wide, INT64_MAX);
  CHECK_INT(rocket_command_get_bool(&command, ROCKET_FIELD_BATCH, &yes), ROCKET_OK);
  CHECK(yes);
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_SUBSCRIPTION, &text), ROCKET_MISSING_FIELD);
}

TEST(command_reads_numbers_as_java) {
  static const struct {
    const char *text;
    int status;
    int64_t value;
  } cases[] = {{"0", ROCKET_OK, 0}, {"-0", ROCKET_OK, 0}, {"+7", ROCKET_OK, 7}, {"007", ROCKET_OK, 7},
               {"9223372036854775807", ROCKET_OK, INT64_MAX}, {"-9223372036854775808", ROCKET_OK, INT64_MIN},
               {"9223372036854775808", ROCKET_BAD_FIELD, 0}, {"-9223372036854775809", ROCKET_BAD_FIELD, 0},
               {"99999999999999999999", ROCKET_BAD_FIELD, 0}, {"", ROCKET_BAD_FIELD, 0}, {"-", ROCKET_BAD_FIELD, 0},
               {" 1", ROCKET_BAD_FIELD, 0}, {"1 ", ROCKET_BAD_FIELD, 0}, {"1.0", ROCKET_BAD_FIELD, 0},
               {"0x1", ROCKET_BAD_FIELD, 0}, {"abc", ROCKET_BAD_FIELD, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rocket_command command;
    int64_t value = 4711;
    rocket_command_init(&command, 30);
    rocket_command_set(&command, ROCKET_FIELD_OFFSET, TEXT(cases[i].text));
    CHECK_INT(rocket_command_get_i64(&command, ROCKET_FIELD_OFFSET, &value), cases[i].status);
    CHECK_INT(value, cases[i].status == ROCKET_OK ? cases[i].value : 4711);
  }
}

TEST(command_i32_has_its_own_range) {
  rocket_command command;
  int32_t value = 5;
  rocket_command_init(&command, 30);
  rocket_command_set(&command, ROCKET_FIELD_QUEUE_ID, TEXT("2147483648"));
  CHECK_INT(rocket_command_get_i32(&command, ROCKET_FIELD_QUEUE_ID, &value), ROCKET_BAD_FIELD);
  CHECK_INT(value, 5);
  rocket_command_set(&command, ROCKET_FIELD_QUEUE_ID, TEXT("-2147483648"));
  CHECK_INT(rocket_command_get_i32(&command, ROCKET_FIELD_QUEUE_ID, &value), ROCKET_OK);
  CHECK_INT(value, INT32_MIN);
}

TEST(command_booleans_are_true_in_any_case) {
  static const char *const texts[] = {"true", "TRUE", "True", "tRuE", "false", "yes", "1", "", "truE ", "\x14rue"};
  for (int i = 0; i < 10; i++) {
    rocket_command command;
    bool value = i >= 4;
    rocket_command_init(&command, 10);
    rocket_command_set(&command, ROCKET_FIELD_BATCH, TEXT(texts[i]));
    CHECK_INT(rocket_command_get_bool(&command, ROCKET_FIELD_BATCH, &value), ROCKET_OK);
    CHECK_INT(value, i < 4);
  }
}

TEST(command_sets_a_field_once) {
  rocket_command command;
  rocket_slice text;
  rocket_command_init(&command, ROCKET_REQUEST_PULL_MESSAGE);
  rocket_command_set(&command, ROCKET_FIELD_SIGNATURE, TEXT("old"));
  rocket_command_set(&command, ROCKET_FIELD_SIGNATURE, TEXT("new"));
  rocket_command_set_named(&command, TEXT("Signature"), TEXT("newest"));
  rocket_command_set_named(&command, TEXT("mine"), TEXT("1"));
  rocket_command_set_named(&command, TEXT("mine"), TEXT("2"));
  CHECK_INT(command.field_count, 2);
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_SIGNATURE, &text), ROCKET_OK);
  CHECK_TEXT(text, "newest");
  CHECK_INT(rocket_command_get_named(&command, TEXT("mine"), &text), ROCKET_OK);
  CHECK_TEXT(text, "2");
}

TEST(command_field_count_is_limited) {
  rocket_command command;
  char names[ROCKET_MAX_FIELDS + 1][8];
  rocket_command_init(&command, 11);
  for (int i = 0; i <= ROCKET_MAX_FIELDS; i++) {
    snprintf(names[i], sizeof names[i], "n%d", i);
    int expected = i < ROCKET_MAX_FIELDS ? ROCKET_OK : ROCKET_TOO_MANY_FIELDS;
    CHECK_INT(rocket_command_set_named(&command, TEXT(names[i]), TEXT("v")), expected);
  }
  rocket_command_init(&command, 11);
  int status = ROCKET_OK, numbers = 0;
  for (; status == ROCKET_OK && numbers < 1000; numbers++) status = rocket_command_set_i64(&command, ROCKET_FIELD_OFFSET, INT64_MIN);
  CHECK_INT(status, ROCKET_TOO_MANY_FIELDS);
  CHECK(numbers > 30);
}

TEST(command_send_v2_has_short_names) {
  static const int codes[] = {ROCKET_REQUEST_SEND_MESSAGE_V2, ROCKET_REQUEST_SEND_BATCH_MESSAGE, ROCKET_REQUEST_SEND_REPLY_MESSAGE_V2};
  static const struct {
    rocket_field field;
    const char *name;
  } names[] = {{ROCKET_FIELD_PRODUCER_GROUP, "a"}, {ROCKET_FIELD_TOPIC, "b"}, {ROCKET_FIELD_DEFAULT_TOPIC, "c"},
               {ROCKET_FIELD_DEFAULT_TOPIC_QUEUE_NUMS, "d"}, {ROCKET_FIELD_QUEUE_ID, "e"}, {ROCKET_FIELD_SYS_FLAG, "f"},
               {ROCKET_FIELD_BORN_TIMESTAMP, "g"}, {ROCKET_FIELD_FLAG, "h"}, {ROCKET_FIELD_PROPERTIES, "i"},
               {ROCKET_FIELD_RECONSUME_TIMES, "j"}, {ROCKET_FIELD_UNIT_MODE, "k"}, {ROCKET_FIELD_MAX_RECONSUME_TIMES, "l"},
               {ROCKET_FIELD_BATCH, "m"}, {ROCKET_FIELD_BNAME, "n"}};
  for (int c = 0; c < 3; c++) {
    rocket_command command;
    rocket_slice text;
    rocket_command_init(&command, codes[c]);
    for (int i = 0; i < 14; i++) {
      CHECK_INT(rocket_command_set(&command, names[i].field, TEXT("v")), ROCKET_OK);
      CHECK_TEXT(command.fields[i].name, names[i].name);
      CHECK_INT(rocket_command_set_named(&command, TEXT(names[i].name), TEXT("w")), ROCKET_OK);
      CHECK_INT(rocket_command_get(&command, names[i].field, &text), ROCKET_OK);
      CHECK_TEXT(text, "w");
    }
    CHECK_INT(command.field_count, 14);
    /* as in Java, the long name means nothing here */
    rocket_command_init(&command, codes[c]);
    rocket_command_set_named(&command, TEXT("producerGroup"), TEXT("PG"));
    CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_PRODUCER_GROUP, &text), ROCKET_MISSING_FIELD);
    CHECK_INT(rocket_command_get_named(&command, TEXT("producerGroup"), &text), ROCKET_OK);
  }
}

TEST(command_knows_every_field_by_name) {
  for (int i = 0; i < ROCKET_FIELD_COUNT; i++) {
    rocket_command command;
    const char *name = rocket_field_name((rocket_field)i);
    rocket_command_init(&command, 11);
    CHECK_INT(rocket_command_set_named(&command, TEXT(name), TEXT("v")), ROCKET_OK);
    CHECK_INT(command.fields[0].field, i);
    char other[64];
    snprintf(other, sizeof other, "%sx", name);
    CHECK_INT(rocket_command_set_named(&command, TEXT(other), TEXT("v")), ROCKET_OK);
    CHECK_INT(command.fields[1].field, ROCKET_FIELD_UNKNOWN);
  }
}

TEST(command_names_for_logs) {
  CHECK(strcmp(rocket_request_name(11), "PULL_MESSAGE") == 0);
  CHECK(strcmp(rocket_request_name(310), "SEND_MESSAGE_V2") == 0);
  CHECK(strcmp(rocket_request_name(-5), "UNKNOWN") == 0);
  CHECK(strcmp(rocket_response_name(25), "SUBSCRIPTION_NOT_LATEST") == 0);
  CHECK(strcmp(rocket_response_name(4711), "UNKNOWN") == 0);
  CHECK(strcmp(rocket_field_name(ROCKET_FIELD_QUEUE_OFFSET), "queueOffset") == 0);
  CHECK(strcmp(rocket_field_name(ROCKET_FIELD_UNKNOWN), "UNKNOWN") == 0);
  CHECK(strcmp(rocket_field_name(ROCKET_FIELD_COUNT), "UNKNOWN") == 0);
}

TEST(command_check_names_what_is_missing) {
  rocket_command command;
  rocket_field missing = ROCKET_FIELD_UNKNOWN;
  rocket_command_init(&command, ROCKET_REQUEST_GET_MAX_OFFSET);
  CHECK_INT(rocket_command_check_request(&command, &missing), ROCKET_MISSING_FIELD);
  CHECK_INT(missing, ROCKET_FIELD_TOPIC);
  rocket_command_set(&command, ROCKET_FIELD_TOPIC, TEXT("T"));
  CHECK_INT(rocket_command_check_request(&command, &missing), ROCKET_MISSING_FIELD);
  CHECK_INT(missing, ROCKET_FIELD_QUEUE_ID);
  rocket_command_set(&command, ROCKET_FIELD_QUEUE_ID, TEXT("abc"));
  CHECK_INT(rocket_command_check_request(&command, &missing), ROCKET_BAD_FIELD);
  CHECK_INT(missing, ROCKET_FIELD_QUEUE_ID);
  CHECK_INT(rocket_command_check_request(&command, NULL), ROCKET_BAD_FIELD);
  rocket_command_set(&command, ROCKET_FIELD_QUEUE_ID, TEXT("3"));
  CHECK_INT(rocket_command_check_request(&command, &missing), ROCKET_OK);
}

TEST(command_check_passes_what_it_does_not_know) {
  rocket_command command;
  rocket_command_init(&command, 9999);
  CHECK_INT(rocket_command_check_request(&command, NULL), ROCKET_OK);
  rocket_command_init(&command, 11); /* a response code here, not PULL_MESSAGE */
  command.flag = ROCKET_FLAG_RESPONSE;
  CHECK_INT(rocket_command_check_request(&command, NULL), ROCKET_OK);
}

static void fill_pull(rocket_command *command, rocket_serialization serialization) {
  rocket_command_init(command, ROCKET_REQUEST_PULL_MESSAGE);
  command->serialization = serialization;
  command->opaque = 77;
  command->remark = TEXT("note");
  command->body = TEXT("the body");
  rocket_command_set(command, ROCKET_FIELD_CONSUMER_GROUP, TEXT("CG"));
  rocket_command_set(command, ROCKET_FIELD_SUBSCRIPTION, TEXT("a\x01\"quoted\" \xE4\xB8\xAD"));
  rocket_command_set_i64(command, ROCKET_FIELD_QUEUE_OFFSET, 123456789012);
  rocket_command_set_named(command, TEXT("my \"own\""), TEXT("x"));
}

TEST(command_survives_a_round_trip) {
  for (int type = 0; type < 2; type++) {
    rocket_command command, again;
    rocket_buffer out = {0};
    size_t size;
    int64_t offset;
    rocket_slice text;
    fill_pull(&command, (rocket_serialization)type);
    CHECK_INT(rocket_command_encode(&command, &out), ROCKET_OK);
    CHECK_INT(rocket_frame_scan(rocket_slice_make(out.data, out.size), ROCKET_MAX_FRAME_BYTES, &size), ROCKET_OK);
    CHECK_INT(size, out.size);
    CHECK_INT(rocket_command_decode(out.data, out.size, &again, NULL), ROCKET_OK);
    CHECK_INT(again.serialization, type);
    CHECK_INT(again.code, 11);
    CHECK_INT(again.opaque, 77);
    CHECK_INT(again.version, 409);
    CHECK_INT(again.language, 7);
    CHECK_INT(again.field_count, 4);
    CHECK_TEXT(again.remark, "note");
    CHECK_TEXT(again.body, "the body");
    CHECK_INT(rocket_command_get(&again, ROCKET_FIELD_SUBSCRIPTION, &text), ROCKET_OK);
    CHECK_TEXT(text, "a\x01\"quoted\" \xE4\xB8\xAD");
    CHECK_INT(rocket_command_get_i64(&again, ROCKET_FIELD_QUEUE_OFFSET, &offset), ROCKET_OK);
    CHECK_INT(offset, 123456789012);
    CHECK_INT(rocket_command_get_named(&again, TEXT("my \"own\""), &text), ROCKET_OK);
    CHECK_TEXT(text, "x");
    rocket_buffer_clear(&out);
  }
}

TEST(command_head_counts_the_body_that_follows) {
  rocket_command command, again;
  rocket_buffer whole = {0}, head = {0};
  fill_pull(&command, ROCKET_SERIALIZATION_JSON);
  CHECK_INT(rocket_command_encode(&command, &whole), ROCKET_OK);
  CHECK_INT(rocket_command_encode_head(&command, 8, &head), ROCKET_OK);
  CHECK_INT(head.size, whole.size - 8);
  CHECK(memcmp(head.data, whole.data, head.size) == 0);
  CHECK_INT(rocket_command_encode_head(&command, ROCKET_MAX_FRAME_BYTES - 100, &head), ROCKET_TOO_LARGE);
  CHECK_INT(head.size, whole.size - 8);
  CHECK_INT(rocket_command_encode_head(&command, SIZE_MAX - 4, &head), ROCKET_TOO_LARGE);
  rocket_buffer_append(&head, "12345678", 8);
  CHECK_INT(rocket_command_decode(head.data, head.size, &again, NULL), ROCKET_OK);
  CHECK_TEXT(again.body, "12345678");
  rocket_buffer_clear(&whole);
  rocket_buffer_clear(&head);
}

TEST(command_as_large_as_a_frame_may_be) {
  rocket_command command;
  rocket_buffer out = {0};
  size_t size, head_size;
  uint8_t *body = calloc(1, ROCKET_MAX_FRAME_BYTES);
  rocket_command_init(&command, 310);
  CHECK_INT(rocket_command_encode(&command, &out), ROCKET_OK);
  head_size = out.size;
  out.size = 0;
  command.body = rocket_slice_make(body, ROCKET_MAX_FRAME_BYTES - head_size);
  CHECK_INT(rocket_command_encode(&command, &out), ROCKET_OK);
  CHECK_INT(rocket_frame_scan(rocket_slice_make(out.data, out.size), ROCKET_MAX_FRAME_BYTES, &size), ROCKET_OK);
  CHECK_INT(size, ROCKET_MAX_FRAME_BYTES);
  command.body.size++;
  CHECK_INT(rocket_command_encode(&command, &out), ROCKET_TOO_LARGE);
  CHECK_INT(out.size, ROCKET_MAX_FRAME_BYTES);
  rocket_buffer_clear(&out);
  free(body);
}

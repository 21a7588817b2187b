// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "wire_samples.h"

static int decode(const char *header, rocket_command *out, rocket_fault *fault) {
  rocket_slice frame = sample_json(header, "");
  return rocket_command_decode((uint8_t *)(uintptr_t)frame.data, frame.size, out, fault);
}
#define CHECK_DECODES(header, out) CHECK_INT(decode(header, out, NULL), ROCKET_OK)

static void check_fault(const char *header, int status, uint32_t offset, const char *what) {
  rocket_command command;
  rocket_fault fault = {0};
  int found = decode(header, &command, &fault);
  if (found != status || fault.status != status || fault.offset != 8 + offset || strcmp(fault.what, what) != 0)
    test_fail(__FILE__, __LINE__, "%s: %s at %u (%s)", header, rocket_status_name(found), fault.offset - 8,
              fault.what ? fault.what : "-");
}

TEST(header_json_decodes_a_pull) {
  rocket_slice frame = sample_frame_number(0);
  rocket_command command;
  rocket_slice text;
  int64_t number;
  CHECK_INT(rocket_command_decode((uint8_t *)(uintptr_t)frame.data, frame.size, &command, NULL), ROCKET_OK);
  CHECK_INT(command.code, 11);
  CHECK_INT(command.opaque, 4711);
  CHECK_INT(command.flag, 0);
  CHECK_INT(command.version, 409);
  CHECK_INT(command.language, 0);
  CHECK(command.has_fields);
  CHECK_INT(command.field_count, 10);
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_CONSUMER_GROUP, &text), ROCKET_OK);
  CHECK_TEXT(text, "CG");
  CHECK_INT(rocket_command_get_i64(&command, ROCKET_FIELD_SUB_VERSION, &number), ROCKET_OK);
  CHECK_INT(number, 1700000000000);
  CHECK_INT(rocket_command_check_request(&command, NULL), ROCKET_OK);
  CHECK(command.body.data == NULL && command.remark.data == NULL);
}

TEST(header_json_undoes_escapes) {
  rocket_slice frame = sample_frame_number(1), text;
  rocket_command command;
  CHECK_INT(rocket_command_decode((uint8_t *)(uintptr_t)frame.data, frame.size, &command, NULL), ROCKET_OK);
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_PROPERTIES, &text), ROCKET_OK);
  CHECK_TEXT(text, "KEYS\x01k1\x02TAGS\x01\xF0\x9F\x98\x80\x02");
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_PRODUCER_GROUP, &text), ROCKET_OK);
  CHECK_TEXT(text, "PG");
  CHECK_TEXT(command.body, "hello, body");
  CHECK_INT(command.language, 1);
  CHECK_DECODES("{\"c\\u006fde\":7,\"remark\":\"a\\\"b\\n\"}", &command);
  CHECK_INT(command.code, 7);
  CHECK_TEXT(command.remark, "a\"b\n");
}

TEST(header_json_fills_in_what_is_missing) {
  rocket_command command;
  memset(&command, 0x55, sizeof command);
  CHECK_DECODES("{}", &command);
  CHECK_INT(command.code, 0);
  CHECK_INT(command.opaque, 0);
  CHECK_INT(command.flag, 0);
  CHECK_INT(command.version, 0);
  CHECK_INT(command.language, 0);
  CHECK(!command.has_fields && command.field_count == 0 && command.remark.data == NULL);
  CHECK_DECODES("{\"code\":null,\"extFields\":null,\"language\":null,\"remark\":null}", &command);
  CHECK(!command.has_fields && command.remark.data == NULL && command.code == 0 && command.language == 0);
  CHECK_DECODES("{\"extFields\":{}}", &command);
  CHECK(command.has_fields && command.field_count == 0);
  CHECK_DECODES("{\"remark\":\"\"}", &command);
  CHECK(command.remark.data != NULL && command.remark.size == 0);
}

TEST(header_json_is_tolerant) {
  rocket_slice frame = sample_frame_number(3), text;
  rocket_command command;
  CHECK_INT(rocket_command_decode((uint8_t *)(uintptr_t)frame.data, frame.size, &command, NULL), ROCKET_OK);
  CHECK_INT(command.field_count, 3);
  CHECK_INT(rocket_command_get_named(&command, rocket_slice_of("n"), &text), ROCKET_OK);
  CHECK_TEXT(text, "12");
  CHECK_INT(rocket_command_get_named(&command, rocket_slice_of("t"), &text), ROCKET_OK);
  CHECK_TEXT(text, "true");
  CHECK_INT(rocket_command_get_named(&command, rocket_slice_of("o"), &text), ROCKET_OK);
  CHECK_TEXT(text, "{ \"a\" : [ ] }");
  CHECK_INT(rocket_command_get_named(&command, rocket_slice_of("z"), &text), ROCKET_MISSING_FIELD);
  CHECK_INT(command.code, 0);
  CHECK_INT(command.flag, 1);
  CHECK_INT(command.language, 9);
  CHECK_TEXT(command.body, "body");
  CHECK_DECODES("{\"code\":\"11\",\"opaque\":\"-7\",\"serializeTypeCurrentRPC\":\"ROCKETMQ\","
                "\"extFields\":{\"properties\":\"a\x01\x31\x02\"}}", &command);
  CHECK_INT(command.opaque, -7);
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_PROPERTIES, &text), ROCKET_OK);
  CHECK_TEXT(text, "a\x01\x31\x02");
}

TEST(header_json_last_of_several_wins) {
  rocket_command command;
  rocket_slice text;
  CHECK_DECODES("{\"code\":1,\"code\":2,"
                "\"extFields\":{\"topic\":\"A\",\"x\":\"1\",\"topic\":\"B\",\"x\":\"2\",\"y\":\"1\",\"y\":null}}", &command);
  CHECK_INT(command.code, 2);
  CHECK_INT(command.field_count, 2);
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_TOPIC, &text), ROCKET_OK);
  CHECK_TEXT(text, "B");
  CHECK_INT(rocket_command_get_named(&command, rocket_slice_of("x"), &text), ROCKET_OK);
  CHECK_TEXT(text, "2");
  CHECK_DECODES("{\"extFields\":{\"topic\":\"A\",\"x\":\"1\"},\"extFields\":{\"topic\":\"C\"}}", &command);
  CHECK_INT(command.field_count, 1);
}

TEST(header_json_short_names_do_not_depend_on_order) {
  rocket_command command;
  rocket_slice text;
  CHECK_DECODES("{\"extFields\":{\"a\":\"PG\",\"topic\":\"X\",\"b\":\"T\"},\"code\":310}", &command);
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_PRODUCER_GROUP, &text), ROCKET_OK);
  CHECK_TEXT(text, "PG");
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_TOPIC, &text), ROCKET_OK);
  CHECK_TEXT(text, "T");
  CHECK_DECODES("{\"extFields\":{\"a\":\"PG\"},\"code\":10}", &command);
  CHECK_INT(command.fields[0].field, ROCKET_FIELD_UNKNOWN);
}

TEST(header_json_reads_languages) {
  static const struct {
    const char *text;
    int32_t number;
  } cases[] = {{"\"JAVA\"", 0}, {"\"java\"", 0}, {"\"Cpp\"", 1}, {"\"GO\"", 9}, {"\"NODE_JS\"", 13}, {"7", 7}, {"\"7\"", 7},
               {"\"SWIFT\"", -1}, {"\"JAV\"", -1}, {"\"JAVAX\"", -1}, {"99", -1}, {"-2", -1}, {"\"\"", -1}, {"true", -1}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char header[64];
    rocket_command command;
    snprintf(header, sizeof header, "{\"language\":%s}", cases[i].text);
    CHECK_DECODES(header, &command);
    CHECK_INT(command.language, cases[i].number);
  }
}

TEST(header_json_says_what_is_wrong) {
  check_fault("", ROCKET_BAD_JSON, 0, "header");
  check_fault("[]", ROCKET_BAD_JSON, 0, "header");
  check_fault("{\"code\":11", ROCKET_BAD_JSON, 10, "comma");
  check_fault("{\"code\" 11}", ROCKET_BAD_JSON, 8, "colon");
  check_fault("{\"code\":11,}", ROCKET_BAD_JSON, 11, "key");
  check_fault("{\"code\":11}}", ROCKET_BAD_JSON, 11, "end");
  check_fault("{\"code\":abc}", ROCKET_BAD_JSON, 8, "code");
  check_fault("{\"code\":1.5}", ROCKET_BAD_HEADER, 11, "code");
  check_fault("{\"code\":{}}", ROCKET_BAD_HEADER, 10, "code");
  check_fault("{\"opaque\":2147483648}", ROCKET_BAD_HEADER, 20, "opaque");
  check_fault("{\"opaque\":true}", ROCKET_BAD_HEADER, 14, "opaque");
  check_fault("{\"extFields\":7}", ROCKET_BAD_HEADER, 14, "extFields");
  check_fault("{\"extFields\":{\"a\":}}", ROCKET_BAD_JSON, 18, "extFields");
  check_fault("{\"x\":[1,2", ROCKET_BAD_JSON, 9, "comma");
  check_fault("{\"remark\":\"\\q\"}", ROCKET_BAD_JSON, 11, "remark");
}

TEST(header_json_nesting_is_limited) {
  char header[600] = "{\"x\":";
  rocket_command command;
  for (int depth = 0; depth < 200; depth++) strcat(header, "[");
  for (int depth = 0; depth < 200; depth++) strcat(header, "]");
  strcat(header, "}");
  CHECK_INT(decode(header, &command, NULL), ROCKET_TOO_LARGE);
}

TEST(header_json_field_count_is_limited) {
  for (int count = ROCKET_MAX_FIELDS; count <= ROCKET_MAX_FIELDS + 1; count++) {
    char header[2000] = "{\"extFields\":{";
    rocket_command command;
    for (int i = 0; i < count; i++) snprintf(header + strlen(header), 24, "%s\"n%d\":\"v\"", i ? "," : "", i);
    strcat(header, "}}");
    CHECK_INT(decode(header, &command, NULL), count == ROCKET_MAX_FIELDS ? ROCKET_OK : ROCKET_TOO_MANY_FIELDS);
  }
}

static void check_encodes(const rocket_command *command, const char *header) {
  rocket_buffer out = {0};
  CHECK_INT(rocket_command_encode(command, &out), ROCKET_OK);
  rocket_slice expected = sample_json(header, "");
  CHECK_TEXT(rocket_slice_make(out.data + 8, out.size - 8), header);
  CHECK(rocket_slice_equal(rocket_slice_make(out.data, out.size), expected));
  rocket_buffer_clear(&out);
}

TEST(header_json_encodes_as_fastjson) {
  rocket_command command;
  rocket_command_init(&command, ROCKET_REQUEST_PULL_MESSAGE);
  command.language = 0;
  rocket_command_set_i64(&command, ROCKET_FIELD_QUEUE_ID, 1);
  check_encodes(&command, "{\"code\":11,\"extFields\":{\"queueId\":\"1\"},\"flag\":0,\"language\":\"JAVA\",\"opaque\":0,"
                          "\"serializeTypeCurrentRPC\":\"JSON\",\"version\":409}");
  rocket_command_init(&command, 0);
  command.flag = 1;
  command.opaque = -2147483647 - 1;
  command.language = -1;
  command.remark = rocket_slice_of("a\"b");
  check_encodes(&command, "{\"code\":0,\"flag\":1,\"language\":\"OTHER\",\"opaque\":-2147483648,\"remark\":\"a\\\"b\","
                          "\"serializeTypeCurrentRPC\":\"JSON\",\"version\":409}");
  rocket_command_init(&command, 200050);
  command.has_fields = true;
  check_encodes(&command, "{\"code\":200050,\"extFields\":{},\"flag\":0,\"language\":\"OTHER\",\"opaque\":0,"
                          "\"serializeTypeCurrentRPC\":\"JSON\",\"version\":409}");
}

/* The last of several codes is the one, also for the names that were read for another. */
TEST(header_json_short_names_follow_the_last_code) {
  rocket_command command;
  rocket_slice text;
  CHECK_DECODES("{\"code\":310,\"extFields\":{\"a\":\"letter\",\"producerGroup\":\"word\"},\"code\":10}", &command);
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_PRODUCER_GROUP, &text), ROCKET_OK);
  CHECK_TEXT(text, "word");
  CHECK_DECODES("{\"code\":10,\"extFields\":{\"a\":\"letter\",\"producerGroup\":\"word\"},\"code\":310}", &command);
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_PRODUCER_GROUP, &text), ROCKET_OK);
  CHECK_TEXT(text, "letter");
}

TEST(header_json_encodes_short_names_and_escapes) {
  rocket_command command;
  rocket_command_init(&command, ROCKET_REQUEST_SEND_MESSAGE_V2);
  rocket_command_set(&command, ROCKET_FIELD_PRODUCER_GROUP, rocket_slice_of("PG"));
  rocket_command_set(&command, ROCKET_FIELD_PROPERTIES, rocket_slice_of("KEYS\x01k1\x02"));
  rocket_command_set_named(&command, rocket_slice_of("x\ty"), rocket_slice_of(""));
  check_encodes(&command, "{\"code\":310,\"extFields\":{\"a\":\"PG\",\"i\":\"KEYS\\u0001k1\\u0002\",\"x\\ty\":\"\"},\"flag\":0,"
                          "\"language\":\"OTHER\",\"opaque\":0,\"serializeTypeCurrentRPC\":\"JSON\",\"version\":409}");
}

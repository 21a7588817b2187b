// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What exists for languages that reach the library through a foreign function interface. */
#include "CRocketCore.h"

#include "test.h"

static rocket_slice field(const rocket_command *command, const char *wire_name) {
  rocket_slice value = {0};
  CHECK_INT(rocket_command_get_named(command, rocket_slice_of(wire_name), &value), ROCKET_OK);
  return value;
}

TEST(version_is_the_one_of_the_header) {
  CHECK(strcmp(rocket_version(), ROCKET_VERSION) == 0);
  CHECK_INT(rocket_abi(), ROCKET_ABI);
}

TEST(slices_borrow_and_compare) {
  const char text[] = "abc";
  rocket_slice slice = rocket_slice_of(text);
  CHECK(slice.data == (const uint8_t *)text && slice.size == 3);
  CHECK(rocket_slice_of(NULL).data == NULL && rocket_slice_of(NULL).size == 0);
  CHECK(rocket_slice_equal(slice, rocket_slice_make("abcd", 3)));
  CHECK(!rocket_slice_equal(slice, rocket_slice_make("abd", 3)));
  CHECK(rocket_slice_equal((rocket_slice){0}, rocket_slice_of("")));
}

TEST(field_is_found_by_its_name) {
  CHECK_INT(rocket_field_find(rocket_slice_of("queueOffset")), ROCKET_FIELD_QUEUE_OFFSET);
  CHECK_INT(rocket_field_find(rocket_slice_of("nothing")), ROCKET_FIELD_UNKNOWN);
  CHECK_INT(rocket_field_find((rocket_slice){0}), ROCKET_FIELD_UNKNOWN);
  for (int i = 0; i < ROCKET_FIELD_COUNT; i++) CHECK_INT(rocket_field_find(rocket_slice_of(rocket_field_name((rocket_field)i))), i);
}

TEST(copied_text_outlives_its_owner) {
  rocket_command *command;
  char text[] = "billing";
  CHECK_INT(rocket_command_new(ROCKET_REQUEST_GET_CONSUMER_LIST_BY_GROUP, &command), ROCKET_OK);
  CHECK_INT(rocket_command_set_copy(command, ROCKET_FIELD_CONSUMER_GROUP, rocket_slice_of(text)), ROCKET_OK);
  CHECK_INT(rocket_command_set_i64(command, ROCKET_FIELD_QUEUE_ID, 7), ROCKET_OK);
  CHECK_INT(rocket_command_set_copy(command, ROCKET_FIELD_TOPIC, rocket_slice_of("orders")), ROCKET_OK);
  memset(text, 'x', sizeof text);
  CHECK_TEXT(field(command, "consumerGroup"), "billing");
  CHECK_TEXT(field(command, "queueId"), "7");
  CHECK_TEXT(field(command, "topic"), "orders");
  CHECK_INT(rocket_command_set_copy(command, ROCKET_FIELD_GROUP, (rocket_slice){0}), ROCKET_OK); /* absent adds nothing */
  CHECK_INT(command->field_count, 3);
  rocket_command_free(command);
  rocket_command_free(NULL);
}

TEST(copied_text_that_does_not_fit_is_refused) {
  rocket_command command;
  char text[ROCKET_COMMAND_SCRATCH + 1] = {0};
  rocket_command_init(&command, ROCKET_REQUEST_PULL_MESSAGE);
  CHECK_INT(rocket_command_set_copy(&command, ROCKET_FIELD_TOPIC, rocket_slice_make(text, sizeof text)), ROCKET_TOO_LARGE);
  CHECK_INT(rocket_command_set_copy(&command, ROCKET_FIELD_TOPIC, rocket_slice_make(text, sizeof text - 1)), ROCKET_OK);
  CHECK_INT(rocket_command_set_copy(&command, ROCKET_FIELD_GROUP, rocket_slice_make(text, 1)), ROCKET_TOO_LARGE);
  CHECK_INT(rocket_command_set_i64(&command, ROCKET_FIELD_QUEUE_ID, 1), ROCKET_TOO_MANY_FIELDS);
  CHECK_INT(command.field_count, 1);
}

TEST(send_request_has_all_that_brokers_need) {
  rocket_command command;
  rocket_send_header header = {.producer_group = rocket_slice_of("P"),
                               .topic = rocket_slice_of("T"),
                               .broker_name = rocket_slice_of("b"),
                               .properties = rocket_slice_of("TAGS\x01x\x02"),
                               .queue_id = 3,
                               .sys_flag = ROCKET_SYS_COMPRESSED | (int32_t)ROCKET_COMPRESSION_ZLIB,
                               .flag = -9,
                               .born_at_ms = 1700000000000};
  CHECK_INT(rocket_command_init_send(&command, &header), ROCKET_OK);
  CHECK_INT(command.code, ROCKET_REQUEST_SEND_MESSAGE_V2);
  CHECK_INT(rocket_command_check_request(&command, NULL), ROCKET_OK);
  CHECK_TEXT(field(&command, "a"), "P");
  CHECK_TEXT(field(&command, "b"), "T");
  CHECK_TEXT(field(&command, "c"), "TBW102");
  CHECK_TEXT(field(&command, "e"), "3");
  CHECK_TEXT(field(&command, "f"), "769");
  CHECK_TEXT(field(&command, "g"), "1700000000000");
  CHECK_TEXT(field(&command, "h"), "-9");
  CHECK_TEXT(field(&command, "i"), "TAGS\x01x\x02");
  CHECK_TEXT(field(&command, "m"), "false");
  CHECK_TEXT(field(&command, "n"), "b");
  header.batch = true;
  header.broker_name = (rocket_slice){0};
  CHECK_INT(rocket_command_init_send(&command, &header), ROCKET_OK);
  CHECK_INT(command.code, ROCKET_REQUEST_SEND_BATCH_MESSAGE);
  CHECK_INT(rocket_command_check_request(&command, NULL), ROCKET_OK);
  CHECK_TEXT(field(&command, "m"), "true");
}

TEST(send_request_that_no_broker_would_take_is_refused) {
  static char large[ROCKET_MAX_PROPERTIES_BYTES + 1];
  rocket_command command;
  rocket_send_header header = {.producer_group = rocket_slice_of("P")};
  CHECK_INT(rocket_command_init_send(&command, &header), ROCKET_INVALID_ARGUMENT);
  header.topic = rocket_slice_of("T");
  header.properties = rocket_slice_make(large, sizeof large);
  CHECK_INT(rocket_command_init_send(&command, &header), ROCKET_TOO_LARGE);
}

/* A frame with `count` records, each with its number as body, put into a queue. */
static void put_records(rocket_process_queue *queue, int64_t first, uint32_t count) {
  rocket_buffer bytes;
  rocket_frame *frame;
  rocket_put_item items[8];
  char body[8][4];
  rocket_buffer_init(&bytes, NULL);
  for (uint32_t i = 0; i < count; i++) {
    int size = snprintf(body[i], sizeof body[i], "%d", (int)first + (int)i);
    rocket_message message = {.record_version = 1, .queue_offset = first + i, .body = rocket_slice_make(body[i], (size_t)size)};
    message.topic = rocket_slice_of("T");
    message.born_host.ip_size = message.store_host.ip_size = 4;
    CHECK_INT(rocket_message_encode(&message, &bytes), ROCKET_OK);
  }
  CHECK_INT(rocket_frame_new(NULL, bytes.size, &frame), ROCKET_OK);
  memcpy(rocket_frame_bytes(frame), bytes.data, bytes.size);
  rocket_slice rest = rocket_slice_make(rocket_frame_bytes(frame), bytes.size);
  for (uint32_t i = 0; i < count; i++) {
    rocket_message message;
    CHECK_INT(rocket_message_decode(rest, &message, NULL), ROCKET_OK);
    items[i] = (rocket_put_item){rocket_slice_make(rest.data, message.size), first + i, (uint32_t)message.body.size};
    rest = rocket_slice_make(rest.data + message.size, rest.size - message.size);
  }
  CHECK_INT(rocket_process_queue_put(queue, frame, items, count, NULL), ROCKET_OK);
  rocket_frame_release(frame);
  rocket_buffer_clear(&bytes);
}

TEST(whole_take_is_decoded_finished_and_released_at_once) {
  rocket_process_queue_options options;
  rocket_process_queue *queue;
  rocket_taken taken[8];
  rocket_message messages[8];
  rocket_process_queue_options_default(&options);
  options.allocator = test_allocator(0);
  CHECK_INT(rocket_process_queue_new(&options, 0, &queue), ROCKET_OK);
  put_records(queue, 0, 3);
  put_records(queue, 3, 4);
  uint32_t count = rocket_process_queue_take(queue, 8, rocket_now_ms(), taken);
  CHECK_INT(count, 7);
  CHECK_INT(rocket_taken_decode(taken, count, messages), 7);
  for (uint32_t i = 0; i < count; i++) {
    CHECK_INT(messages[i].queue_offset, i);
    CHECK_INT(messages[i].body.data[0], '0' + (int)i);
    CHECK_INT(taken[i].position, taken[0].position + i); /* what ack_many relies on */
  }
  CHECK_INT(rocket_process_queue_ack_many(queue, taken[0].position, count), 7);
  rocket_taken_release(taken, count); /* the sanitizer's leak check says whether all counts are back */
  rocket_taken_release(taken, 0);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 7);
  rocket_process_queue_release(queue);
  CHECK_INT(test_allocated(), 0);
}

TEST(whole_take_is_decoded_up_to_a_record_that_is_none) {
  uint8_t garbage[8] = {0};
  rocket_taken taken = {.record = rocket_slice_make(garbage, sizeof garbage)};
  rocket_message message;
  CHECK_INT(rocket_taken_decode(&taken, 1, &message), 0);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Pulled batches that their broker keeps as one record: each message in them arrives as one. */
#include "puller_fixture.h"
#include "rocket_message.h"

/* Appends a batch of `count` messages "body 0", "body 1" ..., tagged A and B in turn, with the flags 70, 71 ... */
static void add_batch(rocket_buffer *body, int64_t queue_offset, int count, int32_t sys_flag) {
  BODY items = {0};
  for (int i = 0; i < count; i++) {
    char text[32];
    snprintf(text, sizeof text, "body %d", i);
    BODY properties = {0};
    CHECK_INT(rocket_property_append(&properties, rocket_slice_of("TAGS"), rocket_slice_of(i % 2 == 0 ? "A" : "B")), ROCKET_OK);
    rocket_slice slice = rocket_slice_make(properties.data, properties.size);
    CHECK_INT(rocket_batch_append(&items, 70 + i, rocket_slice_of(text), slice), ROCKET_OK);
  }
  rocket_message message = {.record_version = 1,
                            .queue_id = 3,
                            .queue_offset = queue_offset,
                            .commit_log_offset = 5000,
                            .sys_flag = sys_flag,
                            .born_at_ms = 11,
                            .born_host = {.ip_size = 4, .port = 1},
                            .stored_at_ms = 12,
                            .store_host = {.ip_size = 16, .port = 2},
                            .body = rocket_slice_make(items.data, items.size),
                            .topic = rocket_slice_of("topic"),
                            .properties = rocket_slice_of("INNER_NUM\x01" "3\x02")};
  CHECK_INT(rocket_message_encode(&message, body), ROCKET_OK);
}

enum { AS_BROKERS_KEEP_IT = ROCKET_SYS_INNER_BATCH | ROCKET_SYS_NEED_UNWRAP };

/* Takes the next message and finishes it. */
static void expect_message(rocket_process_queue *queue, int64_t queue_offset, const char *body, int32_t flag) {
  rocket_taken taken;
  rocket_message message;
  CHECK_INT(rocket_process_queue_take(queue, 1, 0, &taken), 1);
  CHECK_INT(rocket_message_decode(taken.record, &message, NULL), ROCKET_OK);
  CHECK_INT(taken.queue_offset, queue_offset);
  CHECK_INT(message.queue_offset, queue_offset);
  CHECK_INT(message.flag, flag);
  CHECK(rocket_slice_equal(message.body, rocket_slice_of(body)));
  if (flag >= 70) { /* out of the batch */
    CHECK_INT(message.sys_flag, ROCKET_SYS_INNER_BATCH | ROCKET_SYS_STORE_HOST_V6);
    CHECK(rocket_slice_equal(message.topic, rocket_slice_of("topic")));
    CHECK(message.queue_id == 3 && message.commit_log_offset == 5000 && message.born_at_ms == 11 && message.stored_at_ms == 12);
    CHECK(message.born_host.port == 1 && message.store_host.port == 2);
  }
  rocket_frame_release(taken.frame);
  CHECK_INT(rocket_process_queue_ack(queue, taken.position), ROCKET_OK);
}

TEST(inner_batch_arrives_as_its_messages_in_their_order) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  BODY body = {0};
  add_record(&body, 100, NULL);
  add_batch(&body, 101, 3, AS_BROKERS_KEEP_IT);
  add_record(&body, 104, NULL);
  broker_send_found(broker, broker_await(broker, 1), 105, &body);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 5);
  CHECK_INT(broker_await(broker, 2)->queue_offset, 105);
  expect_message(rig.queue, 100, "ten bytes.", 0);
  expect_message(rig.queue, 101, "body 0", 70);
  expect_message(rig.queue, 102, "body 1", 71);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 103); /* in the midst of the batch */
  expect_message(rig.queue, 103, "body 2", 72);
  expect_message(rig.queue, 104, "ten bytes.", 0);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 105);
  rig_close(&rig);
}

TEST(inner_batch_goes_on_in_its_midst) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig); /* asks from 100 on */
  rig_start(&rig);
  BODY body = {0};
  add_batch(&body, 98, 3, AS_BROKERS_KEEP_IT); /* its broker can only give the whole */
  broker_send_found(broker, broker_await(broker, 1), 101, &body);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 1);
  expect_message(rig.queue, 100, "body 2", 72);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 101);
  rig_close(&rig);
}

TEST(inner_batch_is_filtered_message_by_message) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rocket_slice tag = rocket_slice_of("B");
  rig.options.tags = &tag;
  rig.options.tag_count = 1;
  rig_start(&rig);
  BODY body = {0};
  add_batch(&body, 100, 200, AS_BROKERS_KEEP_IT);
  broker_send_found(broker, broker_await(broker, 1), 300, &body);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 100);
  for (int i = 1; i < 200; i += 2) {
    char text[32];
    snprintf(text, sizeof text, "body %d", i);
    expect_message(rig.queue, 100 + i, text, 70 + i);
  }
  CHECK_INT(broker_await(broker, 2)->queue_offset, 300);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 300);
  rig_close(&rig);
}

/* Better one message that nobody understands than none. */
TEST(inner_batch_that_cannot_be_opened_stays_one_message) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  BODY body = {0};
  add_batch(&body, 100, 3, AS_BROKERS_KEEP_IT);
  size_t record = body.size;
  add_batch(&body, 101, 3, AS_BROKERS_KEEP_IT | ROCKET_SYS_COMPRESSED);
  add_batch(&body, 102, 0, AS_BROKERS_KEEP_IT);
  add_batch(&body, 103, 3, AS_BROKERS_KEEP_IT); /* only one offset is left: a copy in a retry topic */
  body.data[84 + 12 + 4 + 3] ^= 0x40;           /* the first item's size; 12: the longer store host */
  broker_send_found(broker, broker_await(broker, 1), 104, &body);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 4);
  rocket_taken taken[4];
  CHECK_INT(rocket_process_queue_take(rig.queue, 4, 0, taken), 4);
  for (int i = 0; i < 4; i++) CHECK_INT(taken[i].queue_offset, 100 + i);
  CHECK_INT(taken[0].record.size, record);
  for (int i = 0; i < 4; i++) rocket_frame_release(taken[i].frame);
  CHECK_INT(rocket_process_queue_ack_many(rig.queue, 0, 4), 4);
  rig_close(&rig);
}

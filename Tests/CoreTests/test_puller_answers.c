// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What a puller does with each answer. */
#include <stdlib.h>

#include "puller_fixture.h"
#include "rocket_message.h"

TEST(puller_found_fills_the_queue_and_goes_on_where_the_broker_says) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  BODY body = some_records(103, 5);
  broker_send_found(broker, broker_await(broker, 1), 120, &body); /* 100 to 102 and 108 to 119 were filtered at the broker */
  const test_event *event = next_event(&rig, ROCKET_PULLER_READY);
  CHECK_INT(event->event.count, 5);
  CHECK(strcmp(event->address, broker->address) == 0);
  CHECK_INT(broker_await(broker, 2)->queue_offset, 120);
  CHECK_INT(rocket_puller_next_offset(rig.puller), 120);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 103);
  rocket_taken taken[8];
  CHECK_INT(rocket_process_queue_take(rig.queue, 8, 0, taken), 5);
  for (int i = 0; i < 5; i++) {
    rocket_message message;
    CHECK_INT(rocket_message_decode(taken[i].record, &message, NULL), ROCKET_OK);
    CHECK_INT(message.queue_offset, 103 + i);
    CHECK_TEXT(message.body, "ten bytes.");
    rocket_frame_release(taken[i].frame);
  }
  CHECK_INT(fixture_stats(rig.queue).bytes, 50);
  CHECK_INT(rocket_process_queue_ack_many(rig.queue, 0, 5), 5);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 120);
  rig_close(&rig);
}

TEST(puller_takes_more_messages_than_it_puts_at_a_time) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.batch = 1024;
  rig.queue_options.largest_pull = 1024;
  rig_start(&rig);
  CHECK_INT(broker_await(broker, 1)->max_msg_nums, 1024);
  for (int64_t round = 0, at = 100; round < 5; round++) {
    int count = (int[]){1, 64, 65, 128, 1000}[round];
    BODY body = some_records(at, count);
    at += count;
    broker_send_found(broker, broker_await(broker, round + 1), at, &body);
    CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, count);
    rig_finish(&rig, (uint32_t)count);
    CHECK_INT(rocket_process_queue_commit_offset(rig.queue), at);
  }
  rig_close(&rig);
}

TEST(puller_nothing_new_and_nothing_matched_move_the_offset) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  broker_send_nothing(broker, broker_await(broker, 1), ROCKET_RESPONSE_PULL_RETRY_IMMEDIATELY, 250);
  CHECK_INT(broker_await(broker, 2)->queue_offset, 250);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 250); /* nothing before it is for this consumer */
  broker_send_nothing(broker, broker_await(broker, 2), ROCKET_RESPONSE_PULL_NOT_FOUND, 260);
  const seen_pull *third = broker_await(broker, 3);
  CHECK_INT(third->queue_offset, 260);
  CHECK_INT(third->sys_flag, 3);
  CHECK_INT(third->commit_offset, 260);
  CHECK_INT(net_value(&rig.events), 0);
  rig_close(&rig);
}

TEST(puller_does_not_spin_when_the_broker_stands_still) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  uint64_t began = rocket_now_ms();
  for (int64_t n = 1; n <= 10; n++)
    broker_send_nothing(broker, broker_await(broker, n),
                        n % 2 ? ROCKET_RESPONSE_PULL_RETRY_IMMEDIATELY : ROCKET_RESPONSE_PULL_NOT_FOUND, 100);
  broker_await(broker, 11);
  CHECK(rocket_now_ms() - began >= 150);
  rig_close(&rig);
}

TEST(puller_does_not_spin_when_the_broker_repeats_itself) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  BODY body = some_records(100, 2);
  rig_start(&rig);
  broker_send_found(broker, broker_await(broker, 1), 102, &body);
  broker_await(broker, 2);
  uint64_t began = rocket_now_ms();
  for (int64_t n = 2; n <= 11; n++) broker_send_found(broker, broker_await(broker, n), 102, &body);
  CHECK_INT(broker_await(broker, 12)->queue_offset, 102);
  CHECK(rocket_now_ms() - began >= 150);
  CHECK_INT(fixture_stats(rig.queue).count, 2);
  rig_close(&rig);
}

TEST(puller_illegal_offset_is_reported_and_ends_it) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  broker_send_nothing(broker, broker_await(broker, 1), ROCKET_RESPONSE_PULL_OFFSET_MOVED, 7);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_OFFSET_ILLEGAL)->event.offset, 7);
  next_event(&rig, ROCKET_PULLER_STOPPED);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 100); /* the owner's affair */
  CHECK_INT(rocket_puller_start(rig.puller), ROCKET_STOPPED);
  CHECK_INT(net_value(&broker->pulls), 1);
  rig_close(&rig);
}

/* A 5.x broker resets offsets by itself and says so with its answer to the next pull. */
TEST(puller_tells_a_reset_from_an_illegal_offset) {
  const struct {
    broker_answer answer;
    rocket_puller_event_kind kind;
  } cases[] = {
      {{.next = "7", .min = "0", .max = "120", .remark = "OFFSET_RESET"}, ROCKET_PULLER_OFFSET_RESET},
      {{.next = "110", .min = "100", .max = "100", .remark = NULL}, ROCKET_PULLER_OFFSET_RESET},
      {{.next = "7", .min = "0", .max = "99", .remark = "OFFSET_RESET"}, ROCKET_PULLER_OFFSET_RESET},
      {{.next = "99", .min = "0", .max = "99", .remark = "OFFSET_OVERFLOW_BADLY"}, ROCKET_PULLER_OFFSET_ILLEGAL},
      {{.next = "101", .min = "101", .max = "120", .remark = "OFFSET_TOO_SMALL"}, ROCKET_PULLER_OFFSET_ILLEGAL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    puller_rig rig;
    test_broker *broker = rig_open(&rig);
    rig_start(&rig); /* at 100 */
    broker_answer answer = cases[i].answer;
    answer.code = ROCKET_RESPONSE_PULL_OFFSET_MOVED;
    answer.suggested = "0";
    broker_send(broker, broker_await(broker, 1), answer);
    CHECK_INT(next_event(&rig, cases[i].kind)->event.offset, atoll(answer.next));
    next_event(&rig, ROCKET_PULLER_STOPPED);
    rig_close(&rig);
  }
}

TEST(puller_error_codes_are_reported_and_the_pull_repeated) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.error_delay_ms = 60;
  rig_start(&rig);
  const int32_t codes[] = {ROCKET_RESPONSE_SYSTEM_ERROR,          ROCKET_RESPONSE_SYSTEM_BUSY,
                           ROCKET_RESPONSE_SUBSCRIPTION_NOT_EXIST, ROCKET_RESPONSE_SUBSCRIPTION_NOT_LATEST,
                           ROCKET_RESPONSE_NO_PERMISSION,          -1};
  for (int i = 0; i < 6; i++) {
    const seen_pull *pull = broker_await(broker, i + 1);
    CHECK_INT(pull->queue_offset, 100);
    broker_send(broker, pull, (broker_answer){.code = codes[i], .remark = "because"});
    const test_event *event = next_event(&rig, ROCKET_PULLER_ERROR);
    CHECK_INT(event->event.status, ROCKET_OK);
    CHECK_INT(event->event.code, codes[i]);
    CHECK(strcmp(event->remark, "because") == 0);
    CHECK(strcmp(event->address, broker->address) == 0);
    CHECK(broker_await(broker, i + 2)->at_ms - pull->at_ms >= 60);
  }
  rig_close(&rig);
}

TEST(puller_repeats_a_failed_pull_at_once_when_hurried) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.error_delay_ms = 60000;
  rig_start(&rig);
  rocket_puller_hurry(rig.puller); /* nothing has failed: no effect, now or later */
  broker_send(broker, broker_await(broker, 1), (broker_answer){.code = ROCKET_RESPONSE_SUBSCRIPTION_NOT_EXIST, .remark = "who?"});
  next_event(&rig, ROCKET_PULLER_ERROR);
  CHECK(broker_is_quiet(broker, 50));
  rocket_puller_hurry(rig.puller);
  broker_send(broker, broker_await(broker, 2), (broker_answer){.code = ROCKET_RESPONSE_PULL_NOT_FOUND,
                                                                 .next = "100", .min = "0", .max = "170", .suggested = "0"});
  CHECK_INT(broker_await(broker, 3)->queue_offset, 100);
  CHECK_INT(rocket_puller_max_offset(rig.puller), 170);
  rig_close(&rig);
}

TEST(puller_flow_control_of_the_broker_waits_20_ms) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.error_delay_ms = 3600000;
  rig_start(&rig);
  const seen_pull *pull = broker_await(broker, 1);
  broker_send(broker, pull, (broker_answer){.code = ROCKET_RESPONSE_FLOW_CONTROL});
  CHECK_INT(next_event(&rig, ROCKET_PULLER_ERROR)->event.code, ROCKET_RESPONSE_FLOW_CONTROL);
  CHECK(broker_await(broker, 2)->at_ms - pull->at_ms >= 20);
  rig_close(&rig);
}

TEST(puller_checks_tags_by_their_text) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rocket_slice tags[] = {rocket_slice_of("Aa"), rocket_slice_of("TagB")};
  rig.options.tags = tags;
  rig.options.tag_count = 2;
  rig_start(&rig);
  BODY body = {0};
  CHECK_INT(rocket_tag_hash(tags[0]), rocket_tag_hash(rocket_slice_of("BB")));
  add_record(&body, 100, "Aa");
  add_record(&body, 101, "BB"); /* the same hash */
  add_record(&body, 102, NULL);
  add_record(&body, 103, "TagB");
  add_record(&body, 104, "TagBB");
  broker_send_found(broker, broker_await(broker, 1), 105, &body);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 2);
  rocket_taken taken[4];
  CHECK_INT(rocket_process_queue_take(rig.queue, 4, 0, taken), 2);
  CHECK(taken[0].queue_offset == 100 && taken[1].queue_offset == 103);
  rocket_frame_release(taken[0].frame), rocket_frame_release(taken[1].frame);
  CHECK_INT(rocket_process_queue_ack_many(rig.queue, 0, 2), 2);
  CHECK_INT(broker_await(broker, 2)->queue_offset, 105);

  BODY others = {0};
  add_record(&others, 105, "BB");
  broker_send_found(broker, broker_await(broker, 2), 106, &others);
  CHECK_INT(broker_await(broker, 3)->queue_offset, 106);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 106); /* left out is finished */
  CHECK_INT(net_value(&rig.events), 1);
  rig_close(&rig);
}

static void expect_bad_message(puller_rig *rig, uint32_t fault_offset) {
  const test_event *event = next_event(rig, ROCKET_PULLER_BAD_MESSAGE);
  CHECK_INT(event->event.status, ROCKET_BAD_MESSAGE);
  CHECK_INT(event->event.offset, 100);
  CHECK_INT(event->event.fault_offset, fault_offset);
}

TEST(puller_bad_records_are_reported_and_never_skipped) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.error_delay_ms = 10;
  rig_start(&rig);
  BODY good = some_records(100, 3), bad = some_records(100, 3), nothing = {0}, ahead = some_records(100, 3);
  size_t record = good.size / 3;
  bad.data[2 * record + 4] ^= 1; /* the magic number of the third */
  broker_send_found(broker, broker_await(broker, 1), 103, &bad);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 2); /* those before it are fine */
  expect_bad_message(&rig, (uint32_t)(2 * record) + 4);
  rig_finish(&rig, 2);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 102);

  bad.data[2 * record + 4] ^= 1;
  bad.size -= 1; /* cut off */
  CHECK_INT(broker_await(broker, 2)->queue_offset, 100);
  broker_send_found(broker, broker_await(broker, 2), 103, &bad);
  expect_bad_message(&rig, (uint32_t)(2 * record)); /* the first two were there: no READY */

  broker_send_found(broker, broker_await(broker, 3), 103, &nothing);
  expect_bad_message(&rig, 0);

  broker_send_found(broker, broker_await(broker, 4), 102, &ahead); /* 102 is not before 102 */
  expect_bad_message(&rig, (uint32_t)(2 * record));
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 102);

  broker_send_found(broker, broker_await(broker, 5), 103, &good);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 1);
  CHECK_INT(broker_await(broker, 6)->queue_offset, 103);
  rig_finish(&rig, 1);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 103);
  rig_close(&rig);
}

TEST(puller_bad_headers_are_reported_and_never_skipped) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.error_delay_ms = 1;
  rig_start(&rig);
  BODY body = some_records(100, 1);
  rocket_slice bytes = rocket_slice_make(body.data, body.size);
  const struct {
    broker_answer answer;
    int status;
  } bad[] = {
      {{0, NULL, "0", "9", "0", NULL, NULL, bytes}, ROCKET_MISSING_FIELD},
      {{0, "101", NULL, "9", "0", NULL, NULL, bytes}, ROCKET_MISSING_FIELD},
      {{19, "101", "0", NULL, "0", NULL, NULL, {0}}, ROCKET_MISSING_FIELD},
      {{20, "101", "0", "9", NULL, NULL, NULL, {0}}, ROCKET_MISSING_FIELD},
      {{21, "1x", "0", "9", "0", NULL, NULL, {0}}, ROCKET_BAD_FIELD},
      {{19, "99999999999999999999", "0", "9", "0", NULL, NULL, {0}}, ROCKET_BAD_FIELD},
      {{20, "-1", "0", "9", "0", NULL, NULL, {0}}, ROCKET_BAD_FIELD},
      {{0, "101", "0", "9", "0", "much", NULL, bytes}, ROCKET_BAD_FIELD},
      {{0, NULL, NULL, NULL, NULL, NULL, NULL, {0}}, ROCKET_MISSING_FIELD},
  };
  int64_t count = sizeof bad / sizeof bad[0];
  for (int64_t i = 0; i < count; i++) {
    const seen_pull *pull = broker_await(broker, i + 1);
    CHECK_INT(pull->queue_offset, 100);
    broker_send(broker, pull, bad[i].answer);
    CHECK_INT(next_event(&rig, ROCKET_PULLER_ERROR)->event.status, bad[i].status);
  }
  CHECK_INT(broker_await(broker, count + 1)->queue_offset, 100);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 100);
  CHECK_INT(fixture_stats(rig.queue).count, 0);
  rig_close(&rig);
}

TEST(puller_adds_the_offset_delta_of_static_topics) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  BODY body = some_records(5, 2);
  rocket_slice bytes = rocket_slice_make(body.data, body.size);
  broker_send(broker, broker_await(broker, 1), (broker_answer){0, "102", "0", "102", "0", "95", "FOUND", bytes});
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 2);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 100);
  CHECK_INT(fixture_stats(rig.queue).last_offset, 101);
  rig_close(&rig);
}

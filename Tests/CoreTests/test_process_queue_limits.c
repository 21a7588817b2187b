// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A ProcessQueue's limits: when they stop and wake the puller, also when they change while it is used. */
#include "process_queue_fixture.h"

TEST(process_queue_full_is_out_of_reach_of_polite_pulls) {
  rocket_process_queue_options options = fixture_options();
  options.max_count = 100, options.max_span = 0, options.largest_pull = 50;
  unsigned wakes = 0;
  rocket_process_queue *queue = fixture_queue(&options, 0);
  rocket_process_queue_set_wake(queue, fixture_count_wake, &wakes, NULL);
  int64_t offset = 0;
  CHECK_INT(fixture_put(queue, offset++, 1), ROCKET_OK);
  rocket_taken stuck = fixture_take(queue);
  while (rocket_process_queue_should_pull(queue) == ROCKET_THROTTLE_NONE) { /* all but the first finish */
    CHECK_INT(fixture_put(queue, offset, 50), ROCKET_OK);
    offset += 50;
    for (int i = 0; i < 50; i++) fixture_finish(queue);
    CHECK(offset < 100000);
  }
  CHECK(offset > 100);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_SPAN);
  int status = ROCKET_OK;
  for (int i = 0; i < 100 && status == ROCKET_OK; i++) status = fixture_put(queue, offset++, 1); /* an impolite one */
  CHECK_INT(status, ROCKET_FULL);
  CHECK_INT(wakes, 0);
  rocket_process_queue_stats stats = fixture_stats(queue);
  rocket_taken taken;
  while (rocket_process_queue_take(queue, 1, 0, &taken) == 1) {
    rocket_frame_release(taken.frame);
    CHECK_INT(rocket_process_queue_ack(queue, taken.position), ROCKET_OK);
  }
  CHECK_INT(rocket_process_queue_commit_offset(queue), 0);
  CHECK_INT(rocket_process_queue_ack(queue, stuck.position), ROCKET_OK);
  CHECK_INT(wakes, 1);
  CHECK_INT(rocket_process_queue_commit_offset(queue), stats.last_offset + 1);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_NONE);
  rocket_process_queue_release(queue);
  CHECK_INT(test_allocated(), 0);
}

TEST(process_queue_throttles_by_bytes_and_span) {
  rocket_process_queue_options options = fixture_options();
  options.max_bytes = 10 * FIXTURE_BODY, options.max_span = 100;
  unsigned wakes = 0;
  rocket_process_queue *queue = fixture_queue(&options, 0);
  rocket_process_queue_set_wake(queue, fixture_count_wake, &wakes, NULL);
  CHECK_INT(fixture_put(queue, 0, 11), ROCKET_OK);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_BYTES);
  for (int i = 0; i < 4; i++) fixture_finish(queue);
  CHECK_INT(wakes, 1); /* 70 of 100 bytes left */
  CHECK_INT(fixture_put(queue, 105, 1), ROCKET_OK);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_SPAN); /* 105 - 4 > 100 */
  fixture_finish(queue);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_NONE); /* 105 - 5 = 100 */
  CHECK_INT(wakes, 1);
  CHECK_INT(fixture_put(queue, 106, 1), ROCKET_OK);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_SPAN);
  for (int i = 5; i < 11; i++) fixture_finish(queue);
  CHECK_INT(wakes, 2); /* the first unfinished is 105 */
  rocket_process_queue_release(queue);
}

TEST(process_queue_budget_wakes_all_who_wait) {
  rocket_process_queue_options options = fixture_options();
  CHECK_INT(rocket_byte_budget_new(options.allocator, 100, &options.budget), ROCKET_OK);
  rocket_process_queue *queues[4];
  unsigned wakes[4] = {0};
  for (int i = 0; i < 4; i++) {
    queues[i] = fixture_queue(&options, 0);
    rocket_process_queue_set_wake(queues[i], fixture_count_wake, &wakes[i], NULL);
  }
  CHECK_INT(fixture_put(queues[0], 0, 10), ROCKET_OK);
  CHECK_INT(rocket_process_queue_should_pull(queues[1]), ROCKET_THROTTLE_NONE); /* at the limit */
  CHECK_INT(fixture_put(queues[1], 0, 1), ROCKET_OK);
  for (int i = 1; i < 4; i++) CHECK_INT(rocket_process_queue_should_pull(queues[i]), ROCKET_THROTTLE_BUDGET);
  rocket_process_queue_drop(queues[2]); /* revoked: leaves the list */
  rocket_process_queue_release(queues[2]);
  for (int i = 0; i < 3; i++) fixture_finish(queues[0]);
  /* 80: below the limit, but others wait since before. */
  CHECK_INT(rocket_process_queue_should_pull(queues[0]), ROCKET_THROTTLE_BUDGET);
  CHECK(wakes[0] == 0 && wakes[1] == 0 && wakes[3] == 0);
  fixture_finish(queues[0]);
  CHECK(wakes[0] == 1 && wakes[1] == 1 && wakes[2] == 0 && wakes[3] == 1); /* 70 */
  CHECK_INT(rocket_process_queue_should_pull(queues[3]), ROCKET_THROTTLE_NONE);
  for (int i = 4; i < 10; i++) fixture_finish(queues[0]);
  CHECK(wakes[0] == 1 && wakes[1] == 1 && wakes[3] == 1);
  CHECK_INT(rocket_byte_budget_used(options.budget), FIXTURE_BODY);
  rocket_process_queue_release(queues[1]); /* gives back what it holds */
  CHECK_INT(rocket_byte_budget_used(options.budget), 0);
  rocket_process_queue_release(queues[0]);
  rocket_process_queue_release(queues[3]);
  rocket_byte_budget_release(options.budget);
  CHECK_INT(test_allocated(), 0);
}

/* ---- Limits that change ---- */

TEST(process_queue_limits_raised_wake_the_puller_at_once) {
  rocket_process_queue_options options = fixture_options();
  options.max_count = 8;
  unsigned wakes = 0;
  rocket_process_queue *queue = fixture_queue(&options, 0);
  rocket_process_queue_set_wake(queue, fixture_count_wake, &wakes, NULL);
  CHECK_INT(fixture_put(queue, 0, 9), ROCKET_OK);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_COUNT);
  CHECK_INT(rocket_process_queue_set_limits(queue, 10, 1000, 100), ROCKET_OK);
  CHECK_INT(wakes, 0); /* 9 is not above 10, but above what is three quarters of it, rounded up */
  CHECK_INT(rocket_process_queue_set_limits(queue, 12, 1000, 100), ROCKET_OK);
  CHECK_INT(wakes, 1);
  CHECK_INT(rocket_process_queue_set_limits(queue, 100, 1000, 100), ROCKET_OK);
  CHECK_INT(wakes, 1);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_NONE);
  rocket_process_queue_release(queue);
}

TEST(process_queue_limits_lowered_hold_the_next_pull_and_throw_nothing_out) {
  rocket_process_queue_options options = fixture_options();
  unsigned wakes = 0;
  rocket_process_queue *queue = fixture_queue(&options, 0);
  rocket_process_queue_set_wake(queue, fixture_count_wake, &wakes, NULL);
  CHECK_INT(fixture_put(queue, 0, 10), ROCKET_OK);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_NONE);
  CHECK_INT(rocket_process_queue_set_limits(queue, 4, UINT64_MAX, 0), ROCKET_OK);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_COUNT);
  CHECK_INT(fixture_put(queue, 10, 2), ROCKET_OK); /* a pull that was under way */
  CHECK_INT(fixture_stats(queue).count, 12);
  for (int i = 0; i < 8; i++) fixture_finish(queue);
  CHECK_INT(wakes, 0);
  fixture_finish(queue);
  CHECK_INT(wakes, 1); /* three left */
  CHECK_INT(rocket_process_queue_set_limits(queue, 1000, 2 * FIXTURE_BODY, 0), ROCKET_OK);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_BYTES);
  CHECK_INT(rocket_process_queue_set_limits(queue, 1000, 1000, 1), ROCKET_OK);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_SPAN);
  rocket_process_queue_release(queue);
}

/* The window was made for the first limits: pulls must stop before it is full, whatever the limits say now. */
TEST(process_queue_limits_above_the_first_ones_never_overfill_the_window) {
  rocket_process_queue_options options = fixture_options();
  options.max_count = 10, options.max_span = 10, options.largest_pull = 32;
  rocket_process_queue *queue = fixture_queue(&options, 0);
  CHECK_INT(rocket_process_queue_set_limits(queue, 65535, UINT64_MAX, 65535), ROCKET_OK);
  int64_t offset = 0;
  while (rocket_process_queue_should_pull(queue) == ROCKET_THROTTLE_NONE) {
    CHECK_INT(fixture_put(queue, offset, 32), ROCKET_OK);
    offset += 32;
    CHECK(offset < 10000);
  }
  CHECK(offset >= 32);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_SPAN);
  rocket_process_queue_release(queue);
}

TEST(process_queue_limits_out_of_range_change_nothing) {
  rocket_process_queue_options options = fixture_options();
  options.max_count = 1;
  rocket_process_queue *queue = fixture_queue(&options, 0);
  CHECK_INT(fixture_put(queue, 0, 2), ROCKET_OK);
  CHECK_INT(rocket_process_queue_set_limits(queue, 0, 1000, 100), ROCKET_INVALID_ARGUMENT);
  CHECK_INT(rocket_process_queue_set_limits(queue, 65536, 1000, 100), ROCKET_INVALID_ARGUMENT);
  CHECK_INT(rocket_process_queue_set_limits(queue, 100, 0, 100), ROCKET_INVALID_ARGUMENT);
  CHECK_INT(rocket_process_queue_set_limits(queue, 100, 1000, 65536), ROCKET_INVALID_ARGUMENT);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_COUNT);
  rocket_process_queue_release(queue);
}

TEST(process_queue_refuses_what_its_books_cannot_hold) {
  rocket_process_queue_options options = fixture_options();
  options.max_bytes = UINT64_MAX, options.max_count = 65535, options.max_span = 0, options.largest_pull = 16384;
  rocket_process_queue *queue = fixture_queue(&options, 0);
  enum { COUNT = 16384 };
  rocket_put_item *items = malloc(COUNT * sizeof *items);
  rocket_frame *frame = NULL;
  CHECK(items != NULL);
  CHECK_INT(rocket_frame_new(options.allocator, 1, &frame), ROCKET_OK);
  uint64_t put = 0;
  int status = ROCKET_OK;
  while (status == ROCKET_OK && put <= 4 * COUNT) {
    for (uint32_t i = 0; i < COUNT; i++)
      items[i] = (rocket_put_item){rocket_slice_make(rocket_frame_bytes(frame), 1), (int64_t)(put + i), UINT32_MAX};
    status = rocket_process_queue_put(queue, frame, items, COUNT, NULL);
    if (status == ROCKET_OK) put += COUNT;
    CHECK_INT(fixture_stats(queue).count, put);
    CHECK_INT(fixture_stats(queue).bytes, put * UINT32_MAX);
  }
  CHECK_INT(status, ROCKET_FULL);
  CHECK(put > 0);
  rocket_frame_release(frame);
  rocket_process_queue_release(queue);
  free(items);
  CHECK_INT(test_allocated(), 0);
}

/* The words that end messages hold half of a position: the other half counts, too. */
TEST(process_queue_ack_of_a_position_far_away_is_stale) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 0);
  CHECK_INT(fixture_put(queue, 0, 3), ROCKET_OK);
  uint64_t position = fixture_take(queue).position;
  for (unsigned shift = 4; shift < 64; shift++) {
    CHECK_INT(rocket_process_queue_ack(queue, position + ((uint64_t)1 << shift)), ROCKET_STALE);
    CHECK_INT(rocket_process_queue_ack_many(queue, position + ((uint64_t)1 << shift), UINT32_MAX), 0);
  }
  CHECK_INT(fixture_stats(queue).count, 3);
  CHECK_INT(rocket_process_queue_ack(queue, position), ROCKET_OK);
  rocket_process_queue_release(queue);
}

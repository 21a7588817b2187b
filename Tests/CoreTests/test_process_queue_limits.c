// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Limits of a ProcessQueue that change while it is used. */
#include "process_queue_fixture.h"

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

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A ProcessQueue whose messages are consumed in their order. */
#include "process_queue_fixture.h"

TEST(process_queue_orderly_rollback_gives_the_same_again) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 3);
  rocket_taken taken[8];
  uint32_t n = 0;
  CHECK_INT(rocket_process_queue_take_ordered(queue, 4, 0, taken, &n), ROCKET_EMPTY);
  CHECK_INT(fixture_put(queue, 3, 6), ROCKET_OK);
  for (int round = 0; round < 3; round++) {
    CHECK_INT(rocket_process_queue_take_ordered(queue, 2, 0, taken, &n), ROCKET_OK);
    CHECK_INT(n, 2);
    CHECK_INT(rocket_process_queue_take_ordered(queue, 1, 0, taken + 4, &n), ROCKET_BUSY);
    CHECK_INT(rocket_process_queue_take_more(queue, 2, 0, taken + 2, &n), ROCKET_OK);
    for (int i = 0; i < 4; i++) {
      CHECK_INT(taken[i].queue_offset, 3 + i);
      CHECK_INT(taken[i].record.data[0], 3 + i);
      rocket_frame_release(taken[i].frame);
    }
    CHECK_INT(rocket_process_queue_scan_expired(queue, 1000000, 1, 8, taken), 0);
    CHECK_INT(fixture_stats(queue).ready, 2);
    if (round < 2) rocket_process_queue_rollback(queue);
    else CHECK_INT(rocket_process_queue_commit(queue), 7);
    CHECK_INT(fixture_stats(queue).count, round < 2 ? 6 : 2);
  }
  CHECK_INT(rocket_process_queue_take_ordered(queue, 8, 0, taken, &n), ROCKET_OK);
  CHECK_INT(n, 2);
  CHECK_INT(taken[0].queue_offset, 7);
  CHECK_INT(rocket_process_queue_take_more(queue, 8, 0, taken + 2, &n), ROCKET_EMPTY);
  rocket_process_queue_drop(queue);
  CHECK_INT(rocket_process_queue_take_more(queue, 8, 0, taken + 2, &n), ROCKET_DROPPED);
  rocket_process_queue_rollback(queue); /* nobody will take these: let go */
  CHECK_INT(fixture_stats(queue).count, 0);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 7);
  CHECK_INT(rocket_process_queue_take_ordered(queue, 8, 0, taken + 2, &n), ROCKET_DROPPED);
  rocket_frame_release(taken[0].frame), rocket_frame_release(taken[1].frame);
  rocket_process_queue_release(queue);
  CHECK_INT(test_allocated(), 0);
}

TEST(process_queue_orderly_give_back_leaves_the_first_ones_held) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 0);
  rocket_taken taken[8];
  uint32_t n = 0;
  CHECK_INT(fixture_put(queue, 0, 6), ROCKET_OK);
  CHECK_INT(rocket_process_queue_take_ordered(queue, 2, 0, taken, &n), ROCKET_OK);
  CHECK_INT(rocket_process_queue_take_more(queue, 2, 0, taken + 2, &n), ROCKET_OK);
  rocket_process_queue_give_back(queue, taken[2].position);
  rocket_frame_release(taken[2].frame), rocket_frame_release(taken[3].frame);
  CHECK_INT(rocket_process_queue_take_ordered(queue, 2, 0, taken + 4, &n), ROCKET_BUSY);
  CHECK_INT(fixture_stats(queue).ready, 4);
  CHECK_INT(rocket_process_queue_take_more(queue, 1, 0, taken + 2, &n), ROCKET_OK);
  CHECK_INT(taken[2].queue_offset, 2);
  CHECK_INT(rocket_process_queue_commit(queue), 3);
  CHECK_INT(rocket_process_queue_take_ordered(queue, 8, 0, taken + 3, &n), ROCKET_OK);
  CHECK_INT(n, 3);
  /* What was acknowledged first stays finished, and the queue is free again. */
  CHECK_INT(rocket_process_queue_ack(queue, taken[3].position), ROCKET_OK);
  rocket_process_queue_give_back(queue, taken[4].position);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 4);
  for (int i = 0; i < 6; i++) rocket_frame_release(taken[i].frame);
  CHECK_INT(rocket_process_queue_take_ordered(queue, 8, 0, taken, &n), ROCKET_OK);
  CHECK_INT(n, 2);
  CHECK_INT(taken[0].queue_offset, 4);
  rocket_frame_release(taken[0].frame), rocket_frame_release(taken[1].frame);
  /* Dropped: what is given back goes, what is held may still be finished. */
  rocket_process_queue_drop(queue);
  rocket_process_queue_give_back(queue, taken[1].position);
  CHECK_INT(fixture_stats(queue).count, 1);
  CHECK_INT(rocket_process_queue_commit(queue), 5);
  rocket_process_queue_release(queue);
  CHECK_INT(test_allocated(), 0);
}

/* Whoever acknowledges out of turn gets nothing again that is finished, nor what is in front of it. */
TEST(process_queue_orderly_rollback_stops_at_what_is_finished) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 0);
  rocket_taken taken[4];
  uint32_t n = 0;
  for (int64_t offset = 0; offset < 4; offset++) CHECK_INT(fixture_put(queue, offset, 1), ROCKET_OK); /* a frame for each */
  CHECK_INT(rocket_process_queue_take_ordered(queue, 4, 0, taken, &n), ROCKET_OK);
  for (int i = 0; i < 4; i++) rocket_frame_release(taken[i].frame);
  CHECK_INT(rocket_process_queue_ack(queue, taken[1].position), ROCKET_OK);
  rocket_process_queue_rollback(queue);
  CHECK_INT(fixture_stats(queue).ready, 2);
  CHECK_INT(fixture_stats(queue).count, 3);
  CHECK_INT(rocket_process_queue_take_ordered(queue, 4, 0, taken, &n), ROCKET_BUSY);
  CHECK_INT(rocket_process_queue_ack(queue, taken[0].position), ROCKET_OK);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 2);
  rocket_process_queue_rollback(queue);
  CHECK_INT(rocket_process_queue_take_ordered(queue, 4, 0, taken, &n), ROCKET_OK);
  CHECK_INT(n, 2);
  CHECK_INT(taken[0].queue_offset, 2);
  for (uint32_t i = 0; i < n; i++) rocket_frame_release(taken[i].frame);
  CHECK_INT(rocket_process_queue_commit(queue), 4);
  rocket_process_queue_release(queue);
  CHECK_INT(test_allocated(), 0);
}

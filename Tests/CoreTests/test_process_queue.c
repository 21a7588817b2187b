// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* One test for each of the ProcessQueue's invariants, by its name in the header, and for what the header promises besides. */
#include "process_queue_fixture.h"
#include "pull/process_queue.h"

static void check_window(const rocket_process_queue *queue, uint64_t last[3]) {
  uint64_t head = rocket__process_queue_catch_up(queue), next = atomic_load(&queue->next) >> 1, tail = atomic_load(&queue->tail);
  CHECK(head <= next && next <= tail);
  CHECK(last[0] <= head && last[1] <= next && last[2] <= tail);
  last[0] = head, last[1] = next, last[2] = tail;
}

TEST(I1_window_is_ordered) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 0);
  uint64_t last[3] = {0};
  for (int64_t lap = 0; lap < 200; lap++) { /* 200 x 40 cells: the ring is lapped many times */
    CHECK_INT(fixture_put(queue, lap * 40, 40), ROCKET_OK);
    check_window(queue, last);
    rocket_taken taken[40];
    for (int i = 0; i < 40; i++) {
      taken[i] = fixture_take(queue);
      check_window(queue, last);
    }
    for (int i = 39; i >= 0; i--) {
      CHECK_INT(rocket_process_queue_ack(queue, taken[i].position), ROCKET_OK);
      check_window(queue, last);
    }
  }
  CHECK_INT(last[0], 8000);
  rocket_process_queue_release(queue);
}

TEST(I2_taken_once) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 5);
  CHECK_INT(fixture_put(queue, 5, 100), ROCKET_OK);
  rocket_taken taken[200];
  CHECK_INT(rocket_process_queue_take(queue, 60, 0, taken), 60);
  CHECK_INT(rocket_process_queue_take(queue, 60, 0, taken + 60), 40);
  CHECK_INT(rocket_process_queue_take(queue, 60, 0, taken + 100), 0);
  for (int i = 0; i < 100; i++) {
    CHECK_INT(taken[i].queue_offset, 5 + i);
    rocket_frame_release(taken[i].frame);
  }
  CHECK_INT(fixture_put(queue, 5, 100), ROCKET_OK); /* the same pull once more */
  CHECK_INT(rocket_process_queue_take(queue, 60, 0, taken), 0);
  rocket_process_queue_release(queue);
  CHECK_INT(test_allocated(), 0);
}

TEST(I3_commit_never_passes) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 100);
  CHECK_INT(fixture_put_step(queue, 100, 50, 3), ROCKET_OK);
  rocket_taken taken[50];
  for (int i = 0; i < 50; i++) taken[i] = fixture_take(queue);
  for (int i = 49; i > 0; i--) { /* all but the first */
    CHECK_INT(rocket_process_queue_ack(queue, taken[i].position), ROCKET_OK);
    CHECK_INT(rocket_process_queue_commit_offset(queue), 100);
  }
  rocket_process_queue_advance(queue, 900);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 100);
  CHECK_INT(rocket_process_queue_ack(queue, taken[0].position), ROCKET_OK);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 900);
  rocket_process_queue_release(queue);
}

TEST(I4_commit_never_goes_back) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 10);
  int64_t last = 10;
  uint32_t random = 1;
  for (int64_t offset = 10; offset < 20000;) {
    random = random * 1664525u + 1013904223u;
    if (random & 0x10000) rocket_process_queue_advance(queue, offset += random >> 28);
    CHECK(rocket_process_queue_commit_offset(queue) >= last);
    uint32_t count = (random >> 20 & 31) + 1;
    CHECK_INT(fixture_put_step(queue, offset, count, 2), ROCKET_OK);
    CHECK_INT(fixture_put_step(queue, last - 5, 3, 1), ROCKET_OK); /* a late answer of long ago */
    offset += 2 * count;
    last = rocket_process_queue_commit_offset(queue);
    for (uint32_t i = 0; i < count; i++) {
      fixture_finish(queue);
      int64_t now = rocket_process_queue_commit_offset(queue);
      CHECK(now >= last);
      last = now;
    }
  }
  rocket_process_queue_release(queue);
}

TEST(I5_commit_reaches_the_end) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 7);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 7);
  rocket_process_queue_advance(queue, 9); /* nothing matched */
  CHECK_INT(rocket_process_queue_commit_offset(queue), 9);
  rocket_process_queue_advance(queue, 8);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 9);
  CHECK_INT(fixture_put(queue, 12, 3), ROCKET_OK);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 12); /* 9 to 11 were not for us */
  rocket_taken taken[3];
  for (int i = 0; i < 3; i++) taken[i] = fixture_take(queue);
  CHECK_INT(rocket_process_queue_ack(queue, taken[1].position), ROCKET_OK);
  CHECK_INT(rocket_process_queue_ack(queue, taken[2].position), ROCKET_OK);
  CHECK_INT(rocket_process_queue_ack(queue, taken[0].position), ROCKET_OK);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 15);
  rocket_process_queue_advance(queue, 20);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 20);
  rocket_process_queue_release(queue);
}

TEST(I6_stale_ack_is_harmless) {
  rocket_process_queue_options options = fixture_options();
  options.max_count = 1, options.max_span = 1, options.largest_pull = 1;
  rocket_process_queue *queue = fixture_queue(&options, 0);
  CHECK_INT(rocket_process_queue_ack(queue, 0), ROCKET_STALE); /* not even put */
  CHECK_INT(fixture_put(queue, 0, 2), ROCKET_OK);
  CHECK_INT(rocket_process_queue_ack(queue, 0), ROCKET_STALE); /* put, not taken */
  rocket_taken first = fixture_take(queue), second = fixture_take(queue);
  CHECK_INT(rocket_process_queue_ack(queue, second.position), ROCKET_OK);
  CHECK_INT(rocket_process_queue_ack(queue, second.position), ROCKET_STALE);
  CHECK_INT(rocket_process_queue_ack(queue, first.position), ROCKET_OK);
  for (int64_t offset = 2; offset < 1000; offset++) {
    CHECK_INT(fixture_put(queue, offset, 1), ROCKET_OK);
    rocket_taken taken = fixture_take(queue);
    for (uint64_t old = 0; old < taken.position; old++) /* some of these share a cell with it */
      CHECK_INT(rocket_process_queue_ack(queue, old), ROCKET_STALE);
    CHECK_INT(fixture_stats(queue).count, 1);
    CHECK_INT(rocket_process_queue_commit_offset(queue), offset);
    CHECK_INT(rocket_process_queue_ack(queue, taken.position), ROCKET_OK);
  }
  CHECK_INT(rocket_process_queue_ack(queue, 5000), ROCKET_STALE);
  CHECK_INT(rocket_process_queue_ack(queue, UINT64_MAX), ROCKET_STALE);
  CHECK_INT(rocket_process_queue_ack(queue, (uint64_t)1 << 61), ROCKET_STALE);
  rocket_process_queue_release(queue);
  CHECK_INT(test_allocated(), 0);
}

TEST(I7_counts_never_negative) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 50);
  CHECK_INT(fixture_stats(queue).span, 0);
  rocket_process_queue_advance(queue, 60);
  CHECK_INT(fixture_stats(queue).span, 0);
  CHECK_INT(fixture_stats(queue).last_offset, 49);
  CHECK_INT(fixture_put(queue, 60, 4), ROCKET_OK);
  CHECK_INT(fixture_put_step(queue, 70, 2, 5), ROCKET_OK);
  rocket_process_queue_stats stats = fixture_stats(queue);
  CHECK_INT(stats.count, 6);
  CHECK_INT(stats.ready, 6);
  CHECK_INT(stats.bytes, 6 * FIXTURE_BODY);
  CHECK_INT(stats.span, 16);
  rocket_taken first = fixture_take(queue), second = fixture_take(queue);
  CHECK_INT(rocket_process_queue_ack(queue, second.position), ROCKET_OK);
  stats = fixture_stats(queue);
  CHECK_INT(stats.count, 5);
  CHECK_INT(stats.ready, 4);
  CHECK_INT(stats.bytes, 5 * FIXTURE_BODY);
  CHECK_INT(stats.span, 16);
  CHECK_INT(rocket_process_queue_ack(queue, first.position), ROCKET_OK);
  CHECK_INT(fixture_stats(queue).span, 14);
  for (int i = 0; i < 4; i++) fixture_finish(queue);
  stats = fixture_stats(queue);
  CHECK(stats.count == 0 && stats.ready == 0 && stats.bytes == 0 && stats.span == 0);
  rocket_process_queue_release(queue);
}

TEST(a_refused_put_is_never_passed) {
  rocket_process_queue *queue = fixture_queue(NULL, 0);
  rocket_process_queue_drop(queue);
  CHECK_INT(fixture_put(queue, 0, 1), ROCKET_DROPPED);
  rocket_process_queue_advance(queue, 1); /* what a careless owner does next */
  CHECK_INT(rocket_process_queue_commit_offset(queue), 0);
  CHECK_INT(rocket_process_queue_ack_many(queue, UINT64_MAX, 2), 0); /* nor does a position wrap round to the first */
  rocket_process_queue_release(queue);
}

TEST(I8_dropped_gives_nothing) {
  rocket_process_queue_options options = fixture_options();
  CHECK_INT(rocket_byte_budget_new(options.allocator, 1000, &options.budget), ROCKET_OK);
  rocket_process_queue *queue = fixture_queue(&options, 0);
  CHECK_INT(fixture_put(queue, 0, 10), ROCKET_OK);
  rocket_taken taken[3] = {fixture_take(queue), fixture_take(queue), fixture_take(queue)};
  int64_t blocks = test_allocated();
  CHECK(!rocket_process_queue_is_dropped(queue));
  rocket_process_queue_drop(queue);
  rocket_process_queue_drop(queue);
  CHECK(rocket_process_queue_is_dropped(queue));
  CHECK_INT(rocket_byte_budget_used(options.budget), 3 * FIXTURE_BODY); /* the never taken are let go at once */
  CHECK_INT(fixture_stats(queue).count, 3);
  CHECK_INT(rocket_process_queue_take(queue, 1, 0, taken), 0);
  CHECK_INT(fixture_put(queue, 10, 1), ROCKET_DROPPED);
  CHECK_INT(rocket_process_queue_ack(queue, taken[1].position), ROCKET_OK);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 0);
  CHECK_INT(rocket_process_queue_ack(queue, taken[0].position), ROCKET_OK);
  CHECK_INT(rocket_process_queue_ack(queue, taken[2].position), ROCKET_OK);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 3); /* never past what was let go */
  CHECK_INT(test_allocated(), blocks - 1);                 /* the frame, while the queue lives on */
  CHECK_INT(fixture_stats(queue).count, 0);
  CHECK_INT(rocket_byte_budget_used(options.budget), 0);
  rocket_process_queue_release(queue);
  rocket_byte_budget_release(options.budget);
  CHECK_INT(test_allocated(), 0);
}

TEST(I9_one_wake_per_crossing) {
  rocket_process_queue_options options = fixture_options();
  options.max_count = 8;
  unsigned wakes = 0;
  rocket_process_queue *queue = fixture_queue(&options, 0);
  rocket_process_queue_set_wake(queue, fixture_count_wake, &wakes, NULL);
  CHECK_INT(fixture_put(queue, 0, 8), ROCKET_OK);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_NONE); /* "may start at the limit" */
  CHECK_INT(fixture_put(queue, 8, 2), ROCKET_OK);
  rocket_taken taken[10];
  for (int i = 0; i < 10; i++) taken[i] = fixture_take(queue);
  CHECK_INT(rocket_process_queue_ack(queue, taken[0].position), ROCKET_OK);
  CHECK_INT(wakes, 0); /* nobody asked */
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_COUNT);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_COUNT);
  for (int i = 1; i < 3; i++) CHECK_INT(rocket_process_queue_ack(queue, taken[i].position), ROCKET_OK);
  CHECK_INT(wakes, 0); /* 7 left, above three quarters */
  CHECK_INT(rocket_process_queue_ack(queue, taken[3].position), ROCKET_OK);
  CHECK_INT(wakes, 1); /* 6 left */
  for (int i = 4; i < 10; i++) CHECK_INT(rocket_process_queue_ack(queue, taken[i].position), ROCKET_OK);
  CHECK_INT(wakes, 1);
  CHECK_INT(rocket_process_queue_should_pull(queue), ROCKET_THROTTLE_NONE);
  rocket_process_queue_release(queue);
}

static void scrambled_life(unsigned seed) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 0);
  CHECK_INT(fixture_put(queue, 0, 70), ROCKET_OK);
  rocket_taken taken[70], late[70];
  uint32_t n = rocket_process_queue_take(queue, 50, 0, taken);
  uint32_t expired = rocket_process_queue_scan_expired(queue, 100, 50, seed % 60, late);
  CHECK_INT(expired, seed % 60 < 50 ? seed % 60 : 50);
  for (uint32_t i = 0; i < n; i++) {
    if (i % 3 == 0) rocket_process_queue_ack(queue, taken[i].position);
    rocket_frame_release(taken[i].frame);
  }
  if (seed & 1) rocket_process_queue_drop(queue);
  for (uint32_t i = 0; i < expired; i++) {
    if (i % 2 == 0) rocket_process_queue_ack(queue, late[i].position);
    rocket_frame_release(late[i].frame);
  }
  rocket_process_queue_release(queue);
}

TEST(I10_every_count_is_released) {
  for (unsigned seed = 0; seed < 120; seed++) {
    scrambled_life(seed);
    CHECK_INT(test_allocated(), 0);
  }
}

TEST(process_queue_reports_each_expired_message_once) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 0);
  CHECK_INT(fixture_put(queue, 0, 4), ROCKET_OK);
  rocket_taken a, b, late[4];
  CHECK_INT(rocket_process_queue_take(queue, 1, 1000, &a), 1);
  CHECK_INT(rocket_process_queue_take(queue, 1, 2000, &b), 1);
  CHECK_INT(rocket_process_queue_scan_expired(queue, 1500, 500, 4, late), 0); /* longer than, not as long as */
  CHECK_INT(rocket_process_queue_scan_expired(queue, 1501, 500, 4, late), 1);
  CHECK_INT(late[0].position, a.position);
  CHECK_INT(late[0].queue_offset, 0);
  CHECK_INT(late[0].record.data[0], 0);
  CHECK_INT(rocket_process_queue_scan_expired(queue, 9000, 500, 4, late + 1), 1);
  CHECK_INT(late[1].position, b.position);
  CHECK_INT(rocket_process_queue_scan_expired(queue, 99000, 500, 4, late + 2), 0);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 0); /* reported is not finished */
  CHECK_INT(rocket_process_queue_ack(queue, a.position), ROCKET_OK);
  CHECK_INT(rocket_process_queue_ack(queue, late[0].position), ROCKET_STALE);
  CHECK_INT(rocket_process_queue_commit_offset(queue), 1);
  rocket_frame_release(a.frame), rocket_frame_release(b.frame);
  rocket_frame_release(late[0].frame), rocket_frame_release(late[1].frame);
  rocket_process_queue_release(queue);
  CHECK_INT(test_allocated(), 0);
}

TEST(process_queue_ack_many_passes_over_what_is_finished) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 0);
  CHECK_INT(fixture_put(queue, 0, 20), ROCKET_OK);
  CHECK_INT(fixture_put(queue, 20, 20), ROCKET_OK);
  for (int i = 0; i < 30; i++) fixture_take(queue);
  CHECK_INT(rocket_process_queue_ack(queue, 5), ROCKET_OK);
  CHECK_INT(rocket_process_queue_ack_many(queue, 0, 40), 29); /* 5 was finished, 30 to 39 were not taken */
  CHECK_INT(rocket_process_queue_commit_offset(queue), 30);
  CHECK_INT(fixture_stats(queue).count, 10);
  rocket_process_queue_release(queue);
  CHECK_INT(test_allocated(), 0);
}

/* Wherever in their chunks the puts begin and end, and although nothing is put behind them. */
TEST(process_queue_frees_a_frame_with_the_last_of_its_messages) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 0);
  for (uint32_t round = 0; round < 200; round++) {
    int64_t offset = 200 * (int64_t)round;
    uint32_t first = 1 + round % 23, second = 1 + round % 7;
    CHECK_INT(fixture_put(queue, offset, first), ROCKET_OK);
    int64_t with_one = test_allocated();
    CHECK_INT(fixture_put(queue, offset + 100, second), ROCKET_OK);
    int64_t chunks = test_allocated() - with_one - 1;
    uint64_t position = fixture_take(queue).position;
    for (uint32_t i = 1; i < first + second; i++) fixture_take(queue);
    CHECK_INT(rocket_process_queue_ack_many(queue, position + 1, first + second - 1), first + second - 1);
    CHECK_INT(test_allocated(), with_one + chunks); /* the second is free, the first has one message left */
    CHECK_INT(rocket_process_queue_ack(queue, position), ROCKET_OK);
    CHECK_INT(test_allocated(), with_one + chunks - 1);
  }
  rocket_process_queue_release(queue);
  CHECK_INT(test_allocated(), 0);
}
TEST(process_queue_refuses_options_out_of_range) {
  rocket_process_queue *queue = NULL;
  struct {
    uint32_t max_count;
    uint64_t max_bytes;
    uint32_t max_span, largest_pull;
    int64_t first_offset;
  } bad[] = {{0, 1, 1, 1, 0},       {65536, 1, 1, 1, 0}, {1, 0, 1, 1, 0},  {1, 1, 65536, 1, 0},
             {1, 1, 1, 0, 0},       {1, 1, 1, 16385, 0}, {1, 1, 1, 1, -1}, {1, 1, 1, 1, INT64_MAX}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    rocket_process_queue_options options = fixture_options();
    options.max_count = bad[i].max_count, options.max_bytes = bad[i].max_bytes;
    options.max_span = bad[i].max_span, options.largest_pull = bad[i].largest_pull;
    CHECK_INT(rocket_process_queue_new(&options, bad[i].first_offset, &queue), ROCKET_INVALID_ARGUMENT);
  }
  queue = fixture_queue(NULL, 0);
  rocket_put_item item = {{0}, INT64_MAX, 0};
  CHECK_INT(rocket_process_queue_put(queue, NULL, &item, 1, NULL), ROCKET_INVALID_ARGUMENT);
  rocket_process_queue_release(queue);
}

TEST(process_queue_is_small_when_idle_and_allocates_nothing_when_warm) {
  rocket_process_queue_options options = fixture_options();
  rocket_process_queue *queue = fixture_queue(&options, 0);
  uint64_t entries = queue->directory_mask + 1;
  CHECK(sizeof *queue + entries * sizeof queue->directory[0] + sizeof(rocket__chunk) <= 4096);
  rocket_frame *frame = NULL;
  CHECK_INT(rocket_frame_new(options.allocator, 1, &frame), ROCKET_OK);
  uint64_t warm = 0;
  for (int64_t offset = 0; offset < 10000; offset++) {
    rocket_put_item item = {rocket_slice_make(rocket_frame_bytes(frame), 1), offset, 1};
    CHECK_INT(rocket_process_queue_put(queue, frame, &item, 1, NULL), ROCKET_OK);
    rocket_taken taken;
    CHECK_INT(rocket_process_queue_take(queue, 1, 0, &taken), 1);
    rocket_frame_release(taken.frame);
    CHECK_INT(rocket_process_queue_ack(queue, taken.position), ROCKET_OK);
    if (offset == 100) warm = test_allocations();
  }
  CHECK_INT(test_allocations(), warm);
  rocket_frame_release(frame);
  rocket_process_queue_release(queue);
}

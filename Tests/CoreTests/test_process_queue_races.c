// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Two threads step on the same few instructions, over and over: each pair of "write one word, then read the other's" in the ProcessQueue
 * (its seq_cst places) has a duel here, which is lost within some thousand rounds when one of the two forgets to look again. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "process_queue_fixture.h"
#include "rocket_loop.h"

enum {
  ROUNDS = 40000,
  ENOUGH_MS = 4000 /* a round takes two turns of the scheduler on a machine that has better to do */
};
static const uint32_t over = UINT32_MAX; /* instead of a round: there are no more */

typedef struct duel {
  rocket_process_queue_options options;
  rocket_process_queue *queue;
  rocket_process_queue *other; /* shares the budget */
  rocket_frame *frame;
  atomic_uint wakes;
  int first_says, second_says;
  /* Both of a round start when the number is theirs; a random wait shifts one against the other. */
  atomic_uint_fast32_t round, finished_round;
  void (*second)(struct duel *duel);
} duel;

static void spin(uint32_t turns) {
  for (volatile uint32_t i = 0; i < turns; i++) continue;
}

/* False: there are no more rounds. */
static bool wait_for(atomic_uint_fast32_t *number, uint32_t value) {
  uint32_t seen;
  for (uint32_t i = 0; (seen = (uint32_t)atomic_load(number)) != value && seen != over; i++)
    if (i % 1000 == 999) sched_yield();
  return seen == value;
}

static void *be_second(void *user) {
  duel *d = user;
  for (uint32_t round = 1; wait_for(&d->round, round); round++) {
    spin(round * 7919 % 601 >> round % 4);
    d->second(d);
    atomic_store(&d->finished_round, round);
  }
  return NULL;
}

static void wake(void *user) { atomic_fetch_add((atomic_uint *)user, 1); }

static void fight(duel *d, void (*prepare)(duel *), void (*first)(duel *), void (*second)(duel *), void (*judge)(duel *)) {
  pthread_t thread;
  d->second = second;
  CHECK(pthread_create(&thread, NULL, be_second, d) == 0);
  uint64_t enough_at_ms = rocket_now_ms() + ENOUGH_MS;
  for (uint32_t round = 1; round <= ROUNDS && (round % 64 != 0 || rocket_now_ms() < enough_at_ms); round++) {
    atomic_store(&d->wakes, 0);
    d->queue = fixture_queue(&d->options, 0);
    rocket_process_queue_set_wake(d->queue, wake, &d->wakes, NULL);
    prepare(d);
    atomic_store(&d->round, round);
    spin(round * 104729 % 307 >> round / 4 % 4);
    first(d);
    wait_for(&d->finished_round, round);
    judge(d);
    rocket_process_queue_release(d->queue);
  }
  atomic_store(&d->round, over);
  pthread_join(thread, NULL);
}

static void put_two_take_two(duel *d) {
  CHECK_INT(fixture_put(d->queue, 0, 2), ROCKET_OK);
  fixture_take(d->queue), fixture_take(d->queue);
}
static void ack_0(duel *d) { d->first_says = rocket_process_queue_ack(d->queue, 0); }
static void ack_1(duel *d) { d->second_says = rocket_process_queue_ack(d->queue, 1); }
static void ack_0_too(duel *d) { d->second_says = rocket_process_queue_ack(d->queue, 0); }

static void judge_end_reached(duel *d) {
  CHECK(d->first_says == ROCKET_OK && d->second_says == ROCKET_OK);
  CHECK_INT(rocket_process_queue_commit_offset(d->queue), 2);
}
TEST_LIMITED(process_queue_race_of_two_acks_leaves_none_behind, 20) {
  duel d = {.options = fixture_options()};
  fight(&d, put_two_take_two, ack_0, ack_1, judge_end_reached);
  CHECK_INT(test_allocated(), 0);
}

static void judge_one_won(duel *d) {
  CHECK((d->first_says == ROCKET_OK) != (d->second_says == ROCKET_OK));
  CHECK_INT(fixture_stats(d->queue).count, 1);
}
TEST_LIMITED(process_queue_race_for_one_ack_has_one_winner, 20) {
  duel d = {.options = fixture_options()};
  fight(&d, put_two_take_two, ack_0, ack_0_too, judge_one_won);
  CHECK_INT(test_allocated(), 0);
}

static void ack_both(duel *d) { d->first_says = (int)rocket_process_queue_ack_many(d->queue, 0, 2); }
static void judge_each_once(duel *d) {
  CHECK_INT(d->first_says, d->second_says == ROCKET_OK ? 1 : 2);
  CHECK_INT(fixture_stats(d->queue).count, 0);
}
TEST_LIMITED(process_queue_race_of_a_batch_and_one_ack_counts_each_once, 20) {
  duel d = {.options = fixture_options()};
  fight(&d, put_two_take_two, ack_both, ack_1, judge_each_once);
  CHECK_INT(test_allocated(), 0);
}

static void scan(duel *d) {
  rocket_taken late[2];
  uint32_t n = rocket_process_queue_scan_expired(d->queue, 10, 1, 2, late);
  CHECK(n >= 1);
  for (uint32_t i = 0; i < n; i++) {
    CHECK_INT(late[i].record.data[0], late[i].queue_offset);
    rocket_process_queue_ack(d->queue, late[i].position);
    rocket_frame_release(late[i].frame);
  }
}
static void judge_empty(duel *d) {
  CHECK_INT(fixture_stats(d->queue).count, 0);
  CHECK_INT(fixture_stats(d->queue).bytes, 0);
}
TEST_LIMITED(process_queue_race_of_ack_and_expiry, 20) {
  duel d = {.options = fixture_options()};
  fight(&d, put_two_take_two, ack_0, scan, judge_empty);
  CHECK_INT(test_allocated(), 0);
}

static void put_one(duel *d) { fixture_put(d->queue, 0, 1); }
static void drop(duel *d) { rocket_process_queue_drop(d->queue); }
static void nothing(duel *d) { (void)d; }
TEST_LIMITED(process_queue_race_of_put_and_drop_lets_go, 20) {
  duel d = {.options = fixture_options()};
  fight(&d, nothing, put_one, drop, judge_empty);
  CHECK_INT(test_allocated(), 0);
}

static void take_two_orderly(duel *d) {
  rocket_taken taken[2];
  uint32_t n = 0;
  CHECK_INT(fixture_put(d->queue, 0, 3), ROCKET_OK);
  CHECK_INT(rocket_process_queue_take_ordered(d->queue, 2, 0, taken, &n), ROCKET_OK);
  rocket_frame_release(taken[0].frame), rocket_frame_release(taken[1].frame);
}
static void roll_back(duel *d) { rocket_process_queue_rollback(d->queue); }
TEST_LIMITED(process_queue_race_of_rollback_and_drop_lets_go, 20) {
  duel d = {.options = fixture_options()};
  fight(&d, take_two_orderly, roll_back, drop, judge_empty);
  CHECK_INT(test_allocated(), 0);
}

static void give_back_and_commit(duel *d) {
  rocket_process_queue_give_back(d->queue, 1);
  d->first_says = (int)rocket_process_queue_commit(d->queue);
}
static void judge_first_kept(duel *d) {
  judge_empty(d);
  CHECK_INT(d->first_says, 1);
  CHECK_INT(rocket_process_queue_commit_offset(d->queue), 1);
}
TEST_LIMITED(process_queue_race_of_give_back_and_drop_keeps_what_is_held, 20) {
  duel d = {.options = fixture_options()};
  fight(&d, take_two_orderly, give_back_and_commit, drop, judge_first_kept);
  CHECK_INT(test_allocated(), 0);
}

static void ask(duel *d) { d->first_says = (int)rocket_process_queue_should_pull(d->queue); }
static void ack_all(duel *d) { CHECK_INT(rocket_process_queue_ack_many(d->queue, 0, 2), 2); }
static void judge_goes_on(duel *d) { CHECK(d->first_says == ROCKET_THROTTLE_NONE || atomic_load(&d->wakes) == 1); }
TEST_LIMITED(process_queue_race_of_throttle_and_ack_loses_no_wake, 20) {
  duel d = {.options = fixture_options()};
  d.options.max_count = 1;
  fight(&d, put_two_take_two, ask, ack_all, judge_goes_on);
}

static void raise_limits(duel *d) { CHECK_INT(rocket_process_queue_set_limits(d->queue, 100, 1000, 100), ROCKET_OK); }
TEST_LIMITED(process_queue_race_of_throttle_and_higher_limits_loses_no_wake, 20) {
  duel d = {.options = fixture_options()};
  d.options.max_count = 1;
  fight(&d, put_two_take_two, ask, raise_limits, judge_goes_on);
}

static void fill_other(duel *d) {
  d->other = fixture_queue(&d->options, 0);
  CHECK_INT(fixture_put(d->other, 0, 2), ROCKET_OK);
  fixture_take(d->other), fixture_take(d->other);
}
static void ack_all_of_other(duel *d) { CHECK_INT(rocket_process_queue_ack_many(d->other, 0, 2), 2); }
static void judge_goes_on_and_free_other(duel *d) {
  judge_goes_on(d);
  rocket_process_queue_release(d->other);
}
TEST_LIMITED(process_queue_race_of_budget_and_ack_loses_no_wake, 20) {
  duel d = {.options = fixture_options()};
  CHECK_INT(rocket_byte_budget_new(d.options.allocator, FIXTURE_BODY, &d.options.budget), ROCKET_OK);
  fight(&d, fill_other, ask, ack_all_of_other, judge_goes_on_and_free_other);
  rocket_byte_budget_release(d.options.budget);
  CHECK_INT(test_allocated(), 0);
}

static int take_one_orderly(rocket_process_queue *queue) {
  rocket_taken taken;
  uint32_t n = 0;
  int status = rocket_process_queue_take_ordered(queue, 1, 0, &taken, &n);
  if (status == ROCKET_OK) rocket_frame_release(taken.frame);
  return status;
}
static void take_what_may_be_there(duel *d) { d->first_says = take_one_orderly(d->queue); }
static void make_frame(duel *d) { CHECK_INT(rocket_frame_new(d->options.allocator, 1, &d->frame), ROCKET_OK); }
static void put_and_take(duel *d) {
  rocket_put_item item = {rocket_slice_make(rocket_frame_bytes(d->frame), 1), 0, 1};
  CHECK_INT(rocket_process_queue_put(d->queue, d->frame, &item, 1, NULL), ROCKET_OK);
  d->second_says = take_one_orderly(d->queue);
}
static void judge_taken(duel *d) {
  CHECK((d->first_says == ROCKET_OK) != (d->second_says == ROCKET_OK));
  rocket_frame_release(d->frame);
}
TEST_LIMITED(process_queue_race_for_the_orderly_turn_leaves_none_behind, 20) {
  duel d = {.options = fixture_options()};
  fight(&d, make_frame, take_what_may_be_there, put_and_take, judge_taken);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "queue_life.h"

#include "process_queue_fixture.h"
#include "reference_queue.h"

enum { LARGEST_PULL = 40 };

typedef struct life {
  const queue_life_choices *choices;
  uint32_t step;
  rocket_process_queue *queue;
  reference_queue *reference;
  int64_t offset;   /* where the broker is */
  uint64_t now_ms;
  uint64_t positions; /* ever put */
  bool over;          /* after should_pull said no: nothing is put until a wake */
  unsigned wakes;
  bool dropped;
  bool holds;                    /* orderly: it is our turn */
  uint64_t held_from, held_until; /* the positions taken in this turn and not finished yet */
} life;

#define AGREE(life, ours, theirs)                                                                                            \
  do {                                                                                                                       \
    intmax_t agree_o = (intmax_t)(ours), agree_t = (intmax_t)(theirs);                                                       \
    if (agree_o != agree_t)                                                                                                  \
      test_fail(__FILE__, __LINE__, "%s, step %u: %s is %" PRIdMAX ", the reference says %" PRIdMAX, (life)->choices->name,  \
                (life)->step, #ours, agree_o, agree_t);                                                                      \
  } while (0)

static uint32_t pick(life *l, uint32_t below) { return l->choices->pick(l->choices->user, below); }

static void put(life *l) {
  if (l->over) return;
  uint32_t count = pick(l, LARGEST_PULL + 1);
  int64_t offsets[LARGEST_PULL];
  uint32_t bodies[LARGEST_PULL];
  rocket_put_item items[LARGEST_PULL];
  rocket_frame *frame = NULL;
  CHECK_INT(rocket_frame_new(test_allocator(0), LARGEST_PULL, &frame), ROCKET_OK);
  int64_t at = pick(l, 8) == 0 && l->offset > 20 ? l->offset - 20 : l->offset; /* now and then a pull is repeated */
  for (uint32_t i = 0; i < count; i++) {
    at += pick(l, 4) == 0 ? 1 + pick(l, 5) : 0; /* filtered ones between */
    offsets[i] = at++;
    bodies[i] = pick(l, 100);
    rocket_frame_bytes(frame)[i] = (uint8_t)offsets[i];
    items[i] = (rocket_put_item){rocket_slice_make(rocket_frame_bytes(frame) + i, 1), offsets[i], bodies[i]};
  }
  if (at > l->offset) l->offset = at;
  uint32_t added = 0;
  int status = rocket_process_queue_put(l->queue, frame, items, count, &added);
  rocket_frame_release(frame);
  int expected = reference_queue_put(l->reference, offsets, bodies, count);
  AGREE(l, status, expected < 0 ? ROCKET_DROPPED : ROCKET_OK);
  if (status == ROCKET_OK) AGREE(l, added, expected);
  l->positions += added;
}

static void same_messages(life *l, const rocket_taken *ours, uint32_t n, const reference_taken *theirs, uint32_t m) {
  AGREE(l, n, m);
  for (uint32_t i = 0; i < n; i++) {
    AGREE(l, ours[i].position, theirs[i].position);
    AGREE(l, ours[i].queue_offset, theirs[i].queue_offset);
    AGREE(l, ours[i].record.data[0], (uint8_t)theirs[i].queue_offset);
    rocket_frame_release(ours[i].frame);
  }
}

static void take(life *l) {
  rocket_taken ours[64];
  reference_taken theirs[64];
  uint32_t max = pick(l, 64);
  uint32_t n = rocket_process_queue_take(l->queue, max, l->now_ms, ours);
  same_messages(l, ours, n, theirs, reference_queue_take(l->reference, max, l->now_ms, theirs));
}

static void ack(life *l) {
  for (uint32_t i = pick(l, 30); i > 0; i--) {
    uint64_t back = pick(l, 150); /* many of these are finished, or not yet taken */
    uint64_t position = l->positions > back ? l->positions - back : back;
    AGREE(l, rocket_process_queue_ack(l->queue, position) == ROCKET_OK, reference_queue_ack(l->reference, position));
  }
}

static void ack_run(life *l) {
  uint64_t back = pick(l, 150);
  uint64_t first = l->positions > back ? l->positions - back : 0;
  uint32_t count = pick(l, 60), expected = 0;
  for (uint32_t i = 0; i < count; i++) expected += reference_queue_ack(l->reference, first + i);
  AGREE(l, rocket_process_queue_ack_many(l->queue, first, count), expected);
}

static void expire(life *l) {
  rocket_taken ours[64];
  reference_taken theirs[64];
  uint64_t timeout = pick(l, 100);
  uint32_t max = pick(l, 64);
  uint32_t n = rocket_process_queue_scan_expired(l->queue, l->now_ms, timeout, max, ours);
  same_messages(l, ours, n, theirs, reference_queue_scan_expired(l->reference, l->now_ms, timeout, max, theirs));
}

static void take_ordered(life *l) {
  rocket_taken ours[64];
  reference_taken theirs[64];
  uint32_t max = 1 + pick(l, 63), n = 0;
  if (l->holds && pick(l, 4) == 0) {
    AGREE(l, rocket_process_queue_take_ordered(l->queue, max, l->now_ms, ours, &n), ROCKET_BUSY);
    return;
  }
  int status = l->holds ? rocket_process_queue_take_more(l->queue, max, l->now_ms, ours, &n)
                        : rocket_process_queue_take_ordered(l->queue, max, l->now_ms, ours, &n);
  uint32_t expected = reference_queue_take(l->reference, max, l->now_ms, theirs);
  AGREE(l, status, l->dropped ? ROCKET_DROPPED : expected == 0 ? ROCKET_EMPTY : ROCKET_OK);
  same_messages(l, ours, n, theirs, expected);
  if (n == 0) return;
  if (!l->holds) l->held_from = ours[0].position;
  l->held_until = ours[n - 1].position + 1;
  l->holds = true;
}

static void ack_first_held(life *l) {
  uint32_t count = pick(l, (uint32_t)(l->held_until - l->held_from) + 1), expected = 0;
  for (uint32_t i = 0; i < count; i++) expected += reference_queue_ack(l->reference, l->held_from + i);
  AGREE(l, rocket_process_queue_ack_many(l->queue, l->held_from, count), expected);
  l->held_from += count;
}

/* From anywhere: before what is held, in the middle of it, behind it. */
static void give_back(life *l) {
  uint64_t back = pick(l, 60);
  uint64_t position = l->held_until + 4 > back ? l->held_until + 4 - back : 0;
  rocket_process_queue_give_back(l->queue, position);
  reference_queue_give_back(l->reference, position);
  l->holds = position > l->held_from;
  if (position < l->held_until) l->held_until = position;
}

static void end_turn(life *l) {
  if (pick(l, 3) == 0) {
    rocket_process_queue_rollback(l->queue);
    reference_queue_give_back(l->reference, 0);
  } else {
    reference_queue_commit(l->reference);
    AGREE(l, rocket_process_queue_commit(l->queue), reference_queue_stats(l->reference).commit_offset);
  }
  l->holds = false;
}

static void use_turn(life *l) {
  if (!l->holds) return;
  switch (pick(l, 4)) {
    case 0: give_back(l); break;
    case 1: ack_first_held(l); break;
    default: end_turn(l);
  }
}

static void ask(life *l) {
  if (l->dropped) return; /* nobody pulls for it any more */
  bool over = rocket_process_queue_should_pull(l->queue) != ROCKET_THROTTLE_NONE;
  AGREE(l, over, reference_queue_over(l->reference));
  l->over = over;
  l->wakes = 0;
}

static void compare(life *l) {
  rocket_process_queue_stats ours = fixture_stats(l->queue);
  reference_stats theirs = reference_queue_stats(l->reference);
  AGREE(l, ours.count, theirs.count);
  AGREE(l, ours.ready, theirs.ready);
  AGREE(l, ours.bytes, theirs.bytes);
  AGREE(l, ours.span, theirs.span);
  AGREE(l, ours.commit_offset, theirs.commit_offset);
  AGREE(l, ours.last_offset, theirs.last_offset);
  AGREE(l, ours.dropped, l->dropped);
  if (!l->over) return;
  AGREE(l, l->wakes <= 1, true);
  if (l->wakes == 1) AGREE(l, reference_queue_over(l->reference), false);
  if (theirs.count == 0 && !l->dropped) AGREE(l, l->wakes, 1); /* nothing left that could wake it later */
  if (l->wakes == 1) l->over = false;
}

static void step(life *l, bool orderly) {
  l->now_ms += pick(l, 20);
  switch (pick(l, 10)) {
    case 0:
    case 1:
    case 2: ask(l), put(l); break;
    case 3: rocket_process_queue_advance(l->queue, l->offset += pick(l, 10)), reference_queue_advance(l->reference, l->offset); break;
    case 4:
    case 5: orderly ? take_ordered(l) : take(l); break;
    case 6: orderly ? take_ordered(l) : expire(l); break;
    case 7: orderly ? use_turn(l) : ack(l); break;
    case 8: orderly ? use_turn(l) : ack_run(l); break;
    default:
      if (pick(l, 60) > 0) break;
      rocket_process_queue_drop(l->queue);
      reference_queue_drop(l->reference);
      l->dropped = true;
  }
}

void queue_life(const queue_life_choices *choices, bool orderly) {
  life l = {.choices = choices};
  rocket_process_queue_options options = fixture_options();
  options.max_count = 1 + pick(&l, 100), options.max_bytes = 1 + pick(&l, 8000), options.largest_pull = LARGEST_PULL;
  options.max_span = orderly ? 0 : 1 + pick(&l, 200);
  l.offset = pick(&l, 1000);
  l.queue = fixture_queue(&options, l.offset);
  rocket_process_queue_set_wake(l.queue, fixture_count_wake, &l.wakes, NULL);
  l.reference = reference_queue_new((reference_limits){options.max_count, options.max_bytes, options.max_span}, l.offset);
  for (; choices->goes_on(choices->user, l.step); l.step++) {
    step(&l, orderly);
    compare(&l);
  }
  rocket_process_queue_release(l.queue);
  reference_queue_free(l.reference);
  AGREE(&l, test_allocated(), 0);
}

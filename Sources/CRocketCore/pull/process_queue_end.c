// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* How the cells of a ProcessQueue end: acknowledged, expired, or let go by drop. */
#include "pull/process_queue.h"

/* How: a taken one is finished, or handed on to the caller of the scan; or one that was never taken is let go. */
typedef enum end_kind { FINISH, HAND_ON, LET_GO } end_kind;

/* What ended cells take off the books, and counts to give back, one frame at a time. */
typedef struct ended {
  uint32_t count;
  uint64_t bytes;
  rocket_frame *frame;
  uint32_t frame_counts;
} ended;

static void add_frame(ended *e, rocket_frame *frame, uint32_t counts) {
  if (frame != e->frame) {
    if (e->frame) rocket_frame_release_many(e->frame, e->frame_counts);
    e->frame = frame;
    e->frame_counts = 0;
  }
  e->frame_counts += counts;
}

static void settle(rocket_process_queue *queue, const ended *e) {
  if (e->frame) rocket_frame_release_many(e->frame, e->frame_counts);
  if (e->count > 0) rocket__process_queue_finished(queue, e->count, e->bytes);
}

/* Bits [from, end). */
static uint32_t bits(uint32_t from, uint32_t end) { return ((uint32_t)1 << end) - ((uint32_t)1 << from); }

/* The cells of the run that `at` is in. */
static uint32_t run_of(uint32_t starts, uint32_t at) {
  uint32_t behind = (starts | (uint32_t)1 << ROCKET__CELLS) & ~(((uint32_t)2 << at) - 1);
  return bits(rocket__run_start(starts, at), (uint32_t)__builtin_ctz(behind));
}

/* A run that is over, and how many counts of its frame its cells still have. */
typedef struct run_over {
  rocket_frame *frame;
  uint32_t counts;
} run_over;

/* The runs that are over when to the cells `over` come the cells `open`, which are none of them. */
static inline uint32_t find_runs_over(const rocket__chunk *chunk, uint32_t over, uint32_t open, uint32_t handed, run_over *out) {
  /* Relaxed: the marks around a message were made before it was published. */
  uint32_t starts = atomic_load_explicit(&chunk->starts, memory_order_relaxed), n = 0;
  for (uint32_t left = open; left != 0;) {
    uint32_t run = run_of(starts, (uint32_t)__builtin_ctz(left));
    left &= ~run;
    if (run & ~(over | open)) continue;
    rocket_frame *frame = atomic_load_explicit(&chunk->frames[__builtin_ctz(run)], memory_order_relaxed);
    out[n++] = (run_over){frame, (uint32_t)__builtin_popcount(run & ~handed)};
  }
  return n;
}

/* Those of the cells `open`, all in [from, end), that were taken, or (LET_GO) all; adds them up. */
static inline uint32_t look(const rocket__chunk *chunk, uint32_t open, uint32_t from, uint32_t end, end_kind how, ended *sum) {
  *sum = (ended){0};
  for (uint32_t at = from; at < end; at++) {
    if (!(open >> at & 1)) continue;
    /* Acquire: the taker has read its message; only then may the cell be recycled. */
    if (how != LET_GO && atomic_load_explicit(&chunk->taken_at_ms[at], memory_order_acquire) == ROCKET__NOT_TAKEN) {
      open &= ~((uint32_t)1 << at);
      continue;
    }
    sum->count++;
    sum->bytes += atomic_load_explicit(&chunk->cells[at].body_bytes, memory_order_relaxed);
  }
  return open;
}

/* Ends those of the `count` cells from `position` on, all in one chunk, that are not ended yet. Returns how many it has won.
 *
 * All is read before the CAS, for afterwards the chunk may be recycled at once. That the CAS finds the word as it was makes what was read
 * between this lap's. The lap in it is half a number; `first` is the whole. (To be deceived a thread would have to sleep between the
 * look at `first` and the CAS while 2^36 messages pass.)
 * Release: the reads come first, and whoever sees DONE may recycle the cell. Acquire: frames may be freed here, after all others are
 * done with them; and for the next round. */
static inline __attribute__((always_inline)) /* once for each `how` */
uint32_t end_cells(rocket__chunk *chunk, uint64_t position, uint32_t count, end_kind how, ended *e) {
  uint32_t from = (uint32_t)(position % ROCKET__CELLS), end = from + count, open, runs;
  run_over over_now[ROCKET__CELLS];
  ended sum;
  uint64_t word = atomic_load_explicit(&chunk->ends, memory_order_acquire), ends;
  do {
    if (ROCKET__ENDS_LAP(word) != ROCKET__LAP(position)) return 0;
    if (atomic_load_explicit(&chunk->first, memory_order_relaxed) != position - from) return 0;
    uint32_t done = ROCKET__ENDS_DONE(word), handed = ROCKET__ENDS_HANDED(word), over = done | handed;
    open = look(chunk, bits(from, end) & ~(how == FINISH ? done : over), from, end, how, &sum);
    if (open == 0) return 0;
    runs = find_runs_over(chunk, over, open & ~over, how == FINISH ? handed : handed | open, over_now);
    ends = word | (how == FINISH ? open : (uint64_t)open << ROCKET__CELLS);
  } while (!atomic_compare_exchange_strong_explicit(&chunk->ends, &word, ends, memory_order_acq_rel, memory_order_acquire));

  for (uint32_t i = 0; i < runs; i++)
    if (over_now[i].counts > 0) add_frame(e, over_now[i].frame, over_now[i].counts);
  if (how == LET_GO) /* never recycled, so it may still be read; the next taker's count and its own */
    for (; open != 0; open &= open - 1) add_frame(e, rocket__frame_at(chunk, (uint32_t)__builtin_ctz(open)), 2);
  if (how == HAND_ON) return sum.count; /* still on the books, and the count is the caller's */
  e->count += sum.count;
  e->bytes += sum.bytes;
  return sum.count;
}

int rocket_process_queue_ack(rocket_process_queue *queue, uint64_t position) {
  ended e = {0};
  rocket__chunk *chunk = position < ROCKET__MAX_POSITION ? rocket__chunk_at(queue, position) : NULL;
  if (!chunk || end_cells(chunk, position, 1, FINISH, &e) == 0) return ROCKET_STALE;
  settle(queue, &e);
  return ROCKET_OK;
}

uint32_t rocket_process_queue_ack_many(rocket_process_queue *queue, uint64_t first, uint32_t count) {
  ended e = {0};
  uint32_t n;
  if (first >= ROCKET__MAX_POSITION) return 0; /* so that first + i does not wrap */
  if (count > ROCKET__MAX_HELD_COUNT) count = ROCKET__MAX_HELD_COUNT; /* more are never there */
  for (uint32_t i = 0; i < count; i += n) {
    rocket__chunk *chunk = rocket__chunk_at(queue, first + i);
    n = rocket__in_chunk(first + i, count - i);
    if (chunk) end_cells(chunk, first + i, n, FINISH, &e);
  }
  settle(queue, &e);
  return e.count;
}

bool rocket__process_queue_hand_on(rocket_process_queue *queue, uint64_t position) {
  ended e = {0};
  bool won = end_cells(rocket__chunk_at(queue, position), position, 1, HAND_ON, &e) == 1;
  settle(queue, &e); /* it may have been the last of its run */
  return won;
}

/* `next` stands still now (but for give_back, which lets go of what it gives back). The producer and drop may both be here: each
 * cell has one winner. Its message will never be finished, so `head` must not pass it (I3). */
void rocket__process_queue_let_go(rocket_process_queue *queue) {
  uint64_t at = atomic_load_explicit(&queue->next, memory_order_acquire) >> 1;
  uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_seq_cst); /* seq_cst: the pair is in put */
  ended e = {0};
  for (uint32_t n; at < tail; at += n) {
    n = rocket__in_chunk(at, tail - at);
    end_cells(rocket__chunk_at(queue, at), at, n, LET_GO, &e);
  }
  settle(queue, &e);
}

/* Relaxed: nobody else is here any more. The counts of a run that is not over are still with its cells, of one that is they are gone. */
void rocket__chunk_release_frames(rocket__chunk *chunk, uint32_t filled) {
  ended e = {0};
  uint64_t word = atomic_load_explicit(&chunk->ends, memory_order_relaxed);
  uint32_t starts = atomic_load_explicit(&chunk->starts, memory_order_relaxed);
  uint32_t handed = ROCKET__ENDS_HANDED(word), over = ROCKET__ENDS_DONE(word) | handed;
  for (uint32_t at = 0; at < filled; at++) {
    if ((run_of(starts, at) & ~over) == 0 || handed >> at & 1) continue;
    bool taken = atomic_load_explicit(&chunk->taken_at_ms[at], memory_order_relaxed) != ROCKET__NOT_TAKEN;
    add_frame(&e, rocket__frame_at(chunk, at), taken ? 1 : 2);
  }
  if (e.frame) rocket_frame_release_many(e.frame, e.frame_counts);
}

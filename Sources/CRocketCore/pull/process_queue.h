// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The inside of a ProcessQueue. docs/process-queue.md explains it; the public header lists the invariants.
 *
 * How far a chunk's cells have come is one word, `ends`, so that a batch is finished with one CAS a chunk. Whoever's CAS sets a bit has
 * won that cell; whoever's ends the last cell of a run (the cells of one put in one chunk) gives back the frame counts of all of it.
 *
 * `head` is moved by those who want to know where it is (catch_up), not by those who finish messages: an ack writes its chunk's word and
 * the one number that counts what is held, and touches nothing else that others write.
 *
 * Orders. seq_cst is used where two threads each write one word and then read the other's (the comment there names the pair), and on
 * x86-64 and AArch64 costs these read-modify-writes and loads nothing. Everything else is release/acquire, and relaxed for the
 * payload, which a later CAS of `ends` or check of `head` validates. No separate fences: thread sanitizers do not follow them. */
#ifndef ROCKET_PULL_PROCESS_QUEUE_H
#define ROCKET_PULL_PROCESS_QUEUE_H

#include <stdatomic.h>

#include "base/allocator.h"
#include "rocket_process_queue.h"

enum { ROCKET__CELLS = 16, ROCKET__APART = 64 };

/* A message. Written by the producer alone. */
typedef struct rocket__cell {
  _Atomic int64_t queue_offset; /* of the cell at `tail`: where the next message will be, or a lower number */
  _Atomic(const uint8_t *) record;
  _Atomic uint32_t record_bytes;
  _Atomic uint32_t body_bytes;
} rocket__cell;

typedef struct rocket__chunk {
  /* ROCKET__ENDS: what has become of the cells, and in which lap. */
  _Atomic uint64_t ends;
  _Atomic uint64_t first;  /* the first cell's position; the lap is only half of it */
  _Atomic uint32_t starts; /* bits of the cells at which a run begins; the sentinel's is one */
  struct rocket__chunk *spare; /* the next unused one; the producer's */
  _Atomic uint64_t taken_at_ms[ROCKET__CELLS]; /* the takers'; ROCKET__NOT_TAKEN: READY, or not filled yet */
  rocket__cell cells[ROCKET__CELLS];
  _Atomic(rocket_frame *) frames[ROCKET__CELLS]; /* of the run that begins at this cell */
} rocket__chunk;

#define ROCKET__NOT_TAKEN UINT64_MAX

/* `ends`: a DONE bit for each cell (finished), a HANDED bit (its frame count was handed on: to the caller of the scan, or it was let go by
 * drop), and 32 bits of the chunk's number, so that a word of an earlier lap never equals one of a later. A cell is
 *   READY    not taken, no bit       counts of the frame: 2, its own and the next taker's
 *   TAKEN    taken, no bit           1, its own
 *   EXPIRED  taken, HANDED           none
 *   GONE     not taken, HANDED       none; `head` never passes it
 *   DONE     DONE, perhaps HANDED    if not HANDED its own, until all cells of its run are DONE or HANDED */
#define ROCKET__CELL_BITS (((uint32_t)1 << ROCKET__CELLS) - 1)
#define ROCKET__ENDS_DONE(ends) ((uint32_t)(ends) & ROCKET__CELL_BITS)
#define ROCKET__ENDS_HANDED(ends) ((uint32_t)(ends) >> ROCKET__CELLS)
#define ROCKET__ENDS_LAP(ends) ((uint32_t)((ends) >> 32))
#define ROCKET__LAP(position) ((uint32_t)((position) / ROCKET__CELLS))
#define ROCKET__MAX_POSITION ((uint64_t)1 << 61)

/* `held`: unfinished messages in the high bits, their body bytes in the low ones, so that one operation changes both. A put that would
 * make one of them overflow is refused. */
enum { ROCKET__HELD_SHIFT = 47 };
#define ROCKET__HELD(count, bytes) ((uint64_t)(count) << ROCKET__HELD_SHIFT | (uint64_t)(bytes))
#define ROCKET__HELD_COUNT(held) ((held) >> ROCKET__HELD_SHIFT)
#define ROCKET__MAX_HELD_COUNT (UINT64_MAX >> ROCKET__HELD_SHIFT)
#define ROCKET__MAX_HELD_BYTES (((uint64_t)1 << ROCKET__HELD_SHIFT) - 1)
#define ROCKET__HELD_BYTES(held) ((held) & ROCKET__MAX_HELD_BYTES)

/* `next` carries "dropped" in its lowest bit: a claim and a drop meet in one word, so none can slip by the other. */
#define ROCKET__DROPPED ((uint64_t)1)

/* `throttled`: who has to wake the puller. */
enum { ROCKET__AWAKE = 0, ROCKET__BY_ITSELF = 1, ROCKET__BY_BUDGET = 2 };

/* `holder`, of the orderly way. */
enum { ROCKET__NEVER_HELD = 0, ROCKET__HELD_NOW = 1, ROCKET__NOT_HELD = 2 };

/* The groups below are written by different threads and kept a cache line (ROCKET__APART) apart. */
struct rocket_process_queue {
  /* Set before the first put, then only read. */
  const rocket_allocator *allocator;
  rocket_byte_budget *budget;
  void (*wake)(void *user);
  void *wake_user;
  void (*wake_drop)(void *user);
  uint64_t directory_mask; /* entries - 1; entries are a power of two */
  uint32_t largest_pull;
  /* Seldom changed. */
  _Atomic uint64_t max_bytes;
  _Atomic uint32_t max_count;
  _Atomic uint32_t max_span;
  _Atomic uint32_t counts;
  _Atomic bool waits; /* is it in the budget's list? Changed under the budget's lock */
  struct rocket_process_queue *waits_before, *waits_behind;
  char pad_producer[ROCKET__APART];

  /* What the producer tells. */
  _Atomic uint64_t tail;
  _Atomic int64_t last_offset;
  char pad_told[ROCKET__APART];

  /* What is its own. */
  int64_t floor_offset;   /* what the cell at tail says: the next message is not below it */
  uint64_t oldest_chunk;  /* chunks [oldest, end) are in the directory */
  uint64_t end_chunk;
  rocket__chunk *spares;
  char pad_head[ROCKET__APART];

  /* Those who look how far it went. All before it is finished. */
  _Atomic uint64_t head;
  char pad_next[ROCKET__APART];

  /* The takers'. */
  _Atomic uint64_t next; /* position << 1 | ROCKET__DROPPED */
  _Atomic uint32_t holder;
  char pad_held[ROCKET__APART];

  /* Everyone's. */
  _Atomic uint64_t held;
  _Atomic uint32_t throttled;
  char pad_directory[ROCKET__APART];

  _Atomic(rocket__chunk *) directory[];
};

/* The chunk of `position`, or NULL when no message was ever there. Chunks are recycled but not given back while the queue lives, so
 * it may be for other positions by now; its `ends` (or `head`) tells.
 * Acquire: what the producer wrote into a chunk before it hung it up is there. */
static inline rocket__chunk *rocket__chunk_at(const rocket_process_queue *queue, uint64_t position) {
  return atomic_load_explicit(&queue->directory[position / ROCKET__CELLS & queue->directory_mask], memory_order_acquire);
}

/* The first cell of the run that the cell `at` is in, which is filled. */
static inline uint32_t rocket__run_start(uint32_t starts, uint32_t at) {
  return 31 - (uint32_t)__builtin_clz(starts & (((uint32_t)2 << at) - 1));
}

/* Relaxed: the marks around a message were made before it was published. */
static inline rocket_frame *rocket__frame_at(const rocket__chunk *chunk, uint32_t at) {
  uint32_t starts = atomic_load_explicit(&chunk->starts, memory_order_relaxed);
  return atomic_load_explicit(&chunk->frames[rocket__run_start(starts, at)], memory_order_relaxed);
}

/* How many of `count` positions from `position` on are in its chunk. */
static inline uint32_t rocket__in_chunk(uint64_t position, uint64_t count) {
  uint64_t left = ROCKET__CELLS - position % ROCKET__CELLS;
  return (uint32_t)(count < left ? count : left);
}

/* Moves `head` over what is DONE and returns it. Lock-free. Thread: any. */
uint64_t rocket__process_queue_catch_up(const rocket_process_queue *queue);
/* Takes `bytes` of `count` messages off the books and wakes the pullers that waited for it. */
void rocket__process_queue_finished(rocket_process_queue *queue, uint32_t count, uint64_t bytes);
/* Makes a TAKEN message EXPIRED; its frame count is the caller's then. False: it is not TAKEN any more. */
bool rocket__process_queue_hand_on(rocket_process_queue *queue, uint64_t position);
/* Releases the counts that the first `filled` cells have. */
void rocket__chunk_release_frames(rocket__chunk *chunk, uint32_t filled);
/* Lets go of what is READY from `next` on. Only after a drop. */
void rocket__process_queue_let_go(rocket_process_queue *queue);
/* Wakes the puller when it waits for `who`. True: it was this call that did. */
bool rocket__process_queue_wake(rocket_process_queue *queue, uint32_t who);
/* One more count, unless the last one is gone already. */
bool rocket__process_queue_try_retain(rocket_process_queue *queue);

/* The budget's side: byte_budget.c. */
void rocket__byte_budget_add(rocket_byte_budget *budget, uint64_t bytes);
/* Gives bytes back and wakes the queues that wait when there is room again. */
void rocket__byte_budget_subtract(rocket_byte_budget *budget, uint64_t bytes);
/* True: there is no room; the queue was put in the list and is woken later. */
bool rocket__byte_budget_wait(rocket_byte_budget *budget, rocket_process_queue *queue);
void rocket__byte_budget_leave(rocket_byte_budget *budget, rocket_process_queue *queue);

/* Flow control starts again at three quarters of a limit. */
static inline uint64_t rocket__low_water(uint64_t limit) { return limit - limit / 4; }

#endif

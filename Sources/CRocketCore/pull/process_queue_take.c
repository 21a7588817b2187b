// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The consumers' side of a ProcessQueue: taking, finishing, the orderly way, and the scan for messages that take too long. */
#include "pull/process_queue.h"

#include "base/slice.h"

/* Claims up to `max` positions from `first` on. 0: nothing there, or dropped. */
static uint32_t claim(rocket_process_queue *queue, uint32_t max, uint64_t *first) {
  uint64_t word = atomic_load_explicit(&queue->next, memory_order_acquire); /* before tail: then tail is not below it */
  for (;;) {
    if (word & ROCKET__DROPPED) return 0;
    /* Acquire: the cells up to it are filled. seq_cst: see take_ordered. */
    uint64_t ready = atomic_load_explicit(&queue->tail, memory_order_seq_cst) - (word >> 1);
    uint64_t n = ready < max ? ready : max;
    if (n == 0) return 0;
    /* Release: a scanner that reads `next` reaches the cells this taker knows of. Acquire: for the next round. */
    if (atomic_compare_exchange_weak_explicit(&queue->next, &word, word + (n << 1), memory_order_acq_rel,
                                              memory_order_acquire)) {
      *first = word >> 1;
      return (uint32_t)n;
    }
  }
}

static void read_cell(const rocket__cell *cell, uint64_t position, rocket_taken *out) {
  /* Relaxed: see process_queue.h. */
  out->position = position;
  out->queue_offset = atomic_load_explicit(&cell->queue_offset, memory_order_relaxed);
  out->frame = atomic_load_explicit(&cell->frame, memory_order_relaxed);
  out->record = rocket__slice(atomic_load_explicit(&cell->record, memory_order_relaxed),
                                  atomic_load_explicit(&cell->record_bytes, memory_order_relaxed));
}

/* The claimed positions are this thread's alone until they are TAKEN. */
static uint32_t take(rocket_process_queue *queue, uint32_t max, uint64_t now_ms, rocket_taken *out) {
  uint64_t first = 0;
  uint32_t n = claim(queue, max, &first);
  for (uint32_t i = 0; i < n; i++) {
    rocket__cell *cell = rocket__cell_at(queue, first + i);
    read_cell(cell, first + i, &out[i]);
    atomic_store_explicit(&cell->taken_at_ms, now_ms, memory_order_relaxed); /* relaxed: published by state */
    atomic_store_explicit(&cell->state, ROCKET__STATE(first + i, ROCKET__TAKEN), memory_order_release);
  }
  return n;
}

uint32_t rocket_process_queue_take(rocket_process_queue *queue, uint32_t max, uint64_t now_ms, rocket_taken *out) {
  return take(queue, max, now_ms, out);
}

/* What finishing messages adds up to; frames are released one run at a time. */
typedef struct finished_run {
  uint32_t count;
  uint64_t bytes;
  rocket_frame *frame;
  uint32_t frame_counts;
} finished_run;

static void finish_frame(finished_run *run, rocket_frame *frame) {
  if (frame != run->frame) {
    if (run->frame) rocket_frame_release_many(run->frame, run->frame_counts);
    run->frame = frame;
    run->frame_counts = 0;
  }
  run->frame_counts++;
}

/* Marks one position DONE, whoever had it. The payload is read before the CAS: afterwards the cell may be recycled at once. That the
 * state is this position's before and after makes the payload this position's too. False: it was finished before (I6).
 * Release: the reads above come first, and whoever sees DONE may recycle the cell. Acquire: for the next round. */
static bool finish(rocket_process_queue *queue, uint64_t position, finished_run *run) {
  rocket__cell *cell = position < ROCKET__MAX_POSITION ? rocket__cell_at(queue, position) : NULL;
  if (!cell) return false;
  uint64_t seen = atomic_load_explicit(&cell->state, memory_order_acquire);
  while (seen == ROCKET__STATE(position, ROCKET__TAKEN) || seen == ROCKET__STATE(position, ROCKET__EXPIRED)) {
    rocket_frame *frame = atomic_load_explicit(&cell->frame, memory_order_relaxed);
    uint32_t body_bytes = atomic_load_explicit(&cell->body_bytes, memory_order_relaxed);
    bool owns_count = seen == ROCKET__STATE(position, ROCKET__TAKEN); /* when EXPIRED, the scan took it over */
    if (!atomic_compare_exchange_strong_explicit(&cell->state, &seen, ROCKET__STATE(position, ROCKET__DONE), memory_order_acq_rel,
                                                 memory_order_acquire))
      continue;
    run->count++;
    run->bytes += body_bytes;
    if (owns_count) finish_frame(run, frame);
    return true;
  }
  return false;
}

static void settle(rocket_process_queue *queue, const finished_run *run) {
  if (run->count == 0) return;
  if (run->frame) rocket_frame_release_many(run->frame, run->frame_counts);
  rocket__process_queue_finished(queue, run->count, run->bytes);
}

int rocket_process_queue_ack(rocket_process_queue *queue, uint64_t position) {
  return rocket_process_queue_ack_many(queue, position, 1) == 1 ? ROCKET_OK : ROCKET_STALE;
}

uint32_t rocket_process_queue_ack_many(rocket_process_queue *queue, uint64_t first, uint32_t count) {
  finished_run run = {0};
  if (first >= ROCKET__MAX_POSITION) return 0; /* so that first + i does not wrap */
  for (uint32_t i = 0; i < count; i++) finish(queue, first + i, &run);
  settle(queue, &run);
  return run.count;
}

/* BUSY promises that the holder has messages or will still look for those that are there now. A take that finds nothing therefore looks
 * again after it has let go: seq_cst, the pair is "tail, then read holder" (put, then another's take) and "holder, then read tail". */
int rocket_process_queue_take_ordered(rocket_process_queue *queue, uint32_t max, uint64_t now_ms, rocket_taken *out,
                                      uint32_t *taken) {
  if (max == 0) return ROCKET_EMPTY;
  for (;;) {
    uint32_t holder = atomic_load_explicit(&queue->holder, memory_order_seq_cst);
    if (holder == ROCKET__HELD_NOW) return ROCKET_BUSY;
    if (!atomic_compare_exchange_strong_explicit(&queue->holder, &holder, ROCKET__HELD_NOW, memory_order_seq_cst,
                                                 memory_order_relaxed))
      continue;
    uint32_t n = take(queue, max, now_ms, out);
    if (n > 0) {
      *taken = n;
      return ROCKET_OK;
    }
    atomic_store_explicit(&queue->holder, ROCKET__NOT_HELD, memory_order_seq_cst);
    uint64_t next = atomic_load_explicit(&queue->next, memory_order_acquire);
    if (next & ROCKET__DROPPED) return ROCKET_DROPPED;
    if (atomic_load_explicit(&queue->tail, memory_order_seq_cst) == next >> 1) return ROCKET_EMPTY;
  }
}

int rocket_process_queue_take_more(rocket_process_queue *queue, uint32_t max, uint64_t now_ms, rocket_taken *out, uint32_t *taken) {
  uint32_t n = take(queue, max, now_ms, out);
  if (n == 0) return rocket_process_queue_is_dropped(queue) ? ROCKET_DROPPED : ROCKET_EMPTY;
  *taken = n;
  return ROCKET_OK;
}

/* What is held is exactly [head, next): there is no other taker, and all before is finished. */
int64_t rocket_process_queue_commit(rocket_process_queue *queue) {
  uint64_t head = rocket__process_queue_catch_up(queue);
  uint64_t next = atomic_load_explicit(&queue->next, memory_order_relaxed) >> 1; /* relaxed: only the holder moves it */
  rocket_process_queue_ack_many(queue, head, (uint32_t)(next - head));
  int64_t offset = rocket_process_queue_commit_offset(queue);
  /* Release: the next holder sees where head and next are. */
  atomic_store_explicit(&queue->holder, ROCKET__NOT_HELD, memory_order_release);
  return offset;
}

void rocket_process_queue_give_back(rocket_process_queue *queue, uint64_t position) {
  uint64_t head = rocket__process_queue_catch_up(queue);
  uint64_t word = atomic_load_explicit(&queue->next, memory_order_relaxed); /* relaxed: only the holder moves it */
  uint64_t from = position > head ? position : head;
  for (uint64_t at = from; at < word >> 1; at++) {
    rocket__cell *cell = rocket__cell_at(queue, at);
    /* The next taker's count, added while the cell still has its own. */
    rocket_frame_retain(atomic_load_explicit(&cell->frame, memory_order_relaxed));
    atomic_store_explicit(&cell->state, ROCKET__STATE(at, ROCKET__READY), memory_order_release);
  }
  /* Back, dropped or not. seq_cst: as the claim's and the drop's, who meet here. */
  while (from < word >> 1 &&
         !atomic_compare_exchange_weak_explicit(&queue->next, &word, from << 1 | (word & ROCKET__DROPPED), memory_order_seq_cst,
                                                memory_order_relaxed))
    continue;
  if (word & ROCKET__DROPPED) rocket__process_queue_let_go(queue);
  if (from == head) atomic_store_explicit(&queue->holder, ROCKET__NOT_HELD, memory_order_release); /* release: as in commit */
}

void rocket_process_queue_rollback(rocket_process_queue *queue) { rocket_process_queue_give_back(queue, 0); }

/* The scan owns a message's count from TAKEN -> EXPIRED on and hands it to the caller. As in Java, the orderly way has no timeout. */
uint32_t rocket_process_queue_scan_expired(rocket_process_queue *queue, uint64_t now_ms, uint64_t timeout_ms, uint32_t max,
                                           rocket_taken *out) {
  if (atomic_load_explicit(&queue->holder, memory_order_relaxed) != ROCKET__NEVER_HELD) return 0;
  uint64_t at = rocket__process_queue_catch_up(queue);
  uint64_t next = atomic_load_explicit(&queue->next, memory_order_acquire) >> 1; /* acquire: the cells up to it are there */
  uint32_t found = 0;
  for (; at < next && found < max; at++) {
    rocket__cell *cell = rocket__cell_at(queue, at);
    uint64_t taken = ROCKET__STATE(at, ROCKET__TAKEN);
    if (atomic_load_explicit(&cell->state, memory_order_acquire) != taken) continue;
    uint64_t since = atomic_load_explicit(&cell->taken_at_ms, memory_order_relaxed);
    if (now_ms < since || now_ms - since <= timeout_ms) continue;
    read_cell(cell, at, &out[found]);
    /* Acquire and release: the count changes hands. */
    if (atomic_compare_exchange_strong_explicit(&cell->state, &taken, ROCKET__STATE(at, ROCKET__EXPIRED), memory_order_acq_rel,
                                                memory_order_relaxed))
      found++;
  }
  return found;
}

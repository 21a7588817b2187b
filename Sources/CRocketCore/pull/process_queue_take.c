// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The consumers' side of a ProcessQueue: taking, the orderly way, and the scan for messages that take too long. Finishing:
 * process_queue_end.c. */
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

static void read_cell(const rocket__cell *cell, uint64_t position, rocket_frame *frame, rocket_taken *out) {
  /* Relaxed: see process_queue.h. */
  out->position = position;
  out->queue_offset = atomic_load_explicit(&cell->queue_offset, memory_order_relaxed);
  out->frame = frame;
  out->record = rocket__slice(atomic_load_explicit(&cell->record, memory_order_relaxed),
                                  atomic_load_explicit(&cell->record_bytes, memory_order_relaxed));
}

/* The claimed positions are this thread's alone until they are TAKEN. */
static uint32_t take(rocket_process_queue *queue, uint32_t max, uint64_t now_ms, rocket_taken *out) {
  uint64_t first = 0;
  uint32_t n = claim(queue, max, &first);
  if (now_ms == ROCKET__NOT_TAKEN) now_ms--;
  for (uint32_t i = 0; i < n;) {
    rocket__chunk *chunk = rocket__chunk_at(queue, first + i);
    uint32_t at = (uint32_t)((first + i) % ROCKET__CELLS), end = at + rocket__in_chunk(first + i, n - i);
    uint32_t starts = atomic_load_explicit(&chunk->starts, memory_order_relaxed); /* relaxed: as in rocket__frame_at */
    rocket_frame *frame = rocket__frame_at(chunk, at);
    for (; at < end; at++, i++) {
      if (starts >> at & 1) frame = atomic_load_explicit(&chunk->frames[at], memory_order_relaxed);
      read_cell(&chunk->cells[at], first + i, frame, &out[i]);
      atomic_store_explicit(&chunk->taken_at_ms[at], now_ms, memory_order_release); /* release: the reads come first */
    }
  }
  return n;
}

uint32_t rocket_process_queue_take(rocket_process_queue *queue, uint32_t max, uint64_t now_ms, rocket_taken *out) {
  return take(queue, max, now_ms, out);
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

/* The first position from `from` on behind which nothing held is finished: a finished message is never given again, nor are those in
 * front of it, as `next` is one number. Acquire: as in end_cells. */
static uint64_t behind_finished(const rocket_process_queue *queue, uint64_t from, uint64_t next) {
  for (uint64_t at = from; at < next; at++) {
    uint64_t ends = atomic_load_explicit(&rocket__chunk_at(queue, at)->ends, memory_order_acquire);
    if (ROCKET__ENDS_DONE(ends) >> at % ROCKET__CELLS & 1) from = at + 1;
  }
  return from;
}

void rocket_process_queue_give_back(rocket_process_queue *queue, uint64_t position) {
  uint64_t head = rocket__process_queue_catch_up(queue);
  uint64_t word = atomic_load_explicit(&queue->next, memory_order_relaxed); /* relaxed: only the holder moves it */
  uint64_t from = behind_finished(queue, position > head ? position : head, word >> 1);
  for (uint64_t at = from; at < word >> 1; at++) {
    rocket__chunk *chunk = rocket__chunk_at(queue, at);
    /* The next taker's count, added while the cell still has its own. */
    rocket_frame_retain(rocket__frame_at(chunk, at % ROCKET__CELLS));
    atomic_store_explicit(&chunk->taken_at_ms[at % ROCKET__CELLS], ROCKET__NOT_TAKEN, memory_order_release);
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

/* The scan takes over a message's count as it becomes EXPIRED and hands it to the caller. As in Java, the orderly way has no timeout. */
uint32_t rocket_process_queue_scan_expired(rocket_process_queue *queue, uint64_t now_ms, uint64_t timeout_ms, uint32_t max,
                                           rocket_taken *out) {
  if (atomic_load_explicit(&queue->holder, memory_order_relaxed) != ROCKET__NEVER_HELD) return 0;
  uint64_t at = rocket__process_queue_catch_up(queue);
  uint64_t next = atomic_load_explicit(&queue->next, memory_order_acquire) >> 1; /* acquire: the cells up to it are there */
  uint32_t found = 0;
  for (; at < next && found < max; at++) {
    rocket__chunk *chunk = rocket__chunk_at(queue, at);
    uint64_t since = atomic_load_explicit(&chunk->taken_at_ms[at % ROCKET__CELLS], memory_order_acquire);
    if (since == ROCKET__NOT_TAKEN || now_ms < since || now_ms - since <= timeout_ms) continue;
    read_cell(&chunk->cells[at % ROCKET__CELLS], at, rocket__frame_at(chunk, at % ROCKET__CELLS), &out[found]);
    if (rocket__process_queue_hand_on(queue, at)) found++;
  }
  return found;
}

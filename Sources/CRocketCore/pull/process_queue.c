// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The producer's side of a ProcessQueue, its life, and what can be read from it. Taking: process_queue_take.c;
 * finishing: process_queue_end.c. */
#include "pull/process_queue.h"

enum { MAX_COUNT = 65535, MAX_SPAN = 65535, MAX_PULL = 1024 * 16 };

void rocket_process_queue_options_default(rocket_process_queue_options *options) {
  *options = (rocket_process_queue_options){
      .max_count = 1000, .max_bytes = (uint64_t)100 << 20, .max_span = 2000, .largest_pull = 32};
}

/* Chunks for a window from `head` to the cell at `tail`: a pull starts at the limit and brings `largest_pull` more, and both ends
 * may lie anywhere in their chunk. */
static uint64_t directory_entries(const rocket_process_queue_options *options) {
  uint64_t limit = options->max_count > options->max_span ? options->max_count : options->max_span;
  uint64_t needed = (limit + options->largest_pull) / ROCKET__CELLS + 2;
  uint64_t entries = 2;
  while (entries < needed) entries *= 2;
  return entries;
}

static bool limits_are_valid(uint32_t max_count, uint64_t max_bytes, uint32_t max_span) {
  return max_count >= 1 && max_count <= MAX_COUNT && max_bytes >= 1 && max_span <= MAX_SPAN;
}

/* A spare one, or a new one, for positions from `first` on; it is empty, and whoever comes for its earlier ones comes too late. */
static rocket__chunk *make_chunk(rocket_process_queue *queue, uint64_t first) {
  rocket__chunk *chunk = queue->spares;
  if (chunk) queue->spares = chunk->spare;
  else chunk = rocket__alloc_zeroed(queue->allocator, 1, sizeof *chunk);
  if (!chunk) return NULL;
  for (int i = 0; i < ROCKET__CELLS; i++)
    atomic_store_explicit(&chunk->taken_at_ms[i], ROCKET__NOT_TAKEN, memory_order_relaxed);
  atomic_store_explicit(&chunk->starts, 1, memory_order_relaxed);
  atomic_store_explicit(&chunk->first, first, memory_order_relaxed);
  /* Release: whoever finds the new lap also finds the rest. */
  atomic_store_explicit(&chunk->ends, (uint64_t)ROCKET__LAP(first) << 32, memory_order_release);
  return chunk;
}

int rocket_process_queue_new(const rocket_process_queue_options *options, int64_t first_offset, rocket_process_queue **out) {
  rocket_process_queue_options defaults;
  if (!options) {
    rocket_process_queue_options_default(&defaults);
    options = &defaults;
  }
  if (!limits_are_valid(options->max_count, options->max_bytes, options->max_span) || options->largest_pull < 1 ||
      options->largest_pull > MAX_PULL || first_offset < 0 || first_offset == INT64_MAX)
    return ROCKET_INVALID_ARGUMENT;

  uint64_t entries = directory_entries(options);
  rocket_process_queue *queue =
      rocket__alloc_zeroed(options->allocator, 1, sizeof *queue + (size_t)entries * sizeof queue->directory[0]);
  if (!queue) return ROCKET_NO_MEMORY;
  queue->allocator = options->allocator;
  rocket__chunk *chunk = make_chunk(queue, 0);
  if (!chunk) {
    rocket__release(queue->allocator, queue);
    return ROCKET_NO_MEMORY;
  }
  queue->budget = options->budget;
  if (queue->budget) rocket_byte_budget_retain(queue->budget);
  atomic_init(&queue->max_bytes, options->max_bytes);
  atomic_init(&queue->max_count, options->max_count);
  atomic_init(&queue->max_span, options->max_span);
  queue->largest_pull = options->largest_pull;
  queue->directory_mask = entries - 1;
  queue->end_chunk = 1;
  queue->floor_offset = first_offset;
  atomic_init(&queue->directory[0], chunk);
  atomic_init(&chunk->cells[0].queue_offset, first_offset);
  atomic_init(&queue->last_offset, first_offset - 1);
  atomic_init(&queue->counts, 1);
  *out = queue;
  return ROCKET_OK;
}

/* Relaxed: who adds a count holds one. */
void rocket_process_queue_retain(rocket_process_queue *queue) {
  atomic_fetch_add_explicit(&queue->counts, 1, memory_order_relaxed);
}

bool rocket__process_queue_try_retain(rocket_process_queue *queue) {
  uint32_t counts = atomic_load_explicit(&queue->counts, memory_order_relaxed);
  while (counts > 0)
    if (atomic_compare_exchange_weak_explicit(&queue->counts, &counts, counts + 1, memory_order_relaxed, memory_order_relaxed))
      return true;
  return false;
}

/* Release and acquire: the one who frees sees everything the others did. */
void rocket_process_queue_release(rocket_process_queue *queue) {
  if (!queue || atomic_fetch_sub_explicit(&queue->counts, 1, memory_order_acq_rel) != 1) return;
  rocket__byte_budget_leave(queue->budget, queue);
  uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
  uint64_t bytes = ROCKET__HELD_BYTES(atomic_load_explicit(&queue->held, memory_order_relaxed));
  if (queue->budget && bytes > 0) rocket__byte_budget_subtract(queue->budget, bytes);
  for (uint64_t at = queue->oldest_chunk * ROCKET__CELLS; at < queue->end_chunk * ROCKET__CELLS; at += ROCKET__CELLS) {
    rocket__chunk *chunk = rocket__chunk_at(queue, at);
    rocket__chunk_release_frames(chunk, tail > at ? rocket__in_chunk(at, tail - at) : 0);
    rocket__release(queue->allocator, chunk);
  }
  while (queue->spares) {
    rocket__chunk *chunk = queue->spares;
    queue->spares = chunk->spare;
    rocket__release(queue->allocator, chunk);
  }
  if (queue->wake_drop) queue->wake_drop(queue->wake_user);
  rocket_byte_budget_release(queue->budget);
  rocket__release(queue->allocator, queue);
}

void rocket_process_queue_set_wake(rocket_process_queue *queue, void (*wake)(void *user), void *user, void (*drop)(void *user)) {
  queue->wake = wake;
  queue->wake_user = user;
  queue->wake_drop = drop;
}

/* How many cells from `position` to the end of its chunk are DONE, up to the first that is not. */
static uint32_t done_from(const rocket_process_queue *queue, uint64_t position) {
  uint64_t word = atomic_load_explicit(&rocket__chunk_at(queue, position)->ends, memory_order_acquire);
  if (ROCKET__ENDS_LAP(word) != ROCKET__LAP(position)) return 0;
  uint32_t open = ~(ROCKET__ENDS_DONE(word) >> position % ROCKET__CELLS);
  return (uint32_t)__builtin_ctz(open);
}

/* The cell at `tail` is never DONE for its position, so this ends there.
 * Acquire on `ends`: its ackers are done with the cells. Release on `head`: so is, then, everybody for whoever acquires it. A chunk
 * that is recycled meanwhile has another lap, and then `head` has moved, so the CAS fails. */
uint64_t rocket__process_queue_catch_up(const rocket_process_queue *queue) {
  _Atomic uint64_t *word = (_Atomic uint64_t *)&queue->head; /* const means: no message changes */
  uint64_t head = atomic_load_explicit(word, memory_order_acquire);
  for (;;) {
    uint64_t end = head;
    for (uint32_t n; (n = done_from(queue, end)) > 0;) end += n;
    if (end == head) return head;
    if (atomic_compare_exchange_strong_explicit(word, &head, end, memory_order_acq_rel, memory_order_acquire)) head = end;
  }
}

/* Makes cells up to and with `last`, which need not be filled. Those behind `head` are recycled: everybody is done with them, and a
 * reader that still looks at one sees `head` moved when it sees what is written there next. */
static int reserve(rocket_process_queue *queue, uint64_t last) {
  uint64_t end = last / ROCKET__CELLS + 1;
  if (end <= queue->end_chunk) return ROCKET_OK;
  uint64_t head = rocket__process_queue_catch_up(queue);
  while (queue->oldest_chunk < head / ROCKET__CELLS) {
    rocket__chunk *chunk =
        atomic_load_explicit(&queue->directory[queue->oldest_chunk++ & queue->directory_mask], memory_order_relaxed);
    chunk->spare = queue->spares;
    queue->spares = chunk;
  }
  if (end - queue->oldest_chunk > queue->directory_mask + 1) return ROCKET_FULL;
  for (; queue->end_chunk < end; queue->end_chunk++) {
    rocket__chunk *chunk = make_chunk(queue, queue->end_chunk * ROCKET__CELLS);
    if (!chunk) return ROCKET_NO_MEMORY;
    /* Release: what is in a fresh chunk is there before it is. */
    atomic_store_explicit(&queue->directory[queue->end_chunk & queue->directory_mask], chunk, memory_order_release);
  }
  return ROCKET_OK;
}

/* How many of `items` are new, and their body bytes. Fails: ROCKET_INVALID_ARGUMENT (there is no offset behind INT64_MAX). */
static int survey(const rocket_process_queue *queue, const rocket_put_item *items, uint32_t count, uint32_t *fresh,
                  uint64_t *bytes) {
  int64_t last = queue->floor_offset - 1;
  size_t sizes = 0;
  uint32_t n = 0;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; i++) {
    sizes |= items[i].record.size;
    if (items[i].queue_offset <= last) continue;
    last = items[i].queue_offset;
    sum += items[i].body_bytes;
    n++;
  }
  *fresh = n;
  *bytes = sum;
  return last < INT64_MAX && sizes <= UINT32_MAX ? ROCKET_OK : ROCKET_INVALID_ARGUMENT;
}

static void fill_cell(rocket__cell *cell, const rocket_put_item *item) {
  /* Release: a reader of the commit offset that still stands at this cell's earlier position and reads the new number also sees that
   * `head` has moved. When it stands at this position, the cell was the sentinel, and the number only rises. */
  atomic_store_explicit(&cell->queue_offset, item->queue_offset, memory_order_release);
  /* Relaxed: published by `tail`. */
  atomic_store_explicit(&cell->record, item->record.data, memory_order_relaxed);
  atomic_store_explicit(&cell->record_bytes, (uint32_t)item->record.size, memory_order_relaxed);
  atomic_store_explicit(&cell->body_bytes, item->body_bytes, memory_order_relaxed);
}

/* Writes those of `items` that are new into the cells from `position` on; in each chunk a run begins. */
static void fill(rocket_process_queue *queue, uint64_t position, rocket_frame *frame, const rocket_put_item *items, uint32_t count) {
  int64_t last = queue->floor_offset - 1;
  rocket__cell *cell = NULL, *end = NULL;
  for (uint32_t i = 0; i < count; i++) {
    if (items[i].queue_offset <= last) continue;
    last = items[i].queue_offset;
    if (cell == end) {
      rocket__chunk *chunk = rocket__chunk_at(queue, position);
      atomic_store_explicit(&chunk->frames[position % ROCKET__CELLS], frame, memory_order_relaxed);
      cell = &chunk->cells[position % ROCKET__CELLS];
      end = &chunk->cells[ROCKET__CELLS];
      position += (uint64_t)(end - cell);
    }
    fill_cell(cell++, &items[i]);
  }
  queue->floor_offset = last + 1;
}

static void write_sentinel(rocket_process_queue *queue, uint64_t position) {
  /* Release: as in fill. */
  atomic_store_explicit(&rocket__chunk_at(queue, position)->cells[position % ROCKET__CELLS].queue_offset, queue->floor_offset,
                        memory_order_release);
}

/* The run that was filled ends before `position`, and the next begins there. */
static void mark_start(rocket_process_queue *queue, uint64_t position) {
  _Atomic uint32_t *starts = &rocket__chunk_at(queue, position)->starts;
  /* Relaxed: only the producer writes it, and `tail` publishes it. */
  uint32_t marks = atomic_load_explicit(starts, memory_order_relaxed);
  atomic_store_explicit(starts, marks | (uint32_t)1 << position % ROCKET__CELLS, memory_order_relaxed);
}

int rocket_process_queue_put(rocket_process_queue *queue, rocket_frame *frame, const rocket_put_item *items, uint32_t count,
                             uint32_t *added) {
  uint32_t fresh;
  uint64_t bytes;
  if (rocket_process_queue_is_dropped(queue)) return ROCKET_DROPPED;
  int status = survey(queue, items, count, &fresh, &bytes);
  if (status != ROCKET_OK) return status;
  uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed); /* relaxed: its own */
  if (fresh > 0) {
    status = reserve(queue, tail + fresh);
    if (status != ROCKET_OK) return status;
    uint64_t held = atomic_load_explicit(&queue->held, memory_order_relaxed); /* relaxed: others only take off */
    if (ROCKET__HELD_COUNT(held) + fresh > ROCKET__MAX_HELD_COUNT || ROCKET__HELD_BYTES(held) + bytes > ROCKET__MAX_HELD_BYTES)
      return ROCKET_FULL;
    /* From here on nothing fails. On the books first, so that no acker can take off what is not there yet (I7). */
    atomic_fetch_add_explicit(&queue->held, ROCKET__HELD(fresh, bytes), memory_order_relaxed);
    if (queue->budget) rocket__byte_budget_add(queue->budget, bytes);
    rocket_frame_retain_many(frame, 2 * fresh);
    fill(queue, tail, frame, items, count);
    tail += fresh;
    mark_start(queue, tail);
    write_sentinel(queue, tail);
    atomic_store_explicit(&queue->last_offset, queue->floor_offset - 1, memory_order_relaxed); /* relaxed: published by tail */
    /* seq_cst: the pair is "tail, then read next (dropped?)" here, "next |= dropped, then read tail" in drop. One of them, or both,
     * see what was put in vain. It also releases the cells to the takers. */
    atomic_store_explicit(&queue->tail, tail, memory_order_seq_cst);
    if (atomic_load_explicit(&queue->next, memory_order_seq_cst) & ROCKET__DROPPED) {
      rocket__process_queue_let_go(queue);
      return ROCKET_DROPPED;
    }
  }
  if (added) *added = fresh;
  return ROCKET_OK;
}

/* Not after a drop: what that pull brought was refused, and must not be passed. */
void rocket_process_queue_advance(rocket_process_queue *queue, int64_t next_offset) {
  if (next_offset <= queue->floor_offset || rocket_process_queue_is_dropped(queue)) return;
  queue->floor_offset = next_offset;
  write_sentinel(queue, atomic_load_explicit(&queue->tail, memory_order_relaxed)); /* relaxed: its own */
}

/* A cell is recycled only after `head` has passed it, and `head` never comes back: when it has not moved, what was read between is
 * this position's. Lock-free: it has moved only if somebody finished a message. Acquire keeps the reads in their order, and with the
 * release in fill and write_sentinel makes a recycled cell's number tell that `head` has moved. */
int64_t rocket_process_queue_commit_offset(const rocket_process_queue *queue) {
  uint64_t head = rocket__process_queue_catch_up(queue);
  for (;;) {
    int64_t offset = atomic_load_explicit(&rocket__chunk_at(queue, head)->cells[head % ROCKET__CELLS].queue_offset, memory_order_acquire);
    uint64_t again = atomic_load_explicit(&queue->head, memory_order_acquire);
    if (again == head) return offset;
    head = again;
  }
}

/* What grows by a put is read before what grows by taking and finishing, so a difference is never more than was true at the first
 * read, and below zero only when the second has overtaken it. */
static uint64_t difference(uint64_t more, uint64_t less) { return more > less ? more - less : 0; }

void rocket_process_queue_get_stats(const rocket_process_queue *queue, rocket_process_queue_stats *out) {
  uint64_t held = atomic_load_explicit(&queue->held, memory_order_relaxed);
  uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire); /* acquire: before the reads that follow */
  out->last_offset = atomic_load_explicit(&queue->last_offset, memory_order_acquire);
  uint64_t next = atomic_load_explicit(&queue->next, memory_order_acquire);
  out->commit_offset = rocket_process_queue_commit_offset(queue);
  out->dropped = (next & ROCKET__DROPPED) != 0;
  out->count = ROCKET__HELD_COUNT(held);
  out->bytes = ROCKET__HELD_BYTES(held);
  out->ready = out->dropped ? 0 : difference(tail, next >> 1);
  out->span = difference((uint64_t)(out->last_offset + 1), (uint64_t)out->commit_offset);
}

bool rocket_process_queue_is_dropped(const rocket_process_queue *queue) {
  return (atomic_load_explicit(&queue->next, memory_order_acquire) & ROCKET__DROPPED) != 0;
}

void rocket_process_queue_drop(rocket_process_queue *queue) {
  /* seq_cst: the pair is in put. */
  if (atomic_fetch_or_explicit(&queue->next, ROCKET__DROPPED, memory_order_seq_cst) & ROCKET__DROPPED) return;
  rocket__byte_budget_leave(queue->budget, queue);
  rocket__process_queue_let_go(queue);
}

/* Room for one more pull? The window is as wide as `head` lets it be, also where max_span sets no limit. */
static bool has_room(const rocket_process_queue *queue) {
  uint64_t first = rocket__process_queue_catch_up(queue) / ROCKET__CELLS; /* before tail: then tail is not below it */
  uint64_t last = (atomic_load_explicit(&queue->tail, memory_order_relaxed) + queue->largest_pull) / ROCKET__CELLS;
  return last - first <= queue->directory_mask;
}

/* What is over its limit, or (`low`) over the mark at which pulls start again. The budget is not asked. */
static rocket_throttle over(const rocket_process_queue *queue, bool low) {
  /* seq_cst: see set_limits. */
  uint64_t max_count = atomic_load_explicit(&queue->max_count, memory_order_seq_cst);
  uint64_t max_bytes = atomic_load_explicit(&queue->max_bytes, memory_order_seq_cst);
  uint64_t max_span = atomic_load_explicit(&queue->max_span, memory_order_seq_cst);
  if (low) {
    max_count = rocket__low_water(max_count);
    max_bytes = rocket__low_water(max_bytes);
    max_span = rocket__low_water(max_span);
  }
  uint64_t held = atomic_load_explicit(&queue->held, memory_order_seq_cst); /* seq_cst: see should_pull */
  if (ROCKET__HELD_COUNT(held) > max_count) return ROCKET_THROTTLE_COUNT;
  if (ROCKET__HELD_BYTES(held) > max_bytes) return ROCKET_THROTTLE_BYTES;
  if (!has_room(queue)) return ROCKET_THROTTLE_SPAN;
  if (max_span == 0) return ROCKET_THROTTLE_NONE;
  int64_t commit_offset = rocket_process_queue_commit_offset(queue);
  int64_t last_offset = atomic_load_explicit(&queue->last_offset, memory_order_relaxed);
  bool too_wide = last_offset > commit_offset && (uint64_t)(last_offset - commit_offset) > max_span;
  return too_wide ? ROCKET_THROTTLE_SPAN : ROCKET_THROTTLE_NONE;
}

/* seq_cst: the pair is "throttled, then read held" here, "held, then read throttled" in finished. Either the second look here sees that
 * the message is off the books, and with it (release, acquire) that its cell is DONE, or the acker sees that it has to wake. */
rocket_throttle rocket_process_queue_should_pull(rocket_process_queue *queue) {
  rocket_throttle reason = over(queue, false);
  if (reason != ROCKET_THROTTLE_NONE) {
    atomic_store_explicit(&queue->throttled, ROCKET__BY_ITSELF, memory_order_seq_cst);
    reason = over(queue, false);
    if (reason != ROCKET_THROTTLE_NONE) return reason;
  }
  if (queue->budget && rocket__byte_budget_wait(queue->budget, queue)) return ROCKET_THROTTLE_BUDGET;
  rocket__byte_budget_leave(queue->budget, queue);
  /* Only the producer makes it anything else, so it may look first: a store would take the ackers' cache line away for nothing.
   * Relaxed: at worst one wake too many. */
  if (atomic_load_explicit(&queue->throttled, memory_order_relaxed) != ROCKET__AWAKE)
    atomic_store_explicit(&queue->throttled, ROCKET__AWAKE, memory_order_relaxed);
  return ROCKET_THROTTLE_NONE;
}

bool rocket__process_queue_wake(rocket_process_queue *queue, uint32_t who) {
  /* Several may see that it is time; one wins (I9). */
  if (!atomic_compare_exchange_strong_explicit(&queue->throttled, &who, ROCKET__AWAKE, memory_order_seq_cst,
                                               memory_order_relaxed))
    return false;
  if (queue->wake) queue->wake(queue->wake_user);
  return true;
}

static void wake_below_low_water(rocket_process_queue *queue) {
  if (atomic_load_explicit(&queue->throttled, memory_order_seq_cst) == ROCKET__BY_ITSELF &&
      over(queue, true) == ROCKET_THROTTLE_NONE)
    rocket__process_queue_wake(queue, ROCKET__BY_ITSELF);
}

void rocket__process_queue_finished(rocket_process_queue *queue, uint32_t count, uint64_t bytes) {
  atomic_fetch_sub_explicit(&queue->held, ROCKET__HELD(count, bytes), memory_order_seq_cst); /* seq_cst: see should_pull */
  if (queue->budget && bytes > 0) rocket__byte_budget_subtract(queue->budget, bytes);
  wake_below_low_water(queue);
}

/* seq_cst: the pair is "throttled, then read the limits" in should_pull, "the limits, then read throttled" here. Either the second look
 * there sees room, or this one sees that it has to wake. */
int rocket_process_queue_set_limits(rocket_process_queue *queue, uint32_t max_count, uint64_t max_bytes, uint32_t max_span) {
  if (!limits_are_valid(max_count, max_bytes, max_span)) return ROCKET_INVALID_ARGUMENT;
  atomic_store_explicit(&queue->max_count, max_count, memory_order_seq_cst);
  atomic_store_explicit(&queue->max_bytes, max_bytes, memory_order_seq_cst);
  atomic_store_explicit(&queue->max_span, max_span, memory_order_seq_cst);
  wake_below_low_water(queue);
  return ROCKET_OK;
}

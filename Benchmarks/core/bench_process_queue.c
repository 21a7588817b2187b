// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* ProcessQueue against a mutex around a sorted map, which is how the other clients keep this window: nanoseconds for one message to be
 * put, taken and acknowledged.
 *
 * Both sides do the same work: messages come 32 to a frame as from a pull, up to 1000 are held, each holds a count of its frame and so
 * does its taker. With several threads one puts and the others take. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "bench.h"
#include "map_queue.h"
#include "rocket_process_queue.h"

enum { PULL = 32, HELD = 1000, MESSAGES = 256 * PULL, BODY = 128, LARGEST_TAKE = 32, CHUNK = 16, MOST_TAKERS = 3 };

/* ---- Two queues with one face ---- */

typedef struct subject {
  void *(*new)(atomic_bool *woken);
  void (*free)(void *queue);
  bool (*may_put)(void *queue, atomic_bool *woken); /* false: try again when `woken` */
  void (*put)(void *queue, rocket_frame *frame, int64_t offset);
  uint32_t (*take)(void *queue, uint32_t max, rocket_taken *out);
  void (*ack)(void *queue, const rocket_taken *first, uint32_t count);
} subject;

static void on_wake(void *user) { atomic_store((atomic_bool *)user, true); }
static void *ours_new(atomic_bool *woken) {
  rocket_process_queue *queue = NULL;
  bench_check(rocket_process_queue_new(NULL, 0, &queue) == 0, "no memory");
  if (woken) rocket_process_queue_set_wake(queue, on_wake, woken, NULL);
  return queue;
}
static void ours_free(void *queue) { rocket_process_queue_release(queue); }
static bool ours_may_put(void *queue, atomic_bool *woken) {
  atomic_store(woken, false);
  return rocket_process_queue_should_pull(queue) == ROCKET_THROTTLE_NONE;
}
static void ours_put(void *queue, rocket_frame *frame, int64_t offset) {
  rocket_put_item items[PULL];
  const uint8_t *bytes = rocket_frame_bytes(frame);
  for (int i = 0; i < PULL; i++) items[i] = (rocket_put_item){{bytes, BODY}, offset + i, BODY};
  bench_check(rocket_process_queue_put(queue, frame, items, PULL, NULL) == 0, "put");
}
static uint32_t ours_take(void *queue, uint32_t max, rocket_taken *out) { return rocket_process_queue_take(queue, max, 0, out); }
static void ours_ack(void *queue, const rocket_taken *first, uint32_t count) {
  if (count == 1) bench_check(rocket_process_queue_ack(queue, first->position) == 0, "ack");
  else bench_check(rocket_process_queue_ack_many(queue, first->position, count) == count, "ack");
}

static void *map_new(atomic_bool *woken) {
  (void)woken;
  void *queue = map_queue_new();
  bench_check(queue != NULL, "no memory");
  return queue;
}
static void map_free(void *queue) { map_queue_free(queue); }
static bool map_may_put(void *queue, atomic_bool *woken) { /* nobody wakes here: one has to look again and again */
  atomic_store(woken, true);
  return map_queue_count(queue) <= HELD;
}
static void map_put(void *queue, rocket_frame *frame, int64_t offset) {
  rocket_put_item items[PULL];
  const uint8_t *bytes = rocket_frame_bytes(frame);
  for (int i = 0; i < PULL; i++) items[i] = (rocket_put_item){{bytes, BODY}, offset + i, BODY};
  bench_check(map_queue_put(queue, frame, items, PULL), "no memory");
}
static uint32_t map_take(void *queue, uint32_t max, rocket_taken *out) { return map_queue_take(queue, max, out); }
static void map_ack(void *queue, const rocket_taken *first, uint32_t count) {
  bench_check(map_queue_ack(queue, first->queue_offset, count) >= 0, "commit offset");
}

static const subject ours = {ours_new, ours_free, ours_may_put, ours_put, ours_take, ours_ack};
static const subject map = {map_new, map_free, map_may_put, map_put, map_take, map_ack};

/* ---- Runs ---- */

static rocket_frame *new_frame(void) {
  rocket_frame *frame = NULL;
  bench_check(rocket_frame_new(NULL, (size_t)PULL * BODY, &frame) == 0, "no memory");
  return frame;
}

/* What takers have seen: how many, and the sum of their offsets. */
typedef struct seen {
  uint64_t count, sum;
} seen;

/* False: nothing there. */
static bool consume(const subject *s, void *queue, uint32_t batch, seen *seen) {
  rocket_taken taken[LARGEST_TAKE];
  uint32_t n = s->take(queue, batch, taken);
  if (n == 0) return false;
  for (uint32_t i = 0, run = 1; i < n; i += run, run = 1) {
    seen->sum += (uint64_t)taken[i].queue_offset;
    for (; i + run < n && taken[i + run].frame == taken[i].frame; run++) seen->sum += (uint64_t)taken[i + run].queue_offset;
    rocket_frame_release_many(taken[i].frame, run);
  }
  s->ack(queue, taken, n);
  seen->count += n;
  return true;
}

static void check_all_seen(seen seen) {
  bench_check(seen.count == MESSAGES && seen.sum == (uint64_t)MESSAGES * (MESSAGES - 1) / 2, "a message was lost or came twice");
}

typedef struct plan {
  const subject *s;
  uint32_t takers; /* 0: one thread does all */
  uint32_t batch;
} plan;

/* The queue is kept full: HELD messages wait while one pull after another comes and goes. */
static double run_one_thread(const void *with) {
  const plan *plan = with;
  const subject *s = plan->s;
  void *queue = s->new(NULL);
  rocket_frame *frame = new_frame();
  int64_t offset = 0;
  atomic_bool woken;
  seen seen = {0};
  for (; offset < HELD - PULL; offset += PULL) s->put(queue, frame, offset);
  double began = bench_now_ns();
  uint64_t consumed = (uint64_t)(MESSAGES - offset);
  while (seen.count < consumed) {
    if (s->may_put(queue, &woken)) {
      s->put(queue, frame, offset);
      offset += PULL;
    }
    for (uint64_t until = seen.count + PULL; seen.count < until;) consume(s, queue, plan->batch, &seen);
  }
  double took = bench_now_ns() - began;
  while (seen.count < (uint64_t)offset) consume(s, queue, plan->batch, &seen);
  check_all_seen(seen);
  s->free(queue);
  rocket_frame_release(frame);
  return took / (double)consumed;
}

typedef struct shared {
  const plan *plan;
  void *queue;
  atomic_bool begin, woken;
  atomic_uint ready;
  _Atomic uint64_t consumed, sum;
} shared;

static void wait_for_begin(shared *with) {
  atomic_fetch_add(&with->ready, 1);
  while (!atomic_load(&with->begin)) sched_yield();
}

static void *produce(void *user) {
  shared *with = user;
  const subject *s = with->plan->s;
  rocket_frame *frame = new_frame();
  wait_for_begin(with);
  for (int64_t offset = 0; offset < MESSAGES; offset += PULL) {
    while (!s->may_put(with->queue, &with->woken))
      do sched_yield();
      while (!atomic_load(&with->woken));
    s->put(with->queue, frame, offset);
  }
  rocket_frame_release(frame);
  return NULL;
}

static void *take(void *user) {
  shared *with = user;
  seen seen = {0};
  uint64_t reported = 0;
  wait_for_begin(with);
  for (;;) {
    bool any = consume(with->plan->s, with->queue, with->plan->batch, &seen);
    if (any && seen.count - reported < PULL) continue;
    /* Told to the others seldom enough not to be what is measured. */
    uint64_t all = atomic_fetch_add(&with->consumed, seen.count - reported) + seen.count - reported;
    if (all == MESSAGES) break;
    if (!any) sched_yield();
    reported = seen.count;
  }
  atomic_fetch_add(&with->sum, seen.sum);
  return NULL;
}

static double run_threads(const void *user) {
  const plan *plan = user;
  shared with = {.plan = plan};
  with.queue = plan->s->new(&with.woken);
  pthread_t threads[1 + MOST_TAKERS];
  for (uint32_t i = 0; i <= plan->takers; i++)
    bench_check(pthread_create(&threads[i], NULL, i == 0 ? produce : take, &with) == 0, "no thread");
  while (atomic_load(&with.ready) <= plan->takers) sched_yield();
  double began = bench_now_ns();
  atomic_store(&with.begin, true);
  for (uint32_t i = 0; i <= plan->takers; i++) pthread_join(threads[i], NULL);
  double took = bench_now_ns() - began;
  check_all_seen((seen){with.consumed, with.sum});
  plan->s->free(with.queue);
  return took / (double)MESSAGES;
}

static bench_timed timed(const plan *plan) { return (bench_timed){plan->takers == 0 ? run_one_thread : run_threads, plan}; }

static void measure(const char *name, const char *baseline, plan one, plan other) {
  char parameters[128];
  snprintf(parameters, sizeof parameters, "\"threads\":%u,\"batch\":%u,\"pull\":%d,\"held\":%d", one.takers + 1, one.batch, PULL, HELD);
  bench_compare_timed((bench_line){name, "ns/message", baseline, parameters, false, false}, timed(&one), timed(&other));
}

/* The operations that several threads may meet in, and nothing between them. One claim, the taker's frame counts given back, the word of
 * the chunk in which the messages end, the books; `batch` messages share them, but each chunk has its own word, and the cells' frame counts
 * are given back when a chunk is at its end. */
static double run_atomics(const void *with) {
  const plan *plan = with;
  struct {
    _Alignas(64) _Atomic uint64_t next;
    _Alignas(64) _Atomic uint64_t held;
    _Alignas(64) _Atomic uint64_t frame;
    _Alignas(64) _Atomic uint64_t ends[HELD / CHUNK];
  } words = {0};
  uint64_t next = 0, seen;
  double began = bench_now_ns();
  for (uint32_t done = 0; done < MESSAGES; done += plan->batch) {
    bench_check(atomic_compare_exchange_strong(&words.next, &next, next + plan->batch), "claim");
    next += plan->batch;
    atomic_fetch_sub(&words.frame, plan->batch);
    for (uint32_t i = 0; i < plan->batch; i += CHUNK) {
      _Atomic uint64_t *ends = &words.ends[(done + i) / CHUNK % (HELD / CHUNK)];
      seen = atomic_load(ends);
      bench_check(atomic_compare_exchange_strong(ends, &seen, seen + 1), "finish");
    }
    if ((done + plan->batch) % CHUNK == 0) atomic_fetch_sub(&words.frame, plan->batch > CHUNK ? plan->batch : CHUNK);
    atomic_fetch_sub(&words.held, plan->batch);
  }
  double took = bench_now_ns() - began;
  bench_check(words.next == MESSAGES && words.frame == (uint64_t)0 - 2 * MESSAGES, "count");
  return took / (double)MESSAGES;
}

static void against_atomics(const char *name, uint32_t batch) {
  plan plan = {&ours, 0, batch};
  char parameters[64];
  snprintf(parameters, sizeof parameters, "\"threads\":1,\"batch\":%u", batch);
  bench_compare_timed((bench_line){name, "ns/message", "its atomic operations alone", parameters, false, false}, timed(&plan),
                      (bench_timed){run_atomics, &plan});
}

static void against_map(const char *name, uint32_t takers, uint32_t batch) {
  measure(name, "mutex + sorted map", (plan){&ours, takers, batch}, (plan){&map, takers, batch});
}

BENCH(process_queue) {
  against_map("process_queue_one_by_one", 0, 1);
  against_map("process_queue_batches", 0, LARGEST_TAKE);
  against_atomics("process_queue_or_atomics_one_by_one", 1);
  against_atomics("process_queue_or_atomics_batches", LARGEST_TAKE);
  against_map("process_queue_2_threads_one_by_one", 1, 1);
  against_map("process_queue_2_threads_batches", 1, LARGEST_TAKE);
  against_map("process_queue_4_threads_one_by_one", 3, 1);
  against_map("process_queue_4_threads_batches", 3, LARGEST_TAKE);
  measure("process_queue_2_threads_or_1_one_by_one", "process queue, 1 thread", (plan){&ours, 1, 1}, (plan){&ours, 0, 1});
  measure("process_queue_2_threads_or_1_batches", "process queue, 1 thread", (plan){&ours, 1, LARGEST_TAKE},
          (plan){&ours, 0, LARGEST_TAKE});
}

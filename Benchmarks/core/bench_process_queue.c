// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* ProcessQueue against a mutex around a sorted map, which is how the other clients keep this window: nanoseconds for one message to be
 * put, taken and acknowledged.   bench_process_queue [substring of a name]
 *
 * Both sides do the same work: messages come 32 to a frame as from a pull, up to 1000 are held, each holds a count of its frame and so
 * does its taker. The two run by turns, each turn shorter than a time slice, and the best of each are compared, one JSON object a line:
 * what makes a turn slower is somebody else on the machine. */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "map_queue.h"
#include "rocket_process_queue.h"

enum { PULL = 32, HELD = 1000, ROUNDS = 25, MESSAGES = 100000, BODY = 128, LARGEST_TAKE = 32 };

/* ---- Two queues with one face ---- */

typedef struct subject {
  void *(*new)(atomic_bool *woken);
  void (*free)(void *queue);
  bool (*may_put)(void *queue, atomic_bool *woken); /* false: try again when `woken` */
  void (*put)(void *queue, rocket_frame *frame, int64_t offset);
  uint32_t (*take)(void *queue, uint32_t max, rocket_taken *out);
  void (*ack)(void *queue, const rocket_taken *first, uint32_t count);
} subject;

static void check(bool condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "bench_process_queue: %s\n", what);
  exit(1);
}

static void on_wake(void *user) { atomic_store((atomic_bool *)user, true); }
static void *ours_new(atomic_bool *woken) {
  rocket_process_queue *queue = NULL;
  check(rocket_process_queue_new(NULL, 0, &queue) == 0, "no memory");
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
  for (int i = 0; i < PULL; i++) items[i] = (rocket_put_item){rocket_slice_make(rocket_frame_bytes(frame), BODY), offset + i, BODY};
  check(rocket_process_queue_put(queue, frame, items, PULL, NULL) == 0, "put");
}
static uint32_t ours_take(void *queue, uint32_t max, rocket_taken *out) { return rocket_process_queue_take(queue, max, 0, out); }
static void ours_ack(void *queue, const rocket_taken *first, uint32_t count) {
  check(rocket_process_queue_ack_many(queue, first->position, count) == count, "ack");
}

static void *map_new(atomic_bool *woken) {
  (void)woken;
  void *queue = map_queue_new();
  check(queue != NULL, "no memory");
  return queue;
}
static void map_free(void *queue) { map_queue_free(queue); }
static bool map_may_put(void *queue, atomic_bool *woken) { /* nobody wakes here: one has to look again and again */
  atomic_store(woken, true);
  return map_queue_count(queue) <= HELD;
}
static void map_put(void *queue, rocket_frame *frame, int64_t offset) {
  rocket_put_item items[PULL];
  for (int i = 0; i < PULL; i++) items[i] = (rocket_put_item){rocket_slice_make(rocket_frame_bytes(frame), BODY), offset + i, BODY};
  check(map_queue_put(queue, frame, items, PULL), "no memory");
}
static uint32_t map_take(void *queue, uint32_t max, rocket_taken *out) { return map_queue_take(queue, max, out); }
static void map_ack(void *queue, const rocket_taken *first, uint32_t count) {
  check(map_queue_ack(queue, first->queue_offset, count) > first->queue_offset, "commit offset");
}

static const subject ours = {ours_new, ours_free, ours_may_put, ours_put, ours_take, ours_ack};
static const subject map = {map_new, map_free, map_may_put, map_put, map_take, map_ack};

/* ---- Runs ---- */

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static rocket_frame *new_frame(void) {
  rocket_frame *frame = NULL;
  check(rocket_frame_new(NULL, (size_t)PULL * BODY, &frame) == 0, "no memory");
  return frame;
}

static uint32_t consume(const subject *s, void *queue, uint32_t batch) {
  rocket_taken taken[LARGEST_TAKE];
  uint32_t n = s->take(queue, batch, taken);
  if (n == 0) return 0;
  for (uint32_t i = 0, run = 1; i < n; i += run, run = 1) {
    while (i + run < n && taken[i + run].frame == taken[i].frame) run++;
    rocket_frame_release_many(taken[i].frame, run);
  }
  s->ack(queue, taken, n);
  return n;
}

/* The queue is kept full: HELD messages wait while one pull after another comes and goes. */
static double run_one_thread(const subject *s, uint32_t batch) {
  void *queue = s->new(NULL);
  rocket_frame *frame = new_frame();
  int64_t offset = 0;
  atomic_bool woken;
  for (; offset < HELD - PULL; offset += PULL) s->put(queue, frame, offset);
  double began = now_ns();
  for (uint32_t done = 0; done < MESSAGES;) {
    if (s->may_put(queue, &woken)) {
      s->put(queue, frame, offset);
      offset += PULL;
    }
    for (uint32_t n = 0; n < PULL;) n += consume(s, queue, batch);
    done += PULL;
  }
  double took = now_ns() - began;
  s->free(queue);
  rocket_frame_release(frame);
  return took / (double)MESSAGES;
}

typedef struct shared {
  const subject *s;
  void *queue;
  atomic_bool begin, woken;
} shared;

static void *produce(void *user) {
  shared *with = user;
  rocket_frame *frame = new_frame();
  while (!atomic_load(&with->begin)) sched_yield();
  for (int64_t offset = 0; offset < MESSAGES; offset += PULL) {
    while (!with->s->may_put(with->queue, &with->woken))
      do sched_yield();
      while (!atomic_load(&with->woken));
    with->s->put(with->queue, frame, offset);
  }
  rocket_frame_release(frame);
  return NULL;
}

static double run_two_threads(const subject *s, uint32_t batch) {
  shared with = {.s = s};
  with.queue = s->new(&with.woken);
  pthread_t producer;
  check(pthread_create(&producer, NULL, produce, &with) == 0, "no thread");
  double began = now_ns();
  atomic_store(&with.begin, true);
  for (uint32_t done = 0; done < MESSAGES;) {
    uint32_t n = consume(s, with.queue, batch);
    if (n == 0) sched_yield();
    done += n;
  }
  double took = now_ns() - began;
  pthread_join(producer, NULL);
  s->free(with.queue);
  return took / (double)MESSAGES;
}

static void measure(const char *only, const char *name, int threads, uint32_t batch) {
  if (only && !strstr(name, only)) return;
  double (*run)(const subject *, uint32_t) = threads == 1 ? run_one_thread : run_two_threads;
  double value = run(&ours, batch), baseline = run(&map, batch);
  for (int i = 1; i < ROUNDS; i++) {
    double next = run(&ours, batch);
    if (next < value) value = next;
    next = run(&map, batch);
    if (next < baseline) baseline = next;
  }
  printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"ns/message\",\"baseline\":\"mutex + sorted map\",\"baseline_value\":%.1f,"
         "\"ratio\":%.1f,\"threads\":%d,\"batch\":%u,\"pull\":%d,\"held\":%d}\n",
         name, value, baseline, baseline / value, threads, batch, PULL, HELD);
  fflush(stdout);
}

int main(int argc, char **argv) {
  const char *only = argc > 1 ? argv[1] : NULL;
  measure(only, "process_queue_one_by_one", 1, 1);
  measure(only, "process_queue_batches", 1, LARGEST_TAKE);
  measure(only, "process_queue_2_threads_one_by_one", 2, 1);
  measure(only, "process_queue_2_threads_batches", 2, LARGEST_TAKE);
  return 0;
}

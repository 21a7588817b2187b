// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The ProcessQueue under real threads; made for the thread sanitizer, and for time: a lost wake shows as a test that does not end. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "process_queue_fixture.h"

enum { TAKERS = 3, PULL = 32, BATCH = 8 };

typedef struct stress {
  const rocket_allocator *allocator;
  rocket_process_queue *queue;
  int64_t messages;        /* offsets 0 .. 2 * messages - 1, every second one exists */
  int64_t drop_at;         /* the commit offset at which the queue is dropped; -1: never */
  sem_t wake;              /* the producer's */
  atomic_uchar *taken;     /* by message: how often */
  atomic_uchar *finishing; /* by message: an ack has begun */
  atomic_uint_fast64_t finished;
  atomic_uint_fast64_t expired;
  atomic_bool over;
} stress;

static uint32_t draw(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 33);
}

static void delay(uint64_t *random) {
  uint32_t kind = draw(random) % 64;
  if (kind == 0) sched_yield();
  if (kind == 1) nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void wake_producer(void *user) { sem_post(user); }

static rocket_frame *frame_of(const rocket_allocator *allocator, int64_t first, uint32_t count, rocket_put_item *items) {
  rocket_frame *frame = NULL;
  CHECK_INT(rocket_frame_new(allocator, count * sizeof(int64_t), &frame), ROCKET_OK);
  for (uint32_t i = 0; i < count; i++) {
    int64_t offset = 2 * (first + i);
    uint8_t *record = rocket_frame_bytes(frame) + i * sizeof offset;
    memcpy(record, &offset, sizeof offset);
    items[i] = (rocket_put_item){rocket_slice_make(record, sizeof offset), offset, FIXTURE_BODY};
  }
  return frame;
}

static void *produce(void *user) {
  stress *s = user;
  uint64_t random = 1;
  for (int64_t at = 0; at < s->messages;) {
    while (rocket_process_queue_should_pull(s->queue) != ROCKET_THROTTLE_NONE) {
      while (sem_wait(&s->wake) != 0) continue;
      if (rocket_process_queue_is_dropped(s->queue)) return NULL;
    }
    uint32_t count = 1 + draw(&random) % PULL;
    if (count > s->messages - at) count = (uint32_t)(s->messages - at);
    rocket_put_item items[PULL];
    rocket_frame *frame = frame_of(s->allocator, at, count, items);
    uint32_t added = 0;
    int status = rocket_process_queue_put(s->queue, frame, items, count, &added);
    rocket_frame_release(frame);
    if (status == ROCKET_DROPPED) return NULL;
    CHECK_INT(status, ROCKET_OK);
    CHECK_INT(added, count);
    at += count;
    rocket_process_queue_advance(s->queue, 2 * at);
    delay(&random);
  }
  return NULL;
}

static void check_message(stress *s, const rocket_taken *taken) {
  int64_t offset;
  CHECK_INT(taken->record.size, sizeof offset);
  memcpy(&offset, taken->record.data, sizeof offset);
  CHECK_INT(offset, taken->queue_offset);
  CHECK(offset / 2 < s->messages);
}

static void finish(stress *s, const rocket_taken *taken) {
  atomic_store(&s->finishing[taken->queue_offset / 2], 1);
  if (rocket_process_queue_ack(s->queue, taken->position) == ROCKET_OK) atomic_fetch_add(&s->finished, 1);
  CHECK_INT(rocket_process_queue_ack(s->queue, taken->position), ROCKET_STALE);
  rocket_frame_release(taken->frame);
}

static bool at_end(stress *s) { return atomic_load(&s->finished) == (uint64_t)s->messages; }

/* Takes, holds a few back, finishes in any order. */
static void *consume(void *user) {
  stress *s = user;
  uint64_t random = (uint64_t)(uintptr_t)&random;
  rocket_taken held[4 * BATCH];
  uint32_t holding = 0;
  for (;;) {
    bool dropped = rocket_process_queue_is_dropped(s->queue);
    uint32_t most = holding > 3 * BATCH ? 0 : 1 + draw(&random) % BATCH;
    uint32_t n = rocket_process_queue_take(s->queue, most, now_ms(), held + holding);
    if (dropped) CHECK_INT(n, 0); /* I8 */
    for (uint32_t i = holding; i < holding + n; i++) {
      check_message(s, &held[i]);
      CHECK_INT(atomic_fetch_add(&s->taken[held[i].queue_offset / 2], 1), 0); /* I2 */
    }
    holding += n;
    if (holding == 0 && (dropped || at_end(s))) return NULL;
    if (holding == 0) sched_yield();
    delay(&random);
    for (uint32_t i = n > 0 ? draw(&random) % (holding + 1) : holding; i > 0; i--) {
      uint32_t which = draw(&random) % holding;
      finish(s, &held[which]);
      held[which] = held[--holding];
    }
  }
}

static void *expire(void *user) {
  stress *s = user;
  rocket_taken late[BATCH];
  while (!atomic_load(&s->over)) {
    uint32_t n = rocket_process_queue_scan_expired(s->queue, now_ms(), 0, BATCH, late);
    for (uint32_t i = 0; i < n; i++) {
      check_message(s, &late[i]);
      finish(s, &late[i]);
    }
    atomic_fetch_add(&s->expired, n);
    sched_yield();
  }
  return NULL;
}

static void *read_commit_offset(void *user) {
  stress *s = user;
  int64_t last = 0;
  while (!atomic_load(&s->over)) {
    int64_t now = rocket_process_queue_commit_offset(s->queue);
    CHECK(now >= last);                                                                         /* I4 */
    for (; last < now; last++) CHECK(last % 2 == 1 || atomic_load(&s->finishing[last / 2]) == 1); /* I3 */
    rocket_process_queue_stats stats = fixture_stats(s->queue);
    CHECK(stats.count <= 2000 && stats.bytes <= 2000 * FIXTURE_BODY && stats.span <= 8000 && stats.ready <= 2000); /* I7 */
    if (s->drop_at >= 0 && now >= s->drop_at) {
      rocket_process_queue_drop(s->queue);
      sem_post(&s->wake); /* as the owner of a throttled puller does when the queue is revoked */
      s->drop_at = -1;
    }
  }
  return NULL;
}

static void run(rocket_process_queue_options options, int64_t messages, int64_t drop_at) {
  stress s = {.allocator = options.allocator, .queue = fixture_queue(&options, 0), .messages = messages, .drop_at = drop_at};
  s.taken = calloc((size_t)messages, 1);
  s.finishing = calloc((size_t)messages, 1);
  CHECK(s.taken && s.finishing && sem_init(&s.wake, 0, 0) == 0);
  rocket_process_queue_set_wake(s.queue, wake_producer, &s.wake, NULL);
  pthread_t producer, reader, scanner, takers[TAKERS];
  CHECK(pthread_create(&producer, NULL, produce, &s) == 0);
  CHECK(pthread_create(&reader, NULL, read_commit_offset, &s) == 0);
  CHECK(pthread_create(&scanner, NULL, expire, &s) == 0);
  for (int i = 0; i < TAKERS; i++) CHECK(pthread_create(&takers[i], NULL, consume, &s) == 0);
  pthread_join(producer, NULL);
  for (int i = 0; i < TAKERS; i++) pthread_join(takers[i], NULL);
  atomic_store(&s.over, true);
  pthread_join(reader, NULL);
  pthread_join(scanner, NULL);

  rocket_process_queue_stats stats = fixture_stats(s.queue);
  CHECK_INT(stats.count, 0);
  CHECK_INT(stats.bytes, 0);
  if (drop_at < 0) {
    CHECK_INT(stats.commit_offset, 2 * messages); /* I5 */
    for (int64_t i = 0; i < messages; i++) CHECK_INT(s.taken[i], 1);
  }
  rocket_process_queue_release(s.queue);
  sem_destroy(&s.wake);
  free(s.taken);
  free(s.finishing);
  CHECK_INT(test_allocated(), 0); /* I10 */
}

TEST_LIMITED(process_queue_stress, 20) {
  rocket_process_queue_options options = fixture_options();
  options.max_count = 200, options.max_span = 600; /* 32 chunks: lapped many times */
  run(options, 200000, -1);
  options.max_count = 3, options.max_span = 0, options.largest_pull = PULL;
  run(options, 10000, -1);
}

TEST_LIMITED(process_queue_stress_with_drop, 20) {
  rocket_process_queue_options options = fixture_options();
  for (int64_t round = 0; round < 150; round++) run(options, 2000, round * 20);
}

/* Several queues share a budget smaller than what they want to hold. */
enum { SHARERS = 3, SHARED_MESSAGES = 15000 };

typedef struct sharer {
  stress s;
  pthread_t producer, taker;
} sharer;

TEST_LIMITED(process_queue_stress_of_a_shared_budget, 20) {
  rocket_process_queue_options options = fixture_options();
  CHECK_INT(rocket_byte_budget_new(options.allocator, 40 * FIXTURE_BODY, &options.budget), ROCKET_OK);
  sharer sharers[SHARERS] = {0};
  for (int i = 0; i < SHARERS; i++) {
    stress *s = &sharers[i].s;
    s->queue = fixture_queue(&options, 0);
    s->allocator = options.allocator;
    s->messages = SHARED_MESSAGES;
    s->taken = calloc(SHARED_MESSAGES, 1);
    s->finishing = calloc(SHARED_MESSAGES, 1);
    CHECK(s->taken && s->finishing && sem_init(&s->wake, 0, 0) == 0);
    rocket_process_queue_set_wake(s->queue, wake_producer, &s->wake, NULL);
    CHECK(pthread_create(&sharers[i].producer, NULL, produce, s) == 0);
    CHECK(pthread_create(&sharers[i].taker, NULL, consume, s) == 0);
  }
  for (int i = 0; i < SHARERS; i++) {
    pthread_join(sharers[i].producer, NULL);
    pthread_join(sharers[i].taker, NULL);
    CHECK_INT(atomic_load(&sharers[i].s.finished), SHARED_MESSAGES);
  }
  CHECK_INT(rocket_byte_budget_used(options.budget), 0);
  for (int i = 0; i < SHARERS; i++) {
    rocket_process_queue_release(sharers[i].s.queue);
    free(sharers[i].s.taken);
    free(sharers[i].s.finishing);
  }
  rocket_byte_budget_release(options.budget);
  CHECK_INT(test_allocated(), 0);
}

/* The orderly way: whoever is told of a put takes until there is nothing, or until another does. */
typedef struct orderly {
  rocket_process_queue *queue;
  int64_t messages;
  sem_t told;
  atomic_bool over;
  int64_t next_offset; /* the holder's; no lock guards it but the queue */
  uint64_t given_back; /* likewise */
} orderly;

static void *consume_orderly(void *user) {
  orderly *o = user;
  uint64_t random = (uint64_t)(uintptr_t)&random;
  for (;;) {
    while (sem_wait(&o->told) != 0) continue;
    if (atomic_load(&o->over)) return NULL;
    rocket_taken taken[BATCH];
    uint32_t n = 0;
    while (rocket_process_queue_take_ordered(o->queue, 1 + draw(&random) % BATCH, 0, taken, &n) == ROCKET_OK) {
      for (uint32_t i = 0; i < n; i++) {
        CHECK_INT(taken[i].queue_offset, o->next_offset + 2 * i);
        rocket_frame_release(taken[i].frame);
      }
      delay(&random);
      uint32_t kept = draw(&random) % 4 == 0 ? draw(&random) % (n + 1) : n;
      o->given_back += n - kept;
      o->next_offset += 2 * (int64_t)kept;
      if (kept < n) rocket_process_queue_give_back(o->queue, taken[kept].position);
      if (kept > 0) CHECK(rocket_process_queue_commit(o->queue) >= 0);
    }
  }
}

TEST_LIMITED(process_queue_stress_orderly, 20) {
  rocket_process_queue_options options = fixture_options();
  options.max_count = 65535, options.max_span = 0;
  orderly o = {.queue = fixture_queue(&options, 0), .messages = 30000};
  CHECK(sem_init(&o.told, 0, 0) == 0);
  pthread_t takers[TAKERS];
  for (int i = 0; i < TAKERS; i++) CHECK(pthread_create(&takers[i], NULL, consume_orderly, &o) == 0);
  uint64_t random = 7;
  for (int64_t at = 0; at < o.messages;) {
    uint32_t count = 1 + draw(&random) % 4;
    rocket_put_item items[PULL];
    rocket_frame *frame = frame_of(options.allocator, at, count, items);
    CHECK_INT(rocket_process_queue_put(o.queue, frame, items, count, NULL), ROCKET_OK);
    rocket_frame_release(frame);
    at += count;
    sem_post(&o.told);
    if (draw(&random) % 3 == 0) { /* often enough the takers run dry */
      int64_t seen = -1;
      while (seen < 2 * at - 1) seen = rocket_process_queue_commit_offset(o.queue), sched_yield();
    }
  }
  while (fixture_stats(o.queue).count > 0) sched_yield();
  atomic_store(&o.over, true);
  for (int i = 0; i < TAKERS; i++) sem_post(&o.told);
  for (int i = 0; i < TAKERS; i++) pthread_join(takers[i], NULL);
  CHECK(o.given_back > 0);
  rocket_process_queue_release(o.queue);
  CHECK_INT(test_allocated(), 0);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "failing_allocator.h"

#include <uv.h>

#include "malloc_count.h"
#include "rocket_status.h"
#include "test.h"

enum { MOST_RUNS = 10000 };

/* ---- Allocators ---- */

static bool is_allowed(counting_allocator *counting) {
  uint64_t call = atomic_fetch_add(&counting->calls, 1) + 1;
  uint64_t first = atomic_load(&counting->fail_at);
  bool allowed = first == 0 || call < first || call > atomic_load(&counting->fail_until);
  if (!allowed) atomic_store(&counting->has_failed, true);
  return allowed;
}

static void *allocate(void *user, size_t size) {
  counting_allocator *counting = user;
  void *memory = is_allowed(counting) ? malloc(size) : NULL;
  if (memory) atomic_fetch_add(&counting->blocks, 1);
  return memory;
}

static void *resize(void *user, void *memory, size_t size) {
  counting_allocator *counting = user;
  void *moved = is_allowed(counting) ? realloc(memory, size) : NULL;
  if (moved && !memory) atomic_fetch_add(&counting->blocks, 1);
  return moved;
}

static void give_back(void *user, void *memory) {
  counting_allocator *counting = user;
  if (memory) atomic_fetch_sub(&counting->blocks, 1);
  free(memory);
}

void counting_allocator_init(counting_allocator *counting) {
  *counting = (counting_allocator){.allocator = {allocate, resize, give_back, counting}};
}

void counting_allocator_fail(counting_allocator *counting, uint64_t first, uint64_t last) {
  atomic_store(&counting->fail_at, first);
  atomic_store(&counting->fail_until, last);
  atomic_store(&counting->calls, 0);
  atomic_store(&counting->has_failed, false);
}

static counting_allocator shared = {.allocator = {allocate, resize, give_back, &shared}};

const rocket_allocator *test_allocator(uint64_t fail_at) {
  counting_allocator_fail(&shared, fail_at, fail_at);
  return &shared.allocator;
}
uint64_t test_allocations(void) { return atomic_load(&shared.calls); }
int64_t test_allocated(void) { return atomic_load(&shared.blocks); }

/* ---- Sweeps ---- */

void sweep_begin(sweep *s) {
  if (s->mode == SWEEP_MALLOC) malloc_count_fail_at(s->fail_at);
  else counting_allocator_fail(&shared, s->fail_at, s->mode == SWEEP_FROM ? UINT64_MAX : s->fail_at);
}

void sweep_relent(sweep *s) {
  if (s->mode == SWEEP_MALLOC) malloc_count_fail_at(0);
  else atomic_store(&shared.fail_until, 0);
}

bool sweep_has_failed(const sweep *s) {
  return s->mode == SWEEP_MALLOC ? malloc_count_has_failed() : atomic_load(&shared.has_failed);
}

void sweep_drop(void *s) { atomic_fetch_add(&((sweep *)s)->drops, 1); }

void *sweep_owes_drop(sweep *s) {
  s->drops_due++;
  return s;
}

/* libuv ends the process when it cannot grow its table of descriptors: the one allocation that nobody can make fail and go on. It is
 * also the only one it makes with realloc. */
static void spare_descriptor_table(void) { CHECK(uv_replace_allocator(malloc, malloc_count_spared_realloc, calloc, free) == 0); }

static bool says_no_memory(int status) {
  return status == ROCKET_NO_MEMORY || status == UV_ENOMEM || status == UV_EAGAIN || status == UV_EAI_MEMORY;
}

static bool run_once(const char *name, sweep_operation operation, sweep *s) {
  int status = operation(s);
  bool failed = sweep_has_failed(s);
  malloc_count_fail_at(0);
  test_allocator(0);
  if (status != ROCKET_OK && !(failed && says_no_memory(status)))
    test_fail(__FILE__, __LINE__, "%s, allocation %" PRIu64 " in mode %d: ends with %s", name, s->fail_at, (int)s->mode,
              rocket_status_name(status));
  if (atomic_load(&s->drops) != s->drops_due)
    test_fail(__FILE__, __LINE__, "%s, allocation %" PRIu64 " in mode %d: %d drops of %d", name, s->fail_at, (int)s->mode,
              atomic_load(&s->drops), s->drops_due);
  if (test_allocated() != 0)
    test_fail(__FILE__, __LINE__, "%s, allocation %" PRIu64 " in mode %d: %" PRId64 " blocks not given back", name, s->fail_at,
              (int)s->mode, test_allocated());
  return failed;
}

uint64_t sweep_run(const char *name, sweep_operation operation, sweep_mode mode) {
  if (mode == SWEEP_MALLOC && !malloc_count_works()) return 0;
  if (mode == SWEEP_MALLOC) spare_descriptor_table();
  for (uint64_t fail_at = 1; fail_at <= MOST_RUNS; fail_at++) {
    sweep s = {.mode = mode, .fail_at = fail_at, .allocator = test_allocator(0)};
    if (!run_once(name, operation, &s)) return fail_at - 1;
  }
  test_fail(__FILE__, __LINE__, "%s: still allocating after %d runs", name, (int)MOST_RUNS);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Memory that counts and runs out on demand, and sweeps: an operation is run again and again, each time with the next of its allocations
 * failing, until nothing fails any more. Whichever allocation it is, the operation must end with a status, give every block back,
 * run each drop once and leave its out-parameters alone. */
#ifndef FAILING_ALLOCATOR_H
#define FAILING_ALLOCATOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "rocket_bytes.h"

/* ---- Allocators ---- */

/* An allocator of its own; `allocator` is what the core gets. */
typedef struct counting_allocator {
  rocket_allocator allocator;
  atomic_uint_fast64_t calls; /* since counting_allocator_fail */
  atomic_int_fast64_t blocks; /* not given back */
  atomic_uint_fast64_t fail_at, fail_until;
  atomic_bool has_failed; /* one did, since counting_allocator_fail */
} counting_allocator;

void counting_allocator_init(counting_allocator *counting);
/* The calls with the numbers from `first` (1 is the next; 0: none) to `last` fail. */
void counting_allocator_fail(counting_allocator *counting, uint64_t first, uint64_t last);

/* The one that most tests share; the call with the number `fail_at` (1 is the next; 0: none) fails. */
const rocket_allocator *test_allocator(uint64_t fail_at);
uint64_t test_allocations(void); /* calls since test_allocator */
int64_t test_allocated(void);    /* blocks not given back */

/* ---- Sweeps ---- */

typedef enum sweep_mode {
  SWEEP_ONCE,  /* one call of the allocator fails */
  SWEEP_FROM,  /* it and all that follow: memory stays short */
  SWEEP_MALLOC /* one call of malloc fails, whoever makes it: the core, libuv, zlib, lz4, zstd or the C library */
} sweep_mode;

typedef struct sweep {
  sweep_mode mode;
  uint64_t fail_at;
  const rocket_allocator *allocator; /* for everything the operation makes */
  int drops_due;                     /* callbacks handed over with sweep_drop */
  atomic_int drops;                  /* of these, dropped */
} sweep;

/* What a run leaves in the out-parameters of a call that failed. */
#define SWEEP_UNTOUCHED ((void *)(uintptr_t)0x5A5A)

/* From here on allocations fail as the sweep says; what comes before always succeeds. */
void sweep_begin(sweep *s);
/* From here on they succeed again. */
void sweep_relent(sweep *s);
/* Did one fail since sweep_begin? */
bool sweep_has_failed(const sweep *s);
/* The `drop` of a callback or body whose `user` is the sweep. */
void sweep_drop(void *s);
void *sweep_owes_drop(sweep *s); /* counts one as handed over and returns its `user` */

/* One run. Its status is ROCKET_OK, or one that says that memory was short. */
typedef int (*sweep_operation)(sweep *s);
/* Runs `operation` until a run in which nothing failed, which must end with ROCKET_OK. How many runs had a failure. SWEEP_MALLOC is
 * passed over (0) where malloc cannot be made to fail. */
uint64_t sweep_run(const char *name, sweep_operation operation, sweep_mode mode);

#endif

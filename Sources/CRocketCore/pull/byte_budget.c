// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A number of bytes that several queues share. Counting is one atomic; the lock guards only the list of queues that wait, and
 * nobody touches it unless the budget is (or was) exceeded. From the first queue that has to wait until the low-water mark, new
 * ones wait too: else queues that never stop pulling would keep the number just below the limit and the others waiting. */
#include <pthread.h>

#include "pull/process_queue.h"

struct rocket_byte_budget {
  const rocket_allocator *allocator;
  uint64_t limit;
  _Atomic uint64_t counts;
  _Atomic uint64_t used;
  _Atomic bool anyone_waits; /* the list is not empty; changed under the lock */
  pthread_mutex_t lock;
  rocket_process_queue *first, *last;
};

int rocket_byte_budget_new(const rocket_allocator *allocator, uint64_t limit_bytes, rocket_byte_budget **out) {
  rocket_byte_budget *budget = rocket__alloc_zeroed(allocator, 1, sizeof *budget);
  if (!budget) return ROCKET_NO_MEMORY;
  if (pthread_mutex_init(&budget->lock, NULL) != 0) {
    rocket__release(allocator, budget);
    return ROCKET_NO_MEMORY;
  }
  budget->allocator = allocator;
  budget->limit = limit_bytes;
  atomic_init(&budget->counts, 1);
  *out = budget;
  return ROCKET_OK;
}

/* Relaxed: who adds a count holds one. */
void rocket_byte_budget_retain(rocket_byte_budget *budget) {
  atomic_fetch_add_explicit(&budget->counts, 1, memory_order_relaxed);
}

/* Release and acquire: the one who frees sees everything the others did. */
void rocket_byte_budget_release(rocket_byte_budget *budget) {
  if (!budget || atomic_fetch_sub_explicit(&budget->counts, 1, memory_order_acq_rel) != 1) return;
  pthread_mutex_destroy(&budget->lock);
  rocket__release(budget->allocator, budget);
}

uint64_t rocket_byte_budget_used(const rocket_byte_budget *budget) {
  return atomic_load_explicit(&budget->used, memory_order_relaxed); /* relaxed: a number to look at */
}

/* Relaxed: a limit crossed this way is seen by the next should_pull of each queue; nobody waits for it. */
void rocket__byte_budget_add(rocket_byte_budget *budget, uint64_t bytes) {
  atomic_fetch_add_explicit(&budget->used, bytes, memory_order_relaxed);
}

static void append(rocket_byte_budget *budget, rocket_process_queue *queue) {
  queue->waits_behind = NULL;
  queue->waits_before = budget->last;
  if (budget->last) budget->last->waits_behind = queue;
  else budget->first = queue;
  budget->last = queue;
  atomic_store_explicit(&queue->waits, true, memory_order_relaxed); /* relaxed: under the lock, or see leave */
  /* seq_cst: the pair is "anyone_waits = true, then read used" here, "used -= bytes, then read anyone_waits" in subtract. */
  atomic_store_explicit(&budget->anyone_waits, true, memory_order_seq_cst);
}

static void unlink_queue(rocket_byte_budget *budget, rocket_process_queue *queue) {
  if (queue->waits_before) queue->waits_before->waits_behind = queue->waits_behind;
  else budget->first = queue->waits_behind;
  if (queue->waits_behind) queue->waits_behind->waits_before = queue->waits_before;
  else budget->last = queue->waits_before;
  atomic_store_explicit(&budget->anyone_waits, budget->first != NULL, memory_order_seq_cst);
  /* Last and release: a queue that is being freed goes as soon as it reads this. */
  atomic_store_explicit(&queue->waits, false, memory_order_release);
}

bool rocket__byte_budget_wait(rocket_byte_budget *budget, rocket_process_queue *queue) {
  uint64_t low = rocket__low_water(budget->limit);
  /* Relaxed: a hint that spares the lock; the answer that counts is read below. */
  uint64_t used = atomic_load_explicit(&budget->used, memory_order_relaxed);
  bool closed = atomic_load_explicit(&budget->anyone_waits, memory_order_relaxed);
  if (used <= (closed ? low : budget->limit)) return false;

  pthread_mutex_lock(&budget->lock);
  /* Before it is in the list: who finds it there must find this. */
  atomic_store_explicit(&queue->throttled, ROCKET__BY_BUDGET, memory_order_seq_cst);
  if (!atomic_load_explicit(&queue->waits, memory_order_relaxed)) append(budget, queue);
  bool must_wait = atomic_load_explicit(&budget->used, memory_order_seq_cst) > low; /* seq_cst: see append */
  if (!must_wait) {
    unlink_queue(budget, queue);
    atomic_store_explicit(&queue->throttled, ROCKET__AWAKE, memory_order_relaxed);
  }
  pthread_mutex_unlock(&budget->lock);
  return must_wait;
}

/* Takes the first queue off the list, with a count. NULL: none, or no room. */
static rocket_process_queue *pop(rocket_byte_budget *budget) {
  rocket_process_queue *found = NULL;
  pthread_mutex_lock(&budget->lock);
  while (!found && budget->first &&
         atomic_load_explicit(&budget->used, memory_order_seq_cst) <= rocket__low_water(budget->limit)) {
    rocket_process_queue *queue = budget->first;
    if (rocket__process_queue_try_retain(queue)) found = queue;
    unlink_queue(budget, queue);
  }
  pthread_mutex_unlock(&budget->lock);
  return found;
}

/* The wakes run outside the lock: they are the user's. When the woken ones fill the budget again meanwhile, the rest stays in the
 * list for the next who comes by here. */
void rocket__byte_budget_subtract(rocket_byte_budget *budget, uint64_t bytes) {
  uint64_t used = atomic_fetch_sub_explicit(&budget->used, bytes, memory_order_seq_cst) - bytes; /* seq_cst: see append */
  if (used > rocket__low_water(budget->limit)) return;
  if (!atomic_load_explicit(&budget->anyone_waits, memory_order_seq_cst)) return;
  rocket_process_queue *queue;
  while ((queue = pop(budget)) != NULL) {
    rocket__process_queue_wake(queue, ROCKET__BY_BUDGET);
    rocket_process_queue_release(queue);
  }
}

void rocket__byte_budget_leave(rocket_byte_budget *budget, rocket_process_queue *queue) {
  /* Acquire: pairs with the end of unlink_queue. */
  if (!budget || !atomic_load_explicit(&queue->waits, memory_order_acquire)) return;
  pthread_mutex_lock(&budget->lock);
  if (atomic_load_explicit(&queue->waits, memory_order_relaxed)) unlink_queue(budget, queue);
  pthread_mutex_unlock(&budget->lock);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A reference to a loop for threads that may outlive it: resolver threads, which nothing can interrupt. Made with malloc,
 * because it also outlives what the loop's allocator is promised. */
#ifndef ROCKET_NET_WEAK_LOOP_H
#define ROCKET_NET_WEAK_LOOP_H

#include "net/loop.h"

typedef struct rocket__weak_loop {
  pthread_mutex_t mutex; /* held while `loop` is used, so the loop cannot go away meanwhile */
  rocket_loop *loop;     /* NULL once it is freed */
  atomic_uint count;
} rocket__weak_loop;

/* NULL: no memory. The caller holds the one count. */
rocket__weak_loop *rocket__weak_loop_new(rocket_loop *loop);
rocket__weak_loop *rocket__weak_loop_retain(rocket__weak_loop *weak);
void rocket__weak_loop_release(rocket__weak_loop *weak);

/* rocket__loop_hand, or ROCKET_STOPPED when the loop is gone. Thread: any but the loop's. */
int rocket__weak_loop_hand(rocket__weak_loop *weak, rocket__work *work, void (*file)(rocket_loop *loop, rocket__work *work));
/* The loop is about to be freed. */
void rocket__weak_loop_sever(rocket__weak_loop *weak);

#endif

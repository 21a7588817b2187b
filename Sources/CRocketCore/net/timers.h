// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Deadlines on the loop's heap, all behind one libuv timer. Thread: loop. */
#ifndef ROCKET_NET_TIMERS_H
#define ROCKET_NET_TIMERS_H

#include "net/loop.h"

/* Zero-initialise; lives inside what it is about. */
typedef struct rocket__timer {
  rocket__heap_node node;
  void (*fn)(rocket_loop *loop, struct rocket__timer *timer); /* NULL while not started */
} rocket__timer;

/* Calls `fn` once at `at_ms` (rocket_now_ms) or soon after. Starting again moves it. */
void rocket__timer_start(rocket_loop *loop, rocket__timer *timer, uint64_t at_ms,
                         void (*fn)(rocket_loop *loop, rocket__timer *timer));
/* Allowed when not started. */
void rocket__timer_stop(rocket_loop *loop, rocket__timer *timer);

/* For the loop's turn. */
void rocket__timers_run(rocket_loop *loop);
void rocket__timers_arm(rocket_loop *loop);
/* Drops what rocket_loop_after has not run yet. */
void rocket__timers_stop_tasks(rocket_loop *loop);

/* `now` plus `delay_ms`, or the end of time. */
static inline uint64_t rocket__ms_after(uint64_t now, uint64_t delay_ms) {
  uint64_t at;
  return __builtin_add_overflow(now, delay_ms, &at) ? UINT64_MAX : at;
}

#endif

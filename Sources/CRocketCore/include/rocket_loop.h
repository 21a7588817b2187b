// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The loop: one thread that owns every socket and timer made with it, and calls back on that thread only.
 *
 * Other threads hand work to it through a lock-free inbox. Nothing here installs signal handlers or changes the process:
 * signals are blocked on the loop thread, so neither a handler of the application nor SIGPIPE runs there.
 *
 * Callback rule of the whole library: a callback is a function, a `user` pointer and a `drop` function. A call that fails never
 * runs the function; one that succeeds runs it exactly once (where not said otherwise), on the loop thread, never from inside
 * the call. A caller on another thread may see it run before the call has returned to it; out-parameters are written before it
 * can. `drop(user)` runs exactly once on every path, after the last run of the function; it may be NULL and may run on any thread.
 */
#ifndef ROCKET_LOOP_H
#define ROCKET_LOOP_H

#include "rocket_bytes.h"
#include "rocket_command.h"
#include "rocket_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque: holds a thread and sockets. */
typedef struct rocket_loop rocket_loop;

struct rocket_tls;

typedef struct rocket_loop_options {
  const rocket_allocator *allocator;  /* NULL: malloc. Must outlive the loop and every frame it delivered */
  uint32_t max_frame_bytes;           /* frames over it close their connection; default ROCKET_MAX_FRAME_BYTES */
  uint32_t connect_timeout_ms;        /* default 3000 */
  uint32_t idle_timeout_ms;           /* a connection with nothing read or written this long is closed; default 120000, 0: never */
  uint32_t reconnect_min_ms;          /* wait before the second attempt to an address, doubled with each further one; default 50 */
  uint32_t reconnect_max_ms;          /* the longest such wait, before jitter of up to half of it; default 1000 */
  size_t max_unwritten_bytes;         /* per address, then calls fail with ROCKET_OVERLOADED; default 64 MiB */
  rocket_serialization serialization; /* of the requests this loop sends; default JSON */
  int32_t version;                    /* default ROCKET_VERSION_4_9_8 */
  int32_t language;                   /* default 7, OTHER */
  struct rocket_tls *tls;             /* of the connections that calls open, from rocket_tls_client_new; the loop takes a count of its
                                         own; default NULL: plain */
} rocket_loop_options;

void rocket_loop_options_default(rocket_loop_options *options);

/* Starts the thread. `options` may be NULL and is copied.
 * Thread: any.  Owns: the caller, until rocket_loop_free.  Fails: ROCKET_NO_MEMORY, ROCKET_INVALID_ARGUMENT, libuv's codes. */
int rocket_loop_new(const rocket_loop_options *options, rocket_loop **out);

/* Stops the loop: listeners and connections close, calls in flight fail with ROCKET_STOPPED, timers and tasks not yet run are
 * dropped. Returns at once; further calls return ROCKET_STOPPED. May be repeated.
 * Thread: any. */
void rocket_loop_stop(rocket_loop *loop);

/* Stops, waits until the thread has ended and frees everything. No call on `loop` may run at the same time or later. Nothing on the
 * network can keep it waiting, name lookups neither.
 * Thread: any but the loop's own (then it does nothing and returns ROCKET_WRONG_THREAD). */
int rocket_loop_free(rocket_loop *loop);

/* A piece of work: runs once on the loop thread, or only drops when the loop stops first. */
typedef struct rocket_task {
  void (*fn)(void *user);
  void *user;
  void (*drop)(void *user);
} rocket_task;

/* Thread: any, also the loop's own (the task then runs later, not at once).  Fails: ROCKET_NO_MEMORY, ROCKET_STOPPED. Tasks of
 * one thread run in the order in which they were posted. */
int rocket_loop_post(rocket_loop *loop, rocket_task task);

/* Runs `task` after `delay_ms`. `timer` (may be NULL) receives its id, never 0.
 * Thread: any.  Fails: ROCKET_NO_MEMORY, ROCKET_STOPPED. */
int rocket_loop_after(rocket_loop *loop, uint64_t delay_ms, rocket_task task, uint64_t *timer);
/* Cancels a timer that has not run; then only its drop runs. Unknown and past ids are ignored.
 * Thread: any. From the loop's own thread the task surely does not run any more when this returns; from another one it may be about
 * to run, and when no memory is left for the note to the loop it stays as it was. */
void rocket_loop_cancel_timer(rocket_loop *loop, uint64_t timer);

/* Is the caller on the loop's thread? Thread: any. */
bool rocket_loop_is_current(const rocket_loop *loop);
/* Milliseconds of a clock that never goes back, from an arbitrary start. Thread: any. */
uint64_t rocket_now_ms(void);

#ifdef __cplusplus
}
#endif
#endif

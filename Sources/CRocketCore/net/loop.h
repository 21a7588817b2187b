// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The loop's insides, for net/ only.
 *
 * Each turn, before it sleeps, the loop thread does in this order: file what other threads handed over, run the timers that are
 * due, run what is ready, write what is queued. "Filing" never runs a user's function; functions run from the ready list,
 * from timers and from socket events only, all of which start at the bottom of the stack. That is what makes the callback rule
 * (never re-entrant) hold without a flag anywhere.
 */
#ifndef ROCKET_NET_LOOP_H
#define ROCKET_NET_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/allocator.h"
#include "base/heap.h"
#include "base/id_table.h"
#include "base/inbox.h"
#include "base/list.h"
#include "rocket_loop.h"
#include "rocket_rpc.h"

enum {
  ROCKET__RECEIVE_BYTES = 65536, /* read per system call, unless a large frame is read straight into its slab */
  ROCKET__CACHE_LINE = 64
};

/* Something to do on the loop thread, embedded in what it is about: first handed over (fn files it), later ready (fn runs it). */
typedef struct rocket__work {
  rocket__link link;
  void (*fn)(rocket_loop *loop, struct rocket__work *work);
} rocket__work;

struct rocket__handler;
struct rocket__weak_loop;

struct rocket_loop {
  rocket_loop_options options;
  pthread_t thread;

  /* Any thread; the padding keeps its traffic away from the rest. */
  uint8_t before_shared[ROCKET__CACHE_LINE];
  rocket__inbox inbox;
  atomic_uint_fast64_t last_id; /* of calls and timers */
  uint8_t after_shared[ROCKET__CACHE_LINE];
  atomic_uint_fast32_t connection_count; /* open or opening */
  uv_async_t async;                      /* sent to by any thread */

  /* The loop thread only. */
  uv_loop_t uv;
  uv_prepare_t prepare; /* runs the turn */
  uv_idle_t idle;       /* active while there is ready work: the loop then does not sleep */
  uv_timer_t timer;     /* the one timer, armed for the first of `timers` or earlier */
  bool stopping;        /* the inbox is closed and empty */
  bool closing;         /* everything is told to close */
  uint32_t open_handles; /* connections and listeners that libuv still knows */
  uint64_t random;
  rocket__link arrived; /* taken from the inbox, not filed yet */
  rocket__link ready;   /* works to run */

  rocket__heap timers;
  uint64_t last_timer_order;
  uint64_t armed_at; /* when `timer` fires; UINT64_MAX: it does not */
  rocket__link tasks_later; /* of rocket_loop_after */
  rocket__id_table tasks_by_id;

  rocket__id_table calls; /* by opaque */
  rocket__link endpoints;
  rocket__id_table endpoints_by_hash;
  rocket__link connections;
  rocket__id_table connections_by_id;
  uint64_t last_connection;
  rocket__link unflushed; /* connections with something new to write */
  rocket__link listeners;
  rocket__link lookups;
  struct rocket__weak_loop *weak; /* for the lookups' threads */
  struct rocket__handler *handler; /* of connections that calls open; NULL: none */

  uint8_t received[ROCKET__RECEIVE_BYTES]; /* shared by all connections: read and used up in one go */
};

static inline const rocket_allocator *rocket__loop_allocator(const rocket_loop *loop) { return loop->options.allocator; }

/* Gets `file` called on the loop thread, after everything handed over before: at once when this is that thread.
 * Thread: any.  Fails: ROCKET_STOPPED; the caller then still owns the work. */
int rocket__loop_hand(rocket_loop *loop, rocket__work *work, void (*file)(rocket_loop *loop, rocket__work *work));

/* The same for what needs no memory of its own but an id. Does nothing when the loop has stopped or no memory is left. Thread: any. */
void rocket__loop_tell(rocket_loop *loop, uint64_t id, void (*act)(rocket_loop *loop, uint64_t id));

/* Runs `run` in this turn or the next one, from the bottom of the stack. Thread: loop. */
void rocket__loop_later(rocket_loop *loop, rocket__work *work, void (*run)(rocket_loop *loop, rocket__work *work));

/* A number in [0, bound]. Thread: loop. */
uint64_t rocket__loop_random(rocket_loop *loop, uint64_t bound);

#endif

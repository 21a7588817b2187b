// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The inside of a puller: one state machine on the loop thread.
 *
 * Other threads never act on it. They write down what they want (the atomics) and ask it to look; it looks at everything at once,
 * so orders may come in any number and sequence. Asking needs no memory: the work that goes through the loop's inbox lives in
 * the puller, and `asked` says whether it is under way. So no wake of the process queue can get lost.
 *
 * It lives as long as one of these holds a count: the handle, the guard, the call in flight, the work under way, and the process
 * queue, whose wake function it is. The guard is a task of the loop for the end of time; the loop drops it when it stops, which is how
 * a puller that waits for nothing else learns of it. */
#ifndef ROCKET_PULL_PULLER_H
#define ROCKET_PULL_PULLER_H

#include <stdatomic.h>

#include "net/timers.h"
#include "rocket_message.h"
#include "rocket_puller.h"

/* state: where it may go from there.
 *   IDLE       not started          PULLING   one call in flight; the timer guards against a stall
 *   DELAYED    waits for the timer  THROTTLED waits for the queue's wake
 *   PAUSED     by the owner         STOPPING  the call in flight was cancelled but has not ended      STOPPED  for good */
#define ROCKET__PULLER_STATES(XX, TO)                                                                    \
  XX(IDLE, TO(PULLING) | TO(DELAYED) | TO(THROTTLED) | TO(PAUSED) | TO(STOPPED))                         \
  XX(PULLING, TO(PULLING) | TO(DELAYED) | TO(THROTTLED) | TO(PAUSED) | TO(STOPPING) | TO(STOPPED))       \
  XX(DELAYED, TO(PULLING) | TO(DELAYED) | TO(THROTTLED) | TO(PAUSED) | TO(STOPPED))                      \
  XX(THROTTLED, TO(PULLING) | TO(DELAYED) | TO(PAUSED) | TO(STOPPED))                                    \
  XX(PAUSED, TO(PULLING) | TO(DELAYED) | TO(THROTTLED) | TO(STOPPED))                                    \
  XX(STOPPING, TO(STOPPED))                                                                              \
  XX(STOPPED, 0)

typedef enum rocket__puller_state {
#define ROCKET__PULLER_ENUM(name, next) ROCKET__PULLER_##name,
  ROCKET__PULLER_STATES(ROCKET__PULLER_ENUM, )
#undef ROCKET__PULLER_ENUM
} rocket__puller_state;

/* Copies, each in one piece of memory. */
typedef struct rocket__addresses {
  uint32_t count;
  rocket_broker_address entries[];
} rocket__addresses;

typedef struct rocket__subscription {
  rocket_slice expression_type;
  rocket_slice expression;
  int64_t version;
  uint32_t tag_count;
  rocket_slice tags[];
} rocket__subscription;

/* The public names of the same, in the same order. */
_Static_assert((int)ROCKET__PULLER_IDLE == (int)ROCKET_PULLER_IDLE && (int)ROCKET__PULLER_PULLING == (int)ROCKET_PULLER_PULLING &&
                   (int)ROCKET__PULLER_DELAYED == (int)ROCKET_PULLER_DELAYED &&
                   (int)ROCKET__PULLER_THROTTLED == (int)ROCKET_PULLER_WAITING &&
                   (int)ROCKET__PULLER_PAUSED == (int)ROCKET_PULLER_PAUSED &&
                   (int)ROCKET__PULLER_STOPPING == (int)ROCKET_PULLER_STOPPING &&
                   (int)ROCKET__PULLER_STOPPED == (int)ROCKET_PULLER_ENDED,
               "rocket_puller_state and ROCKET__PULLER_STATES differ");

/* `asked`: */
enum {
  ROCKET__UNDER_WAY = 1, /* the work is handed over and has not begun */
  ROCKET__DETACHED = 2,  /* stopped: the loop must not be touched any more */
  ROCKET__INSIDE = 4     /* times the threads that are about to hand the work over */
};

/* `guard_state`: */
enum { ROCKET__GUARD_NEW, ROCKET__GUARD_LIVE, ROCKET__GUARD_DROPPED };

struct rocket_puller {
  /* Set by new, then only read. */
  rocket_loop *loop;
  const rocket_allocator *allocator;
  rocket_process_queue *queue; /* one count, until it has stopped */
  rocket_puller_listener listener;
  rocket_puller_options options; /* slices point into `text`; what can change is below instead */

  /* Any thread. */
  _Atomic uint32_t counts;
  _Atomic uint32_t asked;
  _Atomic uint32_t guard_state;
  _Atomic bool started, stop_wanted, paused, hurried;
  _Atomic(rocket__addresses *) new_addresses; /* NULL: no change */
  _Atomic(rocket__subscription *) new_subscription;
  _Atomic int64_t wanted_version; /* of the newest subscription */
  _Atomic uint64_t last_pull_ms;
  _Atomic int64_t next_offset;
  _Atomic int64_t max_offset;
  _Atomic int shown_state; /* a copy of `state` for who asks */

  /* The loop thread. */
  rocket__puller_state state;
  rocket__work work;
  rocket__timer timer;
  uint64_t guard;
  uint64_t call;
  rocket__addresses *addresses;
  rocket__subscription *subscription;
  rocket_slice address;         /* of the last call */
  int64_t suggested_broker_id;  /* by the last response */
  uint32_t failures;            /* calls in a row that ended without a response */
  bool throttle_told;           /* THROTTLED was told, RESUMED was not */
  bool stalled;                 /* the call in flight was given up */
  uint8_t text[];
};

/* ---- puller.c ---- */
void rocket__puller_tell(rocket_puller *puller, rocket_puller_event event);
/* What comes next: a pull, unless something stands against it. */
void rocket__puller_proceed(rocket_puller *puller);
/* The same after a while; 0: now. */
void rocket__puller_proceed_after(rocket_puller *puller, uint64_t delay_ms);
/* For good. No call is in flight. */
void rocket__puller_finish(rocket_puller *puller);

/* ---- puller_request.c: what a pull asks, and whom ---- */
/* NULL: no memory left. */
rocket__addresses *rocket__addresses_copy(const rocket_allocator *allocator, const rocket_broker_address *addresses,
                                          uint32_t count);
rocket__subscription *rocket__subscription_copy(const rocket_allocator *allocator, rocket_slice expression_type,
                                                rocket_slice expression, int64_t version, const rocket_slice *tags,
                                                uint32_t tag_count);
/* Sends one pull. Otherwise as rocket_call. */
int rocket__puller_send(rocket_puller *puller, rocket_reply reply);

/* ---- inner_batch.c: the batches that a 5.x broker keeps as one record (topics with queue.type=BatchCQ) ---- */
/* How many messages are in it, each with an offset of its own; 0 when it is no such batch, or not one that can be read. */
uint32_t rocket__inner_batch_count(const rocket_message *message);
/* Where in a batch one is; zero: at its beginning. */
typedef struct rocket__inner_batch_place {
  size_t at; /* in the body; its size: all have been opened */
  uint32_t index;
} rocket__inner_batch_place;
/* A record for each of the next messages, `most` of them, one behind the other in a frame of its own. The batch is one with a count and not
 * at its end.
 * Fails: ROCKET_NO_MEMORY, ROCKET_TOO_LARGE. */
int rocket__inner_batch_open(const rocket_message *batch, uint32_t most, const rocket_allocator *allocator,
                             rocket__inner_batch_place *place, rocket_frame **out);

/* ---- puller_response.c: what the answer means ---- */
void rocket__puller_answered(rocket_puller *puller, const rocket_command *response, rocket_frame *frame);

#endif

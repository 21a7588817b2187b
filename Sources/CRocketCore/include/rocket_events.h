// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Events: what callbacks would have been told, kept in a queue until a thread of yours asks for it.
 *
 * For languages whose code must not run on a thread that they did not make (PHP, Ruby, Lua, JavaScript), and for programs with an event
 * loop of their own. The functions below fill in ordinary callbacks of this library. Each carries a `tag` of your choice, by which its
 * events are known. Take events with rocket_events_next, which can wait; or watch rocket_events_fd in your event loop.
 *
 *   rocket_events_reply(events, 7, &reply);
 *   rocket_call(loop, target, request, body, 3000, reply, NULL);
 *   rocket_events_next(events, 5000, &event);   // ROCKET_EVENT_REPLY, tag 7
 *
 * Each callback that was filled in has to be handed to one call, whether that call then fails or not. A reply's event is never lost, nor
 * are a puller's READY, OFFSET_ILLEGAL, OFFSET_RESET and STOPPED: their memory is taken beforehand. Other events are left out when there
 * is no memory, or when ROCKET_EVENTS_MAX events wait already.
 */
#ifndef ROCKET_EVENTS_H
#define ROCKET_EVENTS_H

#include "rocket_puller.h"
#include "rocket_rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ROCKET_EVENTS_MAX = 65536 };

/* Opaque: holds a lock and a pipe. */
typedef struct rocket_events rocket_events;

typedef enum rocket_event_kind {
  ROCKET_EVENT_REPLY = 1, /* a call has ended */
  ROCKET_EVENT_REQUEST,   /* a peer asks something: answer with rocket_respond, unless it is oneway */
  ROCKET_EVENT_OPENED,    /* a connection was made */
  ROCKET_EVENT_CLOSED,    /* ... or lost */
  ROCKET_EVENT_PULLER,    /* see rocket_puller.h */
  ROCKET_EVENT_REFUSED    /* somebody came to a listener with TLS and was not let in */
} rocket_event_kind;

typedef struct rocket_event {
  rocket_event_kind kind;
  int status;                    /* REPLY, CLOSED, REFUSED: as their callbacks are told */
  uint64_t tag;
  rocket_connection connection;  /* REQUEST, OPENED, CLOSED */
  rocket_slice address;          /* of the peer: REQUEST, OPENED, CLOSED, REFUSED */
  const rocket_command *command; /* REPLY when `status` is ROCKET_OK, REQUEST; else NULL */
  rocket_frame *frame;           /* holds the bytes of `command`; rocket_frame_retain keeps them */
  rocket_puller_event puller;    /* PULLER; READY, OFFSET_* and STOPPED have neither remark nor address; READY adds up */
} rocket_event;

/* Thread: any.  Owns: the caller, until rocket_events_free.  Fails: ROCKET_NO_MEMORY, libuv's codes (UV_EMFILE ...). */
int rocket_events_new(const rocket_allocator *allocator, rocket_events **out);
/* What waits is let go, and what callbacks still hear is dropped: calls and pullers may outlive it. NULL is allowed. Thread: any, not
 * while another one is in rocket_events_next. */
void rocket_events_free(rocket_events *events);

/* Fill in one callback. Thread: any.  Fail: ROCKET_NO_MEMORY. */
int rocket_events_reply(rocket_events *events, uint64_t tag, rocket_reply *out);
int rocket_events_handler(rocket_events *events, uint64_t tag, rocket_handler *out);
int rocket_events_puller(rocket_events *events, uint64_t tag, rocket_puller_listener *out);

/* The oldest event. What it points to stays valid until the next call. Waits up to `timeout_ms`; 0: not at all, UINT32_MAX: for ever.
 * Thread: one at a time, not the loop's when it waits.  Fails: ROCKET_TIMEOUT (none came). */
int rocket_events_next(rocket_events *events, uint32_t timeout_ms, rocket_event *out);
/* A file descriptor that is readable while events wait: for poll, select and event loops, not to be read. Thread: any. */
int rocket_events_fd(const rocket_events *events);

#ifdef __cplusplus
}
#endif
#endif

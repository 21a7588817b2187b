// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* One call, from rocket_call until its reply has run. It belongs to one of: the inbox, an endpoint's waiting list, a connection's
 * calls, the loop's ready list. Its bytes can outlive it: libuv may hold them while it is cancelled. Thread: loop. */
#ifndef ROCKET_NET_CALL_H
#define ROCKET_NET_CALL_H

#include "net/outgoing.h"
#include "net/timers.h"

struct rocket__endpoint;
struct rocket__connection;

typedef struct rocket__call {
  rocket__work work;       /* caller -> loop: submit; then in loop->ready: tell the caller how it failed */
  rocket__outgoing frame;
  rocket__link link;       /* in the endpoint's waiting calls or the connection's calls */
  rocket__id_entry by_opaque; /* in loop->calls until it ends */
  rocket__timer timer;     /* the deadline */
  uint64_t deadline_ms;
  uint64_t id;
  rocket_target target;
  struct rocket__endpoint *endpoint;     /* it waits there */
  struct rocket__connection *connection; /* it was sent there */
  rocket_reply reply;
  int status;     /* how it failed */
  bool oneway;
  bool ended;     /* nobody finds it any more; the reply runs soon */
  bool told;      /* the reply has run */
} rocket__call;

/* Queues the call on an open connection. */
void rocket__call_attach(rocket__call *call, struct rocket__connection *connection);

/* The call fails (or a oneway succeeds) with `status`; its reply runs from the ready list. May be repeated. */
void rocket__call_end(rocket_loop *loop, rocket__call *call, int status);
/* Ends every call in `calls`, linked by `link`. */
void rocket__calls_end(rocket_loop *loop, rocket__link *calls, int status);

/* `reply` came over `connection`: runs the reply of the call it answers, if there still is one. */
void rocket__call_answer(struct rocket__connection *connection, const rocket_command *reply, rocket_frame *frame);

#endif

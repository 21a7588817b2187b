// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* One frame on its way out, embedded in the call or response it belongs to. */
#ifndef ROCKET_NET_OUTGOING_H
#define ROCKET_NET_OUTGOING_H

#include "net/loop.h"

typedef enum rocket__outgoing_state {
  ROCKET__OUTGOING_IDLE,   /* not queued, or no longer */
  ROCKET__OUTGOING_QUEUED, /* no byte of it is written yet: it can be taken back */
  ROCKET__OUTGOING_BEGUN   /* partly written, or in libuv's hands */
} rocket__outgoing_state;

typedef struct rocket__outgoing {
  rocket__link link;
  rocket_slice head; /* the frame up to the body, or all of it */
  rocket_body body;  /* bytes that follow without being copied */
  rocket__outgoing_state state;
  /* The frame has left the queue: ROCKET_OK when the system has it all. May free the frame. */
  void (*done)(rocket_loop *loop, struct rocket__outgoing *frame, int status);
} rocket__outgoing;

static inline size_t rocket__outgoing_size(const rocket__outgoing *frame) { return frame->head.size + frame->body.bytes.size; }

/* Gives the body back to its owner. May be repeated. */
static inline void rocket__outgoing_drop_body(rocket__outgoing *frame) {
  void (*drop)(void *user) = frame->body.drop;
  frame->body.drop = NULL;
  if (drop) drop(frame->body.user);
}

/* Makes the owner of a frame and encodes the frame behind it, all in one allocation: `owner_size` bytes for the owner's struct,
 * then `text`, then the frame. `out` is the owner, `text` moves to its copy, `frame` gets head and body; nothing else of the
 * owner is initialised. A body without `drop` is copied into the head.
 * Thread: any.  Fails: what rocket_command_encode_head fails with; the body is then still the caller's. */
int rocket__outgoing_encode(const rocket_loop *loop, size_t owner_size, rocket_slice *text, const rocket_command *command,
                            rocket_body body, rocket__outgoing *frame, void **out);

#endif

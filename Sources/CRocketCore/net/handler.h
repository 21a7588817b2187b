// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A counted rocket_handler: the listener and each of its connections hold one count. Thread: loop. */
#ifndef ROCKET_NET_HANDLER_H
#define ROCKET_NET_HANDLER_H

#include "net/loop.h"

typedef struct rocket__handler {
  rocket__work work; /* rocket_loop_set_handler: caller -> loop; then: to be dropped */
  rocket_handler callbacks;
  uint32_t count;
} rocket__handler;

static inline rocket__handler *rocket__handler_retain(rocket__handler *handler) {
  handler->count++;
  return handler;
}

/* The last one frees and drops. NULL is allowed. */
static inline void rocket__handler_release(rocket_loop *loop, rocket__handler *handler) {
  if (!handler || --handler->count > 0) return;
  rocket_handler callbacks = handler->callbacks;
  rocket__release(rocket__loop_allocator(loop), handler);
  if (callbacks.drop) callbacks.drop(callbacks.user);
}

#endif

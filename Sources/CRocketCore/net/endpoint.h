// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* One address that calls go to: its connection, the calls that wait for it, and when it may be tried again. It exists while one
 * of these does, so memory does not grow with the addresses ever used. Thread: loop. */
#ifndef ROCKET_NET_ENDPOINT_H
#define ROCKET_NET_ENDPOINT_H

#include "net/connection.h"

struct rocket__call;

typedef struct rocket__endpoint {
  rocket_loop *loop;
  rocket__link link;          /* in loop->endpoints */
  rocket__id_entry by_hash;
  rocket__connection *connection; /* opening or open; NULL: none */
  rocket__link waiting;       /* calls, while the connection is not open */
  size_t waiting_bytes;
  uint32_t failures;          /* attempts and short-lived connections in a row */
  uint64_t retry_at_ms;       /* no attempt before */
  rocket__timer timer;        /* the next attempt, or forgetting the failures */
  size_t address_size;
  uint8_t address[];
} rocket__endpoint;

/* Takes a call over: sends it, or lets it wait for the connection. Its failure is the call's end. */
void rocket__endpoint_submit(rocket_loop *loop, struct rocket__call *call, rocket_slice address);

/* From the connection. `lost` may free the endpoint. */
void rocket__endpoint_opened(rocket__endpoint *endpoint);
void rocket__endpoint_lost(rocket__endpoint *endpoint, const rocket__connection *connection);

/* For the loop: the connections have been stopped before. */
void rocket__endpoints_stop(rocket_loop *loop);

#endif

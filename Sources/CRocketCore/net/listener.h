// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The accept side. Thread: as said; the rest is rocket_rpc.h's rocket_listener_*. */
#ifndef ROCKET_NET_LISTENER_H
#define ROCKET_NET_LISTENER_H

#include "net/loop.h"

/* Closes the sockets. Thread: loop. */
void rocket__listeners_stop(rocket_loop *loop);
/* Frees what nobody closed. Thread: the one that frees the loop. */
void rocket__listeners_free(rocket_loop *loop);

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Host names to addresses.
 *
 * Each lookup has a thread of its own while it lasts. libuv's resolver would be shared with the whole process and runs two lookups at
 * a time, so two names with a dead name server would keep all others from being found; and it is waited for when the loop or the
 * process ends, however long the system's resolver takes. There is at most one thread per name: an attempt that was given up
 * leaves its lookup behind, and the next attempt takes that over. */
#ifndef ROCKET_NET_LOOKUP_H
#define ROCKET_NET_LOOKUP_H

#include <netdb.h>

#include "net/address.h"

/* Looks a numeric host up, which needs no resolver. `found` is given back with freeaddrinfo.
 * Thread: any.  Fails: libuv's codes; UV_EAI_NONAME when the host is a name. */
int rocket__lookup_numeric(const rocket__address *address, struct addrinfo **found);
/* The same for names. Blocks. Thread: any but the loop's. */
int rocket__lookup_blocking(const rocket__address *address, struct addrinfo **found);

typedef struct rocket__lookup rocket__lookup;

/* Calls `done` once, later, with ROCKET_OK and addresses to free, or with the failure; not when the loop stops first.
 * Thread: loop.  Fails: ROCKET_NO_MEMORY, libuv's codes (no thread). */
int rocket__lookup_start(rocket_loop *loop, const rocket__address *address, void *user,
                         void (*done)(void *user, int status, struct addrinfo *found), rocket__lookup **out);
/* `done` will not run. Thread: loop. */
void rocket__lookup_abandon(rocket__lookup *lookup);

/* For the loop: what is under way ends without it. */
void rocket__lookups_stop(rocket_loop *loop);

#endif

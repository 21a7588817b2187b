// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* "host:port" texts, their lookup, and socket addresses as text. */
#ifndef ROCKET_NET_ADDRESS_H
#define ROCKET_NET_ADDRESS_H

#include <netdb.h>

#include "net/loop.h"

enum {
  ROCKET__HOST_BYTES = 256, /* a DNS name has at most 253 */
  ROCKET__PEER_BYTES = 64   /* "[" an IPv6 address with its zone "]:65535" */
};

/* Zero-terminated, as getaddrinfo wants them. */
typedef struct rocket__address {
  char host[ROCKET__HOST_BYTES];
  char port[6];
} rocket__address;

/* Splits at the last ':'; brackets around the host are taken off. Port 0 is only good for listening.
 * Thread: any.  Fails: ROCKET_BAD_ADDRESS. */
int rocket__address_parse(rocket_slice text, bool allow_port_0, rocket__address *out);

/* Looks a numeric host up, which needs no resolver. `found` is given back with freeaddrinfo.
 * Thread: any.  Fails: UV_EAI_NONAME when the host is a name, or libuv's codes. */
int rocket__lookup_numeric(const rocket__address *address, struct addrinfo **found);
/* The same for names. Blocks. Thread: any but the loop's. */
int rocket__lookup_blocking(const rocket__address *address, struct addrinfo **found);

/* A lookup on libuv's resolver threads. */
typedef struct rocket__lookup rocket__lookup;

/* Calls `done` once, later, with ROCKET_OK and an addrinfo to free, or with the failure.
 * Thread: loop.  Fails: ROCKET_NO_MEMORY, libuv's codes. */
int rocket__lookup_start(rocket_loop *loop, const rocket__address *address, void *user,
                         void (*done)(void *user, int status, struct addrinfo *found), rocket__lookup **out);
/* `done` will not run. The system's lookup may go on; it is waited for when the loop ends. Thread: loop. */
void rocket__lookup_abandon(rocket__lookup *lookup);

/* An IPv4 address inside IPv6 becomes IPv4. */
void rocket__host_of(const struct sockaddr *address, rocket_host *out);
/* "1.2.3.4:5" or "[::1]:5"; the length without the terminating 0. */
size_t rocket__host_print(const rocket_host *host, char out[ROCKET__PEER_BYTES]);

#endif

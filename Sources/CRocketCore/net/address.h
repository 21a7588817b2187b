// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* "host:port" texts, and socket addresses as values and text. */
#ifndef ROCKET_NET_ADDRESS_H
#define ROCKET_NET_ADDRESS_H

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

/* An IPv4 address inside IPv6 becomes IPv4. */
void rocket__host_of(const struct sockaddr *address, rocket_host *out);
/* "1.2.3.4:5" or "[::1]:5"; the length without the terminating 0. */
size_t rocket__host_print(const rocket_host *host, char out[ROCKET__PEER_BYTES]);

#endif

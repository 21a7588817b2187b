// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Two connected TCP sockets on the loopback interface, without delay: what every program on this machine has at best. */
#ifndef TCP_PAIR_H
#define TCP_PAIR_H

#include <stddef.h>

typedef struct tcp_pair {
  int near, far;
} tcp_pair;

tcp_pair tcp_pair_open(void);
void tcp_pair_close(tcp_pair pair);
/* All `size` bytes; anything else ends the program. */
void tcp_send(int socket, const void *bytes, size_t size);
void tcp_receive(int socket, void *bytes, size_t size);

#endif

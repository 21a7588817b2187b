// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Raw sockets of the network tests, for peers that misbehave, and frames that such a peer reads and writes itself. */
#ifndef NET_RAW_H
#define NET_RAW_H

#include "rocket_command.h"
#include "test.h"

/* A socket that listens on 127.0.0.1; `address` gets "127.0.0.1:port". */
int net_raw_listen(int backlog, char address[32]);
int net_raw_accept(int fd);
int net_raw_connect(uint16_t port);
void net_raw_write(int fd, const void *bytes, size_t size);
/* Reads one frame; the bytes stay until the test ends. Size 0: the peer closed. */
uint8_t *net_raw_read_frame(int fd, size_t *size);
/* Waits until the peer closes (or resets), throwing away what it sends. */
void net_raw_await_close(int fd);
/* The bytes of a response to `frame` with `body`. */
rocket_buffer net_raw_response(uint8_t *frame, size_t size, const char *body);
/* `count` requests of code `code`, one behind the other, with opaques from 1 on. */
rocket_buffer net_raw_requests(int count, int32_t code, const char *body);
/* Checks that `frame` is the answer to the request with this opaque, and frees it. */
void net_raw_check_answer(uint8_t *frame, size_t size, int32_t opaque);
/* A port on which nobody listens. */
uint16_t net_free_port(void);

/* A listening socket whose queue is full: the kernel drops what else wants to connect, as a dead host would. */
typedef struct net_hole {
  int listening;
  int fillers[8];
  uint16_t port;
  char address[32];
} net_hole;
void net_dig(net_hole *hole, const char *ip, uint16_t port);

#endif

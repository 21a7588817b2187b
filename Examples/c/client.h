// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What both examples need on top of the core: a call that waits for its answer, and the route of a topic.
 *
 * Everything here ends the program with one clear line when it fails: examples may, libraries may not. */
#ifndef EXAMPLE_CLIENT_H
#define EXAMPLE_CLIENT_H

#include <CRocketCore.h>

enum { CALL_TIMEOUT_MS = 3000, MAX_BROKERS = 16 };

/* Prints "error: ..." to standard error and exits with 1. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a status that is no success. */
void check(int status, const char *doing);

/* The answer to one call. The slices of `reply` point into `frame`, which the caller has to release. */
typedef struct answer {
  rocket_command reply;
  rocket_frame *frame;
} answer;

/* Sends `request` to "host:port" and waits. Fails unless the answer's code is SUCCESS. */
void call_and_wait(rocket_loop *loop, const char *address, rocket_command *request, answer *out);

typedef struct broker {
  char name[256];
  char address[256]; /* of the master; "" when there is none */
  int32_t read_queues;
  int32_t write_queues;
} broker;

typedef struct route {
  broker brokers[MAX_BROKERS];
  uint32_t count;
} route;

/* Asks the name server where the queues of `topic` are. */
void find_route(rocket_loop *loop, const char *name_server, const char *topic, route *out);

/* Command line: the value of option `name`, or exit with a hint. */
const char *option_value(int argc, char **argv, int *i);
long long option_number(int argc, char **argv, int *i, long long least, long long most);

#endif

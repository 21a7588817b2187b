// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The whole way of a message in C: a broker of one queue that answers each pull at once, and a consumer that pulls, takes, decodes and
 * finishes every message. Both say what memory they use. */
#ifndef DRAIN_FIXTURE_H
#define DRAIN_FIXTURE_H

#include "net_fixture.h"
#include "rocket_puller.h"

enum { DRAIN_BODY_BYTES = 100, DRAIN_BATCH = 32 };

/* Offsets 0 to total - 1. Behind the last one it holds the pull. Without memory for an answer it hangs up. */
typedef struct drain_broker {
  rocket_loop *loop;
  rocket_listener *listener;
  char address[32];
  int64_t total;
  rocket_buffer records; /* of the last answer */
  atomic_uint_fast64_t answers;
} drain_broker;

void drain_broker_open(drain_broker *broker, const rocket_allocator *allocator, int64_t total);
void drain_broker_close(drain_broker *broker);

typedef struct drain_consumer {
  rocket_loop *loop;
  rocket_process_queue *queue;
  rocket_puller *puller;
  net_counter events, dropped;
  int64_t finished; /* also the offset expected next */
  atomic_int errors; /* events that told of a failure */
  void (*on_error)(void *user); /* on the loop's thread; may be NULL */
  void *user;
} drain_consumer;

/* Sets up and starts. What fails leaves nothing behind. Zero-initialise the rest. */
int drain_consumer_open(drain_consumer *consumer, const rocket_allocator *allocator, const char *address);
/* Finishes messages, each once and in order, until `finished` is `until`. */
void drain_consumer_run(drain_consumer *consumer, int64_t until);
void drain_consumer_close(drain_consumer *consumer);

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Calls through two loops, one calling and one answering, against two threads that send the same bytes to each other with blocking
 * system calls and look at none of them. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "rocket_rpc.h"
#include "tcp_pair.h"

enum { CALLS = 64, BODY = 128, TIMEOUT_MS = 10000 };

typedef struct rig {
  rocket_loop *server, *client;
  rocket_listener *listener;
  char address[64];
  size_t request_bytes, reply_bytes;
  uint8_t body[BODY];
  sem_t done;
  uint32_t in_flight, sent, answered; /* the client loop's */
} rig;

static rocket_body borrowed(const rig *r) { return (rocket_body){.bytes = {r->body, BODY}}; }

static void answer(void *user, const rocket_inbound *inbound) {
  rig *r = user;
  rocket_command response;
  rocket_command_init_response(&response, inbound->command, 0);
  bench_check(inbound->command->body.size == BODY, "request");
  bench_check(rocket_respond(r->server, inbound->connection, &response, borrowed(r)) == 0, "respond");
}

static void call_one(rig *r);

static void on_reply(void *user, int status, const rocket_command *reply, rocket_frame *frame) {
  rig *r = user;
  bench_check(status == 0 && reply->code == 0 && reply->body.size == BODY, "reply");
  r->reply_bytes = rocket_frame_size(frame);
  if (++r->answered == CALLS) sem_post(&r->done);
  else if (r->sent < CALLS) call_one(r);
}

static void call_one(rig *r) {
  rocket_command request;
  rocket_command_init(&request, 4711);
  bench_check(rocket_command_set(&request, ROCKET_FIELD_TOPIC, rocket_slice_of("orders")) == 0, "set");
  r->sent++;
  rocket_target target = {.address = rocket_slice_of(r->address)};
  bench_check(rocket_call(r->client, target, &request, borrowed(r), TIMEOUT_MS, (rocket_reply){on_reply, r, NULL}, NULL) == 0, "call");
}

static void begin(void *user) {
  rig *r = user;
  r->sent = r->answered = 0;
  while (r->sent < r->in_flight) call_one(r);
}

static double run_calls(const void *with) {
  rig *r = (rig *)(uintptr_t)with;
  double began = bench_now_ns();
  bench_check(rocket_loop_post(r->client, (rocket_task){begin, r, NULL}) == 0, "post");
  while (sem_wait(&r->done) != 0) continue;
  return (bench_now_ns() - began) / (double)CALLS;
}

typedef struct plain {
  tcp_pair sockets;
  size_t request_bytes, reply_bytes;
  uint32_t in_flight;
  uint8_t *bytes;
} plain;

static void *answer_plain(void *user) {
  const plain *p = user;
  uint8_t *bytes = calloc(1, p->request_bytes + p->reply_bytes);
  bench_check(bytes != NULL, "no memory");
  for (int i = 0; i < CALLS; i++) {
    tcp_receive(p->sockets.far, bytes, p->request_bytes);
    tcp_send(p->sockets.far, bytes, p->reply_bytes);
  }
  free(bytes);
  return NULL;
}

static double run_plain(const void *with) {
  const plain *p = with;
  pthread_t thread;
  bench_check(pthread_create(&thread, NULL, answer_plain, (void *)(uintptr_t)p) == 0, "no thread");
  double began = bench_now_ns();
  uint32_t sent = 0;
  for (; sent < p->in_flight; sent++) tcp_send(p->sockets.near, p->bytes, p->request_bytes);
  for (int i = 0; i < CALLS; i++) {
    tcp_receive(p->sockets.near, p->bytes, p->reply_bytes);
    if (sent++ < CALLS) tcp_send(p->sockets.near, p->bytes, p->request_bytes);
  }
  double took = (bench_now_ns() - began) / (double)CALLS;
  pthread_join(thread, NULL);
  return took;
}

static void measure(rig *r, const char *name, uint32_t in_flight) {
  if (!bench_wants(name)) return;
  r->in_flight = in_flight;
  run_calls(r);
  plain p = {tcp_pair_open(), r->request_bytes, r->reply_bytes, in_flight, calloc(1, r->request_bytes + r->reply_bytes)};
  bench_check(p.bytes != NULL, "no memory");
  char parameters[128];
  snprintf(parameters, sizeof parameters, "\"in_flight\":%u,\"request_bytes\":%zu,\"reply_bytes\":%zu", in_flight, r->request_bytes,
           r->reply_bytes);
  bench_compare_timed((bench_line){name, "ns/call", "blocking TCP, same bytes", parameters, false, false}, (bench_timed){run_calls, r},
                      (bench_timed){run_plain, &p});
  tcp_pair_close(p.sockets);
  free(p.bytes);
}

static size_t request_size(void) {
  rocket_command request;
  rocket_buffer out = {0};
  rocket_command_init(&request, 4711);
  request.opaque = 1000; /* four digits, as most have */
  bench_check(rocket_command_set(&request, ROCKET_FIELD_TOPIC, rocket_slice_of("orders")) == 0, "set");
  bench_check(rocket_command_encode_head(&request, BODY, &out) == 0, "encode");
  size_t size = out.size + BODY;
  rocket_buffer_clear(&out);
  return size;
}

BENCH(loop) {
  if (!bench_wants("loop_round_trip") && !bench_wants("loop_32_in_flight")) return;
  rig r = {.request_bytes = request_size()};
  uint16_t port;
  sem_init(&r.done, 0, 0);
  bench_check(rocket_loop_new(NULL, &r.server) == 0 && rocket_loop_new(NULL, &r.client) == 0, "loop");
  rocket_handler handler = {.request = answer, .user = &r};
  bench_check(rocket_listener_open(r.server, rocket_slice_of("127.0.0.1:0"), handler, &r.listener, &port) == 0, "listen");
  snprintf(r.address, sizeof r.address, "127.0.0.1:%u", port);
  measure(&r, "loop_round_trip", 1);
  measure(&r, "loop_32_in_flight", 32);
  rocket_loop_free(r.client);
  rocket_listener_close(r.listener);
  rocket_loop_free(r.server);
  sem_destroy(&r.done);
}

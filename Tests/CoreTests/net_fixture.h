// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Helpers of the network tests: counters to wait on, recorded replies, and a server that does as it is told. */
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include <pthread.h>

#include "net_raw.h"
#include "rocket_rpc.h"
#include "rocket_tls.h"
#include "test.h"

/* ---- Counting across threads ---- */

typedef struct net_counter {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int64_t value;
} net_counter;

#define NET_COUNTER {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}
void net_count(net_counter *counter);
/* Waits until the value is at least `value`; the test's own time limit ends a wait in vain. */
void net_await(net_counter *counter, int64_t value);
int64_t net_value(net_counter *counter);

/* ---- Loops ---- */

/* Options that make tests quick: short back-off. */
rocket_loop_options net_options(void);
rocket_loop *net_loop(void);
rocket_loop *net_loop_with(const rocket_loop_options *options);
/* Waits until everything posted before has been done. */
void net_settle(rocket_loop *loop);

/* ---- Calls ---- */

/* What became of one call. */
typedef struct net_reply {
  net_counter ended, dropped, body_dropped;
  int status;
  int32_t code;
  uint64_t ended_at_ms;
  bool on_loop;
  char remark[128];
  size_t body_size;
  uint8_t body[256]; /* its beginning */
  uint32_t crc;      /* of all of it */
  rocket_loop *loop;
  uint64_t id;
} net_reply;

void net_reply_init(net_reply *reply, rocket_loop *loop);
rocket_reply net_reply_of(net_reply *reply);
/* `text` as a body that is handed over, with its drop counted in reply->body_dropped. */
rocket_body net_body_of(net_reply *reply, const char *text);
/* Starts a call that must be accepted. */
void net_call(net_reply *reply, rocket_loop *loop, const char *address, int32_t code, const char *body, uint32_t timeout_ms);
/* Waits for the end, the drop and the body's drop, and checks that each came once. */
int net_finish(net_reply *reply);
/* A call from start to end. */
int net_call_now(rocket_loop *loop, const char *address, int32_t code, const char *body, uint32_t timeout_ms);
rocket_target net_to(const char *address);

/* ---- A server ---- */

/* What the server does with a request, by code. */
enum {
  NET_ECHO = 9001,   /* answers with the request's body */
  NET_SILENT = 9002, /* never answers */
  NET_HANG_UP = 9003,
  NET_HOLD = 9004,   /* keeps it until net_server_release */
  NET_CALL_BACK = 9005, /* first calls the client with NET_ECHO, then answers with the client's answer */
  NET_LARGE = 9006,  /* answers with as many bytes as the body's number says */
  NET_TWICE = 9007   /* answers twice */
};

typedef struct net_held {
  rocket_connection connection;
  int32_t opaque;
  uint8_t body[64];
  size_t body_size;
} net_held;

typedef struct net_server {
  rocket_loop *loop;
  rocket_listener *listener;
  uint16_t port;
  char address[64];
  net_counter requests, opened, closed, refused, handler_dropped, body_dropped;
  int closed_status, refused_status;
  rocket_connection connection; /* the last one opened */
  net_held held[128];
  size_t held_count;
  char peer[64];
  rocket_host peer_host, local_host;
} net_server;

/* Listens on `host` ("127.0.0.1", "[::1]") with a loop of its own. */
void net_server_open(net_server *server, const char *host);
void net_server_open_on(net_server *server, rocket_loop *loop, const char *host);
void net_server_open_tls(net_server *server, rocket_loop *loop, rocket_tls *tls, const char *host);
rocket_handler net_server_handler(net_server *server);
/* Answers what is held, the last one first, each with its own body. */
void net_server_release(net_server *server);
void net_server_close(net_server *server);

/* A server, and the loop of a client. */
typedef struct net_pair {
  net_server server;
  rocket_loop *loop;
} net_pair;
void net_pair_open(net_pair *both);
void net_pair_close(net_pair *both);

#endif

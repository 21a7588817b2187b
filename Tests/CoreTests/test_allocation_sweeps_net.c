// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Loops, calls and listeners, with each of their allocations failing in turn, on the caller's thread and on the loop's. Nothing may
 * wait for ever: a call always ends. */
#include "malloc_count.h"
#include "net_fixture.h"
#include "swept_functions.h"

enum { DEADLINE_MS = 60000, SOON_MS = 30, HOUR_MS = 3600000 };

/* ---- Rig ---- */

/* A server that answers with its own memory, and says so by hanging up when it has none. */
typedef struct rig {
  sweep *s;
  rocket_loop *client, *server;
  rocket_listener *listener;
  char address[32];
  atomic_int responded; /* what rocket_respond returned; 1: it was not called */
  net_counter requests;
  atomic_uint_fast64_t connection;
  net_reply reply;
} rig;

static void on_request(void *user, const rocket_inbound *inbound) {
  rig *r = user;
  atomic_store(&r->connection, inbound->connection);
  if (inbound->command->code == NET_ECHO) {
    rocket_command response;
    rocket_command_init_response(&response, inbound->command, ROCKET_RESPONSE_SUCCESS);
    rocket_body body = {rocket_slice_of("answer"), sweep_drop, sweep_owes_drop(r->s)};
    int status = rocket_respond(r->server, inbound->connection, &response, body);
    atomic_store(&r->responded, status);
    if (status != ROCKET_OK) rocket_connection_close(r->server, inbound->connection);
  }
  net_count(&r->requests);
}

static rocket_loop *loop_of(const rocket_allocator *allocator) {
  rocket_loop_options options = net_options();
  options.allocator = allocator;
  return net_loop_with(&options);
}

/* Everything that comes before the function in question. */
static void open_rig(rig *r, sweep *s, bool sweep_server) {
  uint16_t port;
  *r = (rig){.s = s, .requests = NET_COUNTER, .responded = 1};
  r->client = loop_of(sweep_server ? NULL : s->allocator);
  r->server = loop_of(sweep_server ? s->allocator : NULL);
  rocket_handler handler = {.request = on_request, .user = r};
  CHECK_INT(rocket_listener_open(r->server, rocket_slice_of("127.0.0.1:0"), handler, &r->listener, &port), ROCKET_OK);
  snprintf(r->address, sizeof r->address, "127.0.0.1:%u", port);
  net_reply_init(&r->reply, r->client);
  net_settle(r->server);
}

static int call(rig *r, int32_t code, uint32_t timeout_ms, uint64_t *id) {
  rocket_command request;
  rocket_command_init(&request, code);
  return rocket_call(r->client, net_to(r->address), &request, net_body_of(&r->reply, "x"), timeout_ms, net_reply_of(&r->reply), id);
}

/* So that what is swept begins with the connection open. */
static void connect_rig(rig *r) {
  rocket_command request;
  rocket_command_init(&request, NET_SILENT);
  CHECK_INT(rocket_call_oneway(r->client, net_to(r->address), &request, (rocket_body){0}, DEADLINE_MS, (rocket_reply){0}), ROCKET_OK);
  net_await(&r->requests, 1);
}

/* The reply ran once or, when the call was refused, never; both drops ran once. */
static void close_rig(rig *r, int accepted) {
  if (accepted == ROCKET_OK) net_await(&r->reply.dropped, 1);
  CHECK_INT(rocket_loop_free(r->client), ROCKET_OK);
  CHECK_INT(rocket_loop_free(r->server), ROCKET_OK);
  CHECK_INT(net_value(&r->reply.ended), accepted == ROCKET_OK ? 1 : 0);
  CHECK_INT(net_value(&r->reply.dropped), 1);
  CHECK_INT(net_value(&r->reply.body_dropped), 1);
}

/* A peer without memory hangs up. */
static int outcome_of(const rig *r, int status) {
  return status == ROCKET_CLOSED && sweep_has_failed(r->s) ? ROCKET_NO_MEMORY : status;
}

/* ---- Calls ---- */

static int call_once(sweep *s) {
  rig r;
  uint64_t id = 77;
  open_rig(&r, s, false);
  sweep_begin(s);
  int accepted = call(&r, NET_ECHO, DEADLINE_MS, &id);
  if (accepted != ROCKET_OK) CHECK_INT(id, 77);
  close_rig(&r, accepted);
  if (accepted != ROCKET_OK) return accepted;
  if (r.reply.status == ROCKET_OK) CHECK(r.reply.body_size == 6 && memcmp(r.reply.body, "answer", 6) == 0);
  return outcome_of(&r, r.reply.status);
}

static int call_oneway(sweep *s) {
  rig r;
  rocket_command request;
  open_rig(&r, s, false);
  rocket_command_init(&request, NET_SILENT);
  sweep_begin(s);
  int accepted = rocket_call_oneway(r.client, net_to(r.address), &request, net_body_of(&r.reply, "x"), DEADLINE_MS,
                                    net_reply_of(&r.reply));
  close_rig(&r, accepted);
  return accepted != ROCKET_OK ? accepted : outcome_of(&r, r.reply.status);
}

/* Without memory for the note the call ends in its own time. */
static int call_cancel(sweep *s) {
  rig r;
  uint64_t id;
  open_rig(&r, s, false);
  int accepted = call(&r, NET_SILENT, DEADLINE_MS, NULL);
  net_await(&r.requests, 1);
  net_reply second;
  rocket_command request;
  net_reply_init(&second, r.client);
  rocket_command_init(&request, NET_SILENT);
  CHECK_INT(rocket_call(r.client, net_to(r.address), &request, net_body_of(&second, "x"), SOON_MS, net_reply_of(&second), &id), ROCKET_OK);
  sweep_begin(s);
  rocket_call_cancel(r.client, id);
  CHECK(net_finish(&second) == ROCKET_CANCELLED || second.status == ROCKET_TIMEOUT);
  rocket_loop_stop(r.client);
  close_rig(&r, accepted);
  return ROCKET_OK;
}

static int respond(sweep *s) {
  rig r;
  open_rig(&r, s, true);
  connect_rig(&r);
  sweep_begin(s);
  int accepted = call(&r, NET_ECHO, DEADLINE_MS, NULL);
  close_rig(&r, accepted);
  if (accepted != ROCKET_OK) return accepted;
  if (r.reply.status == ROCKET_OK) CHECK_INT(r.responded, ROCKET_OK);
  return outcome_of(&r, r.reply.status);
}

/* Without memory for the note the connection stays open. */
static int connection_close(sweep *s) {
  rig r;
  open_rig(&r, s, true);
  int accepted = call(&r, NET_SILENT, DEADLINE_MS, NULL);
  net_await(&r.requests, 1);
  sweep_begin(s);
  rocket_connection_close(r.server, atomic_load(&r.connection));
  bool failed = sweep_has_failed(s);
  if (failed) rocket_loop_stop(r.client);
  close_rig(&r, accepted);
  CHECK_INT(r.reply.status, failed ? ROCKET_STOPPED : ROCKET_CLOSED);
  return ROCKET_OK;
}

/* ---- Loops ---- */

static int loop_new(sweep *s) {
  rocket_loop *loop = SWEEP_UNTOUCHED;
  rocket_loop_options options = net_options();
  options.allocator = s->allocator;
  sweep_begin(s);
  int status = rocket_loop_new(&options, &loop);
  if (status == ROCKET_OK) CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  else CHECK(loop == SWEEP_UNTOUCHED);
  return status;
}

static void nothing(void *user) { (void)user; }
static rocket_task task_of(sweep *s) { return (rocket_task){nothing, sweep_owes_drop(s), sweep_drop}; }

static int loop_post(sweep *s) {
  rocket_loop *loop = loop_of(s->allocator);
  sweep_begin(s);
  int status = rocket_loop_post(loop, task_of(s));
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  return status;
}

/* So many that the loop's table has to grow, which may fail unnoticed. */
static int loop_after(sweep *s) {
  rocket_loop *loop = loop_of(s->allocator);
  int status = ROCKET_OK;
  sweep_begin(s);
  for (int i = 0; i < 40; i++) {
    uint64_t timer = 0;
    int each = rocket_loop_after(loop, HOUR_MS, task_of(s), &timer);
    CHECK((each == ROCKET_OK) == (timer != 0));
    if (each != ROCKET_OK) status = each;
  }
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  return status;
}

static int loop_cancel_timer(sweep *s) {
  rocket_loop *loop = loop_of(s->allocator);
  uint64_t timer;
  CHECK_INT(rocket_loop_after(loop, HOUR_MS, task_of(s), &timer), ROCKET_OK);
  sweep_begin(s);
  rocket_loop_cancel_timer(loop, timer);
  bool failed = sweep_has_failed(s);
  sweep_relent(s);
  if (!failed) net_settle(loop);
  CHECK_INT(atomic_load(&s->drops), failed ? 0 : 1);
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  return ROCKET_OK;
}

static int loop_set_handler(sweep *s) {
  rocket_loop *loop = loop_of(s->allocator);
  sweep_begin(s);
  int status = rocket_loop_set_handler(loop, (rocket_handler){.user = sweep_owes_drop(s), .drop = sweep_drop});
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  return status;
}

static int listener_open(sweep *s) {
  rocket_loop *loop = loop_of(s->allocator);
  rocket_listener *listener = SWEEP_UNTOUCHED;
  uint16_t port = 7;
  rocket_handler handler = {.user = sweep_owes_drop(s), .drop = sweep_drop};
  sweep_begin(s);
  int status = rocket_listener_open(loop, rocket_slice_of("127.0.0.1:0"), handler, &listener, &port);
  if (status == ROCKET_OK) rocket_listener_close(listener);
  else CHECK(listener == SWEEP_UNTOUCHED && port == 7 && atomic_load(&s->drops) == 1);
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  return status;
}

const swept_function swept_on_loop[] = {
    {"rocket_call", call_once},
    {"rocket_call_cancel", call_cancel},
    {"rocket_call_oneway", call_oneway},
    {"rocket_connection_close", connection_close},
    {"rocket_listener_open", listener_open},
    {"rocket_loop_after", loop_after},
    {"rocket_loop_cancel_timer", loop_cancel_timer},
    {"rocket_loop_new", loop_new},
    {"rocket_loop_post", loop_post},
    {"rocket_loop_set_handler", loop_set_handler},
    {"rocket_respond", respond},
    {NULL, NULL},
};

TEST_LIMITED(functions_on_the_loop_survive_every_failed_allocation, 60) { sweep_all(swept_on_loop); }

/* ---- A whole life ---- */

/* Of a client and its server in one loop: all of the above in one go. */
static int life(sweep *s) {
  rocket_loop *loop = SWEEP_UNTOUCHED;
  rocket_loop_options options = net_options();
  options.allocator = s->allocator;
  sweep_begin(s);
  int status = rocket_loop_new(&options, &loop);
  if (status != ROCKET_OK) return status;
  rig r = {.s = s, .client = loop, .server = loop, .requests = NET_COUNTER, .responded = 1};
  uint16_t port = 1;
  net_reply_init(&r.reply, loop);
  rocket_handler handler = {.request = on_request, .user = &r};
  int listening = rocket_listener_open(loop, rocket_slice_of("127.0.0.1:0"), handler, &r.listener, &port);
  snprintf(r.address, sizeof r.address, "127.0.0.1:%u", port);
  int accepted = call(&r, NET_ECHO, DEADLINE_MS, NULL);
  if (accepted == ROCKET_OK) net_await(&r.reply.dropped, 1);
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  CHECK_INT(net_value(&r.reply.dropped), 1);
  CHECK_INT(net_value(&r.reply.body_dropped), 1);
  if (listening != ROCKET_OK) return listening;
  return accepted != ROCKET_OK ? accepted : outcome_of(&r, r.reply.status);
}

TEST_LIMITED(client_and_server_of_one_loop_survive_every_failed_allocation, 60) {
  CHECK(sweep_run("life", life, SWEEP_ONCE) > 5);
  sweep_run("life", life, SWEEP_MALLOC);
}

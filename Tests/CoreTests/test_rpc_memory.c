// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A whole life of client and server, in which the n-th allocation fails, for every n. */
#include <stdatomic.h>

#include "net_fixture.h"

typedef struct life {
  rocket_loop *loop;
  char address[32];
  net_reply reply, oneway, task, timer;
  atomic_int handlers_dropped, bodies_dropped;
} life;

static void count_body(void *user) { atomic_fetch_add((atomic_int *)user, 1); }
static void count_handler(void *user) { atomic_fetch_add(&((life *)user)->handlers_dropped, 1); }

static void on_request(void *user, const rocket_inbound *inbound) {
  life *it = user;
  rocket_command response;
  rocket_command_init_response(&response, inbound->command, ROCKET_RESPONSE_SUCCESS);
  rocket_body body = {rocket_slice_of("answer"), count_body, &it->bodies_dropped};
  if (rocket_respond(it->loop, inbound->connection, &response, body) != ROCKET_OK)
    rocket_connection_close(it->loop, inbound->connection);
}

static void nothing(void *user) { (void)user; }
static void count_drop(void *user) { net_count(&((net_reply *)user)->dropped); }

static void call_once(life *it) {
  rocket_command request;
  rocket_command_init(&request, NET_ECHO);
  int status = rocket_call(it->loop, net_to(it->address), &request, net_body_of(&it->reply, "x"), 3000, net_reply_of(&it->reply), NULL);
  CHECK(status == ROCKET_OK || status == ROCKET_NO_MEMORY);
  if (status == ROCKET_OK) net_await(&it->reply.ended, 1);
  rocket_command_init(&request, NET_ECHO);
  status = rocket_call_oneway(it->loop, net_to(it->address), &request, net_body_of(&it->oneway, "x"), 3000, net_reply_of(&it->oneway));
  if (status == ROCKET_OK) net_await(&it->oneway.ended, 1);
  status = rocket_loop_post(it->loop, (rocket_task){nothing, &it->task, count_drop});
  CHECK(status == ROCKET_OK || status == ROCKET_NO_MEMORY);
  status = rocket_loop_after(it->loop, 1, (rocket_task){nothing, &it->timer, count_drop}, NULL);
  CHECK(status == ROCKET_OK || status == ROCKET_NO_MEMORY);
}

/* True when an allocation was made to fail. */
static bool live(uint64_t fail_at) {
  life it = {.handlers_dropped = 0};
  rocket_loop_options options = net_options();
  rocket_listener *listener;
  uint16_t port = 1;
  int handlers = 0;
  options.allocator = test_allocator(fail_at);
  int status = rocket_loop_new(&options, &it.loop);
  CHECK(status == ROCKET_OK || status == ROCKET_NO_MEMORY);
  if (status == ROCKET_OK) {
    rocket_handler handler = {.request = on_request, .user = &it, .drop = count_handler};
    net_reply_init(&it.reply, it.loop);
    net_reply_init(&it.oneway, it.loop);
    net_reply_init(&it.task, it.loop);
    net_reply_init(&it.timer, it.loop);
    handlers = 2;
    status = rocket_listener_open(it.loop, rocket_slice_of("127.0.0.1:0"), handler, &listener, &port);
    CHECK(status == ROCKET_OK || status == ROCKET_NO_MEMORY);
    CHECK(rocket_loop_set_handler(it.loop, handler) == ROCKET_OK || test_allocations() >= fail_at);
    snprintf(it.address, sizeof it.address, "127.0.0.1:%u", port);
    call_once(&it);
    CHECK_INT(rocket_loop_free(it.loop), ROCKET_OK);
    CHECK_INT(net_value(&it.reply.dropped), 1);
    CHECK_INT(net_value(&it.reply.body_dropped), 1);
    CHECK_INT(net_value(&it.oneway.dropped), 1);
    CHECK_INT(net_value(&it.oneway.body_dropped), 1);
    CHECK_INT(net_value(&it.task.dropped), 1);
    CHECK_INT(net_value(&it.timer.dropped), 1);
    CHECK(net_value(&it.reply.ended) <= 1);
  }
  CHECK_INT(it.handlers_dropped, handlers);
  CHECK_INT(test_allocated(), 0);
  bool failed = test_allocations() >= fail_at;
  if (!failed) {
    CHECK_INT(it.reply.status, ROCKET_OK);
    CHECK(it.bodies_dropped >= 1);
  }
  return failed;
}

TEST_LIMITED(rpc_survives_every_failed_allocation, 30) {
  uint64_t fail_at = 1;
  while (live(fail_at)) fail_at++;
  CHECK(fail_at > 10);
}

/* One object for a call and one slab for its answer; the server the same. */
TEST(rpc_allocates_four_times_a_call) {
  enum { CALLS = 200 };
  rocket_loop_options options = net_options();
  net_server server;
  options.allocator = test_allocator(0);
  net_server_open_on(&server, net_loop_with(&options), "127.0.0.1");
  CHECK_INT(net_call_now(server.loop, server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  uint64_t before = test_allocations();
  for (int i = 0; i < CALLS; i++) CHECK_INT(net_call_now(server.loop, server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  CHECK_INT(test_allocations() - before, CALLS * 4);
  net_server_close(&server);
}

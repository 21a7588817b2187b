// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Names with several addresses, addresses that change, and a resolver that hangs. */
#include <unistd.h>
#include <uv.h>

#include "net_names.h"

enum { FAR = 60000 };

static const char *const dead_then_alive[] = {"127.0.0.9", "::1", "127.0.0.1", NULL};

static rocket_loop *impatient_loop(uint32_t connect_timeout_ms) {
  rocket_loop_options options = net_options();
  options.connect_timeout_ms = connect_timeout_ms;
  return net_loop_with(&options);
}

TEST(faults_names_are_looked_up_beside_the_loop) {
  static const char *const one[] = {"127.0.0.1", NULL};
  net_server server;
  char address[32];
  net_name_set("broker.test", one);
  net_server_open(&server, "127.0.0.1");
  rocket_loop *loop = net_loop();
  net_name_watch(loop);
  snprintf(address, sizeof address, "broker.test:%u", server.port);
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), ROCKET_OK);
  CHECK_INT(net_value(net_name_lookups()), 1);
  CHECK(!net_name_was_looked_up_on_loop());
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(faults_addresses_of_a_name_are_tried_in_turn) {
  net_server server;
  char address[32];
  net_name_set("broker.test", dead_then_alive);
  net_server_open(&server, "127.0.0.1");
  rocket_loop *loop = net_loop();
  snprintf(address, sizeof address, "broker.test:%u", server.port);
  for (int i = 0; i < 3; i++) {
    CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), ROCKET_OK);
    CHECK_INT(net_call_now(loop, address, NET_HANG_UP, "x", FAR), ROCKET_CLOSED);
  }
  CHECK_INT(net_value(&server.opened), 3);
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(faults_name_with_only_dead_addresses_gives_the_last_cause) {
  char address[32];
  net_name_set("broker.test", dead_then_alive);
  rocket_loop *loop = net_loop();
  snprintf(address, sizeof address, "broker.test:%u", net_free_port());
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), UV_ECONNREFUSED);
  CHECK_INT(rocket_loop_connection_count(loop), 0);
  rocket_loop_free(loop);
}

TEST(faults_black_hole_among_the_addresses_leaves_time_for_the_others) {
  static const char *const hole_first[] = {"127.0.0.8", "127.0.0.1", NULL};
  net_server server;
  net_hole hole;
  char address[32];
  net_name_set("broker.test", hole_first);
  net_server_open(&server, "127.0.0.1");
  net_dig(&hole, "127.0.0.8", server.port);
  rocket_loop *loop = impatient_loop(600);
  snprintf(address, sizeof address, "broker.test:%u", server.port);
  uint64_t began = rocket_now_ms();
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), ROCKET_OK);
  CHECK(rocket_now_ms() - began >= 299);
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(faults_all_addresses_together_have_one_deadline) {
  static const char *const holes[] = {"127.0.0.8", "127.0.0.8", "127.0.0.8", NULL};
  net_hole hole;
  char address[32];
  net_reply reply;
  net_name_set("broker.test", holes);
  net_dig(&hole, "127.0.0.8", 0);
  rocket_loop *loop = impatient_loop(300);
  snprintf(address, sizeof address, "broker.test:%u", hole.port);
  uint64_t began = rocket_now_ms();
  net_call(&reply, loop, address, NET_ECHO, "x", FAR);
  CHECK_INT(net_finish(&reply), ROCKET_CONNECT_TIMEOUT);
  CHECK(reply.ended_at_ms - began >= 299);
  CHECK(reply.ended_at_ms - began < 800);
  rocket_loop_free(loop);
}

/* A broker's pod is replaced: same name, new address. */
TEST(faults_name_is_looked_up_again_for_each_connection) {
  static const char *const first[] = {"127.0.0.1", NULL}, *const second[] = {"127.0.0.2", NULL};
  net_server old = {0}, new = {.requests = NET_COUNTER, .opened = NET_COUNTER, .closed = NET_COUNTER, .handler_dropped = NET_COUNTER};
  char address[32], listening[32];
  net_server_open(&old, "127.0.0.1");
  new.loop = net_loop();
  snprintf(listening, sizeof listening, "127.0.0.2:%u", old.port);
  CHECK_INT(rocket_listener_open(new.loop, rocket_slice_of(listening), net_server_handler(&new), &new.listener, NULL), ROCKET_OK);
  rocket_loop *loop = net_loop();
  snprintf(address, sizeof address, "broker.test:%u", old.port);
  net_name_set("broker.test", first);
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), ROCKET_OK);
  net_name_set("broker.test", second);
  net_server_close(&old);
  while (net_call_now(loop, address, NET_ECHO, "x", FAR) != ROCKET_OK) continue; /* the close may not have been seen yet */
  CHECK_INT(net_value(&new.requests), 1);
  CHECK(net_value(net_name_lookups()) >= 2);
  rocket_loop_free(loop);
  net_server_close(&new);
}

TEST(faults_resolver_that_hangs_delays_nobody_else) {
  static const char *const one[] = {"127.0.0.1", NULL};
  net_server server;
  char address[32];
  net_reply lost, brief;
  net_name_set("broker.test", one);
  net_name_hold();
  net_server_open(&server, "127.0.0.1");
  rocket_loop *loop = impatient_loop(200);
  snprintf(address, sizeof address, "broker.test:%u", server.port);
  net_call(&lost, loop, address, NET_ECHO, "x", FAR);
  net_call(&brief, loop, address, NET_ECHO, "x", 20);
  net_await(net_name_lookups(), 1);
  for (int i = 0; i < 100; i++) CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", FAR), ROCKET_OK);
  CHECK_INT(net_finish(&brief), ROCKET_TIMEOUT);
  CHECK_INT(net_finish(&lost), ROCKET_CONNECT_TIMEOUT);
  net_name_release();
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), ROCKET_OK);
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(faults_many_hanging_lookups_do_not_hold_up_other_names) {
  static const char *const one[] = {"127.0.0.1", NULL};
  enum { HANGING = 8 };
  net_server server;
  char address[32];
  net_reply lost[HANGING];
  net_name_set("broker.test", one);
  net_name_hold();
  net_server_open(&server, "127.0.0.1");
  rocket_loop *loop = net_loop();
  for (int i = 0; i < HANGING; i++) {
    snprintf(address, sizeof address, "broker.test:%d", i + 1);
    net_call(&lost[i], loop, address, NET_ECHO, "x", FAR);
  }
  net_await(net_name_lookups(), HANGING);
  snprintf(address, sizeof address, "localhost:%u", server.port);
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), ROCKET_OK);
  rocket_loop_free(loop);
  for (int i = 0; i < HANGING; i++) CHECK_INT(net_finish(&lost[i]), ROCKET_STOPPED);
  net_name_release();
  net_server_close(&server);
}

/* However often it is tried, one name has one lookup under way. */
TEST(faults_attempt_takes_over_the_lookup_of_the_one_before) {
  static const char *const one[] = {"127.0.0.1", NULL};
  net_server server;
  char address[32];
  net_name_set("broker.test", one);
  net_name_hold();
  net_server_open(&server, "127.0.0.1");
  rocket_loop *loop = impatient_loop(30);
  snprintf(address, sizeof address, "broker.test:%u", server.port);
  for (int i = 0; i < 4; i++) CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), ROCKET_CONNECT_TIMEOUT);
  CHECK_INT(net_value(net_name_lookups()), 1);
  net_name_release();
  int status;
  do status = net_call_now(loop, address, NET_ECHO, "x", FAR);
  while (status == ROCKET_CONNECT_TIMEOUT);
  CHECK_INT(status, ROCKET_OK);
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(faults_end_of_the_loop_does_not_wait_for_a_lookup) {
  static const char *const one[] = {"127.0.0.1", NULL};
  net_reply lost;
  net_name_set("broker.test", one);
  net_name_hold();
  rocket_loop *loop = net_loop();
  net_call(&lost, loop, "broker.test:1", NET_ECHO, "x", FAR);
  net_await(net_name_lookups(), 1);
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  CHECK_INT(net_finish(&lost), ROCKET_STOPPED);
  net_name_release();
}

/* Lookups end while their loop ends. */
TEST(faults_loop_may_end_at_any_moment_of_a_lookup) {
  static const char *const one[] = {"127.0.0.1", NULL};
  net_name_set("broker.test", one);
  for (int i = 0; i < 200; i++) {
    net_reply lost;
    rocket_loop *loop = net_loop();
    net_call(&lost, loop, "broker.test:1", NET_ECHO, "x", FAR);
    if (i % 2) net_await(net_name_lookups(), i + 1);
    else net_settle(loop);
    CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
    net_finish(&lost);
    net_await(net_name_lookups(), i + 1); /* its thread is past the start */
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Peers that close, refuse, stall or are not there. */
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "net_fixture.h"

enum { FAR = 60000 /* a deadline that no test waits for */, SOON = 5000 /* ... and what counts as at once, on a busy machine */ };

static void check_soon(uint64_t began) { CHECK(rocket_now_ms() - began < SOON); }

/* ---- Closing ---- */

TEST(faults_calls_in_flight_fail_at_once_when_the_peer_closes) {
  char address[32];
  size_t size;
  net_reply replies[3];
  int listening = net_raw_listen(8, address);
  rocket_loop *loop = net_loop();
  uint64_t began = rocket_now_ms();
  for (int i = 0; i < 3; i++) net_call(&replies[i], loop, address, NET_SILENT, "x", FAR);
  int fd = net_raw_accept(listening);
  for (int i = 0; i < 3; i++) free(net_raw_read_frame(fd, &size));
  close(fd);
  for (int i = 0; i < 3; i++) CHECK_INT(net_finish(&replies[i]), ROCKET_CLOSED);
  check_soon(began);
  rocket_loop_free(loop);
}

TEST(faults_calls_in_flight_fail_at_once_when_the_peer_resets) {
  char address[32];
  size_t size;
  net_reply reply;
  struct linger at_once = {1, 0};
  int listening = net_raw_listen(8, address);
  rocket_loop *loop = net_loop();
  uint64_t began = rocket_now_ms();
  net_call(&reply, loop, address, NET_SILENT, "x", FAR);
  int fd = net_raw_accept(listening);
  free(net_raw_read_frame(fd, &size));
  CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  close(fd);
  CHECK_INT(net_finish(&reply), ROCKET_CLOSED);
  check_soon(began);
  rocket_loop_free(loop);
}

TEST(faults_next_call_reconnects_at_once_after_a_connection_that_lived) {
  rocket_loop_options options = net_options();
  options.reconnect_min_ms = options.reconnect_max_ms = FAR;
  net_server server;
  net_server_open(&server, "127.0.0.1");
  rocket_loop *loop = net_loop_with(&options);
  uint64_t began = rocket_now_ms();
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", FAR), ROCKET_OK);
  CHECK_INT(net_call_now(loop, server.address, NET_HANG_UP, "x", FAR), ROCKET_CLOSED);
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", FAR), ROCKET_OK);
  check_soon(began);
  CHECK_INT(net_value(&server.opened), 2);
  rocket_loop_free(loop);
  net_server_close(&server);
}

/* A port that accepts and closes (a load balancer without a server behind it) counts as a failed attempt. */
TEST(faults_connection_that_says_nothing_backs_off) {
  rocket_loop_options options = net_options();
  options.reconnect_min_ms = options.reconnect_max_ms = FAR;
  char address[32];
  int listening = net_raw_listen(8, address);
  rocket_loop *loop = net_loop_with(&options);
  net_reply reply;
  net_call(&reply, loop, address, NET_ECHO, "x", FAR);
  close(net_raw_accept(listening));
  CHECK_INT(net_finish(&reply), ROCKET_CLOSED);
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", 60), ROCKET_TIMEOUT);
  CHECK_INT(rocket_loop_connection_count(loop), 0); /* not even tried */
  rocket_loop_free(loop);
}

/* ---- Refusing, and back-off ---- */

TEST(faults_refused_port_gives_its_cause_and_the_next_call_waits) {
  rocket_loop_options options = net_options();
  options.reconnect_min_ms = options.reconnect_max_ms = 100;
  char address[32];
  net_reply first, second, hasty;
  snprintf(address, sizeof address, "127.0.0.1:%u", net_free_port());
  rocket_loop *loop = net_loop_with(&options);
  uint64_t began = rocket_now_ms();
  net_call(&first, loop, address, NET_ECHO, "x", FAR);
  CHECK_INT(net_finish(&first), UV_ECONNREFUSED);
  net_call(&second, loop, address, NET_ECHO, "x", FAR);
  net_call(&hasty, loop, address, NET_ECHO, "x", 20);
  CHECK_INT(net_finish(&hasty), ROCKET_TIMEOUT);
  CHECK_INT(net_finish(&second), UV_ECONNREFUSED);
  CHECK(second.ended_at_ms - first.ended_at_ms >= 99);
  check_soon(began);
  rocket_loop_free(loop);
}

TEST(faults_waits_grow_with_each_failure_up_to_the_longest) {
  rocket_loop_options options = net_options();
  options.reconnect_min_ms = 10;
  options.reconnect_max_ms = 80;
  char address[32];
  uint64_t ended[7];
  snprintf(address, sizeof address, "127.0.0.1:%u", net_free_port());
  rocket_loop *loop = net_loop_with(&options);
  for (int i = 0; i < 7; i++) {
    net_reply reply;
    net_call(&reply, loop, address, NET_ECHO, "x", FAR);
    CHECK_INT(net_finish(&reply), UV_ECONNREFUSED);
    ended[i] = reply.ended_at_ms;
  }
  static const uint64_t least[] = {10, 20, 40, 80, 80, 80};
  for (int i = 0; i < 6; i++) CHECK(ended[i + 1] - ended[i] + 1 >= least[i]);
  rocket_loop_free(loop);
}

TEST(faults_calls_waiting_for_one_attempt_share_it) {
  rocket_loop_options options = net_options();
  options.reconnect_min_ms = options.reconnect_max_ms = 50;
  char address[32];
  net_reply replies[10];
  int listening = net_raw_listen(8, address);
  rocket_loop *loop = net_loop_with(&options);
  net_call(&replies[0], loop, address, NET_ECHO, "x", FAR);
  close(net_raw_accept(listening));
  CHECK_INT(net_finish(&replies[0]), ROCKET_CLOSED);
  for (int i = 0; i < 10; i++) net_call(&replies[i], loop, address, NET_ECHO, "x", FAR);
  close(net_raw_accept(listening));
  for (int i = 0; i < 10; i++) CHECK_INT(net_finish(&replies[i]), ROCKET_CLOSED);
  rocket_loop_free(loop);
}

TEST(faults_server_that_comes_back_is_found_again) {
  char address[32];
  uint16_t port = net_free_port();
  net_server server = {.requests = NET_COUNTER, .opened = NET_COUNTER, .closed = NET_COUNTER, .handler_dropped = NET_COUNTER};
  snprintf(address, sizeof address, "127.0.0.1:%u", port);
  rocket_loop *loop = net_loop();
  for (int i = 0; i < 4; i++) CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), UV_ECONNREFUSED);
  server.loop = net_loop();
  CHECK_INT(rocket_listener_open(server.loop, rocket_slice_of(address), net_server_handler(&server), &server.listener, NULL), ROCKET_OK);
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), ROCKET_OK);
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(faults_name_that_does_not_resolve_gives_its_cause) {
  rocket_loop *loop = net_loop();
  int status = net_call_now(loop, "no-such-host.invalid:9876", NET_ECHO, "x", FAR);
  CHECK(status == UV_EAI_NONAME || status == UV_EAI_NODATA || status == UV_EAI_AGAIN || status == ROCKET_CONNECT_TIMEOUT);
  rocket_loop_free(loop);
}

/* ---- Stalling ---- */

TEST(faults_black_hole_delays_nobody_else) {
  rocket_loop_options options = net_options();
  options.connect_timeout_ms = 400;
  net_hole it;
  net_server server;
  net_reply lost[5], brief;
  net_dig(&it, "127.0.0.1", 0);
  net_server_open(&server, "127.0.0.1");
  rocket_loop *loop = net_loop_with(&options);
  uint64_t began = rocket_now_ms();
  for (int i = 0; i < 5; i++) net_call(&lost[i], loop, it.address, NET_ECHO, "x", FAR);
  net_call(&brief, loop, it.address, NET_ECHO, "x", 30);
  for (int i = 0; i < 200; i++) CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", FAR), ROCKET_OK);
  CHECK_INT(net_finish(&brief), ROCKET_TIMEOUT);
  CHECK_INT(net_value(&lost[0].ended), 0);
  for (int i = 0; i < 5; i++) CHECK_INT(net_finish(&lost[i]), ROCKET_CONNECT_TIMEOUT);
  CHECK(lost[0].ended_at_ms - began >= 399);
  check_soon(began);
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(faults_stop_does_not_wait_for_a_black_hole) {
  net_hole it;
  net_reply lost;
  net_dig(&it, "127.0.0.1", 0);
  rocket_loop *loop = net_loop();
  uint64_t began = rocket_now_ms();
  net_call(&lost, loop, it.address, NET_ECHO, "x", FAR);
  net_settle(loop);
  CHECK_INT(rocket_loop_connection_count(loop), 1);
  rocket_loop_free(loop);
  CHECK_INT(net_finish(&lost), ROCKET_STOPPED);
  check_soon(began);
}

TEST(faults_peer_that_never_accepts_times_calls_out) {
  char address[32];
  net_raw_listen(8, address);
  rocket_loop *loop = net_loop();
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", 40), ROCKET_TIMEOUT);
  rocket_loop_free(loop);
}

/* ---- Idling ---- */

TEST(faults_idle_connection_closes_and_the_next_call_opens_another) {
  enum { IDLE = 200 };
  rocket_loop_options options = net_options();
  options.idle_timeout_ms = IDLE;
  options.reconnect_min_ms = options.reconnect_max_ms = FAR;
  net_server server, client = {.opened = NET_COUNTER, .closed = NET_COUNTER, .handler_dropped = NET_COUNTER};
  net_server_open(&server, "127.0.0.1");
  rocket_loop *loop = net_loop_with(&options);
  CHECK_INT(rocket_loop_set_handler(loop, net_server_handler(&client)), ROCKET_OK);
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", FAR), ROCKET_OK);
  net_await(&client.closed, 1);
  CHECK_INT(client.closed_status, ROCKET_TIMEOUT);
  uint64_t began = rocket_now_ms(), last = began, longest_gap = 0;
  while (last - began < 2 * IDLE) {
    CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", FAR), ROCKET_OK);
    uint64_t now = rocket_now_ms();
    if (now - last > longest_gap) longest_gap = now - last;
    last = now;
  }
  if (longest_gap < IDLE / 2) CHECK_INT(net_value(&client.opened), 2); /* unless the machine itself paused */
  rocket_loop_free(loop);
  net_server_close(&server);
}

/* The peer's host is gone without a word: nothing is read, nothing more is written. */
TEST(faults_half_open_connection_is_given_up) {
  rocket_loop_options options = net_options();
  options.idle_timeout_ms = 60;
  char address[32];
  net_reply reply;
  net_raw_listen(8, address);
  rocket_loop *loop = net_loop_with(&options);
  uint64_t began = rocket_now_ms();
  net_call(&reply, loop, address, NET_ECHO, "x", FAR);
  CHECK_INT(net_finish(&reply), ROCKET_CLOSED);
  check_soon(began);
  rocket_loop_free(loop);
}

/* ---- Memory ---- */

TEST_LIMITED(faults_addresses_once_used_are_forgotten, 20) {
  rocket_loop_options options = net_options();
  options.allocator = test_allocator(0);
  options.reconnect_min_ms = 1;
  options.reconnect_max_ms = 5;
  rocket_loop *loop = net_loop_with(&options);
  unsigned port = net_free_port();
  net_settle(loop);
  for (int i = 0; i < 300; i++) {
    char address[32];
    snprintf(address, sizeof address, "127.0.%d.%d:%u", i / 250, i % 250 + 1, port);
    CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), UV_ECONNREFUSED);
  }
  /* The loop itself, and the tables that grew with what was there at one time. */
  while (test_allocated() > 1 + 4) usleep(1000);
  CHECK_INT(rocket_loop_connection_count(loop), 0);
  rocket_loop_free(loop);
  CHECK_INT(test_allocated(), 0);
}

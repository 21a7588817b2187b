// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "net_fixture.h"

TEST(listener_tells_its_port_and_serves) {
  net_server server;
  rocket_loop *loop = net_loop();
  net_server_open(&server, "127.0.0.1");
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  CHECK(strncmp(server.peer, "127.0.0.1:", 10) == 0);
  CHECK_INT(server.peer_host.ip_size, 4);
  CHECK_INT(server.peer_host.ip[0], 127);
  CHECK_INT(server.peer_host.port, strtol(server.peer + 10, NULL, 10));
  CHECK_INT(server.local_host.ip_size, 4);
  CHECK_INT(server.local_host.port, server.port);
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(listener_on_a_name) {
  net_server server;
  rocket_loop *loop = net_loop();
  net_server_open(&server, "localhost");
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(listener_on_all_addresses_serves_both_families) {
  net_server server;
  char address[32];
  rocket_loop *loop = net_loop();
  net_server_open(&server, "[::]");
  snprintf(address, sizeof address, "[::1]:%u", server.port);
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", 5000), ROCKET_OK);
  CHECK_INT(server.peer_host.ip_size, 16);
  snprintf(address, sizeof address, "127.0.0.1:%u", server.port);
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", 5000), ROCKET_OK);
  CHECK_INT(server.peer_host.ip_size, 4);
  CHECK(strncmp(server.peer, "127.0.0.1:", 10) == 0);
  rocket_loop_free(loop);
  net_server_close(&server);
}

static void count_drop(void *user) { net_count(user); }

static int open_at(rocket_loop *loop, const char *address) {
  net_counter dropped = NET_COUNTER;
  rocket_listener *listener = NULL;
  uint16_t port = 7;
  rocket_handler handler = {.user = &dropped, .drop = count_drop};
  int status = rocket_listener_open(loop, rocket_slice_of(address), handler, &listener, &port);
  CHECK(status != ROCKET_OK);
  CHECK_INT(net_value(&dropped), 1);
  CHECK(listener == NULL);
  CHECK_INT(port, 7);
  return status;
}

TEST(listener_says_why_it_cannot_listen) {
  net_server server;
  rocket_loop *loop = net_loop();
  net_server_open(&server, "127.0.0.1");
  CHECK_INT(open_at(loop, server.address), UV_EADDRINUSE);
  CHECK_INT(open_at(loop, "192.0.2.1:0"), UV_EADDRNOTAVAIL);
  CHECK_INT(open_at(loop, "no port"), ROCKET_BAD_ADDRESS);
  CHECK_INT(open_at(loop, "127.0.0.1:99999"), ROCKET_BAD_ADDRESS);
  int status = open_at(loop, "no-such-host.invalid:0");
  CHECK(status == UV_EAI_NONAME || status == UV_EAI_NODATA || status == UV_EAI_AGAIN);
  rocket_loop_free(loop);
  net_server_close(&server);
}

typedef struct inside {
  rocket_loop *loop;
  net_counter done;
} inside;

static void open_inside(void *user) {
  inside *self = user;
  CHECK_INT(open_at(self->loop, "127.0.0.1:0"), ROCKET_WRONG_THREAD);
  net_count(&self->done);
}

TEST(listener_cannot_be_opened_on_the_loops_thread) {
  rocket_loop *loop = net_loop();
  inside self = {loop, NET_COUNTER};
  CHECK_INT(rocket_loop_post(loop, (rocket_task){open_inside, &self, NULL}), ROCKET_OK);
  net_await(&self.done, 1);
  net_settle(loop);
  rocket_loop_free(loop);
}

TEST(listener_close_closes_what_it_accepted) {
  rocket_loop *serving = net_loop(), *loop = net_loop();
  net_server closing, staying;
  net_reply held, other;
  net_server_open_on(&closing, serving, "127.0.0.1");
  net_server_open_on(&staying, serving, "127.0.0.1");
  net_call(&held, loop, closing.address, NET_HOLD, "x", 60000);
  net_call(&other, loop, staying.address, NET_HOLD, "x", 60000);
  net_await(&closing.requests, 1);
  net_await(&staying.requests, 1);
  rocket_listener_close(closing.listener);
  CHECK_INT(net_finish(&held), ROCKET_CLOSED);
  net_await(&closing.handler_dropped, 1);
  CHECK_INT(net_value(&closing.closed), 1);
  net_server_release(&staying);
  CHECK_INT(net_finish(&other), ROCKET_OK);
  CHECK(net_call_now(loop, closing.address, NET_ECHO, "x", 5000) != ROCKET_OK);
  rocket_loop_free(loop);
  rocket_loop_free(serving);
  CHECK_INT(net_value(&closing.handler_dropped), 1);
  CHECK_INT(net_value(&staying.handler_dropped), 1);
}

TEST(listener_may_be_closed_at_once) {
  for (int i = 0; i < 50; i++) {
    net_server server;
    net_server_open(&server, "127.0.0.1");
    net_server_close(&server);
  }
}

TEST(listener_left_open_goes_with_its_loop) {
  net_server server;
  rocket_loop *loop = net_loop();
  net_server_open(&server, "127.0.0.1");
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  rocket_loop_free(server.loop);
  CHECK_INT(net_value(&server.handler_dropped), 1);
  CHECK_INT(server.closed_status, ROCKET_STOPPED);
  rocket_loop_free(loop);
}

TEST(listener_closed_after_its_loop_stopped_goes_with_it) {
  net_server server;
  net_server_open(&server, "127.0.0.1");
  rocket_loop_stop(server.loop);
  rocket_listener_close(server.listener);
  rocket_loop_free(server.loop);
  CHECK_INT(net_value(&server.handler_dropped), 1);
}

TEST(listener_reports_connections) {
  net_server server;
  net_server_open(&server, "127.0.0.1");
  rocket_loop *loop = net_loop();
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  CHECK_INT(net_value(&server.opened), 1);
  CHECK_INT(net_value(&server.closed), 0);
  CHECK_INT(rocket_loop_connection_count(server.loop), 1);
  rocket_loop_free(loop);
  net_await(&server.closed, 1);
  CHECK_INT(server.closed_status, ROCKET_CLOSED);
  CHECK_INT(rocket_loop_connection_count(server.loop), 0);
  net_server_close(&server);
}

TEST(listener_takes_many_connections) {
  enum { COUNT = 200 };
  net_server server;
  int sockets[COUNT];
  net_server_open(&server, "127.0.0.1");
  for (int i = 0; i < COUNT; i++) sockets[i] = net_raw_connect(server.port);
  net_await(&server.opened, COUNT);
  CHECK_INT(rocket_loop_connection_count(server.loop), COUNT);
  for (int i = 0; i < COUNT; i++) close(sockets[i]);
  net_await(&server.closed, COUNT);
  net_server_close(&server);
}

TEST(listener_server_may_close_one_connection) {
  net_server server;
  net_reply held;
  rocket_loop *loop = net_loop();
  net_server_open(&server, "127.0.0.1");
  net_call(&held, loop, server.address, NET_SILENT, "x", 60000);
  net_await(&server.requests, 1);
  rocket_connection_close(server.loop, server.connection);
  CHECK_INT(net_finish(&held), ROCKET_CLOSED);
  net_await(&server.closed, 1);
  CHECK_INT(server.closed_status, ROCKET_CLOSED);
  rocket_loop_free(loop);
  net_server_close(&server);
}

/* ---- Without memory ---- */

static atomic_bool exhausted;
static net_counter refusals = NET_COUNTER;

static void *allocate_unless_exhausted(void *user, size_t size) {
  (void)user;
  if (!atomic_load(&exhausted)) return malloc(size);
  net_count(&refusals);
  return NULL;
}
static void *resize_unless_exhausted(void *user, void *memory, size_t size) {
  (void)user;
  return atomic_load(&exhausted) ? NULL : realloc(memory, size);
}
static void release(void *user, void *memory) {
  (void)user;
  free(memory);
}

TEST(listener_accepts_later_what_it_has_no_memory_for_now) {
  static const rocket_allocator allocator = {allocate_unless_exhausted, resize_unless_exhausted, release, NULL};
  rocket_loop_options options = net_options();
  net_server server;
  net_reply reply;
  options.allocator = &allocator;
  net_server_open_on(&server, net_loop_with(&options), "127.0.0.1");
  rocket_loop *loop = net_loop();
  atomic_store(&exhausted, true);
  net_call(&reply, loop, server.address, NET_ECHO, "x", 60000);
  net_await(&refusals, 3);
  atomic_store(&exhausted, false);
  CHECK_INT(net_finish(&reply), ROCKET_OK);
  rocket_loop_free(loop);
  net_server_close(&server);
}

/* ---- Sockets ---- */

TEST(listener_and_caller_set_their_sockets_up) {
  net_server server;
  int ends = 0;
  rocket_loop *loop = net_loop();
  net_server_open(&server, "127.0.0.1");
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  for (int fd = 0; fd < 256; fd++) {
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    int value = 0;
    if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0 || peer.ss_family != AF_INET) continue;
    ends++;
    size = sizeof value;
    CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0);
    CHECK(value != 0);
#ifdef TCP_USER_TIMEOUT
    CHECK(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size) == 0);
    CHECK_INT(value, 30000);
#endif
  }
  CHECK_INT(ends, 2);
  rocket_loop_free(loop);
  net_server_close(&server);
}

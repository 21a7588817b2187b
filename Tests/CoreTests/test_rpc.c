// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Calls and their answers over real sockets, both ends this library's. */
#include "net_fixture.h"

TEST(rpc_answers_a_call) {
  net_pair both;
  net_reply reply;
  net_pair_open(&both);
  net_call(&reply, both.loop, both.server.address, NET_ECHO, "hello", 5000);
  CHECK_INT(net_finish(&reply), ROCKET_OK);
  CHECK_INT(reply.code, ROCKET_RESPONSE_SUCCESS);
  CHECK_INT(reply.body_size, 5);
  CHECK(memcmp(reply.body, "hello", 5) == 0);
  CHECK(reply.id != 0);
  net_pair_close(&both);
}

TEST(rpc_uses_one_connection_for_all_calls_to_an_address) {
  net_pair both;
  net_reply replies[20];
  net_pair_open(&both);
  for (int i = 0; i < 20; i++) net_call(&replies[i], both.loop, both.server.address, NET_ECHO, "x", 5000);
  for (int i = 0; i < 20; i++) CHECK_INT(net_finish(&replies[i]), ROCKET_OK);
  CHECK_INT(net_value(&both.server.opened), 1);
  CHECK_INT(rocket_loop_connection_count(both.loop), 1);
  net_pair_close(&both);
}

TEST(rpc_matches_answers_that_come_in_another_order) {
  enum { CALLS = 100 };
  static net_reply replies[CALLS];
  static char bodies[CALLS][16];
  net_pair both;
  net_pair_open(&both);
  for (int i = 0; i < CALLS; i++) {
    snprintf(bodies[i], sizeof bodies[i], "call %d", i);
    net_call(&replies[i], both.loop, both.server.address, NET_HOLD, bodies[i], 5000);
  }
  net_await(&both.server.requests, CALLS);
  net_server_release(&both.server);
  for (int i = 0; i < CALLS; i++) {
    CHECK_INT(net_finish(&replies[i]), ROCKET_OK);
    CHECK_TEXT(rocket_slice_make(replies[i].body, replies[i].body_size), bodies[i]);
  }
  net_await(&both.server.body_dropped, CALLS);
  CHECK_INT(net_value(&both.server.body_dropped), CALLS);
  net_pair_close(&both);
}

TEST(rpc_speaks_the_binary_header) {
  rocket_loop_options options = net_options();
  options.serialization = ROCKET_SERIALIZATION_BINARY;
  net_server server;
  net_reply reply;
  net_server_open(&server, "127.0.0.1");
  rocket_loop *loop = net_loop_with(&options);
  net_call(&reply, loop, server.address, NET_ECHO, "binary", 5000);
  CHECK_INT(net_finish(&reply), ROCKET_OK);
  CHECK_TEXT(rocket_slice_make(reply.body, reply.body_size), "binary");
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(rpc_sets_what_the_loop_knows_on_a_request) {
  char address[32];
  size_t size;
  net_reply reply;
  rocket_command seen;
  rocket_loop_options options = net_options();
  options.version = 433;
  options.language = 1;
  int listening = net_raw_listen(8, address);
  rocket_loop *loop = net_loop_with(&options);
  net_call(&reply, loop, address, NET_SILENT, "x", 50);
  int fd = net_raw_accept(listening);
  uint8_t *frame = net_raw_read_frame(fd, &size);
  CHECK_INT(rocket_command_decode(frame, size, &seen, NULL), ROCKET_OK);
  CHECK_INT(seen.version, 433);
  CHECK_INT(seen.language, 1);
  CHECK_INT(seen.flag, 0);
  CHECK(seen.opaque > 0);
  free(frame);
  CHECK_INT(net_finish(&reply), ROCKET_TIMEOUT);
  rocket_loop_free(loop);
}

TEST(rpc_oneway_ends_when_the_bytes_are_with_the_system) {
  net_pair both;
  net_reply written;
  rocket_command request;
  net_pair_open(&both);
  net_reply_init(&written, both.loop);
  rocket_command_init(&request, NET_SILENT);
  CHECK_INT(rocket_call_oneway(both.loop, net_to(both.server.address), &request, net_body_of(&written, "bye"), 5000,
                               net_reply_of(&written)),
            ROCKET_OK);
  CHECK_INT(net_finish(&written), ROCKET_OK);
  net_await(&both.server.requests, 1);
  net_pair_close(&both);
}

TEST(rpc_oneway_needs_no_function) {
  net_pair both;
  rocket_command request;
  net_reply only_drops;
  net_pair_open(&both);
  net_reply_init(&only_drops, both.loop);
  rocket_reply nobody = net_reply_of(&only_drops);
  nobody.fn = NULL;
  rocket_command_init(&request, NET_SILENT);
  CHECK_INT(rocket_call_oneway(both.loop, net_to(both.server.address), &request, net_body_of(&only_drops, "bye"), 5000, nobody),
            ROCKET_OK);
  net_await(&both.server.requests, 1);
  net_await(&only_drops.dropped, 1);
  net_await(&only_drops.body_dropped, 1);
  net_pair_close(&both);
}

TEST(rpc_times_out_and_the_connection_stays) {
  net_pair both;
  net_reply reply;
  net_pair_open(&both);
  CHECK_INT(net_call_now(both.loop, both.server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  uint64_t began = rocket_now_ms();
  net_call(&reply, both.loop, both.server.address, NET_SILENT, "x", 40);
  CHECK_INT(net_finish(&reply), ROCKET_TIMEOUT);
  CHECK(reply.ended_at_ms - began >= 40);
  CHECK(reply.ended_at_ms - began < 1000);
  CHECK_INT(net_call_now(both.loop, both.server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  CHECK_INT(net_value(&both.server.opened), 1);
  net_pair_close(&both);
}

TEST(rpc_drops_late_and_second_answers) {
  net_pair both;
  net_reply late;
  net_pair_open(&both);
  net_call(&late, both.loop, both.server.address, NET_HOLD, "late", 20);
  CHECK_INT(net_finish(&late), ROCKET_TIMEOUT);
  net_server_release(&both.server);
  CHECK_INT(net_call_now(both.loop, both.server.address, NET_TWICE, "x", 5000), ROCKET_OK);
  CHECK_INT(net_call_now(both.loop, both.server.address, NET_ECHO, "x", 5000), ROCKET_OK);
  CHECK_INT(net_value(&late.ended), 1);
  CHECK_INT(net_value(&both.server.opened), 1);
  net_pair_close(&both);
}

TEST(rpc_cancels_a_call_in_flight) {
  net_pair both;
  net_reply reply, other;
  net_pair_open(&both);
  net_call(&other, both.loop, both.server.address, NET_HOLD, "other", 5000);
  net_call(&reply, both.loop, both.server.address, NET_HOLD, "x", 60000);
  net_await(&both.server.requests, 2);
  rocket_call_cancel(both.loop, reply.id);
  CHECK_INT(net_finish(&reply), ROCKET_CANCELLED);
  rocket_call_cancel(both.loop, reply.id);
  rocket_call_cancel(both.loop, 0);
  rocket_call_cancel(both.loop, UINT64_MAX);
  net_server_release(&both.server);
  CHECK_INT(net_finish(&other), ROCKET_OK);
  net_pair_close(&both);
}

TEST(rpc_refuses_what_nobody_handles) {
  rocket_loop *loop = net_loop(), *serving = net_loop();
  rocket_listener *listener;
  net_reply reply;
  char address[32];
  uint16_t port;
  CHECK_INT(rocket_listener_open(serving, rocket_slice_of("127.0.0.1:0"), (rocket_handler){0}, &listener, &port), ROCKET_OK);
  snprintf(address, sizeof address, "127.0.0.1:%u", port);
  net_call(&reply, loop, address, 777, "x", 5000);
  CHECK_INT(net_finish(&reply), ROCKET_OK);
  CHECK_INT(reply.code, ROCKET_RESPONSE_REQUEST_CODE_NOT_SUPPORTED);
  CHECK(strcmp(reply.remark, " request type 777 not supported") == 0);
  rocket_loop_free(loop);
  rocket_loop_free(serving);
}

TEST(rpc_answers_no_oneway_not_even_an_unknown_one) {
  rocket_loop *serving = net_loop();
  rocket_listener *listener;
  rocket_buffer bytes;
  uint16_t port;
  rocket_command request, response;
  size_t size;
  CHECK_INT(rocket_listener_open(serving, rocket_slice_of("127.0.0.1:0"), (rocket_handler){0}, &listener, &port), ROCKET_OK);
  rocket_buffer_init(&bytes, NULL);
  for (int opaque = 1; opaque <= 2; opaque++) {
    rocket_command_init(&request, 777);
    request.opaque = opaque;
    request.flag = opaque == 1 ? ROCKET_FLAG_ONEWAY : 0;
    CHECK_INT(rocket_command_encode(&request, &bytes), ROCKET_OK);
  }
  int fd = net_raw_connect(port);
  net_raw_write(fd, bytes.data, bytes.size);
  uint8_t *frame = net_raw_read_frame(fd, &size);
  CHECK_INT(rocket_command_decode(frame, size, &response, NULL), ROCKET_OK);
  CHECK_INT(response.opaque, 2);
  free(frame);
  rocket_buffer_clear(&bytes);
  rocket_loop_free(serving);
}

/* ---- Sizes ---- */

TEST(rpc_carries_large_bodies_both_ways) {
  enum { SIZE = 6 << 20 };
  net_pair both;
  net_reply reply;
  net_pair_open(&both);
  char *body = malloc(SIZE + 1);
  for (int i = 0; i < SIZE; i++) body[i] = (char)('a' + i % 26);
  body[SIZE] = 0;
  net_call(&reply, both.loop, both.server.address, NET_ECHO, body, 20000);
  CHECK_INT(net_finish(&reply), ROCKET_OK);
  CHECK_INT(reply.body_size, SIZE);
  CHECK(memcmp(reply.body, body, sizeof reply.body) == 0);
  static const char *const sizes[] = {"1", "65000", "65500", "65536", "100000", "262144", "1000000", "16000000"};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    net_call(&reply, both.loop, both.server.address, NET_LARGE, sizes[i], 20000);
    CHECK_INT(net_finish(&reply), ROCKET_OK);
    CHECK_INT(reply.body_size, strtol(sizes[i], NULL, 10));
  }
  net_pair_close(&both);
  free(body);
}

TEST(rpc_refuses_a_frame_over_the_limit) {
  rocket_loop *loop = net_loop();
  net_reply reply;
  rocket_command request;
  char *body = malloc(ROCKET_MAX_FRAME_BYTES + 1);
  memset(body, 'x', ROCKET_MAX_FRAME_BYTES);
  body[ROCKET_MAX_FRAME_BYTES] = 0;
  net_reply_init(&reply, loop);
  rocket_command_init(&request, NET_ECHO);
  CHECK_INT(rocket_call(loop, net_to("127.0.0.1:1"), &request, net_body_of(&reply, body), 5000, net_reply_of(&reply), &reply.id),
            ROCKET_TOO_LARGE);
  CHECK_INT(net_value(&reply.dropped), 1);
  CHECK_INT(net_value(&reply.body_dropped), 1);
  CHECK_INT(reply.id, 0);
  rocket_loop_free(loop);
  CHECK_INT(net_value(&reply.ended), 0);
  free(body);
}

TEST(rpc_copies_a_body_without_drop) {
  net_pair both;
  net_reply reply;
  rocket_command request;
  char body[] = "as it was";
  net_pair_open(&both);
  net_reply_init(&reply, both.loop);
  rocket_command_init(&request, NET_ECHO);
  CHECK_INT(rocket_call(both.loop, net_to(both.server.address), &request, (rocket_body){.bytes = rocket_slice_of(body)}, 5000,
                        net_reply_of(&reply), NULL),
            ROCKET_OK);
  memset(body, '?', sizeof body);
  net_await(&reply.dropped, 1);
  CHECK_INT(reply.status, ROCKET_OK);
  CHECK_TEXT(rocket_slice_make(reply.body, reply.body_size), "as it was");
  net_pair_close(&both);
}

TEST(rpc_refuses_addresses_that_are_none) {
  static const char *const bad[] = {"",         "localhost", ":9876",     "host:",     "host:0",        "host:65536", "host:-1",
                                    "host:80a", "[::1:9876", "ho st:9876", "[]:9876", "host:123456789", "[::1]9876:", "::1]:9876"};
  rocket_loop *loop = net_loop();
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    net_reply reply;
    rocket_command request;
    net_reply_init(&reply, loop);
    rocket_command_init(&request, NET_ECHO);
    int status = rocket_call(loop, net_to(bad[i]), &request, net_body_of(&reply, "x"), 1000, net_reply_of(&reply), NULL);
    if (status != ROCKET_BAD_ADDRESS) test_fail(__FILE__, __LINE__, "\"%s\" gives %s", bad[i], rocket_status_name(status));
    CHECK_INT(net_value(&reply.dropped), 1);
    CHECK_INT(net_value(&reply.body_dropped), 1);
  }
  rocket_loop_free(loop);
}

/* ---- IPv6 ---- */

TEST(rpc_connects_over_ipv6) {
  net_server server;
  net_server_open(&server, "[::1]");
  rocket_loop *loop = net_loop();
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "six", 5000), ROCKET_OK);
  CHECK(strncmp(server.peer, "[::1]:", 6) == 0);
  CHECK_INT(server.peer_host.ip_size, 16);
  CHECK_INT(server.local_host.port, server.port);
  rocket_loop_free(loop);
  net_server_close(&server);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Peers that send strange bytes, or good bytes in strange pieces. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "net_fixture.h"

enum { FAR = 60000 };

/* A call whose peer answers with `bytes`; how it ends. */
static int answered_with(const void *bytes, size_t size) {
  char address[32];
  size_t frame_size;
  net_reply reply;
  int listening = net_raw_listen(8, address);
  rocket_loop *loop = net_loop();
  net_call(&reply, loop, address, NET_ECHO, "x", FAR);
  int fd = net_raw_accept(listening);
  free(net_raw_read_frame(fd, &frame_size));
  net_raw_write(fd, bytes, size);
  int status = net_finish(&reply);
  net_raw_await_close(fd);
  close(listening);
  rocket_loop_free(loop);
  return status;
}

TEST(faults_garbage_closes_the_connection_with_its_cause) {
  static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
  static const uint8_t two_gib[] = {0x7f, 0xff, 0xff, 0xff};
  static const uint8_t over_limit[] = {0x01, 0x00, 0x00, 0x00};
  static const uint8_t negative[] = {0xff, 0xff, 0xff, 0xff};
  static const uint8_t tiny[] = {0, 0, 0, 3};
  static const uint8_t long_header[] = {0, 0, 0, 6, 0, 0, 0, 3, '{', '}'};
  static const uint8_t other_format[] = {0, 0, 0, 6, 9, 0, 0, 2, '{', '}'};
  static const uint8_t no_json[] = {0, 0, 0, 6, 0, 0, 0, 2, '?', '!'};
  CHECK_INT(answered_with(http, sizeof http - 1), ROCKET_TOO_LARGE);
  CHECK_INT(answered_with(two_gib, sizeof two_gib), ROCKET_TOO_LARGE);
  CHECK_INT(answered_with(over_limit, sizeof over_limit), ROCKET_TOO_LARGE);
  CHECK_INT(answered_with(negative, sizeof negative), ROCKET_BAD_FRAME);
  CHECK_INT(answered_with(tiny, sizeof tiny), ROCKET_BAD_FRAME);
  CHECK_INT(answered_with(long_header, sizeof long_header), ROCKET_BAD_FRAME);
  CHECK_INT(answered_with(other_format, sizeof other_format), ROCKET_BAD_SERIALIZATION);
  CHECK_INT(answered_with(no_json, sizeof no_json), ROCKET_BAD_JSON);
}

TEST(faults_server_survives_garbage) {
  net_server server;
  net_server_open(&server, "127.0.0.1");
  uint64_t random = 3;
  for (int i = 0; i < 50; i++) {
    uint8_t bytes[200];
    test_random_bytes(&random, bytes, sizeof bytes);
    bytes[0] = 0x7f;
    int fd = net_raw_connect(server.port);
    net_raw_write(fd, bytes, sizeof bytes);
    net_raw_await_close(fd);
  }
  rocket_loop *loop = net_loop();
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", FAR), ROCKET_OK);
  rocket_loop_free(loop);
  net_server_close(&server);
}

/* ---- Pieces ---- */

TEST(faults_answer_in_single_bytes) {
  char address[32];
  size_t size;
  net_reply reply;
  int listening = net_raw_listen(8, address);
  rocket_loop *loop = net_loop();
  net_call(&reply, loop, address, NET_ECHO, "x", FAR);
  int fd = net_raw_accept(listening);
  uint8_t *frame = net_raw_read_frame(fd, &size);
  rocket_buffer response = net_raw_response(frame, size, "piece by piece");
  for (size_t i = 0; i < response.size; i++) {
    net_raw_write(fd, response.data + i, 1);
    net_settle(loop);
  }
  CHECK_INT(net_finish(&reply), ROCKET_OK);
  CHECK_TEXT(rocket_slice_make(reply.body, reply.body_size), "piece by piece");
  close(fd);
  free(frame);
  rocket_buffer_clear(&response);
  rocket_loop_free(loop);
}

static void check_answers(int fd, int count) {
  for (int i = 0; i < count; i++) {
    size_t size;
    uint8_t *frame = net_raw_read_frame(fd, &size);
    net_raw_check_answer(frame, size, i + 1);
  }
}

TEST(faults_requests_in_single_bytes) {
  net_server server;
  net_server_open(&server, "127.0.0.1");
  rocket_buffer bytes = net_raw_requests(3, NET_ECHO, "slow");
  int fd = net_raw_connect(server.port);
  for (size_t i = 0; i < bytes.size; i++) {
    net_raw_write(fd, bytes.data + i, 1);
    net_settle(server.loop);
  }
  check_answers(fd, 3);
  close(fd);
  rocket_buffer_clear(&bytes);
  net_server_close(&server);
}

TEST(faults_many_requests_in_one_segment) {
  net_server server;
  net_server_open(&server, "127.0.0.1");
  rocket_buffer bytes = net_raw_requests(500, NET_ECHO, "fast");
  int fd = net_raw_connect(server.port);
  net_raw_write(fd, bytes.data, bytes.size);
  check_answers(fd, 500);
  close(fd);
  rocket_buffer_clear(&bytes);
  net_server_close(&server);
}

TEST(faults_many_answers_in_one_segment_in_reverse) {
  enum { CALLS = 50 };
  char address[32];
  net_reply replies[CALLS];
  rocket_buffer responses[CALLS], all;
  int listening = net_raw_listen(8, address);
  rocket_loop *loop = net_loop();
  for (int i = 0; i < CALLS; i++) net_call(&replies[i], loop, address, NET_ECHO, "x", FAR);
  int fd = net_raw_accept(listening);
  for (int i = 0; i < CALLS; i++) {
    size_t size;
    char body[16];
    uint8_t *frame = net_raw_read_frame(fd, &size);
    snprintf(body, sizeof body, "answer %d", i);
    responses[i] = net_raw_response(frame, size, body);
    free(frame);
  }
  rocket_buffer_init(&all, NULL);
  for (int i = CALLS - 1; i >= 0; i--) {
    rocket_buffer_append(&all, responses[i].data, responses[i].size);
    rocket_buffer_clear(&responses[i]);
  }
  net_raw_write(fd, all.data, all.size);
  for (int i = 0; i < CALLS; i++) {
    char body[16];
    snprintf(body, sizeof body, "answer %d", i);
    CHECK_INT(net_finish(&replies[i]), ROCKET_OK);
    CHECK_TEXT(rocket_slice_make(replies[i].body, replies[i].body_size), body);
  }
  rocket_buffer_clear(&all);
  close(fd);
  rocket_loop_free(loop);
}

/* ---- Answers to nothing ---- */

static rocket_buffer response_to(int32_t opaque) {
  rocket_command request, response;
  rocket_buffer out;
  rocket_command_init(&request, NET_ECHO);
  request.opaque = opaque;
  rocket_command_init_response(&response, &request, ROCKET_RESPONSE_SUCCESS);
  rocket_buffer_init(&out, NULL);
  CHECK_INT(rocket_command_encode(&response, &out), ROCKET_OK);
  return out;
}

static int32_t opaque_of(int fd) {
  size_t size;
  rocket_command request;
  uint8_t *frame = net_raw_read_frame(fd, &size);
  CHECK_INT(rocket_command_decode(frame, size, &request, NULL), ROCKET_OK);
  int32_t opaque = request.opaque;
  free(frame);
  return opaque;
}

TEST(faults_answers_to_unknown_opaques_are_ignored) {
  char address[32];
  net_reply reply;
  static const int32_t unknown[] = {0, -1, INT32_MIN, INT32_MAX, 1000000};
  int listening = net_raw_listen(8, address);
  rocket_loop *loop = net_loop();
  net_call(&reply, loop, address, NET_ECHO, "x", FAR);
  int fd = net_raw_accept(listening);
  int32_t opaque = opaque_of(fd);
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    rocket_buffer bytes = response_to(unknown[i]);
    net_raw_write(fd, bytes.data, bytes.size);
    rocket_buffer_clear(&bytes);
  }
  rocket_buffer bytes = response_to(opaque);
  net_raw_write(fd, bytes.data, bytes.size);
  rocket_buffer_clear(&bytes);
  CHECK_INT(net_finish(&reply), ROCKET_OK);
  close(fd);
  rocket_loop_free(loop);
}

TEST(faults_answer_over_another_connection_does_not_count) {
  char address[2][32];
  net_reply replies[2];
  int fd[2];
  int32_t opaque[2];
  rocket_loop *loop = net_loop();
  for (int i = 0; i < 2; i++) {
    int listening = net_raw_listen(8, address[i]);
    net_call(&replies[i], loop, address[i], NET_ECHO, "x", FAR);
    fd[i] = net_raw_accept(listening);
    opaque[i] = opaque_of(fd[i]);
  }
  rocket_buffer wrong = response_to(opaque[0]), right = response_to(opaque[1]);
  net_raw_write(fd[1], wrong.data, wrong.size);
  net_raw_write(fd[1], right.data, right.size);
  CHECK_INT(net_finish(&replies[1]), ROCKET_OK);
  CHECK_INT(net_value(&replies[0].ended), 0);
  close(fd[0]);
  CHECK_INT(net_finish(&replies[0]), ROCKET_CLOSED);
  close(fd[1]);
  rocket_buffer_clear(&wrong);
  rocket_buffer_clear(&right);
  rocket_loop_free(loop);
}

/* ---- Promises of much to come ---- */

static atomic_int_fast64_t bytes_held;

static void *hold_bytes(void *user, size_t size) {
  (void)user;
  size_t *block = malloc(size + 16);
  *block = size;
  atomic_fetch_add(&bytes_held, (int64_t)size);
  return block + 2;
}
static void free_bytes(void *user, void *memory) {
  (void)user;
  if (!memory) return;
  size_t *block = (size_t *)memory - 2;
  atomic_fetch_sub(&bytes_held, (int64_t)*block);
  free(block);
}
static void *resize_bytes(void *user, void *memory, size_t size) {
  void *moved = hold_bytes(user, size);
  if (memory) memcpy(moved, memory, ((size_t *)memory)[-2] < size ? ((size_t *)memory)[-2] : size);
  free_bytes(user, memory);
  return moved;
}

TEST(faults_promised_bytes_cost_nothing_until_they_come) {
  enum { PEERS = 50 };
  static const rocket_allocator counting = {hold_bytes, resize_bytes, free_bytes, NULL};
  static const uint8_t promise[] = {0x00, 0xff, 0xff, 0xf0, 0, 0, 0, 100};
  rocket_loop_options options = net_options();
  options.allocator = &counting;
  net_server server;
  int peers[PEERS];
  net_server_open_on(&server, net_loop_with(&options), "127.0.0.1");
  for (int i = 0; i < PEERS; i++) peers[i] = net_raw_connect(server.port);
  net_await(&server.opened, PEERS);
  int64_t before = atomic_load(&bytes_held);
  for (int i = 0; i < PEERS; i++) net_raw_write(peers[i], promise, sizeof promise);
  rocket_loop *loop = net_loop();
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", FAR), ROCKET_OK);
  CHECK(atomic_load(&bytes_held) - before < (int64_t)PEERS * 70000);
  static uint8_t more[1 << 20];
  for (int i = 0; i < PEERS; i++) net_raw_write(peers[i], more, sizeof more);
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", FAR), ROCKET_OK);
  CHECK(atomic_load(&bytes_held) - before < (int64_t)PEERS * 5 * (1 << 20));
  for (int i = 0; i < PEERS; i++) close(peers[i]);
  rocket_loop_free(loop);
  net_server_close(&server);
  CHECK_INT(atomic_load(&bytes_held), 0);
}

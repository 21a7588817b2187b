// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Peers that do not read, and what becomes of bytes that are not written yet. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net_fixture.h"

enum { FAR = 60000 /* a deadline that no test waits for */, LARGE = 12 << 20 /* more than the sockets take at once */ };

/* So many 'x'. */
static char *text(size_t size) {
  char *text = malloc(size + 1);
  memset(text, 'x', size);
  text[size] = 0;
  return text;
}

TEST(faults_calls_over_the_unwritten_limit_are_refused) {
  enum { CALLS = 200, SIZE = 100000 };
  static net_reply replies[CALLS];
  rocket_loop_options options = net_options();
  options.max_unwritten_bytes = 1 << 20;
  char address[32];
  int refused = 0;
  net_raw_listen(8, address);
  rocket_loop *loop = net_loop_with(&options);
  char *body = text(SIZE);
  for (int i = 0; i < CALLS; i++) net_call(&replies[i], loop, address, NET_ECHO, body, 500);
  net_settle(loop);
  for (int i = 0; i < CALLS; i++) {
    net_await(&replies[i].dropped, 1);
    CHECK(replies[i].status == ROCKET_OVERLOADED || replies[i].status == ROCKET_TIMEOUT);
    if (replies[i].status == ROCKET_OVERLOADED) refused++;
  }
  CHECK(refused >= CALLS / 2); /* loopback takes a few megabytes, and one more is the limit */
  CHECK(refused < CALLS);
  rocket_loop_free(loop);
  for (int i = 0; i < CALLS; i++) net_finish(&replies[i]);
  free(body);
}

/* The peer takes a part of a large frame and no more; the rest is in libuv's hands when the call ends. */
TEST(faults_cancelled_call_keeps_its_bytes_until_they_are_let_go) {
  char address[32];
  size_t received = 0;
  net_reply reply, queued;
  int listening = net_raw_listen(8, address);
  rocket_loop *loop = net_loop();
  char *body = text(LARGE);
  net_call(&reply, loop, address, NET_ECHO, body, FAR);
  int fd = net_raw_accept(listening);
  char bytes[1000];
  received += (size_t)recv(fd, bytes, sizeof bytes, MSG_WAITALL);
  net_call(&queued, loop, address, NET_ECHO, "never sent", FAR);
  rocket_call_cancel(loop, queued.id);
  CHECK_INT(net_finish(&queued), ROCKET_CANCELLED);
  rocket_call_cancel(loop, reply.id);
  net_await(&reply.dropped, 1);
  CHECK_INT(reply.status, ROCKET_CANCELLED);
  CHECK_INT(net_value(&reply.body_dropped), 0);
  /* The frame goes out whole, and the next one follows it. */
  net_call(&queued, loop, address, NET_ECHO, "next", FAR);
  static char rest[65536];
  while (received < LARGE) {
    ssize_t n = read(fd, rest, sizeof rest);
    CHECK(n > 0);
    received += (size_t)n;
  }
  CHECK_INT(net_finish(&reply), ROCKET_CANCELLED);
  close(fd);
  CHECK_INT(net_finish(&queued), ROCKET_CLOSED);
  rocket_loop_free(loop);
  free(body);
}

/* A connection that has carried a first call, and the two calls that follow it in one go. */
typedef struct meddler {
  rocket_loop *loop;
  char address[32];
  int fd; /* the peer's end */
  char *large;
  net_reply first_reply, small_reply, large_reply;
} meddler;

static void meddler_open(meddler *self) {
  size_t size;
  int listening = net_raw_listen(8, self->address);
  self->loop = net_loop();
  self->large = text(LARGE);
  net_call(&self->first_reply, self->loop, self->address, NET_ECHO, "x", FAR);
  self->fd = net_raw_accept(listening);
  free(net_raw_read_frame(self->fd, &size));
}

/* Does `fn` on the loop, so that what it sends is written together. */
static void meddle(meddler *self, void (*fn)(void *self)) {
  CHECK_INT(rocket_loop_post(self->loop, (rocket_task){fn, self, NULL}), ROCKET_OK);
  net_settle(self->loop);
}

static void expect_frame_that_ends_with(int fd, const char *end) {
  size_t size;
  uint8_t *frame = net_raw_read_frame(fd, &size);
  CHECK(size > strlen(end) && memcmp(frame + size - strlen(end), end, strlen(end)) == 0);
  free(frame);
}

/* The peer closes: the last call ends so, and the first one, which it never answered. */
static void meddler_close(meddler *self, net_reply *last) {
  close(self->fd);
  CHECK_INT(net_finish(last), ROCKET_CLOSED);
  CHECK_INT(net_finish(&self->first_reply), ROCKET_CLOSED);
  rocket_loop_free(self->loop);
  free(self->large);
}

static void cancel_the_large_one(void *user) {
  meddler *self = user;
  rocket_call_cancel(self->loop, self->large_reply.id);
}

static void send_both(void *user) {
  meddler *self = user;
  rocket_command request;
  net_reply_init(&self->small_reply, self->loop);
  rocket_command_init(&request, NET_ECHO);
  rocket_body body = {rocket_slice_of("small"), cancel_the_large_one, self};
  CHECK_INT(rocket_call(self->loop, net_to(self->address), &request, body, FAR, net_reply_of(&self->small_reply), NULL), ROCKET_OK);
  net_call(&self->large_reply, self->loop, self->address, NET_ECHO, self->large, FAR);
}

/* One write takes a small frame and a part of a large one; the small one's drop cancels the large one, whose rest must follow. */
TEST(faults_cancel_inside_a_drop_tears_no_frame) {
  meddler self;
  net_reply last;
  meddler_open(&self);
  meddle(&self, send_both);
  net_await(&self.large_reply.dropped, 1);
  CHECK_INT(self.large_reply.status, ROCKET_CANCELLED);
  net_call(&last, self.loop, self.address, NET_ECHO, "last", FAR);
  expect_frame_that_ends_with(self.fd, "small");
  expect_frame_that_ends_with(self.fd, "xxxxx");
  expect_frame_that_ends_with(self.fd, "last");
  CHECK_INT(net_finish(&self.large_reply), ROCKET_CANCELLED);
  meddler_close(&self, &last);
  net_await(&self.small_reply.dropped, 1);
}

static void send_large_then_small(void *user) {
  meddler *self = user;
  net_call(&self->large_reply, self->loop, self->address, NET_ECHO, self->large, FAR);
  net_call(&self->small_reply, self->loop, self->address, NET_ECHO, "small", FAR);
}

/* Not a byte of the small frame is written, but libuv has been told to. */
TEST(faults_cancelled_call_in_a_delayed_write_keeps_its_bytes) {
  meddler self;
  meddler_open(&self);
  meddle(&self, send_large_then_small);
  rocket_call_cancel(self.loop, self.small_reply.id);
  net_await(&self.small_reply.dropped, 1);
  CHECK_INT(net_value(&self.small_reply.body_dropped), 0);
  expect_frame_that_ends_with(self.fd, "xxxxx");
  expect_frame_that_ends_with(self.fd, "small");
  CHECK_INT(net_finish(&self.small_reply), ROCKET_CANCELLED);
  meddler_close(&self, &self.large_reply);
}

TEST(faults_stop_with_a_write_under_way) {
  char address[32];
  net_reply reply;
  int listening = net_raw_listen(8, address);
  rocket_loop *loop = net_loop();
  char *body = text(LARGE), byte;
  net_call(&reply, loop, address, NET_ECHO, body, FAR);
  int fd = net_raw_accept(listening);
  CHECK(read(fd, &byte, 1) == 1);
  rocket_loop_free(loop);
  CHECK_INT(net_finish(&reply), ROCKET_STOPPED);
  close(fd);
  free(body);
}

TEST(faults_peer_that_does_not_read_its_answers_is_cut_off) {
  rocket_loop_options options = net_options();
  options.max_unwritten_bytes = 4 << 20;
  net_server server;
  net_server_open_on(&server, net_loop_with(&options), "127.0.0.1");
  int fd = net_raw_connect(server.port);
  rocket_buffer frame = net_raw_requests(1, NET_LARGE, "1000000");
  for (int i = 0; i < 30 && net_value(&server.closed) == 0; i++)
    if (send(fd, frame.data, frame.size, MSG_NOSIGNAL) < 0) break;
  net_await(&server.closed, 1);
  CHECK_INT(server.closed_status, ROCKET_OVERLOADED);
  close(fd);
  rocket_buffer_clear(&frame);
  net_server_close(&server);
}

/* SIGPIPE is at its default here: were it delivered, it would end the process. */
TEST(faults_writing_to_a_closed_peer_raises_no_signal) {
  char address[32];
  size_t size;
  rocket_loop *loop = net_loop();
  static char body[300001];
  CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
  memset(body, 'x', sizeof body - 1);
  for (int round = 0; round < 30; round++) {
    net_reply replies[20];
    int listening = net_raw_listen(8, address);
    net_call(&replies[0], loop, address, NET_ECHO, "x", FAR);
    int fd = net_raw_accept(listening);
    free(net_raw_read_frame(fd, &size));
    for (int i = 1; i < 10; i++) net_call(&replies[i], loop, address, NET_ECHO, body, FAR);
    close(fd);
    for (int i = 10; i < 20; i++) net_call(&replies[i], loop, address, NET_ECHO, body, 200);
    close(listening);
    for (int i = 0; i < 20; i++) CHECK(net_finish(&replies[i]) != ROCKET_OK);
  }
  rocket_loop_free(loop);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "rocket_events.h"

#include <poll.h>
#include <pthread.h>

#include "test.h"

enum { FIRST = 7, SERVER = 8 };

static rocket_events *events_begin(void) {
  rocket_events *events;
  CHECK_INT(rocket_events_new(test_allocator(0), &events), ROCKET_OK);
  return events;
}

/* Frees the events; nothing may be left of them. */
static void events_end(rocket_events *events) {
  rocket_events_free(events);
  CHECK_INT(test_allocated(), 0);
}

/* The event that waits, which must be a puller's, of this kind. */
static rocket_puller_event take_of_puller(rocket_events *events, rocket_puller_event_kind kind) {
  rocket_event event;
  CHECK_INT(rocket_events_next(events, 0, &event), ROCKET_OK);
  CHECK_INT(event.kind, ROCKET_EVENT_PULLER);
  CHECK_INT(event.puller.kind, kind);
  return event.puller;
}

static void expect_none(rocket_events *events) {
  rocket_event event;
  CHECK_INT(rocket_events_next(events, 0, &event), ROCKET_TIMEOUT);
}

static rocket_puller_listener listener_of(rocket_events *events, uint64_t tag) {
  rocket_puller_listener listener;
  CHECK_INT(rocket_events_puller(events, tag, &listener), ROCKET_OK);
  return listener;
}

static bool is_readable(const rocket_events *events) {
  struct pollfd readable = {.fd = rocket_events_fd(events), .events = POLLIN};
  return poll(&readable, 1, 0) == 1;
}

/* A loop that listens with events as its handler. */
typedef struct server {
  rocket_loop *loop;
  char address[32];
} server;

static server server_start(rocket_events *events) {
  server made;
  rocket_handler handler;
  rocket_listener *listener;
  uint16_t port;
  CHECK_INT(rocket_loop_new(NULL, &made.loop), ROCKET_OK);
  CHECK_INT(rocket_events_handler(events, SERVER, &handler), ROCKET_OK);
  CHECK_INT(rocket_listener_open(made.loop, rocket_slice_of("127.0.0.1:0"), handler, &listener, &port), ROCKET_OK);
  snprintf(made.address, sizeof made.address, "127.0.0.1:%u", port);
  return made;
}

static void call(const server *to, rocket_events *events, uint64_t tag, const char *topic) {
  rocket_command request;
  rocket_reply reply;
  rocket_command_init(&request, ROCKET_REQUEST_GET_ROUTEINFO_BY_TOPIC);
  CHECK_INT(rocket_command_set(&request, ROCKET_FIELD_TOPIC, rocket_slice_of(topic)), ROCKET_OK);
  CHECK_INT(rocket_events_reply(events, tag, &reply), ROCKET_OK);
  rocket_target target = {.address = rocket_slice_of(to->address)};
  CHECK_INT(rocket_call(to->loop, target, &request, (rocket_body){0}, 5000, reply, NULL), ROCKET_OK);
}

TEST(events_carry_a_call_there_and_back) {
  rocket_events *events = events_begin();
  rocket_event event;
  rocket_slice topic;
  server peer = server_start(events);
  expect_none(events);
  CHECK(!is_readable(events));
  call(&peer, events, FIRST, "orders");

  CHECK_INT(rocket_events_next(events, 5000, &event), ROCKET_OK);
  CHECK_INT(event.kind, ROCKET_EVENT_OPENED);
  CHECK_INT(event.tag, SERVER);
  CHECK(event.address.size > 0 && event.connection != 0);
  CHECK_INT(rocket_events_next(events, UINT32_MAX, &event), ROCKET_OK);
  CHECK_INT(event.kind, ROCKET_EVENT_REQUEST);
  CHECK_INT(event.command->code, ROCKET_REQUEST_GET_ROUTEINFO_BY_TOPIC);
  CHECK_INT(rocket_command_get(event.command, ROCKET_FIELD_TOPIC, &topic), ROCKET_OK);
  CHECK_TEXT(topic, "orders");
  CHECK(memcmp(event.address.data, "127.0.0.1:", 10) == 0);

  rocket_command response;
  rocket_command_init_response(&response, event.command, ROCKET_RESPONSE_SUCCESS);
  rocket_body body = {.bytes = rocket_slice_of("{}")};
  CHECK_INT(rocket_respond(peer.loop, event.connection, &response, body), ROCKET_OK);
  CHECK_INT(rocket_events_next(events, 5000, &event), ROCKET_OK);
  CHECK_INT(event.kind, ROCKET_EVENT_REPLY);
  CHECK_INT(event.tag, FIRST);
  CHECK_INT(event.status, ROCKET_OK);
  CHECK_TEXT(event.command->body, "{}");

  rocket_frame *kept = event.frame; /* outlives the event */
  rocket_slice bytes = event.command->body;
  rocket_frame_retain(kept);
  expect_none(events);
  CHECK_TEXT(bytes, "{}");
  rocket_frame_release(kept);

  call(&peer, events, FIRST + 1, "orders");
  CHECK_INT(rocket_events_next(events, 5000, &event), ROCKET_OK); /* the request, which nobody answers */
  CHECK_INT(rocket_loop_free(peer.loop), ROCKET_OK);
  bool has_ended = false, has_closed = false;
  while (rocket_events_next(events, 0, &event) == ROCKET_OK) {
    if (event.kind == ROCKET_EVENT_CLOSED) has_closed = true;
    if (event.kind != ROCKET_EVENT_REPLY) continue;
    CHECK_INT(event.tag, FIRST + 1);
    CHECK_INT(event.status, ROCKET_STOPPED);
    CHECK(event.command == NULL && event.frame == NULL);
    has_ended = true;
  }
  CHECK(has_ended && has_closed);
  events_end(events);
}

TEST(events_fd_is_readable_while_events_wait) {
  rocket_events *events = events_begin();
  rocket_puller_listener listener = listener_of(events, FIRST);
  rocket_puller_event error = {.kind = ROCKET_PULLER_ERROR, .status = ROCKET_CLOSED, .remark = rocket_slice_of("gone")};
  listener.fn(listener.user, &error);
  listener.fn(listener.user, &(rocket_puller_event){.kind = ROCKET_PULLER_STALLED, .address = rocket_slice_of("b:1")});
  CHECK(is_readable(events));
  rocket_puller_event event = take_of_puller(events, ROCKET_PULLER_ERROR);
  CHECK_INT(event.status, ROCKET_CLOSED);
  CHECK_TEXT(event.remark, "gone");
  CHECK(is_readable(events));
  CHECK_TEXT(take_of_puller(events, ROCKET_PULLER_STALLED).address, "b:1");
  CHECK(!is_readable(events));
  listener.drop(listener.user);
  events_end(events);
}

TEST(events_of_a_puller_add_up_and_end_with_stopped) {
  rocket_events *events = events_begin();
  rocket_puller_listener listener = listener_of(events, FIRST);
  for (int round = 0; round < 3; round++) {
    listener.fn(listener.user, &(rocket_puller_event){.kind = ROCKET_PULLER_READY, .count = 3});
    listener.fn(listener.user, &(rocket_puller_event){.kind = ROCKET_PULLER_READY, .count = 4});
    CHECK_INT(take_of_puller(events, ROCKET_PULLER_READY).count, 7);
    expect_none(events);
  }
  uint64_t before = test_allocations(); /* these need none */
  listener.fn(listener.user, &(rocket_puller_event){.kind = ROCKET_PULLER_OFFSET_RESET, .offset = 55});
  listener.fn(listener.user, &(rocket_puller_event){.kind = ROCKET_PULLER_STOPPED, .address = rocket_slice_of("b:1")});
  CHECK_INT(test_allocations(), before);
  listener.drop(listener.user); /* what waits outlives its callback */
  CHECK_INT(take_of_puller(events, ROCKET_PULLER_OFFSET_RESET).offset, 55);
  CHECK(take_of_puller(events, ROCKET_PULLER_STOPPED).address.data == NULL);
  events_end(events);
}

TEST(events_leave_nothing_behind_whoever_goes_first) {
  rocket_events *events = events_begin();
  rocket_reply reply;
  rocket_handler handler;
  CHECK_INT(rocket_events_reply(events, 1, &reply), ROCKET_OK);
  CHECK_INT(rocket_events_handler(events, 2, &handler), ROCKET_OK);
  rocket_puller_listener listener = listener_of(events, 3);
  handler.opened(handler.user, 9, rocket_slice_of("a:1"));
  listener.fn(listener.user, &(rocket_puller_event){.kind = ROCKET_PULLER_READY, .count = 1});
  rocket_events_free(events);
  reply.fn(reply.user, ROCKET_TIMEOUT, NULL, NULL);
  handler.closed(handler.user, 9, rocket_slice_of("a:1"), ROCKET_CLOSED);
  listener.fn(listener.user, &(rocket_puller_event){.kind = ROCKET_PULLER_STOPPED});
  reply.drop(reply.user);
  handler.drop(handler.user);
  listener.drop(listener.user);
  CHECK_INT(test_allocated(), 0);
  rocket_events_free(NULL);
}

TEST(events_of_a_call_that_fails_are_dropped) {
  rocket_events *events = events_begin();
  rocket_loop *loop;
  rocket_command request;
  rocket_reply reply;
  CHECK_INT(rocket_loop_new(NULL, &loop), ROCKET_OK);
  rocket_command_init(&request, ROCKET_REQUEST_HEART_BEAT);
  CHECK_INT(rocket_events_reply(events, FIRST, &reply), ROCKET_OK);
  rocket_target target = {.address = rocket_slice_of("no port")};
  CHECK_INT(rocket_call(loop, target, &request, (rocket_body){0}, 1000, reply, NULL), ROCKET_BAD_ADDRESS);
  expect_none(events);
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  events_end(events);
}

TEST(events_that_nobody_takes_are_bounded) {
  rocket_events *events = events_begin();
  rocket_handler handler;
  rocket_reply reply;
  rocket_event event;
  CHECK_INT(rocket_events_handler(events, SERVER, &handler), ROCKET_OK);
  CHECK_INT(rocket_events_reply(events, FIRST, &reply), ROCKET_OK);
  for (uint32_t i = 0; i < ROCKET_EVENTS_MAX + 5; i++) handler.opened(handler.user, i + 1, rocket_slice_of("a:1"));
  reply.fn(reply.user, ROCKET_TIMEOUT, NULL, NULL); /* never lost */
  uint32_t opened = 0;
  while (rocket_events_next(events, 0, &event) == ROCKET_OK && event.kind == ROCKET_EVENT_OPENED) CHECK_INT(event.connection, ++opened);
  CHECK_INT(opened, ROCKET_EVENTS_MAX);
  CHECK_INT(event.status, ROCKET_TIMEOUT);
  handler.drop(handler.user);
  reply.drop(reply.user);
  events_end(events);
}

TEST(events_report_every_failed_allocation) {
  for (uint64_t fail_at = 1; fail_at < 20; fail_at++) {
    rocket_events *events;
    rocket_reply reply = {0};
    rocket_handler handler = {0};
    rocket_puller_listener listener = {0};
    if (rocket_events_new(test_allocator(fail_at), &events) != ROCKET_OK) continue;
    if (rocket_events_reply(events, 1, &reply) == ROCKET_OK) reply.drop(reply.user);
    if (rocket_events_puller(events, 2, &listener) == ROCKET_OK) listener.drop(listener.user);
    if (rocket_events_handler(events, 3, &handler) == ROCKET_OK) {
      handler.opened(handler.user, 1, rocket_slice_of("a:1"));
      handler.drop(handler.user);
    }
    rocket_events_free(events);
    CHECK_INT(test_allocated(), 0);
  }
}

static void *tell_many(void *user) {
  rocket_puller_listener *listener = user;
  for (uint32_t i = 0; i < 20000; i++) listener->fn(listener->user, &(rocket_puller_event){.kind = ROCKET_PULLER_READY, .count = 1});
  listener->fn(listener->user, &(rocket_puller_event){.kind = ROCKET_PULLER_STOPPED});
  listener->drop(listener->user);
  return NULL;
}

TEST(events_from_several_threads_all_arrive) {
  rocket_events *events = events_begin();
  rocket_puller_listener listeners[3];
  pthread_t threads[3];
  rocket_event event;
  uint64_t count = 0;
  for (int i = 0; i < 3; i++) {
    listeners[i] = listener_of(events, (uint64_t)i);
    CHECK_INT(pthread_create(&threads[i], NULL, tell_many, &listeners[i]), 0);
  }
  for (int stopped = 0; stopped < 3;) {
    CHECK_INT(rocket_events_next(events, UINT32_MAX, &event), ROCKET_OK);
    if (event.puller.kind == ROCKET_PULLER_READY) count += event.puller.count;
    else stopped++;
  }
  CHECK_INT(count, 60000);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  events_end(events);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* When replies run, what may be done in them, and calls from many threads. */
#include "net_fixture.h"

typedef struct chain {
  net_pair both;
  net_counter done;
  int left;
  bool inside;
} chain;

static void chain_next(chain *links);

static void on_chain_reply(void *user, int status, const rocket_command *reply, rocket_frame *frame) {
  chain *links = user;
  (void)reply;
  (void)frame;
  CHECK(!links->inside);
  links->inside = true;
  CHECK(status == ROCKET_OK || links->left % 3 == 0);
  if (--links->left > 0) chain_next(links);
  else net_count(&links->done);
  links->inside = false;
}

/* Every third call is cancelled at once: also that must not run the reply in here. */
static void chain_next(chain *links) {
  rocket_command request;
  uint64_t id;
  rocket_command_init(&request, NET_ECHO);
  CHECK_INT(rocket_call(links->both.loop, net_to(links->both.server.address), &request, (rocket_body){0}, 5000,
                        (rocket_reply){on_chain_reply, links, NULL}, &id),
            ROCKET_OK);
  if (links->left % 3 == 0) rocket_call_cancel(links->both.loop, id);
}

static void chain_begin(void *user) {
  chain *links = user;
  links->inside = true;
  chain_next(links);
  links->inside = false;
}

TEST(rpc_calls_made_inside_replies_are_never_reentrant) {
  chain links = {.done = NET_COUNTER, .left = 300};
  net_pair_open(&links.both);
  CHECK_INT(rocket_loop_post(links.both.loop, (rocket_task){chain_begin, &links, NULL}), ROCKET_OK);
  net_await(&links.done, 1);
  net_pair_close(&links.both);
}

static void stop_loop(void *user, int status, const rocket_command *reply, rocket_frame *frame) {
  (void)status;
  (void)reply;
  (void)frame;
  rocket_loop_stop(user);
}

TEST(rpc_loop_may_be_stopped_inside_a_reply) {
  net_pair both;
  rocket_command request;
  net_reply held;
  net_pair_open(&both);
  net_call(&held, both.loop, both.server.address, NET_SILENT, "x", 60000);
  rocket_command_init(&request, NET_ECHO);
  CHECK_INT(rocket_call(both.loop, net_to(both.server.address), &request, (rocket_body){0}, 5000,
                        (rocket_reply){stop_loop, both.loop, NULL}, NULL),
            ROCKET_OK);
  CHECK_INT(net_finish(&held), ROCKET_STOPPED);
  net_pair_close(&both);
}

typedef struct keeper {
  net_counter kept;
  rocket_frame *frame;
  rocket_slice body;
} keeper;

static void keep(void *user, int status, const rocket_command *reply, rocket_frame *frame) {
  keeper *it = user;
  CHECK_INT(status, ROCKET_OK);
  rocket_frame_retain(frame);
  it->frame = frame;
  it->body = reply->body;
  net_count(&it->kept);
}

TEST(rpc_frame_outlives_the_reply_and_the_loop) {
  net_pair both;
  keeper it = {.kept = NET_COUNTER};
  rocket_command request;
  net_pair_open(&both);
  rocket_command_init(&request, NET_ECHO);
  CHECK_INT(rocket_call(both.loop, net_to(both.server.address), &request, (rocket_body){.bytes = rocket_slice_of("kept")}, 5000,
                        (rocket_reply){keep, &it, NULL}, NULL),
            ROCKET_OK);
  net_await(&it.kept, 1);
  net_pair_close(&both);
  CHECK_TEXT(it.body, "kept");
  rocket_frame_release(it.frame);
}

/* ---- Many threads ---- */

typedef struct caller {
  net_pair *both;
  pthread_t thread;
} caller;

static void *call_a_lot(void *user) {
  caller *self = user;
  for (int i = 0; i < 200; i++) {
    static const char *const bodies[] = {"a", "bb", "ccc"};
    net_reply reply;
    net_call(&reply, self->both->loop, self->both->server.address, NET_ECHO, bodies[i % 3], 20000);
    if (i % 16 == 15) rocket_call_cancel(self->both->loop, reply.id);
    int status = net_finish(&reply);
    CHECK(status == ROCKET_OK || (i % 16 == 15 && status == ROCKET_CANCELLED));
    if (status == ROCKET_OK) CHECK_TEXT(rocket_slice_make(reply.body, reply.body_size), bodies[i % 3]);
  }
  return NULL;
}

TEST_LIMITED(rpc_serves_many_threads, 30) {
  net_pair both;
  caller callers[4];
  net_pair_open(&both);
  for (int i = 0; i < 4; i++) {
    callers[i].both = &both;
    CHECK(pthread_create(&callers[i].thread, NULL, call_a_lot, &callers[i]) == 0);
  }
  for (int i = 0; i < 4; i++) pthread_join(callers[i].thread, NULL);
  CHECK_INT(net_value(&both.server.opened), 1);
  net_pair_close(&both);
}

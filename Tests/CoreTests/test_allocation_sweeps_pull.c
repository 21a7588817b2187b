// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The puller, and the whole way from its pull to the finished message over TCP, with each allocation failing in turn: every message is
 * finished once, whatever fails, and a failure is told. */
#include "drain_fixture.h"
#include "swept_functions.h"

enum { MESSAGES = 300, ERRORS_UNTIL_MEMORY = 3 };

/* ---- The puller's own ---- */

typedef struct rig {
  rocket_loop *loop;
  rocket_process_queue *queue;
  rocket_broker_address address;
  rocket_puller_options options;
} rig;

/* Nobody listens at port 1, and nothing is started. */
static void open_rig(rig *r, sweep *s) {
  rocket_loop_options options = net_options();
  options.allocator = s->allocator;
  *r = (rig){.loop = net_loop_with(&options), .address = {0, rocket_slice_of("127.0.0.1:1")}};
  CHECK_INT(rocket_process_queue_new(NULL, 0, &r->queue), ROCKET_OK);
  rocket_puller_options_default(&r->options);
  r->options.group = r->options.topic = r->options.broker_name = rocket_slice_of("name");
  r->options.addresses = &r->address;
  r->options.address_count = 1;
}

static int make(rig *r, sweep *s, rocket_puller **out) {
  rocket_puller_listener listener = {NULL, sweep_owes_drop(s), sweep_drop};
  return rocket_puller_new(r->loop, &r->options, r->queue, listener, out);
}

static void close_rig(rig *r, rocket_puller *puller) {
  rocket_puller_free(puller);
  CHECK_INT(rocket_loop_free(r->loop), ROCKET_OK);
  rocket_process_queue_release(r->queue);
}

static int puller_new(sweep *s) {
  rig r;
  rocket_puller *puller = SWEEP_UNTOUCHED;
  open_rig(&r, s);
  sweep_begin(s);
  int status = make(&r, s, &puller);
  if (status != ROCKET_OK) {
    CHECK(puller == SWEEP_UNTOUCHED && atomic_load(&s->drops) == 1);
    puller = NULL;
  }
  close_rig(&r, puller);
  return status;
}

static int puller_set_addresses(sweep *s) {
  rig r;
  rocket_puller *puller;
  open_rig(&r, s);
  CHECK_INT(make(&r, s, &puller), ROCKET_OK);
  sweep_begin(s);
  int status = rocket_puller_set_addresses(puller, &r.address, 1);
  close_rig(&r, puller);
  return status;
}

static int puller_set_subscription(sweep *s) {
  rig r;
  rocket_puller *puller;
  rocket_slice tag = rocket_slice_of("tag");
  open_rig(&r, s);
  CHECK_INT(make(&r, s, &puller), ROCKET_OK);
  sweep_begin(s);
  int status = rocket_puller_set_subscription(puller, rocket_slice_of("TAG"), tag, 1, &tag, 1);
  close_rig(&r, puller);
  return status;
}

/* ---- The whole way ---- */

/* Memory that stays short comes back after some errors have been told. */
static void on_error(void *user) {
  sweep *s = user;
  static atomic_int told; /* each sweep runs in its own process, and more than enough is enough */
  if (atomic_fetch_add(&told, 1) % ERRORS_UNTIL_MEMORY == ERRORS_UNTIL_MEMORY - 1) sweep_relent(s);
}

static int pull_cycle(sweep *s) {
  drain_broker broker;
  drain_consumer consumer = {.on_error = on_error, .user = s};
  drain_broker_open(&broker, NULL, MESSAGES);
  sweep_begin(s);
  int status = drain_consumer_open(&consumer, s->allocator, broker.address);
  if (status == ROCKET_OK) {
    drain_consumer_run(&consumer, MESSAGES / 2);
    rocket_puller_pause(consumer.puller);
    rocket_puller_resume(consumer.puller);
    rocket_puller_hurry(consumer.puller);
    drain_consumer_run(&consumer, MESSAGES);
    drain_consumer_close(&consumer);
  }
  drain_broker_close(&broker);
  return status;
}

/* Those at the end allocate on the loop only: the pull they start. */
const swept_function swept_pulling[] = {
    {"rocket_puller_new", puller_new},
    {"rocket_puller_set_addresses", puller_set_addresses},
    {"rocket_puller_set_subscription", puller_set_subscription},
    {"rocket_puller_start", pull_cycle},
    {"rocket_puller_resume", pull_cycle},
    {"rocket_puller_hurry", pull_cycle},
    {NULL, NULL},
};

TEST_LIMITED(pulling_survives_every_failed_allocation, 60) { sweep_all(swept_pulling); }

TEST(pulling_tells_of_every_failed_pull) {
  for (uint64_t fail_at = 1;; fail_at++) {
    drain_broker broker;
    drain_consumer consumer = {.finished = 0};
    drain_broker_open(&broker, NULL, MESSAGES);
    CHECK_INT(drain_consumer_open(&consumer, test_allocator(0), broker.address), ROCKET_OK);
    drain_consumer_run(&consumer, MESSAGES / 2); /* everything that is made once has been made */
    counting_allocator *counting = test_allocator(fail_at)->user;
    drain_consumer_run(&consumer, MESSAGES);
    bool failed = atomic_load(&counting->has_failed);
    drain_consumer_close(&consumer);
    drain_broker_close(&broker);
    CHECK_INT(test_allocated(), 0);
    if (!failed) break;
    CHECK(atomic_load(&consumer.errors) >= 1);
  }
}

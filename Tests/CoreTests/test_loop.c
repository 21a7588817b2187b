// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Tasks, timers, and the loop's beginning and end. */
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "net_fixture.h"

/* A task that counts its runs and drops, and remembers when it ran. */
typedef struct probe {
  net_counter ran, dropped;
  uint64_t at_ms;
  rocket_loop *loop;
  uint64_t timer;
  bool on_loop;
  int number;
} probe;

static void probe_init(probe *it, rocket_loop *loop) {
  *it = (probe){.ran = NET_COUNTER, .dropped = NET_COUNTER, .loop = loop};
}
static void probe_run(void *user) {
  probe *it = user;
  it->at_ms = rocket_now_ms();
  it->on_loop = rocket_loop_is_current(it->loop);
  net_count(&it->ran);
}
static void probe_drop(void *user) { net_count(&((probe *)user)->dropped); }
static rocket_task probe_task(probe *it) { return (rocket_task){probe_run, it, probe_drop}; }

TEST(loop_runs_a_task_on_its_thread) {
  rocket_loop *loop = net_loop();
  probe it;
  probe_init(&it, loop);
  CHECK(!rocket_loop_is_current(loop));
  CHECK_INT(rocket_loop_post(loop, probe_task(&it)), ROCKET_OK);
  net_await(&it.dropped, 1);
  CHECK_INT(net_value(&it.ran), 1);
  CHECK(it.on_loop);
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  CHECK_INT(net_value(&it.dropped), 1);
}

typedef struct sequence {
  rocket_loop *loop;
  net_counter done;
  int expected;
  bool inside;
} sequence;
typedef struct step {
  sequence *of;
  int number;
} step;

static void step_run(void *user) {
  step *self = user;
  CHECK(!self->of->inside);
  CHECK_INT(self->number, self->of->expected);
  self->of->expected++;
  net_count(&self->of->done);
}

TEST(loop_runs_the_tasks_of_one_thread_in_order) {
  enum { STEPS = 1000 };
  rocket_loop *loop = net_loop();
  static step steps[STEPS];
  sequence all = {.loop = loop, .done = NET_COUNTER};
  for (int i = 0; i < STEPS; i++) {
    steps[i] = (step){&all, i};
    CHECK_INT(rocket_loop_post(loop, (rocket_task){step_run, &steps[i], NULL}), ROCKET_OK);
  }
  net_await(&all.done, STEPS);
  rocket_loop_free(loop);
}

static void post_more(void *user) {
  sequence *all = user;
  static step steps[10];
  all->inside = true;
  for (int i = 0; i < 10; i++) {
    steps[i] = (step){all, i};
    CHECK_INT(rocket_loop_post(all->loop, (rocket_task){step_run, &steps[i], NULL}), ROCKET_OK);
  }
  all->inside = false;
}

TEST(loop_runs_tasks_posted_by_a_task_after_it) {
  rocket_loop *loop = net_loop();
  sequence all = {.loop = loop, .done = NET_COUNTER};
  CHECK_INT(rocket_loop_post(loop, (rocket_task){post_more, &all, NULL}), ROCKET_OK);
  net_await(&all.done, 10);
  rocket_loop_free(loop);
}

/* ---- Timers ---- */

TEST(loop_runs_timers_in_order_and_not_early) {
  static const unsigned delays[] = {30, 10, 20, 0, 10};
  rocket_loop *loop = net_loop();
  probe probes[5];
  uint64_t began = rocket_now_ms();
  for (int i = 0; i < 5; i++) {
    probe_init(&probes[i], loop);
    CHECK_INT(rocket_loop_after(loop, delays[i], probe_task(&probes[i]), &probes[i].timer), ROCKET_OK);
    CHECK(probes[i].timer != 0);
  }
  for (int i = 0; i < 5; i++) {
    net_await(&probes[i].dropped, 1);
    CHECK_INT(net_value(&probes[i].ran), 1);
    CHECK(probes[i].at_ms >= began + delays[i]);
    CHECK(probes[i].on_loop);
  }
  CHECK(probes[3].at_ms <= probes[1].at_ms && probes[1].at_ms <= probes[2].at_ms && probes[2].at_ms <= probes[0].at_ms);
  rocket_loop_free(loop);
}

TEST(loop_timers_of_one_time_run_in_the_order_of_starting) {
  enum { STEPS = 50 };
  rocket_loop *loop = net_loop();
  static step steps[STEPS];
  sequence all = {.loop = loop, .done = NET_COUNTER};
  for (int i = 0; i < STEPS; i++) {
    steps[i] = (step){&all, i};
    CHECK_INT(rocket_loop_after(loop, 15, (rocket_task){step_run, &steps[i], NULL}, NULL), ROCKET_OK);
  }
  net_await(&all.done, STEPS);
  rocket_loop_free(loop);
}

TEST(loop_cancels_a_timer) {
  rocket_loop *loop = net_loop();
  probe it;
  probe_init(&it, loop);
  CHECK_INT(rocket_loop_after(loop, 1000000, probe_task(&it), &it.timer), ROCKET_OK);
  rocket_loop_cancel_timer(loop, it.timer);
  net_await(&it.dropped, 1);
  rocket_loop_cancel_timer(loop, it.timer);
  rocket_loop_cancel_timer(loop, 0);
  rocket_loop_cancel_timer(loop, UINT64_MAX);
  net_settle(loop);
  CHECK_INT(net_value(&it.ran), 0);
  CHECK_INT(net_value(&it.dropped), 1);
  rocket_loop_free(loop);
}

typedef struct gate {
  net_counter entered, opened, done;
  probe *target;
} gate;

static void cancel_behind_the_gate(void *user) {
  gate *self = user;
  net_count(&self->entered);
  net_await(&self->opened, 1);
  rocket_loop_cancel_timer(self->target->loop, self->target->timer);
  CHECK_INT(net_value(&self->target->dropped), 1);
  net_count(&self->done);
}

/* The timer is due at once and still in the inbox when the loop's own thread cancels it. */
TEST(loop_thread_cancels_a_timer_that_is_still_on_its_way) {
  rocket_loop *loop = net_loop();
  probe it;
  gate self = {NET_COUNTER, NET_COUNTER, NET_COUNTER, &it};
  probe_init(&it, loop);
  CHECK_INT(rocket_loop_post(loop, (rocket_task){cancel_behind_the_gate, &self, NULL}), ROCKET_OK);
  net_await(&self.entered, 1);
  CHECK_INT(rocket_loop_after(loop, 0, probe_task(&it), &it.timer), ROCKET_OK);
  net_count(&self.opened);
  net_await(&self.done, 1);
  net_settle(loop);
  CHECK_INT(net_value(&it.ran), 0);
  rocket_loop_free(loop);
}

typedef struct metronome {
  rocket_loop *loop;
  net_counter done;
  int ticks, tocks;
} metronome;

static void tock(void *user) { ((metronome *)user)->tocks++; }

static void tick(void *user) {
  metronome *self = user;
  CHECK_INT(self->tocks, self->ticks);
  if (++self->ticks == 500) {
    net_count(&self->done);
    return;
  }
  CHECK_INT(rocket_loop_after(self->loop, 0, (rocket_task){tick, self, NULL}, NULL), ROCKET_OK);
  CHECK_INT(rocket_loop_post(self->loop, (rocket_task){tock, self, NULL}), ROCKET_OK);
}

TEST(loop_timer_that_starts_itself_again_leaves_room_for_others) {
  rocket_loop *loop = net_loop();
  metronome self = {.loop = loop, .done = NET_COUNTER};
  CHECK_INT(rocket_loop_after(loop, 0, (rocket_task){tick, &self, NULL}, NULL), ROCKET_OK);
  net_await(&self.done, 1);
  rocket_loop_free(loop);
}

TEST(loop_waits_for_ever_when_asked_to) {
  rocket_loop *loop = net_loop();
  probe never, soon;
  probe_init(&never, loop);
  probe_init(&soon, loop);
  CHECK_INT(rocket_loop_after(loop, UINT64_MAX, probe_task(&never), NULL), ROCKET_OK);
  CHECK_INT(rocket_loop_after(loop, 5, probe_task(&soon), NULL), ROCKET_OK);
  net_await(&soon.dropped, 1);
  CHECK_INT(net_value(&never.ran), 0);
  rocket_loop_free(loop);
  CHECK_INT(net_value(&never.ran), 0);
  CHECK_INT(net_value(&never.dropped), 1);
}

/* ---- The end ---- */

static void stop_own_loop(void *user) { rocket_loop_stop(((probe *)user)->loop); }

TEST(loop_drops_what_has_not_run_when_it_stops) {
  rocket_loop *loop = net_loop();
  probe stopper, after_stop, timer;
  gate self = {NET_COUNTER, NET_COUNTER, NET_COUNTER, &stopper};
  probe_init(&stopper, loop);
  probe_init(&after_stop, loop);
  probe_init(&timer, loop);
  CHECK_INT(rocket_loop_after(loop, 1000000, probe_task(&timer), &stopper.timer), ROCKET_OK);
  CHECK_INT(rocket_loop_after(loop, 1000000, probe_task(&stopper), &stopper.timer), ROCKET_OK);
  CHECK_INT(rocket_loop_post(loop, (rocket_task){cancel_behind_the_gate, &self, NULL}), ROCKET_OK);
  CHECK_INT(rocket_loop_post(loop, (rocket_task){stop_own_loop, &stopper, NULL}), ROCKET_OK);
  CHECK_INT(rocket_loop_post(loop, probe_task(&after_stop)), ROCKET_OK);
  net_count(&self.opened);
  net_await(&timer.dropped, 1);
  net_await(&after_stop.dropped, 1);
  CHECK_INT(net_value(&timer.ran), 0);
  CHECK_INT(net_value(&after_stop.ran), 0);
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  CHECK_INT(net_value(&timer.dropped), 1);
  CHECK_INT(net_value(&after_stop.dropped), 1);
}

TEST(loop_refuses_everything_after_stop) {
  rocket_loop *loop = net_loop();
  rocket_command request;
  rocket_listener *listener;
  rocket_loop_stop(loop);
  rocket_loop_stop(loop);
  probe it;
  net_reply reply;
  probe_init(&it, loop);
  net_reply_init(&reply, loop);
  it.timer = 42;
  CHECK_INT(rocket_loop_post(loop, probe_task(&it)), ROCKET_STOPPED);
  CHECK_INT(rocket_loop_after(loop, 0, probe_task(&it), &it.timer), ROCKET_STOPPED);
  CHECK_INT(it.timer, 42);
  rocket_command_init(&request, NET_ECHO);
  CHECK_INT(rocket_call(loop, net_to("127.0.0.1:1"), &request, net_body_of(&reply, "x"), 1000, net_reply_of(&reply), &it.timer),
            ROCKET_STOPPED);
  CHECK_INT(it.timer, 42);
  CHECK_INT(rocket_call_oneway(loop, net_to("127.0.0.1:1"), &request, net_body_of(&reply, "x"), 1000, net_reply_of(&reply)),
            ROCKET_STOPPED);
  CHECK_INT(rocket_respond(loop, 1, &request, net_body_of(&reply, "x")), ROCKET_STOPPED);
  CHECK_INT(rocket_loop_set_handler(loop, (rocket_handler){.user = &it, .drop = probe_drop}), ROCKET_STOPPED);
  CHECK_INT(rocket_listener_open(loop, rocket_slice_of("127.0.0.1:0"), (rocket_handler){.user = &it, .drop = probe_drop}, &listener, NULL),
            ROCKET_STOPPED);
  CHECK_INT(net_value(&it.dropped), 4);
  CHECK_INT(net_value(&reply.dropped), 2);
  CHECK_INT(net_value(&reply.body_dropped), 3);
  rocket_loop_cancel_timer(loop, 1);
  rocket_call_cancel(loop, 1);
  rocket_connection_close(loop, 1);
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  CHECK_INT(net_value(&reply.ended), 0);
  CHECK_INT(net_value(&it.ran), 0);
}

static void free_own_loop(void *user) {
  probe *it = user;
  CHECK_INT(rocket_loop_free(it->loop), ROCKET_WRONG_THREAD);
  net_count(&it->ran);
}

TEST(loop_cannot_be_freed_on_its_own_thread) {
  rocket_loop *loop = net_loop();
  probe it;
  probe_init(&it, loop);
  CHECK_INT(rocket_loop_post(loop, (rocket_task){free_own_loop, &it, NULL}), ROCKET_OK);
  net_await(&it.ran, 1);
  net_settle(loop);
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
}

TEST(loop_refuses_options_out_of_range) {
  rocket_loop *loop = NULL;
  rocket_loop_options options;
  rocket_loop_options_default(&options);
  options.max_frame_bytes = 0;
  CHECK_INT(rocket_loop_new(&options, &loop), ROCKET_INVALID_ARGUMENT);
  rocket_loop_options_default(&options);
  options.reconnect_max_ms = options.reconnect_min_ms - 1;
  CHECK_INT(rocket_loop_new(&options, &loop), ROCKET_INVALID_ARGUMENT);
  rocket_loop_options_default(&options);
  options.connect_timeout_ms = 0;
  CHECK_INT(rocket_loop_new(&options, &loop), ROCKET_INVALID_ARGUMENT);
  rocket_loop_options_default(&options);
  options.serialization = (rocket_serialization)7;
  CHECK_INT(rocket_loop_new(&options, &loop), ROCKET_INVALID_ARGUMENT);
  CHECK(loop == NULL);
  CHECK_INT(rocket_loop_new(NULL, &loop), ROCKET_OK);
  rocket_loop_free(loop);
}

/* ---- Signals ---- */

static atomic_int signals;
static void on_signal(int number) {
  (void)number;
  atomic_fetch_add(&signals, 1);
}

static void check_mask(void *user) {
  sigset_t mask;
  CHECK(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
  CHECK(sigismember(&mask, SIGPIPE) == 1);
  CHECK(sigismember(&mask, SIGTERM) == 1);
  CHECK(sigismember(&mask, SIGINT) == 1);
  CHECK(sigismember(&mask, SIGUSR1) == 1);
  net_count(user);
}

TEST(loop_leaves_the_processs_signals_alone) {
  sigset_t before, after;
  net_counter checked = NET_COUNTER;
  CHECK(pthread_sigmask(SIG_SETMASK, NULL, &before) == 0);
  CHECK(signal(SIGPIPE, on_signal) != SIG_ERR);
  rocket_loop *loop = net_loop();
  CHECK(pthread_sigmask(SIG_SETMASK, NULL, &after) == 0);
  for (int i = 1; i < 32; i++) CHECK_INT(sigismember(&after, i), sigismember(&before, i));
  CHECK_INT(rocket_loop_post(loop, (rocket_task){check_mask, &checked, NULL}), ROCKET_OK);
  net_await(&checked, 1);
  rocket_loop_free(loop);
  CHECK(signal(SIGPIPE, SIG_DFL) == on_signal);
}

/* ---- Races of posting and stopping ---- */

typedef struct poster {
  rocket_loop *loop;
  pthread_t thread;
  atomic_int accepted, refused, ran, dropped;
} poster;

static void poster_run(void *user) { atomic_fetch_add(&((poster *)user)->ran, 1); }
static void poster_drop(void *user) { atomic_fetch_add(&((poster *)user)->dropped, 1); }

static void *post_until_stopped(void *user) {
  poster *self = user;
  rocket_task task = {poster_run, self, poster_drop};
  int status;
  do {
    status = rocket_loop_post(self->loop, task);
    atomic_fetch_add(status == ROCKET_OK ? &self->accepted : &self->refused, 1);
    uint64_t timer = 0;
    status = rocket_loop_after(self->loop, 1, task, &timer);
    atomic_fetch_add(status == ROCKET_OK ? &self->accepted : &self->refused, 1);
    if (timer % 2 == 1) rocket_loop_cancel_timer(self->loop, timer);
  } while (status == ROCKET_OK);
  return NULL;
}

TEST_LIMITED(loop_drops_each_task_once_however_it_stops, 30) {
  for (int cycle = 0; cycle < 100; cycle++) {
    rocket_loop *loop = net_loop();
    poster posters[2];
    for (int i = 0; i < 2; i++) {
      posters[i] = (poster){.loop = loop};
      CHECK(pthread_create(&posters[i].thread, NULL, post_until_stopped, &posters[i]) == 0);
    }
    usleep((useconds_t)(cycle * 7 % 500));
    rocket_loop_stop(loop);
    for (int i = 0; i < 2; i++) pthread_join(posters[i].thread, NULL);
    rocket_loop_free(loop);
    for (int i = 0; i < 2; i++) {
      CHECK_INT(posters[i].dropped, posters[i].accepted + posters[i].refused);
      CHECK(posters[i].ran <= posters[i].accepted);
    }
  }
}

/* Calls, held calls and timers of every age, and a stop at any moment between. */
TEST_LIMITED(loop_survives_a_thousand_starts_and_stops, 60) {
  net_server server;
  uint64_t state = 7;
  net_server_open(&server, "127.0.0.1");
  char refusing[32];
  snprintf(refusing, sizeof refusing, "127.0.0.1:%u", net_free_port());
  for (int cycle = 0; cycle < 1000; cycle++) {
    rocket_loop *loop = net_loop();
    net_reply replies[6];
    probe timer;
    static const int32_t codes[] = {NET_ECHO, NET_SILENT, NET_ECHO, NET_HANG_UP, NET_SILENT};
    probe_init(&timer, loop);
    CHECK_INT(rocket_loop_after(loop, (uint64_t)cycle % 3, probe_task(&timer), NULL), ROCKET_OK);
    for (int i = 0; i < 5; i++) net_call(&replies[i], loop, server.address, codes[i], "x", 60000);
    net_call(&replies[5], loop, cycle % 4 == 0 ? "localhost:1" : refusing, NET_ECHO, "x", 60000);
    uint64_t random = test_random(&state);
    switch (random >> 62) {
    case 0: break;
    case 1: net_finish(&replies[0]); break;
    case 2: net_finish(&replies[5]); break;
    default: usleep((useconds_t)(random >> 40 & 511)); break;
    }
    if (cycle % 2) rocket_loop_stop(loop);
    CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
    for (int i = 0; i < 6; i++) net_finish(&replies[i]);
    CHECK_INT(net_value(&timer.dropped), 1);
  }
  net_server_close(&server);
}

/* A server stops with clients at work. */
TEST_LIMITED(loop_of_a_server_survives_stops_under_load, 30) {
  rocket_loop *loop = net_loop();
  for (int cycle = 0; cycle < 100; cycle++) {
    net_server server;
    net_reply replies[8];
    net_server_open(&server, "127.0.0.1");
    for (int i = 0; i < 8; i++) net_call(&replies[i], loop, server.address, i % 2 ? NET_ECHO : NET_SILENT, "x", 60000);
    if (cycle % 2) net_finish(&replies[1]);
    rocket_loop_stop(server.loop);
    CHECK_INT(rocket_loop_free(server.loop), ROCKET_OK);
    CHECK_INT(net_value(&server.handler_dropped), 1);
    for (int i = 0; i < 8; i++) net_finish(&replies[i]);
  }
  rocket_loop_free(loop);
}

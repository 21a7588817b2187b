// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A puller's flow control, its ends, and its way through failures of the network, the loop and memory. */
#include <pthread.h>

#include "pull/puller.h"
#include "puller_fixture.h"

TEST(puller_stops_at_the_limit_and_resumes_at_the_mark) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.queue_options.max_count = 4;
  rig_start(&rig);
  BODY body = some_records(100, 5);
  broker_send_found(broker, broker_await(broker, 1), 105, &body);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 5);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_THROTTLED)->event.throttle, ROCKET_THROTTLE_COUNT);
  CHECK_INT(rocket_puller_get_state(rig.puller), ROCKET_PULLER_WAITING);
  rig_finish(&rig, 1);
  CHECK(broker_is_quiet(broker, 100)); /* 4 are over the mark of 3 */
  rig_finish(&rig, 1);
  next_event(&rig, ROCKET_PULLER_RESUMED);
  CHECK_INT(broker_await(broker, 2)->queue_offset, 105);
  CHECK_INT(broker_await(broker, 2)->commit_offset, 102);
  rig_close(&rig);
}

TEST(puller_pauses_and_resumes) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_make(&rig);
  CHECK_INT(rocket_puller_get_state(rig.puller), ROCKET_PULLER_IDLE);
  rocket_puller_pause(rig.puller);
  CHECK_INT(rocket_puller_start(rig.puller), ROCKET_OK);
  CHECK(broker_is_quiet(broker, 100));
  CHECK_INT(rocket_puller_get_state(rig.puller), ROCKET_PULLER_PAUSED);
  rocket_puller_resume(rig.puller);
  const seen_pull *pull = broker_await(broker, 1);
  rocket_puller_pause(rig.puller);
  BODY body = some_records(100, 2);
  broker_send_found(broker, pull, 102, &body);
  next_event(&rig, ROCKET_PULLER_READY);
  rig_finish(&rig, 2); /* what was pulled can be taken */
  CHECK(broker_is_quiet(broker, 100));
  for (int i = 0; i < 100; i++) rocket_puller_pause(rig.puller), rocket_puller_resume(rig.puller);
  CHECK_INT(broker_await(broker, 2)->queue_offset, 102);
  CHECK(broker_is_quiet(broker, 50)); /* one pull, however often it was told */
  CHECK_INT(rocket_puller_get_state(rig.puller), ROCKET_PULLER_PULLING);
  rocket_puller_pause(rig.puller);
  rig_close(&rig);
}

TEST(puller_stop_discards_the_answer_that_comes_late) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  const seen_pull *pull = broker_await(broker, 1);
  rocket_puller_stop(rig.puller);
  rocket_puller_stop(rig.puller);
  next_event(&rig, ROCKET_PULLER_STOPPED);
  net_await(&rig.dropped, 1);
  BODY body = some_records(100, 2);
  broker_send_found(broker, pull, 102, &body);
  net_settle(broker->loop);
  net_settle(rig.loop);
  CHECK_INT(fixture_stats(rig.queue).count, 0);
  CHECK_INT(net_value(&rig.events), 1);
  rocket_puller_resume(rig.puller);
  CHECK_INT(rocket_puller_set_addresses(rig.puller, rig.addresses, 1), ROCKET_STOPPED);
  CHECK_INT(rocket_puller_set_subscription(rig.puller, rocket_slice_of("TAG"), (rocket_slice){0}, 0, NULL, 0), ROCKET_STOPPED);
  rig_close(&rig);
}

TEST(puller_ends_with_its_queue) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  BODY body = some_records(100, 2);
  const seen_pull *pull = broker_await(broker, 1);
  rocket_process_queue_drop(rig.queue);
  broker_send_found(broker, pull, 102, &body);
  next_event(&rig, ROCKET_PULLER_STOPPED);
  CHECK_INT(net_value(&broker->pulls), 1);
  rig_close(&rig);
}

TEST(puller_goes_on_as_soon_as_a_broker_is_back) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.error_delay_ms = 50;
  rig_start(&rig);
  broker_await(broker, 1);
  broker_close(broker);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_ERROR)->event.status, ROCKET_CLOSED);
  const test_event *refused = next_event(&rig, ROCKET_PULLER_ERROR);
  CHECK(refused->event.status < 0); /* nobody listens */
  CHECK(next_event(&rig, ROCKET_PULLER_ERROR)->at_ms - refused->at_ms >= 50 * 3 / 4);
  broker_reopen(broker);
  uint64_t back_at = rocket_now_ms();
  const seen_pull *pull = broker_await(broker, 2);
  CHECK(pull->at_ms - back_at < 1000);
  CHECK_INT(pull->queue_offset, 100);
  BODY body = some_records(100, 2);
  broker_send_found(broker, pull, 102, &body);
  broker_await(broker, 3);
  CHECK_INT(fixture_stats(rig.queue).count, 2);
  rig_close(&rig);
}

TEST(puller_repeats_a_lost_pull_at_once) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.error_delay_ms = 3600000;
  rig_start(&rig);
  for (int64_t n = 1; n <= 3; n++) { /* each time a pull in between succeeded */
    rocket_connection_close(broker->loop, broker_await(broker, 2 * n - 1)->connection);
    CHECK_INT(next_event(&rig, ROCKET_PULLER_ERROR)->event.status, ROCKET_CLOSED);
    broker_send_nothing(broker, broker_await(broker, 2 * n), ROCKET_RESPONSE_PULL_NOT_FOUND, 100 + n);
  }
  broker_await(broker, 7);
  rig_close(&rig);
}

TEST(puller_repeats_a_pull_that_nobody_answers) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.suspend_ms = 20;
  rig.options.timeout_ms = 60;
  rig_start(&rig);
  broker_await(broker, 1);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_ERROR)->event.status, ROCKET_TIMEOUT);
  CHECK_INT(broker_await(broker, 2)->queue_offset, 100);
  rig_close(&rig);
}

TEST(puller_gives_up_a_pull_that_stalls) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.stall_timeout_ms = 60;
  rig_start(&rig);
  broker_await(broker, 1);
  next_event(&rig, ROCKET_PULLER_STALLED);
  const seen_pull *second = broker_await(broker, 2);
  broker_send_nothing(broker, broker_await(broker, 1), ROCKET_RESPONSE_PULL_NOT_FOUND, 500); /* too late */
  BODY body = some_records(100, 1);
  broker_send_found(broker, second, 101, &body);
  next_event(&rig, ROCKET_PULLER_READY);
  CHECK_INT(broker_await(broker, 3)->queue_offset, 101);
  rig_close(&rig);
}

/* ---- The loop stops first ---- */

static void stop_loop_first(puller_rig *rig) {
  CHECK_INT(rocket_loop_free(rig->loop), ROCKET_OK);
  CHECK_INT(net_value(&rig->dropped), 1);
  CHECK_INT(rig->recorded[net_value(&rig->events) - 1].event.kind, ROCKET_PULLER_STOPPED);
  CHECK_INT(rocket_puller_start(rig->puller), ROCKET_STOPPED);
  rocket_puller_resume(rig->puller);
  rocket_puller_stop(rig->puller);
  rocket_puller_free(rig->puller);
  rocket_process_queue_release(rig->queue);
  broker_close(&rig->broker);
}

/* Brings the puller to wait for room; the three messages it pulled are in the test's hands, which also holds the queue. */
static void throttle(puller_rig *rig) {
  rig->queue_options.max_count = 1;
  rig_start(rig);
  BODY body = some_records(100, 3);
  broker_send_found(&rig->broker, broker_await(&rig->broker, 1), 103, &body);
  next_event(rig, ROCKET_PULLER_READY);
  next_event(rig, ROCKET_PULLER_THROTTLED);
  rocket_taken taken[3];
  CHECK_INT(rocket_process_queue_take(rig->queue, 3, 0, taken), 3);
  for (int i = 0; i < 3; i++) rocket_frame_release(taken[i].frame);
  rocket_process_queue_retain(rig->queue);
}

TEST(puller_stops_with_its_loop_in_every_state) {
  puller_rig rig;
  rig_open(&rig);
  rig_make(&rig); /* idle */
  stop_loop_first(&rig);

  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  broker_await(broker, 1); /* pulling */
  stop_loop_first(&rig);

  rig_open(&rig);
  throttle(&rig);
  stop_loop_first(&rig);
  CHECK_INT(rocket_process_queue_ack_many(rig.queue, 0, 3), 3); /* wakes, though nobody is there any more */
  rocket_process_queue_release(rig.queue);

  rig_open(&rig);
  rig.options.error_delay_ms = 3600000;
  rig_start(&rig);
  broker_send(broker, broker_await(broker, 1), (broker_answer){.code = 1});
  next_event(&rig, ROCKET_PULLER_ERROR); /* delayed */
  stop_loop_first(&rig);

  rig_open(&rig);
  rig_make(&rig);
  rocket_puller_pause(rig.puller);
  CHECK_INT(rocket_puller_start(rig.puller), ROCKET_OK); /* paused */
  net_settle(rig.loop);
  stop_loop_first(&rig);
}

static void count_drop(void *user) { net_count(user); }

TEST(puller_refuses_what_makes_no_sense) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  CHECK_INT(rocket_process_queue_new(NULL, 0, &rig.queue), ROCKET_OK);
  for (int i = 0; i < 9; i++) {
    rocket_puller_options options = rig.options;
    switch (i) {
      case 0: options.group.size = 0; break;
      case 1: options.topic.size = 0; break;
      case 2: options.address_count = 0; break;
      case 3: options.batch = 0; break;
      case 4: options.batch = 1025; break;
      case 5: options.timeout_ms = options.suspend_ms; break;
      case 6: options.first_offset = -1; break;
      case 7: options.error_delay_ms = 0; break;
      default: options.stall_timeout_ms = 0;
    }
    net_counter dropped = NET_COUNTER;
    rocket_puller_listener listener = {NULL, &dropped, count_drop};
    CHECK_INT(rocket_puller_new(rig.loop, &options, rig.queue, listener, &rig.puller), ROCKET_INVALID_ARGUMENT);
    CHECK_INT(net_value(&dropped), 1);
  }
  rocket_loop_stop(rig.loop);
  CHECK_INT(rocket_puller_new(rig.loop, &rig.options, rig.queue, (rocket_puller_listener){0}, &rig.puller), ROCKET_STOPPED);
  CHECK_INT(rocket_loop_free(rig.loop), ROCKET_OK);
  rocket_process_queue_release(rig.queue);
  broker_close(broker);
}

/* ---- Memory ---- */

TEST(puller_is_small) { CHECK(sizeof(rocket_puller) <= 768); }

TEST(puller_without_memory_tries_again) {
  puller_rig rig;
  counting_allocator memory;
  counting_allocator_init(&memory);
  test_broker *broker = rig_open(&rig);
  CHECK_INT(rocket_loop_free(rig.loop), ROCKET_OK);
  rocket_loop_options loop_options = net_options();
  loop_options.allocator = &memory.allocator;
  rig.loop = net_loop_with(&loop_options);
  rig.options.error_delay_ms = 20;
  rig.queue_options.max_count = 1;
  rig_make(&rig);
  counting_allocator_fail(&memory, 1, UINT64_MAX);
  CHECK_INT(rocket_puller_start(rig.puller), ROCKET_OK); /* needs none */
  for (int i = 0; i < 3; i++) CHECK_INT(next_event(&rig, ROCKET_PULLER_ERROR)->event.status, ROCKET_NO_MEMORY);
  counting_allocator_fail(&memory, 0, 0);
  BODY body = some_records(100, 2);
  broker_send_found(broker, broker_await(broker, 1), 102, &body);
  while (net_value(&rig.events) < 1 || rig.recorded[net_value(&rig.events) - 1].event.kind != ROCKET_PULLER_THROTTLED)
    net_await(&rig.events, net_value(&rig.events) + 1);
  rig.read = net_value(&rig.events);
  counting_allocator_fail(&memory, 1, UINT64_MAX);
  rig_finish(&rig, 2); /* the wake needs none either */
  next_event(&rig, ROCKET_PULLER_RESUMED);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_ERROR)->event.status, ROCKET_NO_MEMORY);
  counting_allocator_fail(&memory, 0, 0);
  CHECK_INT(broker_await(broker, 2)->queue_offset, 102);
  rig_close(&rig);
}

/* ---- Threads ---- */

static void *acknowledge(void *user) {
  for (uint64_t position = 0; position < 3; position++) CHECK_INT(rocket_process_queue_ack(user, position), ROCKET_OK);
  rocket_process_queue_release(user);
  return NULL;
}

/* Wakes that arrive while the loop goes: touching a loop that is gone would show under the sanitizers. */
TEST_LIMITED(puller_is_woken_while_its_loop_goes, 20) {
  for (int round = 0; round < 60; round++) {
    puller_rig rig;
    rig_open(&rig);
    throttle(&rig);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, acknowledge, rig.queue) == 0);
    if (round % 2) rocket_puller_stop(rig.puller);
    CHECK_INT(rocket_loop_free(rig.loop), ROCKET_OK);
    pthread_join(thread, NULL);
    rocket_puller_free(rig.puller);
    rocket_process_queue_release(rig.queue);
    CHECK_INT(net_value(&rig.dropped), 1);
    broker_close(&rig.broker);
  }
}

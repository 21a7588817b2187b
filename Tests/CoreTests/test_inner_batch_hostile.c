// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Batches in one record as a broken or hostile broker makes them, and those that are larger than the queue's window. */
#include "failing_allocator.h"
#include "puller_fixture.h"
#include "rocket_message.h"

enum { AS_BROKERS_KEEP_IT = ROCKET_SYS_INNER_BATCH | ROCKET_SYS_NEED_UNWRAP };

static rocket_message empty_batch(int64_t queue_offset) {
  return (rocket_message){.record_version = 1,
                          .queue_offset = queue_offset,
                          .sys_flag = AS_BROKERS_KEEP_IT,
                          .born_host = {.ip_size = 4},
                          .store_host = {.ip_size = 4},
                          .topic = rocket_slice_of("topic")};
}

/* `count` messages with nothing in them: 22 bytes each; their flags count up from 0. */
static void add_batch(rocket_buffer *body, rocket_message batch, int count) {
  BODY items = {0};
  for (int i = 0; i < count; i++) CHECK_INT(rocket_batch_append(&items, i, (rocket_slice){0}, (rocket_slice){0}), ROCKET_OK);
  batch.body = rocket_slice_make(items.data, items.size);
  CHECK_INT(rocket_message_encode(&batch, body), ROCKET_OK);
}

/* Takes and finishes messages from offset `first` on until it has come to `end`; answers each pull meanwhile with `body`. Returns how many
 * pulls that took. No event but READY and flow control's, and errors with the status `allowed`. */
static int64_t consume(puller_rig *rig, int64_t first, int64_t end, const rocket_buffer *body, int allowed) {
  test_broker *broker = &rig->broker;
  int64_t answered = 0, at = first;
  for (uint64_t until = rocket_now_ms() + 8000; at < end;) {
    CHECK(rocket_now_ms() < until);
    if (net_value(&broker->pulls) > answered && broker->seen[answered].queue_offset < end)
      broker_send_found(broker, &broker->seen[answered++], end, body);
    rocket_taken taken;
    if (rocket_process_queue_take(rig->queue, 1, 0, &taken) == 0) continue;
    rocket_message message;
    CHECK_INT(rocket_message_decode(taken.record, &message, NULL), ROCKET_OK);
    CHECK(taken.queue_offset == at && message.queue_offset == at && message.flag == at - first);
    CHECK_INT(rocket_process_queue_commit_offset(rig->queue), at);
    at++;
    CHECK_INT(rocket_process_queue_ack(rig->queue, taken.position), ROCKET_OK);
    rocket_frame_release(taken.frame);
  }
  CHECK_INT(broker_await(broker, answered + 1)->queue_offset, end);
  CHECK_INT(rocket_process_queue_commit_offset(rig->queue), end);
  for (int64_t i = 0; i < net_value(&rig->events); i++) {
    const rocket_puller_event *event = &rig->recorded[i].event;
    if (event->kind == ROCKET_PULLER_ERROR) CHECK_INT(event->status, allowed);
  }
  return answered;
}

/* The least window, as an orderly consumer with small limits has it: 32 cells. One put of all would never find room in it. */
TEST(inner_batch_larger_than_the_whole_window_comes_piece_by_piece) {
  puller_rig rig;
  rig_open(&rig);
  rig.queue_options.max_count = 1;
  rig.queue_options.max_span = 0;
  rig.queue_options.largest_pull = 1;
  rig.options.batch = 1;
  rig.options.error_delay_ms = 1;
  rig_start(&rig);
  BODY body = {0};
  add_batch(&body, empty_batch(100), 200);
  consume(&rig, 100, 300, &body, ROCKET_OK);
  rig_close(&rig);
}

/* That the window is full is flow control, not an error. */
TEST(inner_batch_larger_than_the_usual_window_is_no_error) {
  puller_rig rig;
  rig_open(&rig);
  rig_start(&rig);
  BODY body = {0};
  add_batch(&body, empty_batch(100), 20000);
  consume(&rig, 100, 20100, &body, ROCKET_OK);
  rig_close(&rig);
}

/* ---- Memory ---- */

typedef struct measured {
  rocket_allocator allocator;
  atomic_size_t largest;
} measured;

static void note(measured *m, size_t size) {
  if (size > atomic_load(&m->largest)) atomic_store(&m->largest, size); /* near enough with one loop */
}
static void *allocate(void *user, size_t size) {
  note(user, size);
  return malloc(size);
}
static void *resize(void *user, void *memory, size_t size) {
  note(user, size);
  return realloc(memory, size);
}
static void give_back(void *user, void *memory) {
  (void)user;
  free(memory);
}

static size_t largest_allocation(rocket_message batch, int count, uint32_t *added) {
  measured m = {.allocator = {allocate, resize, give_back, &m}};
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  CHECK_INT(rocket_loop_free(rig.loop), ROCKET_OK);
  rocket_loop_options options = net_options();
  options.allocator = &m.allocator;
  rig.loop = net_loop_with(&options);
  rig_start(&rig);
  BODY body = {0};
  add_batch(&body, batch, count);
  broker_send_found(broker, broker_await(broker, 1), batch.queue_offset + count, &body);
  *added = next_event(&rig, ROCKET_PULLER_READY)->event.count;
  rig_finish(&rig, *added);
  rig_close(&rig);
  return atomic_load(&m.largest);
}

/* Each message gets what it shares with the others; of a long topic that could be 1500 times what was sent. */
TEST(inner_batch_under_a_topic_no_broker_allows_stays_one_message) {
  uint8_t name[INT16_MAX];
  memset(name, 't', sizeof name);
  rocket_message batch = empty_batch(100);
  batch.record_version = 2;
  batch.topic = rocket_slice_make(name, sizeof name);
  uint32_t added;
  size_t largest = largest_allocation(batch, 2000, &added);
  CHECK(largest < 1 << 20);
  CHECK_INT(added, 1);
}

TEST(inner_batch_is_not_copied_as_a_whole) {
  uint32_t added;
  size_t largest = largest_allocation(empty_batch(100), 2000, &added);
  CHECK(largest < 100000); /* 44000 arrive */
  CHECK_INT(added, 2000);
}

/* The same in a record of the first version, which has one byte for it: it could be read, but not be written again. */
TEST(inner_batch_under_a_topic_of_200_bytes_does_not_stop_the_queue) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  uint8_t name[200];
  memset(name, 't', sizeof name);
  BODY record = {0}, body = {0};
  rocket_message batch = empty_batch(100);
  batch.record_version = 2;
  batch.topic = rocket_slice_make(name, sizeof name);
  add_batch(&record, batch, 3);
  size_t high = record.size - 2 - sizeof name - 2; /* the topic length's first byte */
  rocket_buffer_append(&body, record.data, high);
  rocket_buffer_append(&body, record.data + high + 1, record.size - high - 1);
  body.data[3]--;
  body.data[7] = 0xA7;
  broker_send_found(broker, broker_await(broker, 1), 103, &body);
  next_event(&rig, ROCKET_PULLER_READY);
  CHECK_INT(broker_await(broker, 2)->queue_offset, 103);
  rig_close(&rig);
}

/* ---- Offsets ---- */

/* A copy with one offset, behind which others come: opened, it would take their offsets, and they would be passed over. */
TEST(inner_batch_with_one_offset_takes_no_other_message_s) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  BODY body = {0};
  add_batch(&body, empty_batch(100), 3);
  for (int i = 1; i < 4; i++) add_record(&body, 100 + i, NULL);
  broker_send_found(broker, broker_await(broker, 1), 104, &body);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 4);
  rocket_taken taken[4];
  CHECK_INT(rocket_process_queue_take(rig.queue, 4, 0, taken), 4);
  for (int i = 0; i < 4; i++) {
    rocket_message message;
    CHECK_INT(rocket_message_decode(taken[i].record, &message, NULL), ROCKET_OK);
    CHECK_INT(taken[i].queue_offset, 100 + i);
    if (i > 0) CHECK(rocket_slice_equal(message.body, rocket_slice_of("ten bytes.")));
  }
  rocket_taken_release(taken, 4);
  CHECK_INT(rocket_process_queue_ack_many(rig.queue, 0, 4), 4);
  rig_close(&rig);
}

TEST(inner_batch_ends_at_the_last_offset_there_is) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  BODY body = {0};
  add_batch(&body, empty_batch(INT64_MAX - 3), 3);
  broker_send_found(broker, broker_await(broker, 1), INT64_MAX, &body);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 3);
  rig_finish(&rig, 3);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), INT64_MAX);
  rig_close(&rig);
}

/* Its items would run over the end of the numbers. */
TEST(inner_batch_beyond_the_last_offset_stays_one_message) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  BODY body = {0};
  add_batch(&body, empty_batch(INT64_MAX - 2), 3);
  broker_send_found(broker, broker_await(broker, 1), INT64_MAX, &body);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 1);
  rig_finish(&rig, 1);
  rig_close(&rig);
}

TEST(inner_batch_with_impossible_offsets_is_a_bad_message) {
  static const struct {
    int64_t offset, next;
    const char *delta;
  } cases[] = {{-1, 200, NULL},          {INT64_MIN, 200, NULL},          {INT64_MAX, INT64_MAX, NULL}, {150, 150, NULL}, {150, 0, NULL},
               {INT64_MAX - 1, 200, "2"}, {-2, 200, "-9223372036854775807"}, {5, 200, "-6"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    puller_rig rig;
    test_broker *broker = rig_open(&rig);
    rig_start(&rig);
    BODY body = {0};
    add_batch(&body, empty_batch(cases[i].offset), 3);
    char next[32];
    snprintf(next, sizeof next, "%" PRId64, cases[i].next);
    rocket_slice bytes = rocket_slice_make(body.data, body.size);
    broker_send(broker, broker_await(broker, 1), (broker_answer){0, next, "0", next, "0", cases[i].delta, NULL, bytes});
    next_event(&rig, ROCKET_PULLER_BAD_MESSAGE);
    CHECK_INT(rocket_process_queue_commit_offset(rig.queue), 100);
    CHECK_INT(rocket_puller_next_offset(rig.puller), 100);
    rig_close(&rig);
  }
}

TEST(inner_batch_in_a_batch_is_not_opened) {
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig_start(&rig);
  BODY inner = {0}, items = {0}, body = {0};
  add_batch(&inner, empty_batch(100), 3);
  rocket_slice record = rocket_slice_make(inner.data, inner.size);
  for (int i = 0; i < 2; i++) CHECK_INT(rocket_batch_append(&items, 0, record, (rocket_slice){0}), ROCKET_OK);
  rocket_message batch = empty_batch(100);
  batch.body = rocket_slice_make(items.data, items.size);
  CHECK_INT(rocket_message_encode(&batch, &body), ROCKET_OK);
  broker_send_found(broker, broker_await(broker, 1), 102, &body);
  CHECK_INT(next_event(&rig, ROCKET_PULLER_READY)->event.count, 2);
  rig_finish(&rig, 2);
  rig_close(&rig);
}

/* ---- Memory that runs out ---- */

/* With the allocation `fail_at` failing from the answer on, all arrive, once, in their order. False: none failed any more. */
static bool arrives_although_memory_fails(uint64_t fail_at) {
  puller_rig rig;
  rig_open(&rig);
  CHECK_INT(rocket_loop_free(rig.loop), ROCKET_OK);
  rocket_loop_options options = net_options();
  options.allocator = rig.queue_options.allocator = test_allocator(0);
  counting_allocator *counting = options.allocator->user;
  rig.loop = net_loop_with(&options);
  rig.options.error_delay_ms = 1;
  rig_start(&rig);
  BODY body = {0};
  add_batch(&body, empty_batch(100), 200);
  broker_await(&rig.broker, 1);
  counting_allocator_fail(counting, fail_at, fail_at);
  int64_t pulls = consume(&rig, 100, 300, &body, ROCKET_NO_MEMORY);
  bool failed = atomic_load(&counting->has_failed);
  CHECK(failed || pulls == 1);
  counting_allocator_fail(counting, 0, 0);
  rig_close(&rig);
  CHECK_INT(test_allocated(), 0);
  return failed;
}

TEST_LIMITED(inner_batch_survives_every_failed_allocation, 60) {
  uint64_t fail_at = 1;
  while (arrives_although_memory_fails(fail_at)) fail_at++;
  CHECK(fail_at > 5); /* the answer, four frames; how many chunks is the consumer's doing */
}

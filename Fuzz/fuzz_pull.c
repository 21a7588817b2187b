// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A broker that answers pulls with anything: whatever comes, the puller goes on or stops, tells of what it could not use, and what it puts
 * rises, lies below the offset that the broker named, and is counted right.
 *
 *   input = repeated { u8 kind of answer | i64 next offset | u16 size, body }
 *
 * Puller and broker are real and talk TCP over loopback, on one connection for all inputs, so that a run is quick. */
#include <pthread.h>

#include "base/endian.h"
#include "fuzz.h"
#include "rocket_message.h"
#include "rocket_puller.h"

enum { MOST_ANSWERS = 8, BATCH = 32 };

typedef struct rig {
  rocket_loop *client, *server;
  char address[32];
  pthread_mutex_t lock;
  pthread_cond_t changed;
  rocket_slice input; /* what the broker has not answered yet */
  uint32_t answers;
  int64_t highest_next;
  uint64_t ready;
  bool stopped;
} rig;

/* ---- The broker ---- */

static const int32_t codes[] = {ROCKET_RESPONSE_SUCCESS,
                                ROCKET_RESPONSE_PULL_NOT_FOUND,
                                ROCKET_RESPONSE_PULL_RETRY_IMMEDIATELY,
                                ROCKET_RESPONSE_PULL_OFFSET_MOVED,
                                ROCKET_RESPONSE_SYSTEM_ERROR,
                                ROCKET_RESPONSE_FLOW_CONTROL};

static bool next_answer(rig *r, rocket_command *response, rocket_slice *body) {
  if (r->input.size == 0 || r->answers == MOST_ANSWERS) return false;
  uint8_t kind = fuzz_byte(&r->input), number[8] = {0}, size[2] = {0};
  rocket_slice part = fuzz_take(&r->input, sizeof number);
  memcpy(number, part.data, part.size);
  part = fuzz_take(&r->input, sizeof size);
  memcpy(size, part.data, part.size);
  *body = fuzz_take(&r->input, rocket__load_u16(size));
  int64_t next = rocket__load_i64(number);
  response->code = codes[kind % (sizeof codes / sizeof codes[0])];
  if (!(kind & 0x40)) HOLDS(rocket_command_set_i64(response, ROCKET_FIELD_NEXT_BEGIN_OFFSET, next) == ROCKET_OK);
  rocket_command_set_i64(response, ROCKET_FIELD_MIN_OFFSET, 0);
  rocket_command_set_i64(response, ROCKET_FIELD_MAX_OFFSET, next);
  rocket_command_set_i64(response, ROCKET_FIELD_SUGGEST_WHICH_BROKER_ID, kind >> 3 & 3);
  if (kind & 0x80) rocket_command_set_named(response, rocket_slice_of("offsetDelta"), rocket_slice_of("1000"));
  if (next > r->highest_next) r->highest_next = next;
  r->answers++;
  return true;
}

/* Behind the last answer the pull stays unanswered. */
static void on_request(void *user, const rocket_inbound *inbound) {
  rig *r = user;
  rocket_command response;
  rocket_slice bytes = {0};
  pthread_mutex_lock(&r->lock);
  rocket_command_init_response(&response, inbound->command, 0);
  bool answers = next_answer(r, &response, &bytes);
  if (!answers) r->answers = MOST_ANSWERS + 1;
  pthread_cond_signal(&r->changed);
  pthread_mutex_unlock(&r->lock);
  if (answers) HOLDS(rocket_respond(r->server, inbound->connection, &response, (rocket_body){.bytes = bytes}) == ROCKET_OK);
}

/* ---- The puller ---- */

static void on_event(void *user, const rocket_puller_event *event) {
  rig *r = user;
  pthread_mutex_lock(&r->lock);
  HOLDS(!r->stopped);
  if (event->kind == ROCKET_PULLER_READY) r->ready += event->count;
  if (event->kind == ROCKET_PULLER_ERROR) HOLDS(event->status != ROCKET_OK || event->code != ROCKET_RESPONSE_SUCCESS);
  if (event->kind == ROCKET_PULLER_BAD_MESSAGE) HOLDS(event->status == ROCKET_BAD_MESSAGE);
  pthread_mutex_unlock(&r->lock);
}

static void on_drop(void *user) {
  rig *r = user;
  pthread_mutex_lock(&r->lock);
  r->stopped = true;
  pthread_cond_signal(&r->changed);
  pthread_mutex_unlock(&r->lock);
}

static rocket_puller *start(rig *r, rocket_process_queue *queue) {
  rocket_puller *puller;
  rocket_puller_options options;
  rocket_broker_address address = {0, rocket_slice_of(r->address)};
  rocket_puller_options_default(&options);
  options.group = options.topic = rocket_slice_of("name");
  options.addresses = &address;
  options.address_count = 1;
  options.batch = BATCH;
  options.error_delay_ms = 1;
  HOLDS(rocket_puller_new(r->client, &options, queue, (rocket_puller_listener){on_event, r, on_drop}, &puller) == ROCKET_OK);
  HOLDS(rocket_puller_start(puller) == ROCKET_OK);
  return puller;
}

/* Until the input is used up, or the puller has stopped by itself, or waits for room. */
static void await_answers(rig *r, rocket_process_queue *queue) {
  pthread_mutex_lock(&r->lock);
  while (r->answers <= MOST_ANSWERS && !r->stopped) {
    pthread_cond_wait(&r->changed, &r->lock);
    HOLDS(!rocket_process_queue_is_dropped(queue));
  }
  pthread_mutex_unlock(&r->lock);
}

static void await_stop(rig *r) {
  pthread_mutex_lock(&r->lock);
  while (!r->stopped) pthread_cond_wait(&r->changed, &r->lock);
  pthread_mutex_unlock(&r->lock);
}

/* ---- What came of it ---- */

static void check_queue(rig *r, rocket_process_queue *queue) {
  rocket_process_queue_stats stats;
  rocket_taken taken;
  int64_t before = -1;
  uint64_t count = 0;
  while (rocket_process_queue_take(queue, 1, 0, &taken) == 1) {
    rocket_message message;
    HOLDS(rocket_process_queue_commit_offset(queue) == taken.queue_offset); /* it never passes an unfinished message */
    HOLDS(taken.queue_offset > before && taken.queue_offset < r->highest_next);
    HOLDS(rocket_message_decode(taken.record, &message, NULL) == ROCKET_OK && message.size == taken.record.size);
    HOLDS(message.queue_offset == taken.queue_offset || message.queue_offset + 1000 == taken.queue_offset);
    before = taken.queue_offset;
    HOLDS(rocket_process_queue_ack(queue, taken.position) == ROCKET_OK);
    rocket_frame_release(taken.frame);
    count++;
  }
  HOLDS(count == r->ready);
  rocket_process_queue_get_stats(queue, &stats);
  HOLDS(stats.count == 0 && stats.bytes == 0 && stats.commit_offset > before);
  HOLDS(stats.commit_offset == 0 || stats.commit_offset <= r->highest_next);
}

static rig *the_rig(void) {
  static rig r = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
  if (r.client) return &r;
  rocket_listener *listener;
  uint16_t port;
  rocket_handler handler = {.request = on_request, .user = &r};
  HOLDS(rocket_loop_new(NULL, &r.client) == ROCKET_OK && rocket_loop_new(NULL, &r.server) == ROCKET_OK);
  HOLDS(rocket_listener_open(r.server, rocket_slice_of("127.0.0.1:0"), handler, &listener, &port) == ROCKET_OK);
  snprintf(r.address, sizeof r.address, "127.0.0.1:%u", (unsigned)port);
  return &r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rig *r = the_rig();
  rocket_process_queue *queue;
  rocket_process_queue_options options;
  rocket_process_queue_options_default(&options);
  options.max_count = options.max_span = UINT16_MAX; /* never throttled */
  options.largest_pull = 1024;
  HOLDS(rocket_process_queue_new(&options, 0, &queue) == ROCKET_OK);
  pthread_mutex_lock(&r->lock);
  r->input = rocket_slice_make(data, size);
  r->answers = 0;
  r->highest_next = 0;
  r->ready = 0;
  r->stopped = false;
  pthread_mutex_unlock(&r->lock);
  rocket_puller *puller = start(r, queue);
  await_answers(r, queue);
  rocket_puller_free(puller);
  await_stop(r);
  check_queue(r, queue);
  rocket_process_queue_release(queue);
  return 0;
}

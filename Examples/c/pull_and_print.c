// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Prints the messages of a topic, all of them, without being a member of a group and without leaving a trace on the broker: one puller and
 * one process queue for each queue of the topic. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"

static const char help[] =
    "usage: pull_and_print --name-server HOST:PORT --topic NAME [options]\n"
    "\n"
    "Prints the body of each message, a line each, from the oldest on.\n"
    "\n"
    "  --count N       end after N messages\n"
    "  --idle-exit S   end when no message has come for S seconds\n"
    "  --tag TAG       only messages with this tag\n"
    "  --verbose       before the body: queue, offset, message id\n"
    "  --help          this text\n";

enum { TAKE = 256, PULL_BATCH = 256 };

/* Between the loop thread, which says that messages are there, and this one. */
typedef struct doorbell {
  pthread_mutex_t mutex;
  pthread_cond_t rung;
  bool is_rung;
  char failure[512];
} doorbell;

typedef struct source {
  rocket_process_queue *queue;
  rocket_puller *puller;
} source;

static void ring(doorbell *bell) {
  pthread_mutex_lock(&bell->mutex);
  bell->is_rung = true;
  pthread_cond_signal(&bell->rung);
  pthread_mutex_unlock(&bell->mutex);
}

/* On the loop thread. */
static void on_event(void *user, const rocket_puller_event *event) {
  doorbell *bell = user;
  switch (event->kind) {
  case ROCKET_PULLER_READY: ring(bell); break;
  case ROCKET_PULLER_ERROR:
  case ROCKET_PULLER_BAD_MESSAGE: /* repeated by the puller; a person wants to know */
    fprintf(stderr, "pulling from %.*s: %s %.*s\n", (int)event->address.size, (const char *)event->address.data,
            event->status ? rocket_status_text(event->status) : rocket_response_name(event->code), (int)event->remark.size,
            event->remark.data ? (const char *)event->remark.data : "");
    break;
  default: break;
  }
}

/* False: nothing for `seconds` (0: no limit). */
static bool wait_for_ring(doorbell *bell, long long seconds) {
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += (time_t)seconds;
  int status = 0;
  pthread_mutex_lock(&bell->mutex);
  while (!bell->is_rung && status == 0)
    status = seconds > 0 ? pthread_cond_timedwait(&bell->rung, &bell->mutex, &deadline) : pthread_cond_wait(&bell->rung, &bell->mutex);
  bool rung = bell->is_rung;
  bell->is_rung = false;
  pthread_mutex_unlock(&bell->mutex);
  return rung;
}

static int64_t smallest_offset(rocket_loop *loop, const broker *at, const char *topic, int32_t queue_id) {
  rocket_command request;
  answer found;
  int64_t offset = 0;
  rocket_command_init(&request, ROCKET_REQUEST_GET_MIN_OFFSET);
  check(rocket_command_set(&request, ROCKET_FIELD_TOPIC, rocket_slice_of(topic)), "asking for the smallest offset");
  check(rocket_command_set_i64(&request, ROCKET_FIELD_QUEUE_ID, queue_id), "asking for the smallest offset");
  call_and_wait(loop, at->address, &request, &found);
  check(rocket_command_get_i64(&found.reply, ROCKET_FIELD_OFFSET, &offset), "the smallest offset");
  rocket_frame_release(found.frame);
  return offset < 0 ? 0 : offset; /* -1: a queue that was never written to */
}

static source start(rocket_loop *loop, const broker *at, const char *topic, int32_t queue_id, rocket_slice tag, doorbell *bell) {
  source made;
  rocket_process_queue_options window;
  rocket_puller_options options;
  rocket_broker_address address = {.broker_id = 0, .address = rocket_slice_of(at->address)};
  int64_t first = smallest_offset(loop, at, topic, queue_id);

  rocket_process_queue_options_default(&window);
  window.largest_pull = PULL_BATCH;
  check(rocket_process_queue_new(&window, first, &made.queue), "making a process queue");

  rocket_puller_options_default(&options);
  options.group = rocket_slice_of("pull-and-print-example");
  options.topic = rocket_slice_of(topic);
  options.broker_name = rocket_slice_of(at->name);
  options.queue_id = queue_id;
  options.first_offset = first;
  options.addresses = &address;
  options.address_count = 1;
  options.expression_type = rocket_slice_of("TAG");
  options.subscription = tag.data ? tag : rocket_slice_of("*");
  options.post_subscription = true; /* no heartbeat has told the broker what this group wants */
  options.tags = &tag;
  options.tag_count = tag.data ? 1 : 0;
  options.commit_with_pull = false; /* and none of it is stored */
  options.batch = PULL_BATCH;
  rocket_puller_listener listener = {.fn = on_event, .user = bell};
  check(rocket_puller_new(loop, &options, made.queue, listener, &made.puller), "making a puller");
  check(rocket_puller_start(made.puller), "starting a puller");
  return made;
}

static void print_message(const rocket_message *message, bool verbose) {
  if (verbose) {
    rocket_slice id;
    char offset_id[ROCKET_ID_TEXT_SIZE];
    rocket_offset_id_format(&message->store_host, message->commit_log_offset, offset_id);
    if (!rocket_property_find(message->properties, rocket_slice_of("UNIQ_KEY"), &id)) id = rocket_slice_of(offset_id);
    printf("%d %lld %.*s ", message->queue_id, (long long)message->queue_offset, (int)id.size, (const char *)id.data);
  }
  if (!rocket_message_is_compressed(message)) {
    fwrite(message->body.data, 1, message->body.size, stdout);
  } else {
    rocket_buffer body;
    rocket_buffer_init(&body, NULL);
    check(rocket_message_body(message, ROCKET_MAX_FRAME_BYTES, &body), "decompressing a body");
    fwrite(body.data, 1, body.size, stdout);
    rocket_buffer_clear(&body);
  }
  putchar('\n');
}

/* Takes, prints and finishes up to `max` messages. */
static uint32_t print_some(rocket_process_queue *queue, uint32_t max, bool verbose) {
  static rocket_taken taken[TAKE];
  static rocket_message messages[TAKE];
  uint32_t count = rocket_process_queue_take(queue, max < TAKE ? max : TAKE, rocket_now_ms(), taken);
  if (count == 0) return 0;
  if (rocket_taken_decode(taken, count, messages) < count) fail("a message cannot be decoded");
  for (uint32_t i = 0; i < count; i++) print_message(&messages[i], verbose);
  rocket_process_queue_ack_many(queue, taken[0].position, count);
  rocket_taken_release(taken, count);
  return count;
}

static void print_all(source *sources, uint32_t source_count, long long count, long long idle_exit, bool verbose, doorbell *bell) {
  long long left = count > 0 ? count : INT64_MAX;
  while (left > 0) {
    uint32_t printed = 0;
    for (uint32_t i = 0; i < source_count && left > 0; i++) {
      uint32_t n = print_some(sources[i].queue, left < TAKE ? (uint32_t)left : TAKE, verbose);
      printed += n;
      left -= n;
    }
    if (fflush(stdout) != 0) fail("standard output: %s", strerror(errno));
    if (printed == 0 && left > 0 && !wait_for_ring(bell, idle_exit)) return;
  }
}

int main(int argc, char **argv) {
  const char *name_server = NULL, *topic = NULL, *tag = NULL;
  long long count = 0, idle_exit = 0;
  bool verbose = false;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0) return fputs(help, stdout) < 0;
    if (strcmp(argv[i], "--name-server") == 0) name_server = option_value(argc, argv, &i);
    else if (strcmp(argv[i], "--topic") == 0) topic = option_value(argc, argv, &i);
    else if (strcmp(argv[i], "--tag") == 0) tag = option_value(argc, argv, &i);
    else if (strcmp(argv[i], "--count") == 0) count = option_number(argc, argv, &i, 1, INT64_MAX);
    else if (strcmp(argv[i], "--idle-exit") == 0) idle_exit = option_number(argc, argv, &i, 1, 1000000);
    else if (strcmp(argv[i], "--verbose") == 0) verbose = true;
    else fail("there is no option %s; --help shows them", argv[i]);
  }
  if (!name_server || !topic) fail("--name-server and --topic are needed; --help shows all options");

  rocket_loop *loop;
  route found;
  doorbell bell = {.mutex = PTHREAD_MUTEX_INITIALIZER, .rung = PTHREAD_COND_INITIALIZER};
  check(rocket_loop_new(NULL, &loop), "starting the loop");
  find_route(loop, name_server, topic, &found);

  uint32_t source_count = 0, room = 0;
  for (uint32_t i = 0; i < found.count; i++) room += (uint32_t)found.brokers[i].read_queues;
  source *sources = calloc(room + 1, sizeof *sources);
  if (!sources) fail("no memory");
  for (uint32_t i = 0; i < found.count; i++) {
    const broker *at = &found.brokers[i];
    for (int32_t queue_id = 0; at->address[0] != 0 && queue_id < at->read_queues; queue_id++)
      sources[source_count++] = start(loop, at, topic, queue_id, rocket_slice_of(tag), &bell);
  }
  if (source_count == 0) fail("%s has no queue that can be read", topic);

  print_all(sources, source_count, count, idle_exit, verbose, &bell);

  /* Pullers first, then their queues; the loop last, so that every callback has run and nothing of `bell` is in use any more. */
  for (uint32_t i = 0; i < source_count; i++) {
    rocket_puller_free(sources[i].puller);
    rocket_process_queue_release(sources[i].queue);
  }
  rocket_loop_free(loop);
  free(sources);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The C core alone as a client: core-drain host:port topic group queues messages pull-batch
 *
 * One puller for each queue of one broker; the loop thread itself takes, decodes and acknowledges. Prints one JSON object when so many
 * messages have come, each once and in the order of its queue. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "rocket_puller.h"

enum { TAKE = 64, MOST_QUEUES = 64, LIMIT_S = 120 };

typedef struct client client;
typedef struct queue {
  client *client;
  rocket_process_queue *window;
  rocket_puller *puller;
  int64_t next_offset;
} queue;

struct client {
  sem_t done;
  uint64_t expected;
  uint64_t messages, bytes, pulls; /* the loop thread's */
  double first_s, last_s;
  queue queues[MOST_QUEUES];
};

static void check(bool condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "core-drain: %s\n", what);
  exit(1);
}

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double cpu_s(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* MiB; what getrusage says is not below what the program had that started this one. */
static double peak_memory(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double kib = (double)usage.ru_maxrss;
  FILE *file = fopen("/proc/self/status", "r");
  char line[256];
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, "VmHWM:", 6) == 0) kib = strtod(line + 6, NULL);
  if (file) fclose(file);
  return kib / 1024;
}

static void consume(queue *q) {
  client *c = q->client;
  rocket_taken taken[TAKE];
  rocket_message message;
  uint32_t n;
  if (c->messages == 0) c->first_s = now_s();
  while ((n = rocket_process_queue_take(q->window, TAKE, rocket_now_ms(), taken)) > 0) {
    for (uint32_t i = 0; i < n; i++) {
      check(rocket_message_decode(taken[i].record, &message, NULL) == 0, "a message cannot be decoded");
      check(message.queue_offset == q->next_offset++, "a message is missing, or comes twice");
      c->bytes += message.size;
      rocket_frame_release(taken[i].frame);
    }
    check(rocket_process_queue_ack_many(q->window, taken[0].position, n) == n, "a message was finished before");
    c->messages += n;
  }
  if (c->messages < c->expected || c->last_s > 0) return;
  c->last_s = now_s();
  sem_post(&c->done);
}

static void on_event(void *user, const rocket_puller_event *event) {
  if (event->kind == ROCKET_PULLER_READY) {
    ((queue *)user)->client->pulls++;
    consume(user);
  }
  check(event->kind != ROCKET_PULLER_ERROR && event->kind != ROCKET_PULLER_BAD_MESSAGE, "a pull failed");
}

int main(int argc, char **argv) {
  check(argc == 7, "usage: core-drain host:port topic group queues messages pull-batch");
  static client c;
  uint32_t count = (uint32_t)atoi(argv[4]);
  rocket_loop *loop;
  c.expected = strtoull(argv[5], NULL, 10);
  check(count > 0 && count <= MOST_QUEUES, "too many queues, or none");
  check(sem_init(&c.done, 0, 0) == 0 && rocket_loop_new(NULL, &loop) == 0, "no loop");

  rocket_broker_address address = {0, rocket_slice_of(argv[1])};
  rocket_process_queue_options window;
  rocket_process_queue_options_default(&window);
  rocket_puller_options options;
  rocket_puller_options_default(&options);
  options.topic = rocket_slice_of(argv[2]);
  options.group = rocket_slice_of(argv[3]);
  options.broker_name = rocket_slice_of("broker-a");
  options.addresses = &address;
  options.address_count = 1;
  options.expression_type = rocket_slice_of("TAG");
  options.subscription = rocket_slice_of("*");
  options.post_subscription = true; /* the group has no member that says what it subscribes to */
  options.batch = window.largest_pull = (uint32_t)atoi(argv[6]);
  double cpu_before = cpu_s(), began = now_s();
  for (uint32_t i = 0; i < count; i++) {
    queue *q = &c.queues[i];
    q->client = &c;
    options.queue_id = (int32_t)i;
    rocket_puller_listener listener = {on_event, q, NULL};
    check(rocket_process_queue_new(&window, 0, &q->window) == 0, "no process queue");
    check(rocket_puller_new(loop, &options, q->window, listener, &q->puller) == 0 && rocket_puller_start(q->puller) == 0, "no puller");
  }
  struct timespec limit;
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += LIMIT_S;
  check(sem_timedwait(&c.done, &limit) == 0, "not all messages have come");
  double cpu = cpu_s() - cpu_before;
  for (uint32_t i = 0; i < count; i++) rocket_puller_free(c.queues[i].puller);
  rocket_loop_free(loop); /* nothing comes any more */
  for (uint32_t i = 0; i < count; i++) rocket_process_queue_release(c.queues[i].window);
  sem_destroy(&c.done);
  double seconds = c.last_s - c.first_s;
  printf("{\"bench\":\"core-drain\",\"messages\":%llu,\"seconds\":%.3f,\"msgs_per_s\":%.0f,\"cpu_s\":%.3f,\"peak_rss_mib\":%.3f,"
         "\"bytes\":%llu,\"start_ms\":%.3f,\"messages_a_pull\":%.1f}\n",
         (unsigned long long)c.messages, seconds, (double)c.messages / seconds, cpu, peak_memory(), (unsigned long long)c.bytes,
         (c.first_s - began) * 1000, (double)c.messages / (double)c.pulls);
  return 0;
}

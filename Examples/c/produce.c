// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Sends numbered messages, or the lines of standard input, to a topic. Several requests are under way at a time; each gives its bytes to
 * the core, which hands them back through `drop`.
 *
 * What a product adds: another queue or broker when a send fails, and compression. Here the first failure ends the program. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

static const char help[] =
    "usage: produce --name-server HOST:PORT --topic NAME [options] [< lines]\n"
    "\n"
    "Sends each line of standard input as a message; with --count, numbered\n"
    "messages instead.\n"
    "\n"
    "  --count N    send N messages whose bodies are numbers\n"
    "  --first N    the first of these numbers; default 0\n"
    "  --size B     bytes of each body, filled up with zeros in front; default 16\n"
    "  --batch N    messages in one request; default 1\n"
    "  --tag TAG    the messages' tag\n"
    "  --help       this text\n";

enum { REQUESTS_UNDER_WAY = 8, MAX_BATCH_BYTES = 1024 * 1024 };

typedef struct producer {
  rocket_loop *loop;
  const char *topic;
  const char *tag;
  route route;
  uint32_t batch;
  rocket_unique_ids *ids;

  /* Between this thread and the loop's. */
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  uint32_t under_way;
  char failure[512];

  /* Where the next request goes. */
  uint32_t broker;
  int32_t queue;

  /* The request that is being filled. */
  rocket_buffer body;
  rocket_buffer properties; /* of the last message */
  uint32_t messages;
  uint64_t sent;
} producer;

static int64_t milliseconds_since_1970(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void next_queue(producer *self) {
  for (uint32_t tries = 0; tries <= self->route.count; tries++) {
    const broker *at = &self->route.brokers[self->broker];
    if (at->address[0] != 0 && ++self->queue < at->write_queues) return;
    self->broker = (self->broker + 1) % self->route.count;
    self->queue = -1;
  }
  fail("no queue of %s can be written to", self->topic);
}

/* On the loop thread. */
static void on_sent(void *user, int status, const rocket_command *reply, rocket_frame *frame) {
  producer *self = user;
  (void)frame;
  pthread_mutex_lock(&self->mutex);
  if (status != ROCKET_OK)
    snprintf(self->failure, sizeof self->failure, "%s (%s)", rocket_status_text(status), rocket_status_name(status));
  else if (reply->code != ROCKET_RESPONSE_SUCCESS)
    snprintf(self->failure, sizeof self->failure, "%s, %.*s", rocket_response_name(reply->code), (int)reply->remark.size,
             reply->remark.data ? (const char *)reply->remark.data : "");
  self->under_way--;
  pthread_cond_signal(&self->changed);
  pthread_mutex_unlock(&self->mutex);
}

/* Until no more than `most` requests are under way. */
static void wait_for_answers(producer *self, uint32_t most) {
  pthread_mutex_lock(&self->mutex);
  while (self->under_way > most && self->failure[0] == 0) pthread_cond_wait(&self->changed, &self->mutex);
  pthread_mutex_unlock(&self->mutex);
  if (self->failure[0] != 0) fail("sending to %s: %s", self->topic, self->failure);
}

static void flush(producer *self) {
  static const char waits[] = "WAIT\x01true\x02";
  if (self->messages == 0) return;
  wait_for_answers(self, REQUESTS_UNDER_WAY - 1);
  next_queue(self);
  const broker *to = &self->route.brokers[self->broker];
  bool batch = self->batch > 1;
  rocket_send_header header = {
      .producer_group = rocket_slice_of("produce-example"),
      .topic = rocket_slice_of(self->topic),
      .broker_name = rocket_slice_of(to->name),
      .properties = batch ? rocket_slice_of(waits) : rocket_slice_make(self->properties.data, self->properties.size),
      .queue_id = self->queue,
      .born_at_ms = milliseconds_since_1970(),
      .batch = batch,
  };
  rocket_command request;
  check(rocket_command_init_send(&request, &header), "building the request");
  /* The buffer's bytes go to the core without a copy; `drop` is free(). */
  rocket_body body = {.bytes = rocket_slice_make(self->body.data, self->body.size), .drop = free, .user = self->body.data};
  rocket_buffer_init(&self->body, NULL);
  pthread_mutex_lock(&self->mutex);
  self->under_way++;
  pthread_mutex_unlock(&self->mutex);
  rocket_target target = {.address = rocket_slice_of(to->address)};
  check(rocket_call(self->loop, target, &request, body, CALL_TIMEOUT_MS, (rocket_reply){.fn = on_sent, .user = self}, NULL), "sending");
  self->sent += self->messages;
  self->messages = 0;
}

static void add_property(producer *self, const char *name, const char *value) {
  check(rocket_property_append(&self->properties, rocket_slice_of(name), rocket_slice_of(value)), name);
}

static void add(producer *self, rocket_slice body) {
  char id[ROCKET_ID_TEXT_SIZE];
  rocket_unique_ids_next(self->ids, milliseconds_since_1970(), id);
  self->properties.size = 0;
  add_property(self, "UNIQ_KEY", id);
  add_property(self, "WAIT", "true");
  if (self->tag) add_property(self, "TAGS", self->tag);
  rocket_slice properties = rocket_slice_make(self->properties.data, self->properties.size);
  check(self->batch > 1 ? rocket_batch_append(&self->body, 0, body, properties) : rocket_buffer_append(&self->body, body.data, body.size),
        "building the message");
  if (++self->messages == self->batch || self->body.size > MAX_BATCH_BYTES) flush(self);
}

static void send_numbers(producer *self, long long first, long long count, int size) {
  char text[1024];
  for (long long i = 0; i < count; i++) {
    int length = snprintf(text, sizeof text, "%0*lld", size, first + i);
    add(self, rocket_slice_make(text, (size_t)length));
  }
}

static void send_lines(producer *self) {
  char *line = NULL;
  size_t room = 0;
  ssize_t length;
  while ((length = getline(&line, &room, stdin)) >= 0) {
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) length--;
    if (length > 0) add(self, rocket_slice_make(line, (size_t)length));
  }
  free(line);
}

int main(int argc, char **argv) {
  const char *name_server = NULL;
  long long count = -1, first = 0;
  int size = 16;
  producer self = {.batch = 1, .queue = -1, .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0) return fputs(help, stdout) < 0;
    if (strcmp(argv[i], "--name-server") == 0) name_server = option_value(argc, argv, &i);
    else if (strcmp(argv[i], "--topic") == 0) self.topic = option_value(argc, argv, &i);
    else if (strcmp(argv[i], "--tag") == 0) self.tag = option_value(argc, argv, &i);
    else if (strcmp(argv[i], "--count") == 0) count = option_number(argc, argv, &i, 0, INT64_MAX / 2);
    else if (strcmp(argv[i], "--first") == 0) first = option_number(argc, argv, &i, 0, INT64_MAX / 2);
    else if (strcmp(argv[i], "--size") == 0) size = (int)option_number(argc, argv, &i, 1, 1000);
    else if (strcmp(argv[i], "--batch") == 0) self.batch = (uint32_t)option_number(argc, argv, &i, 1, 100000);
    else fail("there is no option %s; --help shows them", argv[i]);
  }
  if (!name_server || !self.topic) fail("--name-server and --topic are needed; --help shows all options");

  rocket_host host = {.ip = {127, 0, 0, 1}, .ip_size = 4};
  check(rocket_unique_ids_new(NULL, &host, (uint32_t)getpid(), (uint32_t)time(NULL), &self.ids), "making ids");
  check(rocket_loop_new(NULL, &self.loop), "starting the loop");
  find_route(self.loop, name_server, self.topic, &self.route);
  if (self.route.count == 0) fail("%s has no broker", self.topic);

  if (count >= 0) send_numbers(&self, first, count, size);
  else send_lines(&self);
  flush(&self);
  wait_for_answers(&self, 0);
  printf("sent %llu messages to %s\n", (unsigned long long)self.sent, self.topic);

  rocket_loop_free(self.loop);
  rocket_unique_ids_free(self.ids);
  rocket_buffer_clear(&self.body);
  rocket_buffer_clear(&self.properties);
  return 0;
}

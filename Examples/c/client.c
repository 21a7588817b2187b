// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "client.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "error: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  exit(1);
}

void check(int status, const char *doing) {
  if (status != ROCKET_OK) fail("%s: %s (%s)", doing, rocket_status_text(status), rocket_status_name(status));
}

/* --- A call that waits: the callback runs on the loop thread, fills in the waiter and wakes it. */
typedef struct waiter {
  pthread_mutex_t mutex;
  pthread_cond_t ended;
  bool has_ended;
  int status;
  answer *answer;
} waiter;

static void on_reply(void *user, int status, const rocket_command *reply, rocket_frame *frame) {
  waiter *waiting = user;
  pthread_mutex_lock(&waiting->mutex);
  waiting->status = status;
  if (status == ROCKET_OK) {
    rocket_frame_retain(frame); /* keeps what the slices of `reply` point to */
    waiting->answer->reply = *reply;
    waiting->answer->frame = frame;
  }
  waiting->has_ended = true;
  pthread_cond_signal(&waiting->ended);
  pthread_mutex_unlock(&waiting->mutex);
}

void call_and_wait(rocket_loop *loop, const char *address, rocket_command *request, answer *out) {
  waiter waiting = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, ROCKET_OK, out};
  const char *name = rocket_request_name(request->code);
  rocket_target target = {.address = rocket_slice_of(address)};
  rocket_body body = {.bytes = request->body};
  rocket_reply reply = {.fn = on_reply, .user = &waiting};
  int status = rocket_call(loop, target, request, body, CALL_TIMEOUT_MS, reply, NULL);
  if (status == ROCKET_OK) { /* only then does the callback run */
    pthread_mutex_lock(&waiting.mutex);
    while (!waiting.has_ended) pthread_cond_wait(&waiting.ended, &waiting.mutex);
    pthread_mutex_unlock(&waiting.mutex);
    status = waiting.status;
  }
  if (status != ROCKET_OK) fail("%s to %s: %s (%s)", name, address, rocket_status_text(status), rocket_status_name(status));
  if (out->reply.code != ROCKET_RESPONSE_SUCCESS)
    fail("%s refused %s: %s, %.*s", address, name, rocket_response_name(out->reply.code), (int)out->reply.remark.size,
         out->reply.remark.data ? (const char *)out->reply.remark.data : "no reason given");
}

/* --- The route, read token by token. */
typedef struct route_reader {
  rocket_json_reader json;
  rocket_json_token token;
} route_reader;

static rocket_json_kind next(route_reader *reader) {
  rocket_fault fault;
  if (rocket_json_next(&reader->json, &reader->token, &fault) != ROCKET_OK)
    fail("the name server's answer is not JSON at byte %u, %s", fault.offset, fault.what);
  return reader->token.kind;
}

/* Moves behind the value that has just begun. */
static void skip(route_reader *reader) {
  int depth = 0;
  for (;; next(reader)) {
    rocket_json_kind kind = reader->token.kind;
    if (kind == ROCKET_JSON_OBJECT_BEGIN || kind == ROCKET_JSON_ARRAY_BEGIN) depth++;
    if (kind == ROCKET_JSON_OBJECT_END || kind == ROCKET_JSON_ARRAY_END) depth--;
    if (depth == 0) return;
  }
}

/* The next key of an object, its value begun; false at the object's end. */
static bool next_member(route_reader *reader, rocket_slice *key) {
  if (next(reader) == ROCKET_JSON_OBJECT_END) return false;
  *key = reader->token.text;
  skip(reader);
  next(reader);
  return true;
}

static bool is(rocket_slice text, const char *word) { return rocket_slice_equal(text, rocket_slice_of(word)); }

static void copy(rocket_slice text, char *out, size_t room) {
  if (text.size >= room) fail("the name server's answer has a text of %zu bytes", text.size);
  memcpy(out, text.data, text.size);
  out[text.size] = 0;
}

static int32_t number(rocket_slice text) {
  char digits[24];
  copy(text, digits, sizeof digits);
  return (int32_t)strtol(digits, NULL, 10);
}

static broker *broker_named(route *out, const char *name) {
  for (uint32_t i = 0; i < out->count; i++)
    if (strcmp(out->brokers[i].name, name) == 0) return &out->brokers[i];
  if (out->count == MAX_BROKERS) fail("this example knows up to %d brokers", MAX_BROKERS);
  broker *added = &out->brokers[out->count++];
  *added = (broker){0};
  strcpy(added->name, name);
  return added;
}

/* {"brokerAddrs":{"0":"127.0.0.1:10911"},"brokerName":"broker-a"}: 0 is the master. */
static void read_addresses(route_reader *reader, route *out) {
  rocket_slice key, id;
  char name[256] = "", master[256] = "";
  while (next_member(reader, &key)) {
    if (is(key, "brokerName")) copy(reader->token.text, name, sizeof name);
    if (!is(key, "brokerAddrs")) {
      skip(reader);
      continue;
    }
    while (next_member(reader, &id))
      if (is(id, "0")) copy(reader->token.text, master, sizeof master);
  }
  strcpy(broker_named(out, name)->address, master);
}

/* {"brokerName":"broker-a","perm":6,"readQueueNums":8,"writeQueueNums":8}: 4 may be read, 2 written. */
static void read_queues(route_reader *reader, route *out) {
  rocket_slice key;
  char name[256] = "";
  int32_t perm = 0, reads = 0, writes = 0;
  while (next_member(reader, &key)) {
    if (is(key, "brokerName")) copy(reader->token.text, name, sizeof name);
    else if (is(key, "perm")) perm = number(reader->token.text);
    else if (is(key, "readQueueNums")) reads = number(reader->token.text);
    else if (is(key, "writeQueueNums")) writes = number(reader->token.text);
    else skip(reader);
  }
  broker *found = broker_named(out, name);
  found->read_queues = perm & 4 ? reads : 0;
  found->write_queues = perm & 2 ? writes : 0;
}

void find_route(rocket_loop *loop, const char *name_server, const char *topic, route *out) {
  rocket_command request;
  answer found;
  rocket_command_init(&request, ROCKET_REQUEST_GET_ROUTEINFO_BY_TOPIC);
  check(rocket_command_set(&request, ROCKET_FIELD_TOPIC, rocket_slice_of(topic)), "asking for the route");
  call_and_wait(loop, name_server, &request, &found);

  route_reader reader;
  rocket_slice key;
  out->count = 0;
  rocket_json_reader_init(&reader.json, found.reply.body);
  if (next(&reader) != ROCKET_JSON_OBJECT_BEGIN) fail("the name server's answer is no object");
  while (next_member(&reader, &key)) {
    if (!is(key, "brokerDatas") && !is(key, "queueDatas")) {
      skip(&reader);
      continue;
    }
    while (next(&reader) == ROCKET_JSON_OBJECT_BEGIN) {
      if (is(key, "brokerDatas")) read_addresses(&reader, out);
      else read_queues(&reader, out);
    }
  }
  rocket_frame_release(found.frame);
}

/* --- Command line */
const char *option_value(int argc, char **argv, int *i) {
  if (*i + 1 >= argc) fail("%s needs a value; --help shows the options", argv[*i]);
  return argv[++*i];
}

long long option_number(int argc, char **argv, int *i, long long least, long long most) {
  const char *name = argv[*i], *text = option_value(argc, argv, i);
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (errno != 0 || end == text || *end != 0 || value < least || value > most)
    fail("%s: \"%s\" is not a whole number from %lld to %lld", name, text, least, most);
  return value;
}

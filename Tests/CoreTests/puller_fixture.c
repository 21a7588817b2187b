// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "puller_fixture.h"

#include <time.h>

#include "rocket_message.h"

/* ---- Brokers ---- */

static void keep_text(const rocket_command *request, rocket_field field, char out[64]) {
  rocket_slice text;
  if (rocket_command_get(request, field, &text) == ROCKET_OK) snprintf(out, 64, "%.*s", (int)text.size, (const char *)text.data);
}

static void keep_number(const rocket_command *request, rocket_field field, int64_t *out) {
  CHECK_INT(rocket_command_get_i64(request, field, out), ROCKET_OK);
}

static void on_request(void *user, const rocket_inbound *inbound) {
  test_broker *broker = user;
  const rocket_command *request = inbound->command;
  CHECK_INT(request->code, ROCKET_REQUEST_PULL_MESSAGE);
  CHECK_INT(rocket_command_check_request(request, NULL), ROCKET_OK);
  seen_pull *seen = &broker->seen[net_value(&broker->pulls)];
  CHECK(seen < &broker->seen[sizeof broker->seen / sizeof broker->seen[0]]);
  *seen = (seen_pull){.connection = inbound->connection, .at_ms = rocket_now_ms(), .field_count = request->field_count};
  rocket_command_init(&seen->request, request->code);
  seen->request.opaque = request->opaque;
  keep_number(request, ROCKET_FIELD_QUEUE_ID, &seen->queue_id);
  keep_number(request, ROCKET_FIELD_QUEUE_OFFSET, &seen->queue_offset);
  keep_number(request, ROCKET_FIELD_MAX_MSG_NUMS, &seen->max_msg_nums);
  keep_number(request, ROCKET_FIELD_SYS_FLAG, &seen->sys_flag);
  keep_number(request, ROCKET_FIELD_COMMIT_OFFSET, &seen->commit_offset);
  keep_number(request, ROCKET_FIELD_SUSPEND_TIMEOUT_MILLIS, &seen->suspend_ms);
  keep_number(request, ROCKET_FIELD_SUB_VERSION, &seen->sub_version);
  keep_text(request, ROCKET_FIELD_CONSUMER_GROUP, seen->group);
  keep_text(request, ROCKET_FIELD_TOPIC, seen->topic);
  keep_text(request, ROCKET_FIELD_EXPRESSION_TYPE, seen->expression_type);
  keep_text(request, ROCKET_FIELD_SUBSCRIPTION, seen->subscription);
  keep_text(request, ROCKET_FIELD_BNAME, seen->broker_name);
  net_count(&broker->pulls);
}

static void listen_on(test_broker *broker, uint16_t port) {
  char address[64];
  snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)port);
  broker->loop = net_loop();
  rocket_handler handler = {.request = on_request, .user = broker};
  CHECK_INT(rocket_listener_open(broker->loop, rocket_slice_of(address), handler, &broker->listener, &broker->port), ROCKET_OK);
  snprintf(broker->address, sizeof broker->address, "127.0.0.1:%u", (unsigned)broker->port);
}

void broker_open(test_broker *broker) {
  *broker = (test_broker){.pulls = NET_COUNTER};
  listen_on(broker, 0);
}

void broker_reopen(test_broker *broker) { listen_on(broker, broker->port); }

void broker_close(test_broker *broker) {
  rocket_listener_close(broker->listener);
  CHECK_INT(rocket_loop_free(broker->loop), ROCKET_OK);
}

const seen_pull *broker_await(test_broker *broker, int64_t n) {
  net_await(&broker->pulls, n);
  return &broker->seen[n - 1];
}

bool broker_is_quiet(test_broker *broker, unsigned ms) {
  int64_t before = net_value(&broker->pulls);
  nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}, NULL);
  return net_value(&broker->pulls) == before;
}

static void add_field(rocket_command *response, rocket_field field, const char *text) {
  if (text) rocket_command_set(response, field, rocket_slice_of(text));
}

void broker_send(test_broker *broker, const seen_pull *pull, broker_answer answer) {
  rocket_command response;
  rocket_command_init_response(&response, &pull->request, answer.code);
  add_field(&response, ROCKET_FIELD_NEXT_BEGIN_OFFSET, answer.next);
  add_field(&response, ROCKET_FIELD_MIN_OFFSET, answer.min);
  add_field(&response, ROCKET_FIELD_MAX_OFFSET, answer.max);
  add_field(&response, ROCKET_FIELD_SUGGEST_WHICH_BROKER_ID, answer.suggested);
  if (answer.delta) rocket_command_set_named(&response, rocket_slice_of("offsetDelta"), rocket_slice_of(answer.delta));
  if (answer.remark) response.remark = rocket_slice_of(answer.remark);
  CHECK_INT(rocket_respond(broker->loop, pull->connection, &response, (rocket_body){.bytes = answer.body}), ROCKET_OK);
}

void broker_send_found(test_broker *broker, const seen_pull *pull, int64_t next, const rocket_buffer *body) {
  char text[32];
  snprintf(text, sizeof text, "%" PRId64, next);
  rocket_slice bytes = rocket_slice_make(body->data, body->size);
  broker_send(broker, pull, (broker_answer){ROCKET_RESPONSE_SUCCESS, text, "0", text, "0", NULL, "FOUND", bytes});
}

void broker_send_nothing(test_broker *broker, const seen_pull *pull, int32_t code, int64_t next) {
  char text[32];
  snprintf(text, sizeof text, "%" PRId64, next);
  broker_send(broker, pull, (broker_answer){code, text, "0", text, "0", NULL, "as told", {0}});
}

void add_record(rocket_buffer *body, int64_t queue_offset, const char *tag) {
  rocket_buffer properties = {0};
  CHECK_INT(rocket_property_append(&properties, rocket_slice_of("KEYS"), rocket_slice_of("k")), ROCKET_OK);
  if (tag) CHECK_INT(rocket_property_append(&properties, rocket_slice_of("TAGS"), rocket_slice_of(tag)), ROCKET_OK);
  rocket_message message = {.record_version = 1,
                            .queue_offset = queue_offset,
                            .born_host = {.ip_size = 4},
                            .store_host = {.ip_size = 4},
                            .body = rocket_slice_of("ten bytes."),
                            .topic = rocket_slice_of("topic"),
                            .properties = rocket_slice_make(properties.data, properties.size)};
  CHECK_INT(rocket_message_encode(&message, body), ROCKET_OK);
  rocket_buffer_clear(&properties);
}

rocket_buffer some_records(int64_t queue_offset, int count) {
  rocket_buffer body = {0};
  for (int i = 0; i < count; i++) add_record(&body, queue_offset + i, NULL);
  return body;
}

/* ---- The puller ---- */

static void on_event(void *user, const rocket_puller_event *event) {
  puller_rig *rig = user;
  test_event *recorded = &rig->recorded[net_value(&rig->events)];
  CHECK(recorded < &rig->recorded[sizeof rig->recorded / sizeof rig->recorded[0]]);
  CHECK(rocket_loop_is_current(rig->loop));
  CHECK_INT(net_value(&rig->dropped), 0);
  recorded->event = *event;
  recorded->at_ms = rocket_now_ms();
  snprintf(recorded->remark, sizeof recorded->remark, "%.*s", (int)event->remark.size, (const char *)event->remark.data);
  snprintf(recorded->address, sizeof recorded->address, "%.*s", (int)event->address.size, (const char *)event->address.data);
  net_count(&rig->events);
}

static void on_drop(void *user) { net_count(&((puller_rig *)user)->dropped); }

test_broker *rig_open(puller_rig *rig) {
  *rig = (puller_rig){.events = NET_COUNTER, .dropped = NET_COUNTER};
  broker_open(&rig->broker);
  rig->loop = net_loop();
  rocket_process_queue_options_default(&rig->queue_options);
  rocket_puller_options_default(&rig->options);
  rig->addresses[0] = (rocket_broker_address){0, rocket_slice_of(rig->broker.address)};
  rig->options.group = rocket_slice_of("group");
  rig->options.topic = rocket_slice_of("topic");
  rig->options.broker_name = rocket_slice_of("broker-a");
  rig->options.queue_id = 3;
  rig->options.first_offset = 100;
  rig->options.addresses = rig->addresses;
  rig->options.address_count = 1;
  rig->options.subscription_version = 77;
  return &rig->broker;
}

void rig_make(puller_rig *rig) {
  CHECK_INT(rocket_process_queue_new(&rig->queue_options, rig->options.first_offset, &rig->queue), ROCKET_OK);
  rocket_puller_listener listener = {on_event, rig, on_drop};
  CHECK_INT(rocket_puller_new(rig->loop, &rig->options, rig->queue, listener, &rig->puller), ROCKET_OK);
}

void rig_start(puller_rig *rig) {
  rig_make(rig);
  CHECK_INT(rocket_puller_start(rig->puller), ROCKET_OK);
}

const test_event *next_event(puller_rig *rig, rocket_puller_event_kind kind) {
  net_await(&rig->events, ++rig->read);
  const test_event *event = &rig->recorded[rig->read - 1];
  CHECK_INT(event->event.kind, kind);
  return event;
}

void rig_finish(puller_rig *rig, uint32_t count) {
  rocket_taken taken;
  for (uint32_t i = 0; i < count; i++) {
    CHECK_INT(rocket_process_queue_take(rig->queue, 1, 0, &taken), 1);
    rocket_frame_release(taken.frame);
    CHECK_INT(rocket_process_queue_ack(rig->queue, taken.position), ROCKET_OK);
  }
}

void rig_close(puller_rig *rig) {
  rocket_puller_stop(rig->puller);
  net_await(&rig->dropped, 1);
  int64_t events = net_value(&rig->events);
  CHECK_INT(rig->recorded[events - 1].event.kind, ROCKET_PULLER_STOPPED);
  rocket_puller_free(rig->puller);
  CHECK_INT(rocket_loop_free(rig->loop), ROCKET_OK);
  rocket_process_queue_release(rig->queue);
  CHECK_INT(net_value(&rig->events), events);
  CHECK_INT(net_value(&rig->dropped), 1);
  broker_close(&rig->broker);
}

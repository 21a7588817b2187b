// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "drain_fixture.h"

#include "rocket_message.h"

/* ---- The broker ---- */

static int add_records(rocket_buffer *out, int64_t first, int64_t count) {
  uint8_t body[DRAIN_BODY_BYTES];
  int status = ROCKET_OK;
  for (int64_t offset = first; status == ROCKET_OK && offset < first + count; offset++) {
    memset(body, (int)(offset & 0xFF), sizeof body);
    rocket_message message = {.record_version = 1,
                              .queue_offset = offset,
                              .born_host.ip_size = 4,
                              .store_host.ip_size = 4,
                              .body = {body, sizeof body},
                              .topic = rocket_slice_of("topic"),
                              .properties = rocket_slice_of("KEYS\001k\002TAGS\001tag\002")};
    status = rocket_message_encode(&message, out);
  }
  return status;
}

static int answer(drain_broker *broker, const rocket_inbound *inbound) {
  int64_t offset = 0, most = 0;
  rocket_command response;
  if (rocket_command_get_i64(inbound->command, ROCKET_FIELD_QUEUE_OFFSET, &offset) != ROCKET_OK) return ROCKET_OK;
  CHECK_INT(rocket_command_get_i64(inbound->command, ROCKET_FIELD_MAX_MSG_NUMS, &most), ROCKET_OK);
  int64_t count = offset + most < broker->total ? most : broker->total - offset;
  if (count <= 0) return ROCKET_OK;
  broker->records.size = 0;
  broker->records.status = ROCKET_OK; /* the last answer's failure is over */
  int status = add_records(&broker->records, offset, count);
  if (status != ROCKET_OK) return status;
  rocket_command_init_response(&response, inbound->command, ROCKET_RESPONSE_SUCCESS);
  rocket_command_set_i64(&response, ROCKET_FIELD_NEXT_BEGIN_OFFSET, offset + count);
  rocket_command_set_i64(&response, ROCKET_FIELD_MIN_OFFSET, 0);
  rocket_command_set_i64(&response, ROCKET_FIELD_MAX_OFFSET, broker->total);
  rocket_command_set_i64(&response, ROCKET_FIELD_SUGGEST_WHICH_BROKER_ID, 0);
  rocket_body body = {.bytes = {broker->records.data, broker->records.size}};
  return rocket_respond(broker->loop, inbound->connection, &response, body);
}

static void on_request(void *user, const rocket_inbound *inbound) {
  drain_broker *broker = user;
  if (answer(broker, inbound) != ROCKET_OK) rocket_connection_close(broker->loop, inbound->connection);
  else atomic_fetch_add(&broker->answers, 1);
}

void drain_broker_open(drain_broker *broker, const rocket_allocator *allocator, int64_t total) {
  uint16_t port;
  rocket_loop_options options = net_options();
  options.allocator = allocator;
  *broker = (drain_broker){.loop = net_loop_with(&options), .total = total};
  rocket_buffer_init(&broker->records, allocator);
  rocket_handler handler = {.request = on_request, .user = broker};
  CHECK_INT(rocket_listener_open(broker->loop, rocket_slice_of("127.0.0.1:0"), handler, &broker->listener, &port), ROCKET_OK);
  snprintf(broker->address, sizeof broker->address, "127.0.0.1:%u", port);
  net_settle(broker->loop);
}

void drain_broker_close(drain_broker *broker) {
  CHECK_INT(rocket_loop_free(broker->loop), ROCKET_OK);
  rocket_buffer_clear(&broker->records);
}

/* ---- The consumer ---- */

static void on_event(void *user, const rocket_puller_event *event) {
  drain_consumer *consumer = user;
  CHECK(event->kind != ROCKET_PULLER_BAD_MESSAGE && event->kind != ROCKET_PULLER_OFFSET_ILLEGAL);
  if (event->kind == ROCKET_PULLER_ERROR) {
    atomic_fetch_add(&consumer->errors, 1);
    if (consumer->on_error) consumer->on_error(consumer->user);
  }
  net_count(&consumer->events);
}

static void on_drop(void *user) { net_count(&((drain_consumer *)user)->dropped); }

static int make_puller(drain_consumer *consumer, const char *address) {
  rocket_broker_address broker = {0, rocket_slice_of(address)};
  rocket_puller_options options;
  rocket_puller_options_default(&options);
  options.group = rocket_slice_of("group");
  options.topic = rocket_slice_of("topic");
  options.broker_name = rocket_slice_of("broker-a");
  options.addresses = &broker;
  options.address_count = 1;
  options.batch = DRAIN_BATCH;
  options.error_delay_ms = 1;
  return rocket_puller_new(consumer->loop, &options, consumer->queue, (rocket_puller_listener){on_event, consumer, on_drop},
                           &consumer->puller);
}

int drain_consumer_open(drain_consumer *consumer, const rocket_allocator *allocator, const char *address) {
  rocket_loop_options loop_options = net_options();
  rocket_process_queue_options options;
  rocket_process_queue_options_default(&options);
  options.allocator = loop_options.allocator = allocator;
  loop_options.reconnect_min_ms = loop_options.reconnect_max_ms = 1;
  consumer->events = consumer->dropped = (net_counter)NET_COUNTER;
  int status = rocket_loop_new(&loop_options, &consumer->loop);
  if (status == ROCKET_OK) status = rocket_process_queue_new(&options, 0, &consumer->queue);
  if (status == ROCKET_OK) {
    status = make_puller(consumer, address);
    if (status != ROCKET_OK) CHECK_INT(net_value(&consumer->dropped), 1);
  }
  if (status == ROCKET_OK) status = rocket_puller_start(consumer->puller);
  if (status == ROCKET_OK) return ROCKET_OK;
  rocket_puller_free(consumer->puller);
  CHECK_INT(rocket_loop_free(consumer->loop), ROCKET_OK);
  rocket_process_queue_release(consumer->queue);
  return status;
}

static void finish(drain_consumer *consumer, const rocket_taken *taken) {
  rocket_message message;
  CHECK_INT(rocket_message_decode(taken->record, &message, NULL), ROCKET_OK);
  CHECK_INT(taken->queue_offset, consumer->finished);
  CHECK_INT(message.queue_offset, consumer->finished);
  CHECK(message.body.size == DRAIN_BODY_BYTES && message.body.data[DRAIN_BODY_BYTES - 1] == (consumer->finished & 0xFF));
  CHECK_INT(rocket_process_queue_ack(consumer->queue, taken->position), ROCKET_OK);
  rocket_frame_release(taken->frame);
  consumer->finished++;
}

/* Whatever goes wrong, an event follows: that there are messages, or why there are none. */
void drain_consumer_run(drain_consumer *consumer, int64_t until) {
  rocket_taken taken[DRAIN_BATCH];
  while (consumer->finished < until) {
    int64_t events = net_value(&consumer->events);
    int64_t left = until - consumer->finished;
    uint32_t max = left < DRAIN_BATCH ? (uint32_t)left : DRAIN_BATCH;
    uint32_t count = rocket_process_queue_take(consumer->queue, max, rocket_now_ms(), taken);
    for (uint32_t i = 0; i < count; i++) finish(consumer, &taken[i]);
    if (count == 0) net_await(&consumer->events, events + 1);
  }
  CHECK_INT(rocket_process_queue_commit_offset(consumer->queue), until);
}

void drain_consumer_close(drain_consumer *consumer) {
  rocket_puller_free(consumer->puller);
  CHECK_INT(rocket_loop_free(consumer->loop), ROCKET_OK);
  rocket_process_queue_release(consumer->queue);
  CHECK_INT(net_value(&consumer->dropped), 1);
}

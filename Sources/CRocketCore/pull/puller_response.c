// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What the answer to a pull means. Java: MQClientAPIImpl.processPullResponse, PullAPIWrapper.processPullResult, the PullCallback of
 * DefaultMQPushConsumerImpl.pullMessage. */
#include "base/decimal.h"
#include "base/slice.h"
#include "pull/puller.h"
#include "rocket_message.h"

enum {
  FLOW_CONTROL_DELAY_MS = 20, /* Java: PULL_TIME_DELAY_MILLS_WHEN_FLOW_CONTROL (broker) */
  ITEMS = 64                  /* messages put at a time */
};

/* The header that every answer with a position carries. */
typedef struct position {
  int64_t next_begin_offset;
  int64_t min_offset;
  int64_t max_offset;
  int64_t suggested_broker_id;
  int64_t offset_delta; /* static topics of 5.x: to be added to the records' offsets */
} position;

/* All four are mandatory, though not all are used for every answer: where one is missing, the rest cannot be trusted. */
static int read_position(const rocket_command *response, position *out) {
  int status = rocket_command_get_i64(response, ROCKET_FIELD_NEXT_BEGIN_OFFSET, &out->next_begin_offset);
  if (status == ROCKET_OK) status = rocket_command_get_i64(response, ROCKET_FIELD_SUGGEST_WHICH_BROKER_ID, &out->suggested_broker_id);
  if (status == ROCKET_OK) status = rocket_command_get_i64(response, ROCKET_FIELD_MIN_OFFSET, &out->min_offset);
  if (status == ROCKET_OK) status = rocket_command_get_i64(response, ROCKET_FIELD_MAX_OFFSET, &out->max_offset);
  if (status == ROCKET_OK && out->next_begin_offset < 0) status = ROCKET_BAD_FIELD;
  return status;
}

static void complain(rocket_puller *puller, int status, int32_t code, rocket_slice remark, uint64_t delay_ms) {
  rocket__puller_tell(puller, (rocket_puller_event){.kind = ROCKET_PULLER_ERROR, .status = status, .code = code, .remark = remark});
  rocket__puller_proceed_after(puller, delay_ms);
}

/* Brokers compare hashes of tags only. */
static bool passes(const rocket__subscription *subscription, const rocket_message *message) {
  rocket_slice tag;
  if (subscription->tag_count == 0) return true;
  if (!rocket_property_find(message->properties, ROCKET__LITERAL("TAGS"), &tag)) return false;
  for (uint32_t i = 0; i < subscription->tag_count; i++)
    if (rocket__slice_equal(subscription->tags[i], tag)) return true;
  return false;
}

/* Messages on their way into the queue, all out of one frame. */
typedef struct basket {
  rocket_puller *puller;
  rocket_frame *frame;
  uint32_t *added;
  uint32_t count;
  rocket_put_item items[ITEMS];
} basket;

/* All at once, or where the window ends, as many as fit. There was room for one when the pull began, so each pull of more than fits
 * brings some of it. */
static int put(basket *basket, const rocket_put_item *items, uint32_t count) {
  uint32_t fresh = 0;
  int status = rocket_process_queue_put(basket->puller->queue, basket->frame, items, count, &fresh);
  *basket->added += fresh;
  if (status != ROCKET_FULL || count == 1) return status;
  status = put(basket, items, count / 2);
  return status == ROCKET_OK ? put(basket, items + count / 2, count - count / 2) : status;
}

static int empty(basket *basket) {
  uint32_t count = basket->count;
  basket->count = 0;
  return count > 0 ? put(basket, basket->items, count) : ROCKET_OK;
}

static int add(basket *basket, const uint8_t *record, const rocket_message *message) {
  if (!passes(basket->puller->subscription, message)) return ROCKET_OK;
  basket->items[basket->count++] =
      (rocket_put_item){rocket__slice(record, message->size), message->queue_offset, (uint32_t)message->body.size};
  return basket->count == ITEMS ? empty(basket) : ROCKET_OK;
}

/* The first message of `bytes`, with its offset in this queue. */
static int read_message(const position *at, rocket_slice bytes, rocket_message *out, rocket_fault *fault) {
  int status = rocket_message_decode(bytes, out, fault);
  if (status != ROCKET_OK) return status;
  if (__builtin_add_overflow(out->queue_offset, at->offset_delta, &out->queue_offset)) return ROCKET_BAD_MESSAGE;
  /* An offset behind the next pull's would move the commit offset past messages that nobody has seen. */
  return out->queue_offset < 0 || out->queue_offset >= at->next_begin_offset ? ROCKET_BAD_MESSAGE : ROCKET_OK;
}

/* Where the message in front of `rest` ends at the latest. */
static int64_t offset_behind(const position *at, rocket_slice rest) {
  rocket_message next;
  return read_message(at, rest, &next, NULL) == ROCKET_OK ? next.queue_offset : at->next_begin_offset;
}

/* A batch that was copied to a retry topic has one offset only, and stays one message: opened, it would take the offsets of those behind
 * it. `rest` is behind the message. */
static bool is_batch(const position *at, const rocket_message *message, rocket_slice rest) {
  if (!(message->sys_flag & ROCKET_SYS_NEED_UNWRAP)) return false; /* nearly always */
  uint32_t count = rocket__inner_batch_count(message);
  return count > 0 && offset_behind(at, rest) - message->queue_offset >= count;
}

static int put_messages(rocket_puller *puller, const position *at, rocket_slice body, rocket_frame *frame, uint32_t *added,
                        rocket_fault *fault);

/* Piece by piece, so that no more is copied than the queue takes, and what is finished goes before the last of the batch does. */
static int put_batch(rocket_puller *puller, const position *at, const rocket_message *batch, uint32_t *added) {
  position same = *at;
  same.offset_delta = 0; /* in the batch's offset already */
  int status = ROCKET_OK;
  for (rocket__inner_batch_place place = {0}; status == ROCKET_OK && place.at < batch->body.size;) {
    rocket_frame *frame;
    status = rocket__inner_batch_open(batch, ITEMS, puller->allocator, &place, &frame);
    if (status != ROCKET_OK) break;
    rocket_slice records = rocket__slice(rocket_frame_bytes(frame), rocket_frame_size(frame));
    status = put_messages(puller, &same, records, frame, added, &(rocket_fault){.what = ""});
    rocket_frame_release(frame);
  }
  return status;
}

/* Puts the messages of `body` into the queue. `added` counts them, also when it fails in the middle: then the rest comes with the
 * repeated pull, and the queue passes over what it has. `fault` says where a record is bad. */
static int put_messages(rocket_puller *puller, const position *at, rocket_slice body, rocket_frame *frame, uint32_t *added,
                        rocket_fault *fault) {
  basket basket = {.puller = puller, .frame = frame, .added = added};
  size_t used = 0;
  int status;
  do {
    rocket_message message;
    rocket_slice rest = rocket__slice(body.data + used, body.size - used);
    status = read_message(at, rest, &message, fault);
    if (status == ROCKET_OK && is_batch(at, &message, rocket__slice(rest.data + message.size, rest.size - message.size))) {
      status = empty(&basket); /* it comes before */
      if (status == ROCKET_OK) status = put_batch(puller, at, &message, added);
    } else if (status == ROCKET_OK) {
      status = add(&basket, rest.data, &message);
    }
    if (status == ROCKET_OK) used += message.size;
  } while (status == ROCKET_OK && used < body.size);
  fault->offset += (uint32_t)used;
  int emptied = empty(&basket);
  return emptied != ROCKET_OK ? emptied : status;
}

/* Brokers hold a pull for which there is nothing, and make way where nothing matches. One that does neither must not be asked as fast as
 * it answers. Before the next offset is set. */
static uint64_t delay_without_progress(const rocket_puller *puller, const position *at) {
  bool stands_still = at->next_begin_offset <= rocket_puller_next_offset(puller);
  bool at_once = rocket_now_ms() - rocket_puller_last_pull_ms(puller) < FLOW_CONTROL_DELAY_MS;
  return stands_still && at_once ? FLOW_CONTROL_DELAY_MS : 0;
}

static void found(rocket_puller *puller, const position *at, const rocket_command *response, rocket_frame *frame) {
  rocket_fault fault = {.what = ""};
  uint32_t added = 0;
  uint64_t delay_ms = delay_without_progress(puller, at); /* messages that came before are no progress */
  int status = response->body.size > 0 ? ROCKET_OK : ROCKET_INCOMPLETE;
  if (status == ROCKET_OK) status = put_messages(puller, at, response->body, frame, &added, &fault);
  if (status == ROCKET_OK) {
    atomic_store_explicit(&puller->next_offset, at->next_begin_offset, memory_order_relaxed); /* relaxed: a number to look at */
    rocket_process_queue_advance(puller->queue, at->next_begin_offset);
  }
  if (added > 0) rocket__puller_tell(puller, (rocket_puller_event){.kind = ROCKET_PULLER_READY, .count = added});
  uint64_t error_delay_ms = puller->options.error_delay_ms;
  switch (status) {
    case ROCKET_OK: rocket__puller_proceed_after(puller, added > 0 ? puller->options.interval_ms : delay_ms); break;
    case ROCKET_DROPPED: rocket__puller_finish(puller); break;
    case ROCKET_FULL: /* a batch can be larger than the window: the rest of it comes when there is room */
      if (added > 0) rocket__puller_proceed_after(puller, puller->options.interval_ms);
      else complain(puller, status, 0, (rocket_slice){NULL, 0}, error_delay_ms);
      break;
    case ROCKET_INCOMPLETE:
    case ROCKET_BAD_MESSAGE:
      rocket__puller_tell(puller, (rocket_puller_event){.kind = ROCKET_PULLER_BAD_MESSAGE,
                                                        .status = ROCKET_BAD_MESSAGE,
                                                        .offset = rocket_puller_next_offset(puller),
                                                        .fault_offset = fault.offset});
      rocket__puller_proceed_after(puller, error_delay_ms);
      break;
    default: complain(puller, status, 0, (rocket_slice){NULL, 0}, error_delay_ms);
  }
}

/* Nothing new, or nothing that matched. */
static void found_nothing(rocket_puller *puller, const position *at) {
  uint64_t delay_ms = delay_without_progress(puller, at);
  atomic_store_explicit(&puller->next_offset, at->next_begin_offset, memory_order_relaxed); /* relaxed: a number to look at */
  rocket_process_queue_advance(puller->queue, at->next_begin_offset);
  rocket__puller_proceed_after(puller, delay_ms);
}

/* A 5.x broker that has been told to reset a group's offset answers its next pull so, wherever that pull was. The remark is its own
 * name for that; where it says nothing, a pull that lies within its queue can have been refused for no other reason. */
static bool is_reset(const rocket_puller *puller, const position *at, rocket_slice remark) {
  int64_t asked = rocket_puller_next_offset(puller);
  return rocket_slice_equal(remark, ROCKET__LITERAL("OFFSET_RESET")) || (asked >= at->min_offset && asked <= at->max_offset);
}

/* The owner decides what happens to the offset; this puller has nothing more to do. */
static void offset_moved(rocket_puller *puller, const position *at, rocket_slice remark) {
  bool reset = is_reset(puller, at, remark);
  atomic_store_explicit(&puller->next_offset, at->next_begin_offset, memory_order_relaxed); /* relaxed: a number to look at */
  rocket__puller_tell(puller, (rocket_puller_event){.kind = reset ? ROCKET_PULLER_OFFSET_RESET : ROCKET_PULLER_OFFSET_ILLEGAL,
                                                    .offset = at->next_begin_offset});
  rocket__puller_finish(puller);
}

static bool has_position(int32_t code) {
  return code == ROCKET_RESPONSE_SUCCESS || code == ROCKET_RESPONSE_PULL_NOT_FOUND ||
         code == ROCKET_RESPONSE_PULL_RETRY_IMMEDIATELY || code == ROCKET_RESPONSE_PULL_OFFSET_MOVED;
}

void rocket__puller_answered(rocket_puller *puller, const rocket_command *response, rocket_frame *frame) {
  uint64_t error_delay_ms = puller->options.error_delay_ms;
  if (!has_position(response->code)) {
    bool flow_control = response->code == ROCKET_RESPONSE_FLOW_CONTROL;
    complain(puller, ROCKET_OK, response->code, response->remark, flow_control ? FLOW_CONTROL_DELAY_MS : error_delay_ms);
    return;
  }
  position at = {0};
  int status = read_position(response, &at);
  rocket_slice delta;
  if (status == ROCKET_OK && rocket_command_get_named(response, ROCKET__LITERAL("offsetDelta"), &delta) == ROCKET_OK &&
      !rocket__parse_i64(delta, &at.offset_delta))
    status = ROCKET_BAD_FIELD;
  if (status != ROCKET_OK) {
    complain(puller, status, 0, response->remark, error_delay_ms);
    return;
  }
  puller->suggested_broker_id = at.suggested_broker_id;
  atomic_store_explicit(&puller->max_offset, at.max_offset, memory_order_relaxed); /* relaxed: a number to look at */
  if (response->code == ROCKET_RESPONSE_SUCCESS) found(puller, &at, response, frame);
  else if (response->code == ROCKET_RESPONSE_PULL_OFFSET_MOVED) offset_moved(puller, &at, response->remark);
  else found_nothing(puller, &at);
}

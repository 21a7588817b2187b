// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A batch that its broker keeps as one record while each message in it has an offset of its own. Java: MessageDecoder.decodeMessage, as
 * PullAPIWrapper.processPullResult calls it. Here each becomes a record, so that nobody behind the puller has to know. */
#include "base/slice.h"
#include "pull/puller.h"

enum { INNER_BATCH = ROCKET_SYS_INNER_BATCH | ROCKET_SYS_NEED_UNWRAP };

/* Java never compresses a batch, and one that is compressed cannot be read here. No broker allows such a topic that is not allowed here:
 * each message gets a copy of it, so a long one could be many times what was sent. */
uint32_t rocket__inner_batch_count(const rocket_message *message) {
  if ((message->sys_flag & INNER_BATCH) != INNER_BATCH || rocket_message_is_compressed(message)) return 0;
  if (message->topic.size > ROCKET_MAX_TOPIC_BYTES) return 0;
  uint32_t count = 0;
  rocket_batch_item item;
  for (size_t at = 0; at < message->body.size; at += item.size, count++)
    if (rocket_batch_decode(rocket__slice(message->body.data + at, message->body.size - at), &item, NULL) != ROCKET_OK) return 0;
  return count;
}

/* What is not in the batch's item is the same for all of them. */
static rocket_message message_at(const rocket_message *batch, size_t at, uint32_t index, size_t *next) {
  rocket_batch_item item;
  rocket_batch_decode(rocket__slice(batch->body.data + at, batch->body.size - at), &item, NULL); /* it could be read: it was counted */
  rocket_message message = *batch;
  message.sys_flag &= ~ROCKET_SYS_NEED_UNWRAP;
  message.queue_offset += index;
  message.flag = item.flag;
  message.body = item.body;
  message.properties = item.properties;
  *next = at + item.size;
  return message;
}

int rocket__inner_batch_open(const rocket_message *batch, uint32_t most, const rocket_allocator *allocator,
                             rocket__inner_batch_place *place, rocket_frame **out) {
  size_t size = 0, at = place->at;
  for (uint32_t i = 0; i < most && at < batch->body.size; i++) {
    rocket_message message = message_at(batch, at, 0, &at);
    size += rocket_message_encoded_size(&message); /* `most` records, and bodies that all come out of one record: no overflow */
  }
  rocket_frame *frame;
  int status = rocket_frame_new(allocator, size, &frame);
  if (status != ROCKET_OK) return status;
  rocket_buffer records = {.data = rocket_frame_bytes(frame), .capacity = size}; /* all fits, so it stays where it is */
  while (place->at < at && status == ROCKET_OK) {
    rocket_message message = message_at(batch, place->at, place->index++, &place->at);
    status = rocket_message_encode(&message, &records);
  }
  if (status == ROCKET_OK) *out = frame;
  else rocket_frame_release(frame);
  return status;
}

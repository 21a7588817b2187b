// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Shorthand of the ProcessQueue's tests: queues with small limits, puts of messages that are nothing but an offset. */
#ifndef PROCESS_QUEUE_FIXTURE_H
#define PROCESS_QUEUE_FIXTURE_H

#include "rocket_process_queue.h"
#include "test.h"

enum { FIXTURE_BODY = 10 };

static inline rocket_process_queue_options fixture_options(void) {
  rocket_process_queue_options options;
  rocket_process_queue_options_default(&options);
  options.allocator = test_allocator(0);
  return options;
}

static inline rocket_process_queue *fixture_queue(const rocket_process_queue_options *options, int64_t first_offset) {
  rocket_process_queue *queue = NULL;
  CHECK_INT(rocket_process_queue_new(options, first_offset, &queue), ROCKET_OK);
  return queue;
}

/* Puts `count` messages from `offset` on, `step` apart, all in one frame, whose bytes at i hold i. Returns what put returned. */
static inline int fixture_put_step(rocket_process_queue *queue, int64_t offset, uint32_t count, int64_t step) {
  rocket_frame *frame = NULL;
  rocket_put_item *items = malloc((count + 1) * sizeof *items);
  CHECK(items != NULL);
  CHECK_INT(rocket_frame_new(test_allocator(0), count + 1, &frame), ROCKET_OK);
  for (uint32_t i = 0; i < count; i++) {
    rocket_frame_bytes(frame)[i] = (uint8_t)(offset + step * (int64_t)i);
    items[i] = (rocket_put_item){rocket_slice_make(rocket_frame_bytes(frame) + i, 1), offset + step * (int64_t)i, FIXTURE_BODY};
  }
  int status = rocket_process_queue_put(queue, frame, items, count, NULL);
  rocket_frame_release(frame);
  free(items);
  return status;
}
static inline int fixture_put(rocket_process_queue *queue, int64_t offset, uint32_t count) {
  return fixture_put_step(queue, offset, count, 1);
}

/* Takes one message, checks its bytes and gives its frame count back. */
static inline rocket_taken fixture_take(rocket_process_queue *queue) {
  rocket_taken taken;
  CHECK_INT(rocket_process_queue_take(queue, 1, 0, &taken), 1);
  CHECK_INT(taken.record.size, 1);
  CHECK_INT(taken.record.data[0], (uint8_t)taken.queue_offset);
  rocket_frame_release(taken.frame);
  return taken;
}

/* Takes one and finishes it. */
static inline void fixture_finish(rocket_process_queue *queue) {
  CHECK_INT(rocket_process_queue_ack(queue, fixture_take(queue).position), ROCKET_OK);
}

static inline rocket_process_queue_stats fixture_stats(const rocket_process_queue *queue) {
  rocket_process_queue_stats stats;
  rocket_process_queue_get_stats(queue, &stats);
  return stats;
}

static inline void fixture_count_wake(void *user) { ++*(unsigned *)user; }

#endif

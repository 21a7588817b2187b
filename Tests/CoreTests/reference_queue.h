// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What a ProcessQueue should do, said as plainly as possible: a sorted array behind a mutex. The differential test compares the two,
 * and the benchmark measures what the plain way costs. Messages are named by the order in which they were put, which is what a
 * position is. Bodies and frames are left out: only offsets, sizes and times count here. */
#ifndef REFERENCE_QUEUE_H
#define REFERENCE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct reference_queue reference_queue;

typedef struct reference_limits {
  uint64_t max_count, max_bytes, max_span;
} reference_limits;

reference_queue *reference_queue_new(reference_limits limits, int64_t first_offset);
void reference_queue_free(reference_queue *queue);

/* How many went in; -1: dropped. */
int reference_queue_put(reference_queue *queue, const int64_t *offsets, const uint32_t *body_bytes, uint32_t count);
void reference_queue_advance(reference_queue *queue, int64_t next_offset);

typedef struct reference_taken {
  uint64_t position;
  int64_t queue_offset;
} reference_taken;

uint32_t reference_queue_take(reference_queue *queue, uint32_t max, uint64_t now_ms, reference_taken *out);
bool reference_queue_ack(reference_queue *queue, uint64_t position);
uint32_t reference_queue_scan_expired(reference_queue *queue, uint64_t now_ms, uint64_t timeout_ms, uint32_t max,
                                      reference_taken *out);
void reference_queue_drop(reference_queue *queue);

/* The orderly way: everything taken is held until it is acknowledged or one of these. */
void reference_queue_commit(reference_queue *queue);
/* What is held from `position` on; from 0 on it is a rollback. */
void reference_queue_give_back(reference_queue *queue, uint64_t position);

typedef struct reference_stats {
  uint64_t count, ready, bytes, span;
  int64_t commit_offset, last_offset;
} reference_stats;
reference_stats reference_queue_stats(reference_queue *queue);
/* Count, bytes or span over its limit. */
bool reference_queue_over(reference_queue *queue);

#endif

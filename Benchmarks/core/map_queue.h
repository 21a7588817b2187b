// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The plain window, as a baseline: a mutex around a map from offset to message (Java: a TreeMap behind a lock; C++: std::map). */
#ifndef MAP_QUEUE_H
#define MAP_QUEUE_H

#include "rocket_process_queue.h"

typedef struct map_queue map_queue;

map_queue *map_queue_new(void);
void map_queue_free(map_queue *queue);
uint64_t map_queue_count(map_queue *queue);
/* False: no memory. */
bool map_queue_put(map_queue *queue, rocket_frame *frame, const rocket_put_item *items, uint32_t count);
uint32_t map_queue_take(map_queue *queue, uint32_t max, rocket_taken *out);
/* Removes `count` messages from `offset` on; returns the offset to commit. Java: removeMessage. */
int64_t map_queue_ack(map_queue *queue, int64_t offset, uint32_t count);

#endif

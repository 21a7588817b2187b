// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "reference_queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef enum { READY, TAKEN, EXPIRED } kind;

/* Unfinished messages only, by offset (and so by position). */
typedef struct entry {
  uint64_t position;
  int64_t queue_offset;
  uint64_t taken_at_ms;
  uint32_t body_bytes;
  kind kind;
} entry;

struct reference_queue {
  pthread_mutex_t lock;
  reference_limits limits;
  entry *entries;
  uint32_t size, room;
  uint64_t puts;
  int64_t floor_offset, last_offset;
  int64_t gone_offset; /* of the first message that drop let go: nothing behind it can be committed; -1: none */
  uint64_t bytes;
  bool dropped;
};

reference_queue *reference_queue_new(reference_limits limits, int64_t first_offset) {
  reference_queue *queue = calloc(1, sizeof *queue);
  if (!queue) abort();
  pthread_mutex_init(&queue->lock, NULL);
  queue->limits = limits;
  queue->floor_offset = first_offset;
  queue->last_offset = first_offset - 1;
  queue->gone_offset = -1;
  return queue;
}

void reference_queue_free(reference_queue *queue) {
  pthread_mutex_destroy(&queue->lock);
  free(queue->entries);
  free(queue);
}

int reference_queue_put(reference_queue *queue, const int64_t *offsets, const uint32_t *body_bytes, uint32_t count) {
  pthread_mutex_lock(&queue->lock);
  int added = queue->dropped ? -1 : 0;
  for (uint32_t i = 0; i < count && !queue->dropped; i++) {
    if (offsets[i] < queue->floor_offset) continue;
    if (queue->size == queue->room) {
      queue->room = queue->room * 2 + 64;
      queue->entries = realloc(queue->entries, queue->room * sizeof(entry));
      if (!queue->entries) abort();
    }
    queue->entries[queue->size++] = (entry){queue->puts++, offsets[i], 0, body_bytes[i], READY};
    queue->bytes += body_bytes[i];
    queue->last_offset = offsets[i];
    queue->floor_offset = offsets[i] + 1;
    added++;
  }
  pthread_mutex_unlock(&queue->lock);
  return added;
}

void reference_queue_advance(reference_queue *queue, int64_t next_offset) {
  pthread_mutex_lock(&queue->lock);
  if (!queue->dropped && next_offset > queue->floor_offset) queue->floor_offset = next_offset;
  pthread_mutex_unlock(&queue->lock);
}

uint32_t reference_queue_take(reference_queue *queue, uint32_t max, uint64_t now_ms, reference_taken *out) {
  pthread_mutex_lock(&queue->lock);
  uint32_t taken = 0;
  for (uint32_t i = 0; i < queue->size && taken < max && !queue->dropped; i++) {
    entry *e = &queue->entries[i];
    if (e->kind != READY) continue;
    e->kind = TAKEN;
    e->taken_at_ms = now_ms;
    out[taken++] = (reference_taken){e->position, e->queue_offset};
  }
  pthread_mutex_unlock(&queue->lock);
  return taken;
}

static void remove_at(reference_queue *queue, uint32_t at) {
  queue->bytes -= queue->entries[at].body_bytes;
  memmove(&queue->entries[at], &queue->entries[at + 1], (queue->size - at - 1) * sizeof(entry));
  queue->size--;
}

bool reference_queue_ack(reference_queue *queue, uint64_t position) {
  pthread_mutex_lock(&queue->lock);
  uint32_t low = 0, high = queue->size;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (queue->entries[middle].position < position) low = middle + 1;
    else high = middle;
  }
  bool found = low < queue->size && queue->entries[low].position == position && queue->entries[low].kind != READY;
  if (found) remove_at(queue, low);
  pthread_mutex_unlock(&queue->lock);
  return found;
}

uint32_t reference_queue_scan_expired(reference_queue *queue, uint64_t now_ms, uint64_t timeout_ms, uint32_t max,
                                      reference_taken *out) {
  pthread_mutex_lock(&queue->lock);
  uint32_t found = 0;
  for (uint32_t i = 0; i < queue->size && found < max; i++) {
    entry *e = &queue->entries[i];
    if (e->kind != TAKEN || now_ms <= e->taken_at_ms + timeout_ms) continue;
    e->kind = EXPIRED;
    out[found++] = (reference_taken){e->position, e->queue_offset};
  }
  pthread_mutex_unlock(&queue->lock);
  return found;
}

static void let_go(reference_queue *queue) {
  for (uint32_t i = queue->size; i > 0; i--) {
    if (queue->entries[i - 1].kind != READY) continue;
    int64_t offset = queue->entries[i - 1].queue_offset;
    if (queue->gone_offset < 0 || offset < queue->gone_offset) queue->gone_offset = offset;
    remove_at(queue, i - 1);
  }
}

void reference_queue_drop(reference_queue *queue) {
  pthread_mutex_lock(&queue->lock);
  queue->dropped = true;
  let_go(queue);
  pthread_mutex_unlock(&queue->lock);
}

void reference_queue_commit(reference_queue *queue) {
  pthread_mutex_lock(&queue->lock);
  for (uint32_t i = queue->size; i > 0; i--)
    if (queue->entries[i - 1].kind != READY) remove_at(queue, i - 1);
  pthread_mutex_unlock(&queue->lock);
}

void reference_queue_give_back(reference_queue *queue, uint64_t position) {
  pthread_mutex_lock(&queue->lock);
  for (uint32_t i = 0; i < queue->size; i++)
    if (queue->entries[i].position >= position) queue->entries[i].kind = READY;
  if (queue->dropped) let_go(queue);
  pthread_mutex_unlock(&queue->lock);
}

static reference_stats look(const reference_queue *queue) {
  reference_stats stats = {.count = queue->size, .bytes = queue->bytes, .last_offset = queue->last_offset};
  for (uint32_t i = 0; i < queue->size; i++) stats.ready += queue->entries[i].kind == READY;
  stats.commit_offset = queue->size > 0 ? queue->entries[0].queue_offset : queue->floor_offset;
  if (queue->gone_offset >= 0 && queue->gone_offset < stats.commit_offset) stats.commit_offset = queue->gone_offset;
  if (stats.last_offset >= stats.commit_offset) stats.span = (uint64_t)(stats.last_offset - stats.commit_offset) + 1;
  return stats;
}

reference_stats reference_queue_stats(reference_queue *queue) {
  pthread_mutex_lock(&queue->lock);
  reference_stats stats = look(queue);
  pthread_mutex_unlock(&queue->lock);
  return stats;
}

bool reference_queue_over(reference_queue *queue) {
  pthread_mutex_lock(&queue->lock);
  reference_stats stats = look(queue);
  const reference_limits *limits = &queue->limits;
  bool over = stats.count > limits->max_count || stats.bytes > limits->max_bytes ||
              (limits->max_span > 0 && stats.span > limits->max_span + 1);
  pthread_mutex_unlock(&queue->lock);
  return over;
}

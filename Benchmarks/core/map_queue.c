// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The map is a treap with links to the parent: with keys that come in order and go in order it does no more work than a
 * red-black tree. First and last are known, as in std::map. */
#include "map_queue.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct node {
  struct node *parent, *left, *right;
  uint32_t priority;
  uint32_t body_bytes;
  int64_t offset;
  rocket_frame *frame;
  rocket_slice record;
} node;

struct map_queue {
  pthread_mutex_t lock;
  node *root, *first, *last;
  node *next; /* the first that is not taken */
  uint64_t count, bytes;
  int64_t last_offset;
  uint32_t random;
};

map_queue *map_queue_new(void) {
  map_queue *queue = calloc(1, sizeof *queue);
  if (!queue) return NULL;
  pthread_mutex_init(&queue->lock, NULL);
  queue->random = 1;
  queue->last_offset = -1;
  return queue;
}

static void replace(map_queue *queue, node *old, node *new) {
  if (!old->parent) queue->root = new;
  else if (old->parent->left == old) old->parent->left = new;
  else old->parent->right = new;
  if (new) new->parent = old->parent;
}

static void rotate_up(map_queue *queue, node *n) {
  node *parent = n->parent;
  replace(queue, parent, n);
  if (parent->left == n) {
    parent->left = n->right;
    if (n->right) n->right->parent = parent;
    n->right = parent;
  } else {
    parent->right = n->left;
    if (n->left) n->left->parent = parent;
    n->left = parent;
  }
  parent->parent = n;
}

static node *successor(node *n) {
  if (n->right) {
    n = n->right;
    while (n->left) n = n->left;
    return n;
  }
  while (n->parent && n->parent->right == n) n = n->parent;
  return n->parent;
}

static node *predecessor(node *n) {
  if (n->left) {
    n = n->left;
    while (n->right) n = n->right;
    return n;
  }
  while (n->parent && n->parent->left == n) n = n->parent;
  return n->parent;
}

/* Offsets only rise here, so the place is behind the last one. */
static void insert(map_queue *queue, node *n) {
  queue->random = queue->random * 1664525u + 1013904223u;
  n->priority = queue->random;
  if (!queue->root) {
    queue->root = queue->first = n;
  } else {
    n->parent = queue->last;
    queue->last->right = n;
    while (n->parent && n->parent->priority < n->priority) rotate_up(queue, n);
  }
  queue->last = n;
  if (!queue->next) queue->next = n;
}

static node *find(map_queue *queue, int64_t offset) {
  node *n = queue->root;
  while (n && n->offset != offset) n = offset < n->offset ? n->left : n->right;
  return n;
}

static void erase(map_queue *queue, node *n) {
  if (queue->first == n) queue->first = successor(n);
  if (queue->last == n) queue->last = predecessor(n);
  while (n->left && n->right) rotate_up(queue, n->left->priority > n->right->priority ? n->left : n->right);
  replace(queue, n, n->left ? n->left : n->right);
  queue->count--;
  queue->bytes -= n->body_bytes;
  rocket_frame_release(n->frame);
  free(n);
}

void map_queue_free(map_queue *queue) {
  while (queue->root) erase(queue, queue->root);
  pthread_mutex_destroy(&queue->lock);
  free(queue);
}

uint64_t map_queue_count(map_queue *queue) {
  pthread_mutex_lock(&queue->lock);
  uint64_t count = queue->count;
  pthread_mutex_unlock(&queue->lock);
  return count;
}

bool map_queue_put(map_queue *queue, rocket_frame *frame, const rocket_put_item *items, uint32_t count) {
  bool complete = true;
  pthread_mutex_lock(&queue->lock);
  for (uint32_t i = 0; i < count && complete; i++) {
    if (items[i].queue_offset <= queue->last_offset) continue;
    node *n = malloc(sizeof *n);
    complete = n != NULL;
    if (!complete) break;
    rocket_frame_retain(frame);
    *n = (node){.offset = items[i].queue_offset, .frame = frame, .record = items[i].record, .body_bytes = items[i].body_bytes};
    queue->last_offset = n->offset;
    insert(queue, n);
    queue->count++;
    queue->bytes += n->body_bytes;
  }
  pthread_mutex_unlock(&queue->lock);
  return complete;
}

uint32_t map_queue_take(map_queue *queue, uint32_t max, rocket_taken *out) {
  uint32_t taken = 0;
  pthread_mutex_lock(&queue->lock);
  for (; queue->next && taken < max; taken++) {
    node *n = queue->next;
    rocket_frame_retain(n->frame);
    out[taken] = (rocket_taken){.queue_offset = n->offset, .frame = n->frame, .record = n->record};
    queue->next = successor(n);
  }
  pthread_mutex_unlock(&queue->lock);
  return taken;
}

int64_t map_queue_ack(map_queue *queue, int64_t offset, uint32_t count) {
  pthread_mutex_lock(&queue->lock);
  for (uint32_t i = 0; i < count; i++) {
    node *n = find(queue, offset + i);
    if (n) erase(queue, n);
  }
  int64_t commit_offset = queue->first ? queue->first->offset : queue->last_offset + 1;
  pthread_mutex_unlock(&queue->lock);
  return commit_offset;
}

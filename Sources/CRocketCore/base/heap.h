// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A pairing heap whose nodes live inside their elements: nothing allocates, any node can be removed. The smallest key is first;
 * equal keys come in the order of `order`. Inserting is O(1), removing O(log n) amortised - and O(1) for most deadlines,
 * which are removed before anything was compared with them.
 * Thread: one at a time. */
#ifndef ROCKET_BASE_HEAP_H
#define ROCKET_BASE_HEAP_H

#include <stdint.h>

typedef struct rocket__heap_node {
  uint64_t key;
  uint64_t order;
  struct rocket__heap_node *child;    /* the first of those that come later */
  struct rocket__heap_node *next;     /* sibling */
  struct rocket__heap_node *previous; /* sibling, or the parent for a first child */
} rocket__heap_node;

typedef struct rocket__heap {
  rocket__heap_node *first; /* the minimum, NULL when empty */
} rocket__heap;

/* `node` has its key and order set and is in no heap. */
void rocket__heap_insert(rocket__heap *heap, rocket__heap_node *node);
/* `node` is in `heap`. */
void rocket__heap_remove(rocket__heap *heap, rocket__heap_node *node);

#endif

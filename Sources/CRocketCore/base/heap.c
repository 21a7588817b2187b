// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "base/heap.h"

#include <stdbool.h>
#include <stddef.h>

static bool comes_before(const rocket__heap_node *a, const rocket__heap_node *b) {
  return a->key != b->key ? a->key < b->key : a->order < b->order;
}

/* Both are roots; either may be NULL. */
static rocket__heap_node *meld(rocket__heap_node *a, rocket__heap_node *b) {
  if (!a) return b;
  if (!b) return a;
  if (comes_before(b, a)) {
    rocket__heap_node *swap = a;
    a = b;
    b = swap;
  }
  b->previous = a;
  b->next = a->child;
  if (a->child) a->child->previous = b;
  a->child = b;
  return a;
}

static void make_root(rocket__heap_node *node) { node->next = node->previous = NULL; }

/* Melds siblings in pairs from the left, then the pairs from the right: the order that gives the heap its bound. */
static rocket__heap_node *meld_siblings(rocket__heap_node *first) {
  rocket__heap_node *pairs = NULL;
  while (first) {
    rocket__heap_node *a = first, *b = a->next;
    first = b ? b->next : NULL;
    make_root(a);
    if (b) make_root(b);
    a = meld(a, b);
    a->next = pairs;
    pairs = a;
  }
  rocket__heap_node *root = NULL;
  while (pairs) {
    rocket__heap_node *pair = pairs;
    pairs = pair->next;
    make_root(pair);
    root = meld(root, pair);
  }
  return root;
}

void rocket__heap_insert(rocket__heap *heap, rocket__heap_node *node) {
  node->child = NULL;
  make_root(node);
  heap->first = meld(heap->first, node);
}

void rocket__heap_remove(rocket__heap *heap, rocket__heap_node *node) {
  rocket__heap_node *later = meld_siblings(node->child);
  if (node == heap->first) {
    heap->first = later;
  } else {
    if (node->previous->child == node) node->previous->child = node->next;
    else node->previous->next = node->next;
    if (node->next) node->next->previous = node->previous;
    heap->first = meld(heap->first, later);
  }
  node->child = NULL;
  make_root(node);
}

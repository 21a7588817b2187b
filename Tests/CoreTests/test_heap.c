// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "base/heap.h"

#include "test.h"

TEST(heap_gives_the_smallest_first) {
  static const uint64_t keys[] = {5, 3, 9, 1, 7, 3};
  static const uint64_t sorted[] = {1, 3, 3, 5, 7, 9};
  rocket__heap heap = {NULL};
  rocket__heap_node nodes[6];
  for (uint64_t i = 0; i < 6; i++) {
    nodes[i] = (rocket__heap_node){.key = keys[i], .order = i};
    rocket__heap_insert(&heap, &nodes[i]);
  }
  for (int i = 0; i < 6; i++) {
    CHECK_INT(heap.first->key, sorted[i]);
    rocket__heap_remove(&heap, heap.first);
  }
  CHECK(heap.first == NULL);
}

TEST(heap_keeps_the_order_of_equal_keys) {
  enum { COUNT = 100 };
  rocket__heap heap = {NULL};
  rocket__heap_node nodes[COUNT];
  for (uint64_t i = 0; i < COUNT; i++) {
    uint64_t order = i * 37 % COUNT;
    nodes[i] = (rocket__heap_node){.key = 1, .order = order};
    rocket__heap_insert(&heap, &nodes[i]);
  }
  for (uint64_t i = 0; i < COUNT; i++) {
    CHECK_INT(heap.first->order, i);
    rocket__heap_remove(&heap, heap.first);
  }
}

/* The same random inserts and removals on a heap and on a plain array. */
TEST(heap_agrees_with_a_linear_search) {
  enum { COUNT = 200, STEPS = 20000 };
  rocket__heap heap = {NULL};
  static rocket__heap_node nodes[COUNT];
  static bool inside[COUNT];
  uint64_t state = 1, order = 0;
  for (int step = 0; step < STEPS; step++) {
    uint64_t random = test_random(&state);
    size_t i = (size_t)(random >> 33) % COUNT;
    if (inside[i]) {
      rocket__heap_remove(&heap, &nodes[i]);
    } else {
      nodes[i] = (rocket__heap_node){.key = random >> 58, .order = ++order};
      rocket__heap_insert(&heap, &nodes[i]);
    }
    inside[i] = !inside[i];
    const rocket__heap_node *least = NULL;
    for (size_t j = 0; j < COUNT; j++)
      if (inside[j] && (!least || nodes[j].key < least->key || (nodes[j].key == least->key && nodes[j].order < least->order)))
        least = &nodes[j];
    CHECK(heap.first == least);
  }
}

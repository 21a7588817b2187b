// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "base/id_table.h"

#include "test.h"

enum { COUNT = 5000 };

static void fill_and_empty(const rocket_allocator *allocator) {
  static rocket__id_entry entries[COUNT];
  rocket__id_table table;
  rocket__id_table_init(&table, allocator);
  for (uint64_t i = 0; i < COUNT; i++) rocket__id_table_add(&table, &entries[i], i * 3);
  for (uint64_t i = 0; i < COUNT; i++) {
    CHECK(rocket__id_table_find(&table, i * 3) == &entries[i]);
    CHECK(rocket__id_table_find(&table, i * 3 + 1) == NULL);
  }
  for (uint64_t i = 0; i < COUNT; i += 2) rocket__id_table_remove(&table, &entries[i]);
  for (uint64_t i = 0; i < COUNT; i++) CHECK((rocket__id_table_find(&table, i * 3) != NULL) == (i % 2 == 1));
  for (uint64_t i = 1; i < COUNT; i += 2) rocket__id_table_remove(&table, &entries[i]);
  CHECK_INT(table.size, 0);
  rocket__id_table_clear(&table);
}

TEST(id_table_finds_what_was_added) {
  fill_and_empty(test_allocator(0));
  CHECK_INT(test_allocated(), 0);
}

static void *no_memory(void *user, size_t size) {
  (void)user;
  (void)size;
  return NULL;
}

TEST(id_table_works_without_memory_to_grow) {
  static const rocket_allocator nothing = {.allocate = no_memory};
  fill_and_empty(&nothing);
}

TEST(id_table_gives_the_newest_of_equal_ids_first) {
  rocket__id_entry entries[40], others[40];
  rocket__id_table table;
  rocket__id_table_init(&table, test_allocator(0));
  for (uint64_t i = 0; i < 40; i++) {
    rocket__id_table_add(&table, &entries[i], 7);
    rocket__id_table_add(&table, &others[i], i + 100);
  }
  rocket__id_entry *at = rocket__id_table_find(&table, 7);
  for (int i = 39; i >= 0; i--, at = rocket__id_table_older(at)) CHECK(at == &entries[i]);
  CHECK(at == NULL);
  rocket__id_table_remove(&table, &entries[39]);
  CHECK(rocket__id_table_find(&table, 7) == &entries[38]);
  rocket__id_table_remove(&table, &entries[20]);
  CHECK(rocket__id_table_older(&entries[21]) == &entries[19]);
  for (int i = 0; i < 40; i++) {
    if (i != 39 && i != 20) rocket__id_table_remove(&table, &entries[i]);
    rocket__id_table_remove(&table, &others[i]);
  }
  rocket__id_table_clear(&table);
  CHECK_INT(test_allocated(), 0);
}

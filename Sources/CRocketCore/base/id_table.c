// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "base/id_table.h"

#include "base/allocator.h"

void rocket__id_table_init(rocket__id_table *table, const rocket_allocator *allocator) {
  *table = (rocket__id_table){.chain_count = ROCKET__ID_TABLE_FIRST, .allocator = allocator};
  table->chains = table->first_chains;
}

void rocket__id_table_clear(rocket__id_table *table) {
  if (table->chains != table->first_chains) rocket__release(table->allocator, table->chains);
  rocket__id_table_init(table, table->allocator);
}

/* Fibonacci hashing: ids that count up spread evenly, and so do hashes. */
static rocket__id_entry **chain_of(rocket__id_entry **chains, size_t chain_count, uint64_t id) {
  return &chains[(id * UINT64_C(0x9E3779B97F4A7C15)) >> 32 & (chain_count - 1)];
}

/* Each chain is turned round first, because entries are put in front of their new one: newer entries stay in front of older ones. */
static void rehash(rocket__id_table *table, rocket__id_entry **chains, size_t chain_count) {
  for (size_t i = 0; i < table->chain_count; i++) {
    rocket__id_entry *reversed = NULL;
    for (rocket__id_entry *entry = table->chains[i], *next; entry; entry = next) {
      next = entry->next;
      entry->next = reversed;
      reversed = entry;
    }
    for (rocket__id_entry *entry = reversed, *next; entry; entry = next) {
      next = entry->next;
      rocket__id_entry **chain = chain_of(chains, chain_count, entry->id);
      entry->next = *chain;
      *chain = entry;
    }
  }
}

static void grow(rocket__id_table *table) {
  size_t chain_count = table->chain_count * 2;
  rocket__id_entry **chains = rocket__alloc_zeroed(table->allocator, chain_count, sizeof *chains);
  if (!chains) return;
  rehash(table, chains, chain_count);
  if (table->chains != table->first_chains) rocket__release(table->allocator, table->chains);
  table->chains = chains;
  table->chain_count = chain_count;
}

void rocket__id_table_add(rocket__id_table *table, rocket__id_entry *entry, uint64_t id) {
  if (table->size >= table->chain_count) grow(table);
  rocket__id_entry **chain = chain_of(table->chains, table->chain_count, id);
  entry->id = id;
  entry->next = *chain;
  *chain = entry;
  table->size++;
}

void rocket__id_table_remove(rocket__id_table *table, rocket__id_entry *entry) {
  rocket__id_entry **at = chain_of(table->chains, table->chain_count, entry->id);
  while (*at != entry) at = &(*at)->next;
  *at = entry->next;
  entry->next = NULL;
  table->size--;
}

static rocket__id_entry *first_with(rocket__id_entry *entry, uint64_t id) {
  while (entry && entry->id != id) entry = entry->next;
  return entry;
}

rocket__id_entry *rocket__id_table_find(const rocket__id_table *table, uint64_t id) {
  return first_with(*chain_of(table->chains, table->chain_count, id), id);
}

rocket__id_entry *rocket__id_table_older(const rocket__id_entry *entry) { return first_with(entry->next, entry->id); }

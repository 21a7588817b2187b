// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A hash table from 64-bit ids to elements that hold the table's entry inside themselves. Only the array of chains is allocated, and
 * when it cannot grow the chains just get longer: adding never fails. One id may be there several times.
 * Thread: one at a time. */
#ifndef ROCKET_BASE_ID_TABLE_H
#define ROCKET_BASE_ID_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "rocket_bytes.h"

typedef struct rocket__id_entry {
  uint64_t id;
  struct rocket__id_entry *next; /* of the same chain */
} rocket__id_entry;

enum { ROCKET__ID_TABLE_FIRST = 8 }; /* chains before anything is allocated */

typedef struct rocket__id_table {
  rocket__id_entry **chains;
  size_t chain_count; /* a power of two */
  size_t size;
  const rocket_allocator *allocator;
  rocket__id_entry *first_chains[ROCKET__ID_TABLE_FIRST];
} rocket__id_table;

/* The table must stay where it is. */
void rocket__id_table_init(rocket__id_table *table, const rocket_allocator *allocator);
/* Gives the array back; the table must be empty. */
void rocket__id_table_clear(rocket__id_table *table);

void rocket__id_table_add(rocket__id_table *table, rocket__id_entry *entry, uint64_t id);
/* `entry` is in the table. */
void rocket__id_table_remove(rocket__id_table *table, rocket__id_entry *entry);

/* The entry with `id` that was added last, or NULL. */
rocket__id_entry *rocket__id_table_find(const rocket__id_table *table, uint64_t id);
/* The next older entry with the same id, or NULL. */
rocket__id_entry *rocket__id_table_older(const rocket__id_entry *entry);

#endif

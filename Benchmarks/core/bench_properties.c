// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* One property of a message: found in the text, against parsing all of them into a hash map first, as the other clients do (without
 * their copies of names and values), and against the C library's search for the name. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "rocket_message.h"

enum { SLOTS = 64 };

typedef struct entry {
  rocket_slice name, value;
} entry;

typedef struct lookup {
  rocket_buffer text;
  rocket_slice name;
  const char *needle; /* the name between its separators */
} lookup;

static uint64_t find(void *with, uint32_t times) {
  const lookup *l = with;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < times; i++) {
    rocket_slice value;
    bench_check(rocket_property_find(rocket_slice_make(l->text.data, l->text.size), l->name, &value), "find");
    sum += value.size;
    __asm__ volatile("" ::: "memory");
  }
  return sum;
}

/* FNV-1a: short names need no better one. */
static uint32_t slot_of(rocket_slice name) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < name.size; i++) hash = (hash ^ name.data[i]) * 16777619u;
  return hash % SLOTS;
}

static entry *place(entry *map, rocket_slice name) {
  uint32_t at = slot_of(name);
  while (map[at].name.data && !rocket_slice_equal(map[at].name, name)) at = (at + 1) % SLOTS;
  return &map[at];
}

static uint64_t parse_then_find(void *with, uint32_t times) {
  const lookup *l = with;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < times; i++) {
    entry map[SLOTS] = {0}, each;
    size_t cursor = 0;
    while (rocket_property_next(rocket_slice_make(l->text.data, l->text.size), &cursor, &each.name, &each.value))
      *place(map, each.name) = each;
    sum += place(map, l->name)->value.size;
    __asm__ volatile("" ::: "memory");
  }
  return sum;
}

/* Right for texts without surprises only: what is behind the last separator, or a value with \x01, would lead it astray. */
static uint64_t search(void *with, uint32_t times) {
  const lookup *l = with;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < times; i++) {
    const char *found = strstr((const char *)l->text.data, l->needle);
    bench_check(found != NULL, "strstr");
    found += strlen(l->needle);
    sum += (size_t)(strchr(found, 2) - found);
    __asm__ volatile("" ::: "memory");
  }
  return sum;
}

BENCH(properties) {
  for (int count = 3; count <= 20; count += 17) {
    lookup l = {.name = rocket_slice_of("KEYS"), .needle = "\x02KEYS\x01"};
    for (int i = 0; i < count; i++) {
      char name[32], value[32];
      snprintf(name, sizeof name, "application-name-%d", i);
      snprintf(value, sizeof value, "value %d", i * 7919);
      rocket_slice n = i == count / 2 ? l.name : rocket_slice_of(name);
      bench_check(rocket_property_append(&l.text, n, rocket_slice_of(value)) == 0, "property");
    }
    bench_check(rocket_buffer_append(&l.text, "", 1) == 0, "no memory"); /* for strstr; not part of the text */
    l.text.size--;
    char name[64], parameters[64];
    snprintf(parameters, sizeof parameters, "\"properties\":%d,\"text_bytes\":%zu", count, l.text.size);
    bench_side ours = {find, &l};
    snprintf(name, sizeof name, "property_find_in_%d", count);
    bench_compare((bench_line){name, "ns/lookup", "hash map of parsed properties", parameters, false, true}, 1, ours,
                  (bench_side){parse_then_find, &l});
    snprintf(name, sizeof name, "property_find_in_%d_or_strstr", count);
    bench_compare((bench_line){name, "ns/lookup", "strstr", parameters, false, true}, 1, ours, (bench_side){search, &l});
    rocket_buffer_clear(&l.text);
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include <pthread.h>
#include <time.h>

#include "rocket_message.h"
#include "rocket_status.h"
#include "test.h"

static const rocket_host ip4 = {.ip = {10, 0, 0, 1}, .ip_size = 4, .port = 10911};
static const rocket_host ip6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x42}, .ip_size = 16, .port = 10911};

TEST(ids_offset_id_is_javas) {
  char id[ROCKET_ID_TEXT_SIZE];
  rocket_offset_id_format(&ip4, 1000, id);
  CHECK_TEXT(rocket_slice_of(id), "0A00000100002A9F00000000000003E8");
  rocket_offset_id_format(&ip6, 0x123456789ABCDEF0, id);
  CHECK_TEXT(rocket_slice_of(id), "20010DB800000000000000000000004200002A9F123456789ABCDEF0");
}

TEST(ids_offset_id_survives_a_round_trip) {
  const rocket_host *hosts[] = {&ip4, &ip6};
  for (int i = 0; i < 2; i++) {
    char id[ROCKET_ID_TEXT_SIZE];
    rocket_host host;
    int64_t offset;
    rocket_offset_id_format(hosts[i], 0x7FFFFFFFFFFFFFFF, id);
    CHECK_INT(rocket_offset_id_parse(rocket_slice_of(id), &host, &offset), ROCKET_OK);
    CHECK_INT(offset, INT64_MAX);
    CHECK_INT(host.port, 10911);
    CHECK_INT(host.ip_size, hosts[i]->ip_size);
    CHECK(memcmp(host.ip, hosts[i]->ip, sizeof host.ip) == 0);
  }
}

TEST(ids_offset_id_is_checked) {
  static const char *const bad[] = {"", "0A", "0A00000100002A9F00000000000003E", "0A00000100002A9F00000000000003E8A",
                                    "0A00000100002A9F00000000000003EG", "0A00000100002A9F 0000000000003E8",
                                    "20010DB800000000000000000000004200002A9F123456789ABCDE"};
  rocket_host host = {.port = 4711};
  int64_t offset = 4711;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    size_t size = strlen(bad[i]);
    CHECK_INT(rocket_offset_id_parse(rocket_slice_make(test_guarded(bad[i], size), size), &host, &offset), ROCKET_BAD_ID);
  }
  CHECK(host.port == 4711 && offset == 4711);
  CHECK_INT(rocket_offset_id_parse(rocket_slice_of("0a00000100002a9f00000000000003e8"), &host, &offset), ROCKET_OK);
  CHECK_INT(offset, 1000);
}

static uint64_t part(const char *id, int at, int digits) {
  char text[20] = {0};
  memcpy(text, id + at, (size_t)digits);
  return strtoull(text, NULL, 16);
}

static void use_zone(const char *zone) {
  setenv("TZ", zone, 1);
  tzset();
}

TEST(ids_unique_id_has_javas_layout) {
  rocket_unique_ids *ids;
  char id[ROCKET_ID_TEXT_SIZE];
  use_zone("UTC0");
  CHECK_INT(rocket_unique_ids_new(NULL, &ip4, 0x12345678, 1, &ids), ROCKET_OK);
  rocket_unique_ids_next(ids, 1700000000123, id); /* 2023-11-14 22:13:20.123 */
  CHECK_INT(strlen(id), 32);
  CHECK(strncmp(id, "0A0000015678", 12) == 0);
  CHECK_INT(part(id, 20, 8), 1700000000123 - 1698796800000);
  rocket_unique_ids_free(ids);
  CHECK_INT(rocket_unique_ids_new(NULL, &ip6, 1, 1, &ids), ROCKET_OK);
  rocket_unique_ids_next(ids, 1700000000123, id);
  CHECK_INT(strlen(id), 56);
  CHECK(strncmp(id, "20010DB80000000000000000000000420001", 36) == 0);
  CHECK_INT(part(id, 44, 8), 1700000000123 - 1698796800000);
  rocket_unique_ids_free(ids);
  rocket_unique_ids_free(NULL);
}

TEST(ids_unique_id_counts_from_the_local_month) {
  static const struct {
    const char *zone;
    int64_t now_ms, begin_ms;
  } cases[] = {{"CST-8", 1701360000000, 1701360000000},                      /* 2023-12-01 00:00 in Shanghai */
               {"CST-8", 1701359999999, 1698768000000},                      /* a millisecond before */
               {"EST5", 1701360000000, 1698814800000},                       /* still November in New York */
               {"EST5EDT,M3.2.0,M11.1.0", 1700000000000, 1698811200000},     /* November began in summer time */
               {"UTC0", 951782400000, 949363200000},                         /* 2000-02-29 */
               {"UTC0", 0, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rocket_unique_ids *ids;
    char id[ROCKET_ID_TEXT_SIZE];
    use_zone(cases[i].zone);
    CHECK_INT(rocket_unique_ids_new(NULL, &ip4, 1, 1, &ids), ROCKET_OK);
    rocket_unique_ids_next(ids, cases[i].now_ms, id);
    CHECK_INT(part(id, 20, 8), cases[i].now_ms - cases[i].begin_ms);
    rocket_unique_ids_free(ids);
  }
}

static int compare_ids(const void *a, const void *b) { return memcmp(a, b, ROCKET_ID_TEXT_SIZE); }

static void check_all_differ(char (*all)[ROCKET_ID_TEXT_SIZE], size_t count) {
  qsort(all, count, ROCKET_ID_TEXT_SIZE, compare_ids);
  for (size_t i = 1; i < count; i++)
    if (strcmp(all[i - 1], all[i]) == 0) test_fail(__FILE__, __LINE__, "%s came twice", all[i]);
}

TEST(ids_unique_ids_differ_within_one_millisecond) {
  enum { COUNT = 200000 };
  rocket_unique_ids *ids;
  char(*all)[ROCKET_ID_TEXT_SIZE] = calloc(COUNT, ROCKET_ID_TEXT_SIZE);
  CHECK_INT(rocket_unique_ids_new(NULL, &ip4, 1, 1, &ids), ROCKET_OK);
  for (int i = 0; i < COUNT; i++) rocket_unique_ids_next(ids, 1700000000000, all[i]);
  check_all_differ(all, COUNT);
  rocket_unique_ids_free(ids);
  free(all);
}

TEST(ids_unique_ids_differ_when_the_clock_misbehaves) {
  enum { COUNT = 1000 };
  rocket_unique_ids *ids;
  char(*all)[ROCKET_ID_TEXT_SIZE] = calloc(COUNT, ROCKET_ID_TEXT_SIZE);
  CHECK_INT(rocket_unique_ids_new(NULL, &ip4, 1, 1, &ids), ROCKET_OK);
  for (int i = 0; i < COUNT; i++) {
    int64_t month_later = (i / 2) * INT64_C(2592000000);
    rocket_unique_ids_next(ids, i % 2 ? 1700000000000 + month_later : 1700000000000 - i, all[i]);
  }
  check_all_differ(all, COUNT);
  char id[ROCKET_ID_TEXT_SIZE];
  rocket_unique_ids_next(ids, INT64_MIN, id);
  rocket_unique_ids_next(ids, INT64_MAX, id);
  CHECK_INT(strlen(id), 32);
  rocket_unique_ids_free(ids);
  free(all);
}

/* The same millisecond of two months, in one long-lived process. */
TEST(ids_unique_ids_differ_from_month_to_month) {
  rocket_unique_ids *ids;
  char november[ROCKET_ID_TEXT_SIZE], december[ROCKET_ID_TEXT_SIZE];
  use_zone("UTC0");
  CHECK_INT(rocket_unique_ids_new(NULL, &ip4, 1, 1, &ids), ROCKET_OK);
  rocket_unique_ids_next(ids, 1698796800000 + 5000, november);
  rocket_unique_ids_next(ids, 1701388800000 + 5000, december);
  CHECK_INT(part(november, 20, 8), part(december, 20, 8));
  CHECK(strcmp(november, december) != 0);
  rocket_unique_ids_free(ids);
}

TEST(ids_salt_tells_generators_apart) {
  rocket_unique_ids *a, *b;
  char id_a[ROCKET_ID_TEXT_SIZE], id_b[ROCKET_ID_TEXT_SIZE];
  CHECK_INT(rocket_unique_ids_new(NULL, &ip4, 1, 1, &a), ROCKET_OK);
  CHECK_INT(rocket_unique_ids_new(NULL, &ip4, 1, 2, &b), ROCKET_OK);
  rocket_unique_ids_next(a, 1700000000000, id_a);
  rocket_unique_ids_next(b, 1700000000000, id_b);
  CHECK(strcmp(id_a, id_b) != 0);
  rocket_unique_ids_free(a);
  rocket_unique_ids_free(b);
}

enum { THREADS = 3, PER_THREAD = 30000 };
typedef struct id_taker {
  rocket_unique_ids *ids;
  char (*out)[ROCKET_ID_TEXT_SIZE];
} id_taker;

static void *take_ids(void *user) {
  id_taker *taker = user;
  for (int i = 0; i < PER_THREAD; i++) rocket_unique_ids_next(taker->ids, 1701388799990 + i / 1000, taker->out[i]);
  return NULL;
}

TEST(ids_unique_ids_differ_across_threads) {
  rocket_unique_ids *ids;
  pthread_t threads[THREADS];
  id_taker takers[THREADS];
  char(*all)[ROCKET_ID_TEXT_SIZE] = calloc(THREADS * PER_THREAD, ROCKET_ID_TEXT_SIZE);
  use_zone("UTC0");
  CHECK_INT(rocket_unique_ids_new(NULL, &ip4, 1, 1, &ids), ROCKET_OK);
  for (int i = 0; i < THREADS; i++) {
    takers[i] = (id_taker){ids, all + i * PER_THREAD};
    CHECK_INT(pthread_create(&threads[i], NULL, take_ids, &takers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  check_all_differ(all, THREADS * PER_THREAD);
  rocket_unique_ids_free(ids);
  free(all);
}

TEST(ids_without_memory_are_an_error) {
  rocket_unique_ids *ids = NULL;
  CHECK_INT(rocket_unique_ids_new(test_allocator(1), &ip4, 1, 1, &ids), ROCKET_NO_MEMORY);
  CHECK(ids == NULL);
  CHECK_INT(rocket_unique_ids_new(test_allocator(0), &ip4, 1, 1, &ids), ROCKET_OK);
  rocket_unique_ids_free(ids);
  CHECK_INT(test_allocated(), 0);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include <stdatomic.h>
#include <time.h>

#include "base/allocator.h"
#include "base/endian.h"
#include "rocket_message.h"

enum { IP4_SIZE = 4, IP6_SIZE = 16, OFFSET_ID_REST = 12, UNIQUE_ID_REST = 12, LONGEST_ID = IP6_SIZE + UNIQUE_ID_REST };

static size_t ip_size_of(const rocket_host *host) { return host->ip_size == IP6_SIZE ? IP6_SIZE : IP4_SIZE; }

static void format_hex(const uint8_t *bytes, size_t size, char *out) {
  static const char digits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < size; i++) {
    *out++ = digits[bytes[i] >> 4];
    *out++ = digits[bytes[i] & 15];
  }
  *out = 0;
}

void rocket_offset_id_format(const rocket_host *host, int64_t commit_log_offset, char out[ROCKET_ID_TEXT_SIZE]) {
  uint8_t bytes[LONGEST_ID];
  uint8_t *at = rocket__store_bytes(bytes, host->ip, ip_size_of(host));
  at = rocket__store_i32(at, host->port);
  at = rocket__store_i64(at, commit_log_offset);
  format_hex(bytes, (size_t)(at - bytes), out);
}

static int hex_value(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

int rocket_offset_id_parse(rocket_slice text, rocket_host *host, int64_t *commit_log_offset) {
  uint8_t bytes[LONGEST_ID];
  size_t size = text.size / 2, ip_size = size - OFFSET_ID_REST;
  if (text.size != 2 * (IP4_SIZE + OFFSET_ID_REST) && text.size != 2 * (IP6_SIZE + OFFSET_ID_REST)) return ROCKET_BAD_ID;
  for (size_t i = 0; i < size; i++) {
    int high = hex_value(text.data[2 * i]), low = hex_value(text.data[2 * i + 1]);
    if (high < 0 || low < 0) return ROCKET_BAD_ID;
    bytes[i] = (uint8_t)(high << 4 | low);
  }
  *host = (rocket_host){.ip_size = (uint8_t)ip_size, .port = rocket__load_i32(bytes + ip_size)};
  memcpy(host->ip, bytes, ip_size);
  *commit_log_offset = rocket__load_i64(bytes + ip_size + 4);
  return ROCKET_OK;
}

/* Unique ids: ip | i16 process | i32 constant | u32 milliseconds since the month began | u16 counter.
 *
 * Time and counter are the two halves of one number that only grows, so no two calls can give the same pair: when the counter
 * is used up within a millisecond, or the clock goes back, the number runs ahead of the clock. */
enum { COUNTER_BITS = 16 };
#define LATEST_MS (INT64_C(1) << 46) /* the year 4199: so that shifting it cannot overflow */

struct rocket_unique_ids {
  const rocket_allocator *allocator;
  uint32_t salt;
  uint8_t prefix_size;
  uint8_t prefix[IP6_SIZE + 2]; /* ip and process */
  atomic_int_fast64_t last;     /* of the last id: milliseconds << COUNTER_BITS | counter */
  atomic_uint_fast64_t month;   /* packed span; see month_pack */
};

/* A month as its first second and its length, local time. Both fit one word, so readers need no lock. */
typedef struct month {
  int64_t begin_s;
  int64_t length_s;
} month;
enum { LENGTH_BITS = 22 };

static uint64_t month_pack(month m) { return (uint64_t)m.begin_s << LENGTH_BITS | (uint64_t)m.length_s; }
static month month_unpack(uint64_t word) {
  return (month){(int64_t)(word >> LENGTH_BITS), (int64_t)(word & ((1u << LENGTH_BITS) - 1))};
}

static month month_of(int64_t now_s) {
  struct tm local;
  time_t now = (time_t)now_s;
  if (!localtime_r(&now, &local)) return (month){0, now_s + 1};
  struct tm first = {.tm_year = local.tm_year, .tm_mon = local.tm_mon, .tm_mday = 1, .tm_isdst = -1};
  struct tm next = {.tm_year = local.tm_year, .tm_mon = local.tm_mon + 1, .tm_mday = 1, .tm_isdst = -1};
  int64_t begin = mktime(&first), end = mktime(&next);
  bool sound = begin >= 0 && begin <= now_s && end > now_s; /* not on the first evening of 1970, west of Greenwich */
  return sound ? (month){begin, end - begin} : (month){0, now_s + 1};
}

/* Relaxed: the word is all there is to see, and whoever reads an old one computes it again. */
static month current_month(rocket_unique_ids *ids, int64_t now_s) {
  month m = month_unpack(atomic_load_explicit(&ids->month, memory_order_relaxed));
  if (now_s >= m.begin_s && now_s < m.begin_s + m.length_s) return m;
  m = month_of(now_s);
  atomic_store_explicit(&ids->month, month_pack(m), memory_order_relaxed);
  return m;
}

int rocket_unique_ids_new(const rocket_allocator *allocator, const rocket_host *host, uint32_t process, uint32_t salt,
                          rocket_unique_ids **out) {
  rocket_unique_ids *ids = rocket__alloc_zeroed(allocator, 1, sizeof *ids);
  if (!ids) return ROCKET_NO_MEMORY;
  ids->allocator = allocator;
  ids->salt = salt;
  uint8_t *at = rocket__store_bytes(ids->prefix, host->ip, ip_size_of(host));
  at = rocket__store_u16(at, (uint16_t)process);
  ids->prefix_size = (uint8_t)(at - ids->prefix);
  atomic_init(&ids->last, 0);
  atomic_init(&ids->month, 0);
  *out = ids;
  return ROCKET_OK;
}

void rocket_unique_ids_free(rocket_unique_ids *ids) {
  if (ids) rocket__release(ids->allocator, ids);
}

/* Relaxed: only the number itself must differ from call to call. */
static int64_t next_number(rocket_unique_ids *ids, int64_t now_ms) {
  int64_t now = now_ms << COUNTER_BITS;
  int64_t last = atomic_load_explicit(&ids->last, memory_order_relaxed), next;
  do next = now > last ? now : last + 1;
  while (!atomic_compare_exchange_weak_explicit(&ids->last, &last, next, memory_order_relaxed, memory_order_relaxed));
  return next;
}

void rocket_unique_ids_next(rocket_unique_ids *ids, int64_t now_ms, char out[ROCKET_ID_TEXT_SIZE]) {
  if (now_ms < 0) now_ms = 0;
  if (now_ms > LATEST_MS) now_ms = LATEST_MS;
  int64_t number = next_number(ids, now_ms), number_ms = number >> COUNTER_BITS;
  month m = current_month(ids, number_ms / 1000);
  /* The milliseconds begin again each month: the constant tells one month from the other. */
  uint32_t constant = ids->salt ^ (uint32_t)(m.begin_s / 3600) * 2654435761u;
  uint8_t bytes[LONGEST_ID];
  uint8_t *at = rocket__store_bytes(bytes, ids->prefix, ids->prefix_size);
  at = rocket__store_u32(at, constant);
  at = rocket__store_u32(at, (uint32_t)(number_ms - m.begin_s * 1000));
  at = rocket__store_u16(at, (uint16_t)number);
  format_hex(bytes, (size_t)(at - bytes), out);
}

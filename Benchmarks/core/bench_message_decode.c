// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Stored records as a pull brings them, one behind the other, decoded; against copying the same records. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "rocket_message.h"

enum { TOTAL_BYTES = 8192, MOST_PROPERTIES = 20 };

typedef struct records {
  rocket_buffer bytes;
  uint8_t *copy;
  uint32_t count;
  size_t body_bytes;
} records;

static void append_property(rocket_buffer *out, int i) {
  static const char *const usual[] = {"UNIQ_KEY", "WAIT", "TAGS"};
  static const char *const values[] = {"7F0000010007A2B3C4D5E6F708190A2B", "true", "paid"};
  char name[32], value[32];
  int name_size = snprintf(name, sizeof name, "application-name-%d", i), value_size = snprintf(value, sizeof value, "value %d", i * 7919);
  rocket_slice n = i < 3 ? rocket_slice_of(usual[i]) : rocket_slice_make(name, (size_t)name_size);
  rocket_slice v = i < 3 ? rocket_slice_of(values[i]) : rocket_slice_make(value, (size_t)value_size);
  bench_check(rocket_property_append(out, n, v) == 0, "property");
}

static records make_records(size_t body_bytes, int properties) {
  records r = {.body_bytes = body_bytes};
  rocket_buffer text = {0};
  uint8_t *body = calloc(1, body_bytes);
  bench_check(body != NULL, "no memory");
  for (int i = 0; i < properties; i++) append_property(&text, i);
  rocket_message message = {.record_version = 1,
                            .born_host = {{127, 0, 0, 1}, 4, 4711},
                            .store_host = {{127, 0, 0, 1}, 4, 10911},
                            .body = {body, body_bytes},
                            .topic = rocket_slice_of("orders"),
                            .properties = {text.data, text.size}};
  do {
    message.queue_offset = r.count++;
    bench_check(rocket_message_encode(&message, &r.bytes) == 0, "encode");
  } while (r.bytes.size < TOTAL_BYTES);
  r.copy = malloc(r.bytes.size);
  bench_check(r.copy != NULL, "no memory");
  free(body);
  rocket_buffer_clear(&text);
  return r;
}

static uint64_t decode_all(void *with, uint32_t times) {
  records *r = with;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < times; i++) {
    rocket_message message;
    uint32_t count = 0;
    for (size_t at = 0; at < r->bytes.size; at += message.size, count++) {
      rocket_slice rest = {r->bytes.data + at, r->bytes.size - at};
      bench_check(rocket_message_decode(rest, &message, NULL) == 0, "decode");
      sum += (uint64_t)message.queue_offset + message.properties.size;
      bench_check(message.body.size == r->body_bytes, "body");
    }
    bench_check(count == r->count, "count");
  }
  return sum + 1;
}

/* Record by record, as the decoder goes. */
static uint64_t copy_all(void *with, uint32_t times) {
  records *r = with;
  size_t record = r->bytes.size / r->count;
  for (uint32_t i = 0; i < times; i++)
    for (size_t at = 0; at < r->bytes.size; at += record) {
      memcpy(r->copy + at, r->bytes.data + at, record);
      __asm__ volatile("" ::: "memory");
    }
  bench_check(memcmp(r->copy, r->bytes.data, r->bytes.size) == 0, "copy");
  return 1;
}

BENCH(message_decode) {
  static const size_t bodies[] = {128, 1024, 65536};
  static const int properties[] = {0, 3, MOST_PROPERTIES};
  for (size_t b = 0; b < sizeof bodies / sizeof bodies[0]; b++)
    for (size_t p = 0; p < sizeof properties / sizeof properties[0]; p++) {
      char name[64], parameters[128];
      records r = make_records(bodies[b], properties[p]);
      snprintf(name, sizeof name, "message_decode_%zu_bytes_%d_properties", bodies[b], properties[p]);
      snprintf(parameters, sizeof parameters, "\"body_bytes\":%zu,\"properties\":%d,\"record_bytes\":%zu", bodies[b], properties[p],
               r.bytes.size / r.count);
      bench_compare((bench_line){name, "ns/message", "memcpy of the record", parameters, false, false}, r.count,
                    (bench_side){decode_all, &r}, (bench_side){copy_all, &r});
      rocket_buffer_clear(&r.bytes);
      free(r.copy);
    }
}

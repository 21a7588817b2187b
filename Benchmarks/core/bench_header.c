// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Headers of the three commands that matter: a pull, its answer and a send, decoded and encoded as JSON against libcjson, and as binary
 * against our JSON.
 *
 * Decoding starts from a copy of the frame on all sides, since undoing escapes writes to it. libcjson parses the header and frees it;
 * nobody reads the fields. JSON encoding starts from the values on both sides: libcjson makes an object, prints it into the same room
 * and frees it. Binary and JSON encoding start from the same filled command. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "rocket_command.h"

enum { MOST_BYTES = 4096, HEAD_SIZE = 8 };

typedef struct field {
  rocket_field field;
  const char *text; /* NULL: the number */
  int64_t number;
} field;

typedef struct kind {
  const char *name;
  int32_t code, flag;
  const field *fields;
  int count;
} kind;

#define TEXT(name, text) {ROCKET_FIELD_##name, text, 0}
#define NUMBER(name, number) {ROCKET_FIELD_##name, NULL, number}
#define COUNT(list) (int)(sizeof list / sizeof list[0])

static const field pull_fields[] = {
    TEXT(CONSUMER_GROUP, "billing"),       TEXT(TOPIC, "orders"),
    NUMBER(QUEUE_ID, 3),                   NUMBER(QUEUE_OFFSET, 4711000),
    NUMBER(MAX_MSG_NUMS, 32),              NUMBER(SYS_FLAG, 3),
    NUMBER(COMMIT_OFFSET, 4710990),        NUMBER(SUSPEND_TIMEOUT_MILLIS, 15000),
    NUMBER(SUB_VERSION, 1700000000000),    TEXT(EXPRESSION_TYPE, "TAG"),
    TEXT(BNAME, "broker-a")};
static const field reply_fields[] = {NUMBER(SUGGEST_WHICH_BROKER_ID, 0), NUMBER(NEXT_BEGIN_OFFSET, 4711032), NUMBER(MIN_OFFSET, 0),
                                     NUMBER(MAX_OFFSET, 9000000)};
static const field send_fields[] = {
    TEXT(PRODUCER_GROUP, "shop"), TEXT(TOPIC, "orders"), TEXT(DEFAULT_TOPIC, "TBW102"), NUMBER(DEFAULT_TOPIC_QUEUE_NUMS, 4),
    NUMBER(QUEUE_ID, 3), NUMBER(SYS_FLAG, 0), NUMBER(BORN_TIMESTAMP, 1700000000000), NUMBER(FLAG, 0),
    TEXT(PROPERTIES, "KEYS\x01order-4711\x02UNIQ_KEY\x01" "7F0000010007A2B3C4D5E6F708190A2B\x02WAIT\x01true\x02TAGS\x01paid"),
    NUMBER(RECONSUME_TIMES, 0), TEXT(UNIT_MODE, "false"), TEXT(BATCH, "false"), TEXT(BNAME, "broker-a")};

static const kind kinds[] = {{"pull", ROCKET_REQUEST_PULL_MESSAGE, 0, pull_fields, COUNT(pull_fields)},
                             {"pull_reply", 0, ROCKET_FLAG_RESPONSE, reply_fields, COUNT(reply_fields)},
                             {"send", ROCKET_REQUEST_SEND_MESSAGE_V2, 0, send_fields, COUNT(send_fields)}};

typedef struct subject {
  const kind *kind;
  rocket_serialization serialization;
  rocket_slice frame; /* encoded */
  uint8_t *copy;
  rocket_buffer out;
} subject;

static void fill(const subject *s, rocket_command *command, uint32_t opaque) {
  rocket_command_init(command, s->kind->code);
  command->flag = s->kind->flag;
  command->opaque = (int32_t)opaque;
  command->serialization = s->serialization;
  int status = 0;
  for (const field *f = s->kind->fields; f < s->kind->fields + s->kind->count; f++)
    status |= f->text ? rocket_command_set(command, f->field, rocket_slice_of(f->text))
                      : rocket_command_set_i64(command, f->field, f->number);
  bench_check(status == 0, "set");
}

static uint64_t encode(void *with, uint32_t times) {
  subject *s = with;
  rocket_command command;
  for (uint32_t i = 0; i < times; i++) {
    s->out.size = 0;
    fill(s, &command, 4711);
    bench_check(rocket_command_encode_head(&command, 0, &s->out) == 0, "encode");
  }
  bench_check(rocket_slice_equal(rocket_slice_make(s->out.data, s->out.size), s->frame), "encoded differently");
  return 1;
}

/* What the formats alone cost. */
static uint64_t encode_filled(void *with, uint32_t times) {
  subject *s = with;
  rocket_command command;
  fill(s, &command, 4711);
  for (uint32_t i = 0; i < times; i++) {
    s->out.size = 0;
    bench_check(rocket_command_encode_head(&command, 0, &s->out) == 0, "encode");
  }
  bench_check(rocket_slice_equal(rocket_slice_make(s->out.data, s->out.size), s->frame), "encoded differently");
  return 1;
}

static uint64_t decode(void *with, uint32_t times) {
  subject *s = with;
  rocket_command command;
  for (uint32_t i = 0; i < times; i++) {
    memcpy(s->copy, s->frame.data, s->frame.size);
    __asm__ volatile("" ::: "memory");
    bench_check(rocket_command_decode(s->copy, s->frame.size, &command, NULL) == 0, "decode");
  }
  bench_check(command.opaque == 4711 && (int)command.field_count == s->kind->count, "decoded differently");
  return 1;
}

/* The member's name on the wire. */
static const char *wire_name(const kind *kind, int i, char out[2]) {
  if (kind->code != ROCKET_REQUEST_SEND_MESSAGE_V2) return rocket_field_name(kind->fields[i].field);
  static const char letters[] = "abcdefghijkmn"; /* l, maxReconsumeTimes, is not sent */
  out[0] = letters[i];
  out[1] = 0;
  return out;
}

static uint64_t encode_cjson(void *with, uint32_t times) {
  subject *s = with;
  char text[MOST_BYTES], number[24], letter[2];
  for (uint32_t i = 0; i < times; i++) {
    cJSON *header = cJSON_CreateObject(), *ext = cJSON_CreateObject();
    cJSON_AddNumberToObject(header, "code", s->kind->code);
    for (int f = 0; f < s->kind->count; f++) {
      const field *each = &s->kind->fields[f];
      if (!each->text) snprintf(number, sizeof number, "%" PRId64, each->number);
      cJSON_AddStringToObject(ext, wire_name(s->kind, f, letter), each->text ? each->text : number);
    }
    cJSON_AddItemToObject(header, "extFields", ext);
    cJSON_AddNumberToObject(header, "flag", s->kind->flag);
    cJSON_AddStringToObject(header, "language", "OTHER");
    cJSON_AddNumberToObject(header, "opaque", 4711);
    cJSON_AddStringToObject(header, "serializeTypeCurrentRPC", "JSON");
    cJSON_AddNumberToObject(header, "version", ROCKET_VERSION_4_9_8);
    bench_check(cJSON_PrintPreallocated(header, text, sizeof text, 0), "cJSON_Print");
    cJSON_Delete(header);
  }
  bench_check(strlen(text) + HEAD_SIZE == s->frame.size, "libcjson encoded something else");
  return 1;
}

static uint64_t decode_cjson(void *with, uint32_t times) {
  subject *s = with;
  for (uint32_t i = 0; i < times; i++) {
    memcpy(s->copy, s->frame.data, s->frame.size);
    __asm__ volatile("" ::: "memory");
    cJSON *header = cJSON_ParseWithLength((const char *)s->copy + HEAD_SIZE, s->frame.size - HEAD_SIZE);
    bench_check(header != NULL, "cJSON_Parse");
    cJSON_Delete(header);
  }
  return 1;
}

static subject new_subject(const kind *kind, rocket_serialization serialization) {
  subject s = {.kind = kind, .serialization = serialization};
  rocket_command command;
  rocket_buffer frame = {0};
  fill(&s, &command, 4711);
  bench_check(rocket_command_encode_head(&command, 0, &frame) == 0, "encode");
  s.frame = rocket_slice_make(frame.data, frame.size);
  s.copy = malloc(frame.size);
  bench_check(s.copy != NULL, "no memory");
  return s;
}

static void free_subject(subject *s) {
  free((uint8_t *)(uintptr_t)s->frame.data);
  free(s->copy);
  rocket_buffer_clear(&s->out);
}

static void measure(const char *verb, const char *format, subject *one, const char *baseline, bench_side ours, bench_side theirs) {
  char name[64], parameters[64];
  snprintf(name, sizeof name, "header_%s_%s_%s", format, verb, one->kind->name);
  snprintf(parameters, sizeof parameters, "\"fields\":%d,\"bytes\":%zu", one->kind->count, one->frame.size);
  bench_compare((bench_line){name, "ns/header", baseline, parameters, false, false}, 1, ours, theirs);
}

BENCH(header) {
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
    subject json = new_subject(&kinds[k], ROCKET_SERIALIZATION_JSON), binary = new_subject(&kinds[k], ROCKET_SERIALIZATION_BINARY);
    measure("decode", "json", &json, "libcjson", (bench_side){decode, &json}, (bench_side){decode_cjson, &json});
    measure("encode", "json", &json, "libcjson", (bench_side){encode, &json}, (bench_side){encode_cjson, &json});
    measure("decode", "binary", &binary, "JSON", (bench_side){decode, &binary}, (bench_side){decode, &json});
    measure("encode", "binary", &binary, "JSON", (bench_side){encode_filled, &binary}, (bench_side){encode_filled, &json});
    free_subject(&json);
    free_subject(&binary);
  }
}

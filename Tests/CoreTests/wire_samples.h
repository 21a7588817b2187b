// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Bytes that several wire tests start from. */
#ifndef WIRE_SAMPLES_H
#define WIRE_SAMPLES_H

#include "rocket_command.h"
#include "rocket_message.h"
#include "test.h"

/* Bytes of hex text, with a guard page behind. Kept until the test's process ends. */
static inline uint8_t *sample_hex(const char *hex, size_t *size) {
  uint8_t *bytes = test_hex(hex, size), *guarded = test_guarded(bytes, *size);
  free(bytes);
  return guarded;
}

/* `size` zero bytes with a guard page behind. */
static inline uint8_t *sample_room(size_t size) {
  uint8_t *zeros = calloc(1, size + 1);
  CHECK(zeros != NULL);
  uint8_t *room = test_guarded(zeros, size);
  free(zeros);
  return room;
}

/* A frame around `header`, as a peer would send it. Kept until the test's process ends. */
static inline rocket_slice sample_frame(rocket_serialization type, rocket_slice header, const char *body) {
  size_t body_size = strlen(body), size = 8 + header.size + body_size;
  uint8_t *frame = sample_room(size);
  uint32_t words[2] = {(uint32_t)(size - 4), (uint32_t)type << 24 | (uint32_t)header.size};
  for (int i = 0; i < 8; i++) frame[i] = (uint8_t)(words[i / 4] >> (24 - 8 * (i % 4)));
  memcpy(frame + 8, header.data, header.size);
  memcpy(frame + 8 + header.size, body, body_size);
  return rocket_slice_make(frame, size);
}

static inline rocket_slice sample_json(const char *header, const char *body) {
  return sample_frame(ROCKET_SERIALIZATION_JSON, rocket_slice_of(header), body);
}

/* A pull, a send with escapes, answers, odd but valid headers; JSON and binary. */
enum { SAMPLE_FRAMES = 6 };
static inline rocket_slice sample_frame_number(int i) {
  size_t size;
  uint8_t *bytes;
  switch (i) {
  case 0:
    return sample_json("{\"code\":11,\"extFields\":{\"queueId\":\"1\",\"topic\":\"T\",\"consumerGroup\":\"CG\",\"queueOffset\":\"7\","
                       "\"maxMsgNums\":\"32\",\"sysFlag\":\"3\",\"commitOffset\":\"7\",\"suspendTimeoutMillis\":\"15000\","
                       "\"subVersion\":\"1700000000000\",\"expressionType\":\"TAG\"},\"flag\":0,\"language\":\"JAVA\",\"opaque\":4711,"
                       "\"serializeTypeCurrentRPC\":\"JSON\",\"version\":409}", "");
  case 1:
    return sample_json("{\"code\":310,\"extFields\":{\"a\":\"PG\",\"b\":\"T\",\"c\":\"TBW102\",\"d\":\"4\",\"e\":\"2\",\"f\":\"0\","
                       "\"g\":\"1700000000000\",\"h\":\"0\",\"i\":\"KEYS\\u0001k1\\u0002TAGS\\u0001\\uD83D\\uDE00\\u0002\",\"j\":\"0\","
                       "\"k\":\"false\",\"m\":\"false\",\"n\":\"broker-a\"},\"flag\":0,\"language\":\"CPP\",\"opaque\":5,\"version\":409}",
                       "hello, body");
  case 2:
    return sample_json("{\"code\":1,\"flag\":1,\"language\":\"JAVA\",\"opaque\":-3,\"remark\":\"a \\\"quoted\\\"\\nline\",\"version\":409}",
                       "");
  case 3:
    return sample_json(" { \"x\" : [ 1 , { \"y\" : null } ] ,"
                       " \"extFields\" : { \"n\" : 12 , \"t\" : true , \"o\" : { \"a\" : [ ] } , \"z\" : null } ,\t"
                       "\"code\":\"0\",\"flag\":1,\"language\":9}", "body");
  case 4:
    bytes = sample_hex("00000024 0100001e 000b 00 0000 00000008 00000000 00000001 72 00000008 0001 6b 00000001 76 0908", &size);
    break;
  default:
    bytes = sample_hex("00000032 0100002e 0136 07 0199 00000009 00000002 00000000 00000019"
                     "0001 61 00000002 5047  0001 62 00000001 54  0001 65 00000001 33", &size);
    break;
  }
  return rocket_slice_make(bytes, size);
}

/* The stored record of the protocol description: topic T, queue 3, offset 7, body "hello", property TAGS=TagA. */
static inline rocket_slice sample_record(void) {
  size_t size;
  uint8_t *bytes = sample_hex("0000006a daa320a7 3610a686 00000003 00000005 0000000000000007 00000000000003e8 00000000"
                            "0000018bcfe56800 0a000009 0000c350 0000018bcfe5687b 0a000001 00002a9f 00000001 0000000000000000"
                            "00000005 68656c6c6f 01 54 0009 5441475301 54616741", &size);
  return rocket_slice_make(bytes, size);
}

#endif

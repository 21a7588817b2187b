// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "rocket_message.h"

#include "wire_samples.h"

static rocket_host host4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, int32_t port) {
  return (rocket_host){.ip = {a, b, c, d}, .ip_size = 4, .port = port};
}
static rocket_host host6(uint8_t last, int32_t port) {
  return (rocket_host){.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = last}, .ip_size = 16, .port = port};
}
static bool same_host(const rocket_host *a, const rocket_host *b) {
  return a->ip_size == b->ip_size && memcmp(a->ip, b->ip, a->ip_size) == 0 && a->port == b->port;
}

static rocket_message sample_message(void) {
  return (rocket_message){.record_version = 1,
                          .queue_id = 3,
                          .flag = 5,
                          .queue_offset = 7,
                          .commit_log_offset = 1000,
                          .born_at_ms = 1700000000000,
                          .born_host = host4(10, 0, 0, 9, 50000),
                          .stored_at_ms = 1700000000123,
                          .store_host = host4(10, 0, 0, 1, 10911),
                          .reconsume_times = 1,
                          .body = rocket_slice_of("hello"),
                          .topic = rocket_slice_of("T"),
                          .properties = rocket_slice_of("TAGS\x01TagA")};
}

static void check_same(const rocket_message *a, const rocket_message *b) {
  CHECK_INT(a->record_version, b->record_version);
  CHECK_INT(a->queue_id, b->queue_id);
  CHECK_INT(a->flag, b->flag);
  CHECK_INT(a->queue_offset, b->queue_offset);
  CHECK_INT(a->commit_log_offset, b->commit_log_offset);
  CHECK_INT(a->born_at_ms, b->born_at_ms);
  CHECK(same_host(&a->born_host, &b->born_host));
  CHECK_INT(a->stored_at_ms, b->stored_at_ms);
  CHECK(same_host(&a->store_host, &b->store_host));
  CHECK_INT(a->reconsume_times, b->reconsume_times);
  CHECK_INT(a->prepared_transaction_offset, b->prepared_transaction_offset);
  CHECK(rocket_slice_equal(a->body, b->body));
  CHECK(rocket_slice_equal(a->topic, b->topic));
  CHECK(rocket_slice_equal(a->properties, b->properties));
}

TEST(message_decodes_javas_record) {
  rocket_slice record = sample_record();
  rocket_message expected = sample_message(), message;
  CHECK_INT(rocket_message_decode(record, &message, NULL), ROCKET_OK);
  CHECK_INT(message.size, 106);
  CHECK_INT(message.body_crc, 907060870);
  CHECK_INT(message.sys_flag, 0);
  check_same(&message, &expected);
}

TEST(message_encodes_javas_record) {
  rocket_message message = sample_message();
  rocket_buffer out = {0};
  CHECK_INT(rocket_message_encode(&message, &out), ROCKET_OK);
  CHECK_INT(rocket_message_encoded_size(&message), 106);
  CHECK(rocket_slice_equal(rocket_slice_make(out.data, out.size), sample_record()));
  rocket_buffer_clear(&out);
}

TEST(message_survives_a_round_trip_in_every_layout) {
  char long_topic[200];
  memset(long_topic, 't', sizeof long_topic);
  for (int layout = 0; layout < 8; layout++) {
    rocket_message message = sample_message(), again;
    rocket_buffer out = {0};
    if (layout & 1) message.born_host = host6(9, 50000);
    if (layout & 2) message.store_host = host6(1, 10911);
    if (layout & 4) {
      message.record_version = 2;
      message.topic = rocket_slice_make(long_topic, sizeof long_topic);
    }
    message.sys_flag = ROCKET_SYS_TRANSACTION_COMMIT | ROCKET_SYS_BORN_HOST_V6; /* host bits follow from the hosts */
    message.prepared_transaction_offset = -1;
    CHECK_INT(rocket_message_encode(&message, &out), ROCKET_OK);
    CHECK_INT(rocket_message_encode(&message, &out), ROCKET_OK);
    CHECK_INT(out.size, 2 * rocket_message_encoded_size(&message));
    uint8_t *copy = test_guarded(out.data, out.size);
    CHECK_INT(rocket_message_decode(rocket_slice_make(copy, out.size), &again, NULL), ROCKET_OK);
    check_same(&message, &again);
    CHECK_INT(again.size, out.size / 2);
    CHECK_INT(again.sys_flag & ROCKET_SYS_TRANSACTION_MASK, ROCKET_SYS_TRANSACTION_COMMIT);
    CHECK_INT((again.sys_flag & ROCKET_SYS_BORN_HOST_V6) != 0, layout & 1);
    CHECK_INT(rocket_message_decode(rocket_slice_make(copy + again.size, out.size - again.size), &again, NULL), ROCKET_OK);
    check_same(&message, &again);
    rocket_buffer_clear(&out);
  }
}

TEST(message_may_be_empty) {
  rocket_message message = {.record_version = 1}, again;
  rocket_buffer out = {0};
  CHECK_INT(rocket_message_encode(&message, &out), ROCKET_OK);
  CHECK_INT(out.size, 91);
  CHECK_INT(rocket_message_decode(rocket_slice_make(test_guarded(out.data, 91), 91), &again, NULL), ROCKET_OK);
  CHECK(again.body.size == 0 && again.topic.size == 0 && again.properties.size == 0);
  rocket_buffer_clear(&out);
}

TEST(message_decode_waits_for_the_whole_record) {
  rocket_slice record = sample_record();
  uint8_t *end = test_guarded(record.data, record.size) + record.size;
  for (size_t n = 0; n < record.size; n++) {
    rocket_message message;
    rocket_fault fault = {0};
    memcpy(end - n, record.data, n);
    CHECK_INT(rocket_message_decode(rocket_slice_make(end - n, n), &message, &fault), ROCKET_INCOMPLETE);
    CHECK_INT(fault.status, ROCKET_INCOMPLETE);
  }
  CHECK_INT(rocket_message_decode((rocket_slice){0}, &(rocket_message){0}, NULL), ROCKET_INCOMPLETE);
}

static void check_fault(size_t at, const char *hex, uint32_t offset, const char *what) {
  rocket_slice record = sample_record();
  rocket_message message;
  rocket_fault fault = {0};
  size_t size;
  uint8_t *copy = test_guarded(record.data, record.size), *change = sample_hex(hex, &size);
  memcpy(copy + at, change, size);
  int status = rocket_message_decode(rocket_slice_make(copy, record.size), &message, &fault);
  if (status != ROCKET_BAD_MESSAGE || fault.offset != offset || strcmp(fault.what, what) != 0)
    test_fail(__FILE__, __LINE__, "%s at %zu: %s, %s at %u", hex, at, rocket_status_name(status),
              fault.what ? fault.what : "-", fault.offset);
}

TEST(message_decode_names_the_bad_field) {
  check_fault(4, "cbd43194", 4, "magicCode");
  check_fault(4, "00000000", 4, "magicCode");
  check_fault(0, "0000005a", 0, "totalSize");
  check_fault(0, "00000000", 0, "totalSize");
  check_fault(0, "ffffffff", 0, "totalSize");
  check_fault(0, "80000000", 0, "totalSize");
  check_fault(0, "00000069", 95, "propertiesLength"); /* one byte less than the fields take */
  check_fault(84, "00000006", 94, "topicLength");
  check_fault(84, "7fffffff", 84, "bodyLength");
  check_fault(84, "ffffffff", 84, "bodyLength");
  check_fault(93, "ff", 93, "topicLength");
  check_fault(95, "000a", 95, "propertiesLength");
  check_fault(95, "0008", 95, "propertiesLength"); /* a byte that belongs to nothing */
  check_fault(95, "ffff", 95, "propertiesLength");
  check_fault(36, "00000010", 96, "bodyLength"); /* IPv6 hosts that are not there */
  check_fault(36, "00000030", 0, "totalSize");
}

static uint32_t sum;
static void read_slice(rocket_slice slice) {
  for (size_t i = 0; i < slice.size; i++) sum += slice.data[i];
}

TEST(message_decode_survives_any_changed_byte) {
  rocket_slice record = sample_record();
  uint8_t *copy = test_guarded(record.data, record.size);
  for (size_t at = 0; at < record.size; at++) {
    for (int with = 1; with < 256; with++) {
      rocket_message message;
      rocket_fault fault = {0};
      memcpy(copy, record.data, record.size);
      copy[at] ^= (uint8_t)with;
      if (rocket_message_decode(rocket_slice_make(copy, record.size), &message, &fault) != ROCKET_OK) {
        CHECK(fault.what != NULL);
        continue;
      }
      CHECK(message.size <= record.size);
      read_slice(message.body);
      read_slice(message.topic);
      read_slice(message.properties);
    }
  }
}

TEST(message_encode_checks_its_limits) {
  static char text[32768];
  rocket_message message = sample_message();
  rocket_buffer out = {0};
  message.topic = rocket_slice_make(text, 128);
  CHECK_INT(rocket_message_encode(&message, &out), ROCKET_TOO_LARGE);
  message.record_version = 2;
  CHECK_INT(rocket_message_encode(&message, &out), ROCKET_OK);
  message.topic = rocket_slice_make(text, 32768);
  CHECK_INT(rocket_message_encode(&message, &out), ROCKET_TOO_LARGE);
  message.topic = rocket_slice_of("T");
  message.properties = rocket_slice_make(text, 32767);
  CHECK_INT(rocket_message_encode(&message, &out), ROCKET_OK);
  message.properties = rocket_slice_make(text, 32768);
  CHECK_INT(rocket_message_encode(&message, &out), ROCKET_TOO_LARGE);
  message.properties = (rocket_slice){0};
  message.body = rocket_slice_make(text, (size_t)INT32_MAX); /* refused before it is read */
  CHECK_INT(rocket_message_encode(&message, &out), ROCKET_TOO_LARGE);
  CHECK_INT(out.status, ROCKET_OK);
  rocket_buffer_clear(&out);
  rocket_buffer_init(&out, test_allocator(1));
  message = sample_message();
  CHECK_INT(rocket_message_encode(&message, &out), ROCKET_NO_MEMORY);
  CHECK_INT(out.size, 0);
  CHECK_INT(test_allocated(), 0);
}

TEST(message_batch_item_is_javas) {
  rocket_buffer out = {0};
  rocket_batch_item item;
  size_t size;
  uint8_t *expected = sample_hex("00000021 00000000 00000000 00000000 00000002 6262 0009 57414954 01 74727565", &size);
  CHECK_INT(rocket_batch_append(&out, 0, rocket_slice_of("bb"), rocket_slice_of("WAIT\x01true")), ROCKET_OK);
  CHECK(rocket_slice_equal(rocket_slice_make(out.data, out.size), rocket_slice_make(expected, size)));
  CHECK_INT(rocket_batch_append(&out, -7, (rocket_slice){0}, (rocket_slice){0}), ROCKET_OK);
  CHECK_INT(rocket_batch_decode(rocket_slice_make(out.data, out.size), &item, NULL), ROCKET_OK);
  CHECK_INT(item.size, 33);
  CHECK_TEXT(item.body, "bb");
  CHECK_TEXT(item.properties, "WAIT\x01true");
  CHECK_INT(rocket_batch_decode(rocket_slice_make(out.data + 33, out.size - 33), &item, NULL), ROCKET_OK);
  CHECK_INT(item.size, 22);
  CHECK_INT(item.flag, -7);
  CHECK(item.body.size == 0 && item.properties.size == 0);
  rocket_buffer_clear(&out);
}

TEST(message_batch_survives_truncation_and_changed_bytes) {
  size_t size;
  uint8_t *bytes = sample_hex("00000021 00000000 00000000 00000000 00000002 6262 0009 57414954 01 74727565", &size);
  uint8_t *copy = test_guarded(bytes, size);
  rocket_batch_item item;
  rocket_fault fault;
  for (size_t n = 0; n < size; n++) {
    memcpy(copy + size - n, bytes, n);
    CHECK_INT(rocket_batch_decode(rocket_slice_make(copy + size - n, n), &item, &fault), ROCKET_INCOMPLETE);
  }
  for (size_t at = 0; at < size; at++) {
    for (int with = 1; with < 256; with++) {
      memcpy(copy, bytes, size);
      copy[at] ^= (uint8_t)with;
      if (rocket_batch_decode(rocket_slice_make(copy, size), &item, &fault) != ROCKET_OK) continue;
      read_slice(item.body);
      read_slice(item.properties);
    }
  }
  memcpy(copy, bytes, size);
  copy[19] = 3;
  CHECK_INT(rocket_batch_decode(rocket_slice_make(copy, size), &item, &fault), ROCKET_BAD_MESSAGE);
  CHECK(strcmp(fault.what, "propertiesLength") == 0);
  copy[19] = 100;
  CHECK_INT(rocket_batch_decode(rocket_slice_make(copy, size), &item, &fault), ROCKET_BAD_MESSAGE);
  CHECK(strcmp(fault.what, "bodyLength") == 0);
}

TEST(message_batch_checks_its_limits) {
  static char text[32768];
  rocket_buffer out;
  rocket_buffer_init(&out, test_allocator(1));
  CHECK_INT(rocket_batch_append(&out, 0, (rocket_slice){0}, rocket_slice_make(text, 32768)), ROCKET_TOO_LARGE);
  CHECK_INT(rocket_batch_append(&out, 0, rocket_slice_make(text, (size_t)INT32_MAX), (rocket_slice){0}), ROCKET_TOO_LARGE);
  CHECK_INT(rocket_batch_append(&out, 0, rocket_slice_of("b"), (rocket_slice){0}), ROCKET_NO_MEMORY);
  CHECK_INT(out.size, 0);
}

TEST(message_tag_hash_is_javas) {
  static const struct {
    const char *tag;
    int32_t hash;
  } cases[] = {{"", 0}, {"a", 97}, {"TagA", 2598919}, {"TagB", 2598920}, {"AaAa", 2031744}, {"BBBB", 2031744}, {"AaBB", 2031744},
               {"\xE4\xB8\xAD\xE6\x96\x87", 646394}, {"\xF0\x9F\x98\x80", 1772899}, {"polygenelubricants", INT32_MIN},
               {"\xFF", 0xFFFD}, {"\xE4\xB8", 0xFFFD}, {"\xC0\x80", 0xFFFD * 31 + 0xFFFD}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rocket_slice tag = rocket_slice_make(test_guarded(cases[i].tag, strlen(cases[i].tag)), strlen(cases[i].tag));
    CHECK_INT(rocket_tag_hash(tag), cases[i].hash);
  }
  CHECK_INT(rocket_tag_hash((rocket_slice){0}), 0);
}

TEST(message_crc_has_31_bits) {
  CHECK_INT(rocket_crc31(rocket_slice_of("hello")), 907060870);
  CHECK_INT(rocket_crc31(rocket_slice_of("123456789")), 0xCBF43926 & 0x7FFFFFFF);
  CHECK_INT(rocket_crc31((rocket_slice){0}), 0);
}

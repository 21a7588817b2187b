// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Where frames begin and end in what has come, and frames that are none. */
#include "wire_samples.h"

TEST(frame_scan_finds_frames_at_every_split_point) {
  for (int i = 0; i < SAMPLE_FRAMES; i++) {
    rocket_slice frame = sample_frame_number(i);
    uint8_t *end = test_guarded(frame.data, frame.size) + frame.size;
    for (size_t n = 0; n <= frame.size; n++) {
      size_t size = 4711;
      memcpy(end - n, frame.data, n);
      int status = rocket_frame_scan(rocket_slice_make(end - n, n), ROCKET_MAX_FRAME_BYTES, &size);
      CHECK_INT(status, n < frame.size ? ROCKET_INCOMPLETE : ROCKET_OK);
      CHECK_INT(size, n < 4 ? 0 : frame.size);
    }
  }
}

TEST(frame_scan_stops_at_the_first_frame) {
  rocket_slice frame = sample_frame_number(0);
  rocket_buffer two = {0};
  size_t size;
  rocket_buffer_append(&two, frame.data, frame.size);
  rocket_buffer_append(&two, frame.data, 10);
  CHECK_INT(rocket_frame_scan(rocket_slice_make(two.data, two.size), ROCKET_MAX_FRAME_BYTES, &size), ROCKET_OK);
  CHECK_INT(size, frame.size);
  rocket_buffer_clear(&two);
}

TEST(frame_scan_checks_the_length) {
  static const struct {
    uint8_t bytes[4];
    size_t limit;
    int status;
  } cases[] = {{{0, 0, 0, 4}, 16777216, ROCKET_INCOMPLETE}, {{0, 0, 0, 3}, 16777216, ROCKET_BAD_FRAME},
               {{0, 0, 0, 0}, 16777216, ROCKET_BAD_FRAME},  {{0xFF, 0xFF, 0xFF, 0xFF}, 16777216, ROCKET_BAD_FRAME},
               {{0x80, 0, 0, 0}, 16777216, ROCKET_BAD_FRAME}, {{0x7F, 0xFF, 0xFF, 0xFF}, 16777216, ROCKET_TOO_LARGE},
               {{0, 0xFF, 0xFF, 0xFC}, 16777216, ROCKET_INCOMPLETE}, {{0, 0xFF, 0xFF, 0xFD}, 16777216, ROCKET_TOO_LARGE},
               {{0, 0, 0, 96}, 100, ROCKET_INCOMPLETE}, {{0, 0, 0, 97}, 100, ROCKET_TOO_LARGE}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t size;
    CHECK_INT(rocket_frame_scan(rocket_slice_make(cases[i].bytes, 4), cases[i].limit, &size), cases[i].status);
  }
}

static int decode_bytes(const char *hex, rocket_fault *fault) {
  size_t size;
  uint8_t *bytes = sample_hex(hex, &size);
  rocket_command command;
  return rocket_command_decode(bytes, size, &command, fault);
}

TEST(frame_decode_checks_its_lengths) {
  rocket_fault fault;
  CHECK_INT(decode_bytes("", &fault), ROCKET_BAD_FRAME);
  CHECK_INT(decode_bytes("00000003 000000", &fault), ROCKET_BAD_FRAME);
  CHECK_INT(decode_bytes("00000007 00000002 7b7d", &fault), ROCKET_BAD_FRAME);
  CHECK_INT(decode_bytes("00000006 00000003 7b7d", &fault), ROCKET_BAD_FRAME);
  CHECK(strcmp(fault.what, "headerLength") == 0);
  CHECK_INT(fault.offset, 4);
  CHECK_INT(decode_bytes("00000006 07000002 7b7d", &fault), ROCKET_BAD_SERIALIZATION);
  CHECK_INT(decode_bytes("00000004 00000000", &fault), ROCKET_BAD_JSON);
  CHECK_INT(decode_bytes("00000004 01000000", &fault), ROCKET_BAD_HEADER);
  CHECK_INT(decode_bytes("00000006 00000002 7b7d", NULL), ROCKET_OK);
}

/* Every slice of a decoded command must lie in its frame; reading all of them lets a guard page or a sanitizer see it. */
static uint32_t sum;
static void read_slice(rocket_slice slice) {
  for (size_t i = 0; i < slice.size; i++) sum += slice.data[i];
}
static void decode_and_read(uint8_t *frame, size_t size) {
  rocket_command command;
  rocket_fault fault = {0};
  int status = rocket_command_decode(frame, size, &command, &fault);
  if (status != ROCKET_OK) {
    CHECK_INT(fault.status, status);
    CHECK(fault.what != NULL && fault.offset <= size);
    return;
  }
  for (uint32_t i = 0; i < command.field_count; i++) {
    read_slice(command.fields[i].name);
    read_slice(command.fields[i].value);
  }
  read_slice(command.remark);
  read_slice(command.body);
}

TEST(frame_decode_survives_any_changed_byte) {
  for (int i = 0; i < SAMPLE_FRAMES; i++) {
    rocket_slice frame = sample_frame_number(i);
    uint8_t *guarded = test_guarded(frame.data, frame.size);
    for (size_t at = 0; at < frame.size; at++) {
      for (int with = 1; with < 256; with++) {
        memcpy(guarded, frame.data, frame.size);
        guarded[at] ^= (uint8_t)with;
        decode_and_read(guarded, frame.size);
      }
    }
  }
}

TEST(frame_decode_survives_any_truncation) {
  for (int i = 0; i < SAMPLE_FRAMES; i++) {
    rocket_slice frame = sample_frame_number(i);
    uint8_t *end = test_guarded(frame.data, frame.size) + frame.size;
    size_t header_size = (size_t)frame.data[6] << 8 | frame.data[7];
    for (size_t n = 0; n < frame.size; n++) {
      uint8_t *begin = end - n;
      rocket_command command;
      memcpy(begin, frame.data, n);
      CHECK_INT(rocket_command_decode(begin, n, &command, NULL), ROCKET_BAD_FRAME);
    }
    for (size_t n = 0; n < header_size; n++) { /* the header itself, in a frame whose lengths agree */
      uint8_t *begin = end - 8 - n;
      rocket_command command;
      memcpy(begin, frame.data, 8 + n);
      begin[2] = (uint8_t)((n + 4) >> 8), begin[3] = (uint8_t)(n + 4), begin[6] = (uint8_t)(n >> 8), begin[7] = (uint8_t)n;
      CHECK(rocket_command_decode(begin, 8 + n, &command, NULL) != ROCKET_OK);
    }
  }
}

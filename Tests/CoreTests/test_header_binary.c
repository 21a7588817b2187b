// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "wire_samples.h"

static int decode(const char *header_hex, rocket_command *out, rocket_fault *fault) {
  size_t size;
  uint8_t *header = sample_hex(header_hex, &size);
  rocket_slice frame = sample_frame(ROCKET_SERIALIZATION_BINARY, rocket_slice_make(header, size), "");
  return rocket_command_decode(test_guarded(frame.data, frame.size), frame.size, out, fault);
}

TEST(header_binary_decodes_javas_frame) {
  rocket_slice frame = sample_frame_number(4), text;
  rocket_command command;
  CHECK_INT(rocket_command_decode(test_guarded(frame.data, frame.size), frame.size, &command, NULL), ROCKET_OK);
  CHECK_INT(command.serialization, ROCKET_SERIALIZATION_BINARY);
  CHECK_INT(command.code, 11);
  CHECK_INT(command.language, 0);
  CHECK_INT(command.version, 0);
  CHECK_INT(command.opaque, 8);
  CHECK_INT(command.flag, 0);
  CHECK_TEXT(command.remark, "r");
  CHECK_INT(command.field_count, 1);
  CHECK_INT(rocket_command_get_named(&command, rocket_slice_of("k"), &text), ROCKET_OK);
  CHECK_TEXT(text, "v");
  CHECK_TEXT(command.body, "\x09\x08");
}

TEST(header_binary_encodes_javas_frame) {
  rocket_slice frame = sample_frame_number(4);
  rocket_command command;
  rocket_buffer out = {0};
  rocket_command_init(&command, 11);
  command.serialization = ROCKET_SERIALIZATION_BINARY;
  command.language = 0;
  command.version = 0;
  command.opaque = 8;
  command.remark = rocket_slice_of("r");
  command.body = rocket_slice_of("\x09\x08");
  rocket_command_set_named(&command, rocket_slice_of("k"), rocket_slice_of("v"));
  CHECK_INT(rocket_command_encode(&command, &out), ROCKET_OK);
  CHECK(rocket_slice_equal(rocket_slice_make(out.data, out.size), frame));
  rocket_buffer_clear(&out);
}

TEST(header_binary_knows_short_names) {
  rocket_slice frame = sample_frame_number(5), text;
  rocket_command command;
  int32_t queue;
  CHECK_INT(rocket_command_decode(test_guarded(frame.data, frame.size), frame.size, &command, NULL), ROCKET_OK);
  CHECK_INT(command.code, 310);
  CHECK_INT(command.flag, 2);
  CHECK_INT(rocket_command_get(&command, ROCKET_FIELD_PRODUCER_GROUP, &text), ROCKET_OK);
  CHECK_TEXT(text, "PG");
  CHECK_INT(rocket_command_get_i32(&command, ROCKET_FIELD_QUEUE_ID, &queue), ROCKET_OK);
  CHECK_INT(queue, 3);
}

TEST(header_binary_empty_means_absent) {
  rocket_command command;
  rocket_slice text;
  CHECK_INT(decode("0000 00 0199 00000001 00000001 00000000 00000000", &command, NULL), ROCKET_OK);
  CHECK(!command.has_fields && command.remark.data == NULL);
  CHECK_INT(decode("0000 00 0199 00000001 00000001 00000000 00000007 0001 6b 00000000", &command, NULL), ROCKET_OK);
  CHECK_INT(rocket_command_get_named(&command, rocket_slice_of("k"), &text), ROCKET_MISSING_FIELD);
  rocket_buffer out = {0};
  rocket_command_init(&command, 11);
  command.serialization = ROCKET_SERIALIZATION_BINARY;
  rocket_command_set(&command, ROCKET_FIELD_TOPIC, rocket_slice_of("T"));
  rocket_command_set(&command, ROCKET_FIELD_SUBSCRIPTION, rocket_slice_of(""));
  CHECK_INT(rocket_command_encode(&command, &out), ROCKET_OK);
  CHECK_INT(rocket_command_decode(out.data, out.size, &command, NULL), ROCKET_OK);
  CHECK_INT(command.field_count, 1);
  rocket_buffer_clear(&out);
}

TEST(header_binary_last_of_several_wins) {
  rocket_command command;
  rocket_slice text;
  CHECK_INT(decode("0000 00 0199 00000001 00000001 00000000 00000010 0001 6b 00000001 31 0001 6b 00000001 32", &command, NULL), ROCKET_OK);
  CHECK_INT(command.field_count, 1);
  CHECK_INT(rocket_command_get_named(&command, rocket_slice_of("k"), &text), ROCKET_OK);
  CHECK_TEXT(text, "2");
}

TEST(header_binary_numbers_are_signed) {
  rocket_command command;
  CHECK_INT(decode("fc18 63 8000 ffffffff 00000001 00000000 00000000", &command, NULL), ROCKET_OK);
  CHECK_INT(command.code, -1000);
  CHECK_INT(command.language, -1);
  CHECK_INT(command.version, -32768);
  CHECK_INT(command.opaque, -1);
}

TEST(header_binary_checks_every_length) {
  static const struct {
    const char *hex;
    uint32_t offset;
    const char *what;
  } cases[] = {
      {"0000 00 0199 00000001 00000001 00000000 000000", 8, "header"},
      {"0000 00 0199 00000001 00000001 00000001 00000000", 26, "extFields"},
      {"0000 00 0199 00000001 00000001 00000005 00000000", 21, "remark"},
      {"0000 00 0199 00000001 00000001 ffffffff 00000000", 21, "remark"},
      {"0000 00 0199 00000001 00000001 00000000 00000001", 25, "extFields"},
      {"0000 00 0199 00000001 00000001 00000000 ffffffff", 25, "extFields"},
      {"0000 00 0199 00000001 00000001 00000000 00000000 00", 29, "headerLength"},
      {"0000 00 0199 00000001 00000001 00000000 00000001 00", 29, "extFields"},
      {"0000 00 0199 00000001 00000001 00000000 00000003 0005 6b", 29, "extFields"},
      {"0000 00 0199 00000001 00000001 00000000 00000003 ffff 6b", 29, "extFields"},
      {"0000 00 0199 00000001 00000001 00000000 00000005 0001 6b 0000", 29, "extFields"},
      {"0000 00 0199 00000001 00000001 00000000 00000008 0001 6b 00000002 76", 29, "extFields"},
      {"0000 00 0199 00000001 00000001 00000000 00000008 0001 6b 80000000 76", 29, "extFields"},
      {"0000 00 0199 00000001 00000001 00000000 00000009 0001 6b 00000001 76 00", 37, "extFields"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rocket_command command;
    rocket_fault fault = {0};
    CHECK_INT(decode(cases[i].hex, &command, &fault), ROCKET_BAD_HEADER);
    if (fault.offset != cases[i].offset || strcmp(fault.what, cases[i].what) != 0)
      test_fail(__FILE__, __LINE__, "case %zu: %s at %u", i, fault.what, fault.offset);
  }
}

TEST(header_binary_refuses_what_does_not_fit) {
  rocket_command command;
  rocket_buffer out = {0};
  rocket_command_init(&command, 200050);
  command.serialization = ROCKET_SERIALIZATION_BINARY;
  CHECK_INT(rocket_command_encode(&command, &out), ROCKET_UNSUPPORTED);
  command.code = 32767;
  CHECK_INT(rocket_command_encode(&command, &out), ROCKET_OK);
  size_t size = out.size;
  command.version = 32768;
  CHECK_INT(rocket_command_encode(&command, &out), ROCKET_UNSUPPORTED);
  command.version = 409;
  char *name = calloc(1, 32768);
  rocket_command_set_named(&command, rocket_slice_make(name, 32768), rocket_slice_of("v"));
  CHECK_INT(rocket_command_encode(&command, &out), ROCKET_TOO_LARGE);
  CHECK_INT(out.size, size);
  CHECK_INT(out.status, ROCKET_OK);
  free(name);
  rocket_buffer_clear(&out);
}

TEST(header_binary_field_count_is_limited) {
  rocket_buffer header = {0};
  rocket_command command;
  uint8_t fixed[21] = {0};
  fixed[19] = 65 * 9 >> 8, fixed[20] = 65 * 9 & 0xFF;
  rocket_buffer_append(&header, fixed, sizeof fixed);
  for (int i = 0; i < 65; i++) {
    uint8_t entry[9] = {0, 2, (uint8_t)('A' + i / 8), (uint8_t)('A' + i % 8), 0, 0, 0, 1, 'v'};
    rocket_buffer_append(&header, entry, sizeof entry);
  }
  rocket_slice frame = sample_frame(ROCKET_SERIALIZATION_BINARY, rocket_slice_make(header.data, header.size), "");
  uint8_t *copy = test_guarded(frame.data, frame.size);
  CHECK_INT(rocket_command_decode(copy, frame.size, &command, NULL), ROCKET_TOO_MANY_FIELDS);
  rocket_buffer_clear(&header);
}

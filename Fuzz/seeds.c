// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Cuts the recorded frames into what the fuzzers start from:  seeds FOLDER  writes FOLDER/<name of the fuzzer>/<number>. */
#include <errno.h>
#include <sys/stat.h>

#include "recording.h"
#include "rocket_message.h"

enum { OFFSET_DELTA = 0x80 }; /* fuzz_pull: the answer has one, of 1000 */

static const char *folder;

/* Named by its contents, so that the same bytes are there once. */
static void save(const char *fuzzer, const void *prefix, size_t prefix_size, rocket_slice bytes) {
  char path[1000];
  if (prefix_size + bytes.size == 0 || bytes.size > 20000) return;
  snprintf(path, sizeof path, "%s/%s", folder, fuzzer);
  if (mkdir(path, 0777) != 0) CHECK_INT(errno, EEXIST);
  snprintf(path, sizeof path, "%s/%s/%08" PRIx32 "-%zu", folder, fuzzer, rocket_crc31(bytes), bytes.size);
  FILE *file = fopen(path, "wb");
  CHECK(file != NULL);
  CHECK_INT(fwrite(prefix, 1, prefix_size, file), prefix_size);
  CHECK_INT(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
  CHECK_INT(fclose(file), 0);
}
static void save_bytes(const char *fuzzer, rocket_slice bytes) { save(fuzzer, "", 0, bytes); }

static void save_records(rocket_slice bytes) {
  rocket_message message;
  save_bytes("fuzz_message", bytes);
  for (size_t at = 0; rocket_message_decode(rocket_slice_make(bytes.data + at, bytes.size - at), &message, NULL) == ROCKET_OK;
       at += message.size) {
    save_bytes("fuzz_message", rocket_slice_make(bytes.data + at, message.size));
    save_bytes("fuzz_properties", message.properties);
    uint8_t type = (uint8_t)((message.sys_flag & ROCKET_SYS_COMPRESSION_MASK) >> 8);
    if (rocket_message_is_compressed(&message)) save("fuzz_decompress", &type, 1, message.body);
  }
}

/* The frame as the pieces that fuzz_frame_reader reads. */
static void save_stream(rocket_slice frame) {
  rocket_buffer out = {0};
  for (size_t at = 0; at < frame.size;) {
    uint8_t size = (uint8_t)(frame.size - at < 100 ? frame.size - at : 100);
    rocket_buffer_append(&out, &size, 1);
    rocket_buffer_append(&out, frame.data + at, size);
    at += size;
  }
  save_bytes("fuzz_frame_reader", rocket_slice_make(out.data, out.size));
  rocket_buffer_clear(&out);
}

static void save_fields(const rocket_command *command) {
  static const rocket_field ids[] = {ROCKET_FIELD_MSG_ID, ROCKET_FIELD_OFFSET_MSG_ID, ROCKET_FIELD_ORIGIN_MSG_ID};
  static const rocket_field addresses[] = {ROCKET_FIELD_BROKER_ADDR, ROCKET_FIELD_CLIENT_ADDR, ROCKET_FIELD_STORE_HOST};
  rocket_slice value;
  for (int i = 0; i < 3; i++) {
    if (rocket_command_get(command, ids[i], &value) == ROCKET_OK) save_bytes("fuzz_ids", value);
    if (rocket_command_get(command, addresses[i], &value) == ROCKET_OK) save_bytes("fuzz_address", value);
  }
  if (rocket_command_get(command, ROCKET_FIELD_PROPERTIES, &value) == ROCKET_OK) save_bytes("fuzz_properties", value);
  for (uint32_t i = 0; i < command->field_count; i++) save_bytes("fuzz_json_string", command->fields[i].value);
}

/* The answer to a pull as fuzz_pull reads it. */
static void save_found(uint8_t kind, int64_t next, rocket_slice body) {
  uint8_t prefix[11] = {kind};
  for (int i = 0; i < 8; i++) prefix[1 + i] = (uint8_t)((uint64_t)next >> (56 - 8 * i));
  prefix[9] = (uint8_t)(body.size >> 8);
  prefix[10] = (uint8_t)body.size;
  save("fuzz_pull", prefix, sizeof prefix, body);
}

static void save_pull(const rocket_command *response) {
  int64_t next;
  if (response->code != ROCKET_RESPONSE_SUCCESS || response->body.size > UINT16_MAX) return;
  if (rocket_command_get_i64(response, ROCKET_FIELD_NEXT_BEGIN_OFFSET, &next) == ROCKET_OK) save_found(0, next, response->body);
}

static void save_frame(const recorded_frame *frame) {
  const rocket_command *command = &frame->command;
  size_t head = frame->bytes.size - command->body.size;
  save_bytes("fuzz_frame", frame->bytes);
  save_stream(frame->bytes);
  save_fields(command);
  if (command->serialization == ROCKET_SERIALIZATION_JSON) save_bytes("fuzz_json", rocket_slice_make(frame->bytes.data + 8, head - 8));
  if (command->body.size > 0 && (command->body.data[0] == '{' || command->body.data[0] == '[')) save_bytes("fuzz_json", command->body);
  if (recorded_is_response(frame)) save_records(command->body);
  if (!recorded_is_response(frame) && command->code == ROCKET_REQUEST_SEND_BATCH_MESSAGE) save_bytes("fuzz_batch", command->body);
  if (recorded_is_about(frame, ROCKET_REQUEST_PULL_MESSAGE) && recorded_is_response(frame)) save_pull(command);
}

static void save_recording(const recorded_scenario *recording, void *user) {
  (void)user;
  for (size_t i = 0; i < recording->count; i++) save_frame(&recording->frames[i]);
}

/* A batch kept as one record, of `count` messages, between two messages. */
static void save_inner_batch(uint8_t kind, int64_t first, uint8_t record_version, int count) {
  rocket_buffer items = {0}, body = {0};
  for (int i = 0; i < count; i++) {
    rocket_slice properties = i % 2 == 0 ? rocket_slice_of("TAGS\x01" "A\x02") : (rocket_slice){0};
    CHECK_INT(rocket_batch_append(&items, i, rocket_slice_of("body"), properties), ROCKET_OK);
  }
  rocket_message message = {.record_version = record_version,
                            .queue_offset = first,
                            .born_host = {.ip_size = 4},
                            .store_host = {.ip_size = 16},
                            .topic = rocket_slice_of("name")};
  for (int i = 0; i < 3; i++) {
    message.sys_flag = i == 1 ? ROCKET_SYS_INNER_BATCH | ROCKET_SYS_NEED_UNWRAP : 0;
    message.body = i == 1 ? rocket_slice_make(items.data, items.size) : rocket_slice_of("one");
    CHECK_INT(rocket_message_encode(&message, &body), ROCKET_OK);
    message.queue_offset += i == 1 ? count : 1;
  }
  save_found(kind, message.queue_offset + (kind & OFFSET_DELTA ? 1000 : 0), rocket_slice_make(body.data, body.size));
  rocket_buffer_clear(&items);
  rocket_buffer_clear(&body);
}

/* What no recording has. */
static void save_made_up(void) {
  static const char *const addresses[] = {"127.0.0.1:9876", "[::1]:10911", "::1:10911", "[fe80::1%eth0]:1", "host.name:65535"};
  static const rocket_compression types[] = {ROCKET_COMPRESSION_ZLIB_OLD, ROCKET_COMPRESSION_LZ4, ROCKET_COMPRESSION_ZSTD,
                                             ROCKET_COMPRESSION_ZLIB};
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) save_bytes("fuzz_address", rocket_slice_of(addresses[i]));
  for (int count = 0; count < 130; count = count * 2 + 1) save_inner_batch(0, 0, count < 4 ? 1 : 2, count);
  save_inner_batch(OFFSET_DELTA, 7, 1, 3);
  save_bytes("fuzz_ids", rocket_slice_of("FE800000000000000000000000000001000022470000000000000001"));
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    rocket_buffer packed = {0};
    uint8_t type = (uint8_t)(types[i] >> 8);
    CHECK_INT(rocket_compress(types[i], 5, rocket_slice_of("one two three one two three one two three"), &packed), ROCKET_OK);
    save("fuzz_decompress", &type, 1, rocket_slice_make(packed.data, packed.size));
    rocket_buffer_clear(&packed);
  }
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  folder = argv[1];
  recordings_each(save_recording, NULL);
  save_made_up();
  return 0;
}

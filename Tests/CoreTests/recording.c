// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "recording.h"

#include <dirent.h>

#include "rocket_json.h"

static uint8_t *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) test_fail(__FILE__, __LINE__, "cannot read %s", path);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  uint8_t *bytes = malloc(*size + 1);
  CHECK(bytes != NULL && fread(bytes, 1, *size, file) == *size);
  fclose(file);
  return bytes;
}

static bool is(rocket_slice text, const char *word) { return rocket_slice_equal(text, rocket_slice_of(word)); }

static int64_t number_of(rocket_slice text) {
  int64_t value = 0;
  for (size_t i = 0; i < text.size; i++) value = value * 10 + (text.data[i] - '0');
  return value;
}

static recorded_role role_of(rocket_slice text) {
  return is(text, "client") ? RECORDED_CLIENT : is(text, "namesrv") ? RECORDED_NAME_SERVER : RECORDED_BROKER;
}

static rocket_slice bytes_of_hex(rocket_slice hex) {
  char *text = malloc(hex.size + 1);
  CHECK(text != NULL);
  memcpy(text, hex.data, hex.size);
  text[hex.size] = 0;
  size_t size;
  uint8_t *bytes = test_hex(text, &size);
  free(text);
  return rocket_slice_make(bytes, size);
}

/* One line is one JSON object without nesting. */
static void read_line(rocket_slice line, recorded_frame *out) {
  rocket_json_reader reader;
  rocket_json_token name, value;
  rocket_json_reader_init(&reader, line);
  CHECK_INT(rocket_json_next(&reader, &name, NULL), ROCKET_OK);
  for (;;) {
    CHECK_INT(rocket_json_next(&reader, &name, NULL), ROCKET_OK);
    if (name.kind == ROCKET_JSON_OBJECT_END) return;
    CHECK_INT(rocket_json_next(&reader, &value, NULL), ROCKET_OK);
    if (is(name.text, "seq")) out->seq = number_of(value.text);
    if (is(name.text, "conn")) out->connection = number_of(value.text);
    if (is(name.text, "from")) out->from = role_of(value.text);
    if (is(name.text, "to")) out->to = role_of(value.text);
    if (is(name.text, "hex")) out->bytes = bytes_of_hex(value.text);
  }
}

static void decode_frame(const recorded_scenario *recording, recorded_frame *frame) {
  size_t size = 0;
  rocket_fault fault = {0};
  frame->copy = malloc(frame->bytes.size);
  CHECK(frame->copy != NULL);
  memcpy(frame->copy, frame->bytes.data, frame->bytes.size);
  CHECK_RECORDED(recording, frame, rocket_frame_scan(frame->bytes, ROCKET_MAX_FRAME_BYTES, &size) == ROCKET_OK);
  CHECK_RECORDED(recording, frame, size == frame->bytes.size);
  if (rocket_command_decode(frame->copy, size, &frame->command, &fault) != ROCKET_OK)
    test_fail(__FILE__, __LINE__, "%s, seq %" PRId64 ": %s in %s at %u", recording->name, frame->seq,
              rocket_status_name(fault.status), fault.what, fault.offset);
}

/* The latest request with the response's opaque that went the other way over the same connection. */
static void pair_response(const recorded_scenario *recording, recorded_frame *response) {
  for (recorded_frame *frame = response; frame-- > recording->frames;) {
    if (recorded_is_response(frame) || frame->connection != response->connection || frame->from != response->to) continue;
    if (frame->command.opaque != response->command.opaque) continue;
    CHECK_RECORDED(recording, response, frame->response == NULL);
    frame->response = response;
    response->request = frame;
    return;
  }
  test_fail(__FILE__, __LINE__, "%s, seq %" PRId64 ": a response without a request", recording->name, response->seq);
}

static void load(recorded_scenario *out, const char *path) {
  size_t size;
  uint8_t *bytes = read_file(path, &size);
  size_t lines = 0;
  for (size_t i = 0; i < size; i++) lines += bytes[i] == '\n';
  out->frames = calloc(lines + 1, sizeof *out->frames);
  CHECK(out->frames != NULL);
  for (size_t at = 0; at < size;) {
    const uint8_t *end = memchr(bytes + at, '\n', size - at);
    size_t line_size = end ? (size_t)(end - bytes) - at : size - at;
    recorded_frame *frame = &out->frames[out->count];
    read_line(rocket_slice_make(bytes + at, line_size), frame);
    decode_frame(out, frame);
    out->count++;
    if (recorded_is_response(frame)) pair_response(out, frame);
    at += line_size + 1;
  }
  free(bytes);
}

static void unload(recorded_scenario *recording) {
  for (size_t i = 0; i < recording->count; i++) {
    free(recording->frames[i].copy);
    free((void *)(uintptr_t)recording->frames[i].bytes.data);
  }
  free(recording->frames);
}

void recordings_each(void (*check)(const recorded_scenario *recording, void *user), void *user) {
  static const char *const versions[] = {"v4.9.8", "v5.3.3"};
  for (int v = 0; v < 2; v++) {
    char directory[1000];
    struct dirent **entries;
    snprintf(directory, sizeof directory, "%s/wire/%s", FIXTURES, versions[v]);
    int count = scandir(directory, &entries, NULL, alphasort);
    if (count < 0) test_fail(__FILE__, __LINE__, "no recordings in %s", directory);
    for (int i = 0; i < count; i++) {
      char path[1300];
      recorded_scenario recording = {0};
      snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
      snprintf(recording.name, sizeof recording.name, "%s/%s", versions[v], entries[i]->d_name);
      if (strstr(entries[i]->d_name, ".jsonl")) {
        load(&recording, path);
        check(&recording, user);
        unload(&recording);
      }
      free(entries[i]);
    }
    free(entries);
  }
}

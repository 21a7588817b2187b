// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Recorded conversations of Java peers: Tests/Fixtures/wire. */
#ifndef RECORDING_H
#define RECORDING_H

#include "rocket_command.h"
#include "test.h"

typedef enum recorded_role { RECORDED_CLIENT, RECORDED_NAME_SERVER, RECORDED_BROKER } recorded_role;

typedef struct recorded_frame {
  int64_t seq;
  recorded_role from;
  recorded_role to;
  int64_t connection;
  rocket_slice bytes;     /* as recorded */
  uint8_t *copy;          /* what `command` was decoded from */
  rocket_command command;
  const struct recorded_frame *request;  /* of a response */
  const struct recorded_frame *response; /* of a request; NULL: none came */
} recorded_frame;

typedef struct recorded_scenario {
  char name[300]; /* "v4.9.8/a_push.jsonl" */
  recorded_frame *frames;
  size_t count;
} recorded_scenario;

/* Calls `check` for every recording, in order. A frame that cannot be decoded or a response without a request fails the test. */
void recordings_each(void (*check)(const recorded_scenario *recording, void *user), void *user);

/* CHECK for one recorded frame: names the file and the frame's number. */
#define CHECK_RECORDED(recording, frame, condition)                                                            \
  do {                                                                                                         \
    if (!(condition))                                                                                          \
      test_fail(__FILE__, __LINE__, "%s, seq %" PRId64 ": %s", (recording)->name, (frame)->seq, #condition);   \
  } while (0)

static inline bool recorded_is_response(const recorded_frame *frame) { return (frame->command.flag & ROCKET_FLAG_RESPONSE) != 0; }

/* True for a request of `code`, or for the response to one. */
static inline bool recorded_is_about(const recorded_frame *frame, int32_t code) {
  const recorded_frame *request = recorded_is_response(frame) ? frame->request : frame;
  return request->command.code == code;
}

#endif

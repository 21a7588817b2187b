// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A puller with its queue and its recorded events, and brokers that answer its pulls one by one as the test says. */
#ifndef PULLER_FIXTURE_H
#define PULLER_FIXTURE_H

#include "net_fixture.h"
#include "process_queue_fixture.h"
#include "rocket_puller.h"

/* ---- Brokers ---- */

/* One pull as it arrived. */
typedef struct seen_pull {
  rocket_connection connection;
  rocket_command request; /* its opaque and the like; its slices are gone */
  uint64_t at_ms;
  uint32_t field_count;
  int64_t queue_id, queue_offset, max_msg_nums, sys_flag, commit_offset, suspend_ms, sub_version;
  char group[64], topic[64], expression_type[64], subscription[64], broker_name[64]; /* "": absent */
} seen_pull;

typedef struct test_broker {
  rocket_loop *loop;
  rocket_listener *listener;
  char address[64];
  uint16_t port;
  net_counter pulls;
  seen_pull seen[256];
} test_broker;

void broker_open(test_broker *broker);
/* Another one on the same port, as after a restart. */
void broker_reopen(test_broker *broker);
void broker_close(test_broker *broker);
/* Waits for the pull with number `n`; 1 is the first. */
const seen_pull *broker_await(test_broker *broker, int64_t n);
/* True when no further pull has come for `ms`: only for "nothing happens". */
bool broker_is_quiet(test_broker *broker, unsigned ms);

/* An answer. Fields with NULL text are left out; numbers are text so that garbage can be sent. */
typedef struct broker_answer {
  int32_t code;
  const char *next, *min, *max, *suggested, *delta;
  const char *remark;
  rocket_slice body;
} broker_answer;
void broker_send(test_broker *broker, const seen_pull *pull, broker_answer answer);
/* The usual ones: a position, master suggested. */
void broker_send_found(test_broker *broker, const seen_pull *pull, int64_t next, const rocket_buffer *body);
void broker_send_nothing(test_broker *broker, const seen_pull *pull, int32_t code, int64_t next);

/* Appends a record with a body of 10 bytes; `tag` may be NULL. */
void add_record(rocket_buffer *body, int64_t queue_offset, const char *tag);
/* A buffer that clears itself at the end of its block. */
#define BODY __attribute__((cleanup(rocket_buffer_clear))) rocket_buffer
/* `count` records without a tag. */
rocket_buffer some_records(int64_t queue_offset, int count);

/* ---- The puller ---- */

typedef struct test_event {
  rocket_puller_event event;
  uint64_t at_ms;
  char remark[64], address[64];
} test_event;

typedef struct puller_rig {
  test_broker broker; /* the only master, until a test says otherwise */
  rocket_loop *loop;
  rocket_process_queue_options queue_options;
  rocket_process_queue *queue;
  rocket_broker_address addresses[4];
  rocket_puller_options options;
  rocket_puller *puller;
  net_counter events, dropped;
  test_event recorded[512];
  int64_t read; /* events that next_event has returned */
} puller_rig;

/* Opens the broker, which it returns, and a loop, and makes options; change them, then rig_start. */
test_broker *rig_open(puller_rig *rig);
void rig_make(puller_rig *rig);
void rig_start(puller_rig *rig);
/* The next event, which must be of this kind; waits for it. */
const test_event *next_event(puller_rig *rig, rocket_puller_event_kind kind);
/* Takes and acknowledges so many messages, one by one. */
void rig_finish(puller_rig *rig, uint32_t count);
/* Stops (when it still runs), checks that STOPPED was the last event and drop ran once, frees everything and closes the broker. */
void rig_close(puller_rig *rig);

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Every frame that Java peers sent each other in the recorded scenarios. */
#include "recording.h"
#include "rocket_json.h"

typedef struct counts {
  unsigned requests, oneways, responses, refused, fields, bodies, object_keys;
} counts;

/* Which requests a server starts. The others are a client's. */
static bool is_server_request(int32_t code) {
  switch (code) {
  case ROCKET_REQUEST_CHECK_TRANSACTION_STATE:
  case ROCKET_REQUEST_NOTIFY_CONSUMER_IDS_CHANGED:
  case ROCKET_REQUEST_RESET_CONSUMER_CLIENT_OFFSET:
  case ROCKET_REQUEST_GET_CONSUMER_STATUS_FROM_CLIENT:
  case ROCKET_REQUEST_PUSH_REPLY_MESSAGE_TO_CLIENT: return true;
  default: return false;
  }
}
/* These are asked of a broker, which passes them on to the consumer. */
static bool is_passed_on(int32_t code) {
  return code == ROCKET_REQUEST_GET_CONSUMER_RUNNING_INFO || code == ROCKET_REQUEST_CONSUME_MESSAGE_DIRECTLY;
}

static void check_directions(const recorded_scenario *recording, void *user) {
  counts *tally = user;
  for (size_t i = 0; i < recording->count; i++) {
    const recorded_frame *frame = &recording->frames[i];
    CHECK_RECORDED(recording, frame, (frame->from == RECORDED_CLIENT) != (frame->to == RECORDED_CLIENT));
    CHECK_RECORDED(recording, frame, frame->command.flag >= 0 && frame->command.flag <= 2);
    CHECK_RECORDED(recording, frame, frame->command.language == 0 && frame->command.version >= 409);
    if (recorded_is_response(frame)) {
      tally->responses++;
      /* the Java client refuses a oneway it does not know, and says so */
      bool refused = frame->command.code == ROCKET_RESPONSE_REQUEST_CODE_NOT_SUPPORTED && frame->from == RECORDED_CLIENT;
      CHECK_RECORDED(recording, frame, refused || (frame->request->command.flag & ROCKET_FLAG_ONEWAY) == 0);
      if (refused) tally->refused++;
      continue;
    }
    tally->requests++;
    if (frame->command.flag & ROCKET_FLAG_ONEWAY) tally->oneways++;
    CHECK_RECORDED(recording, frame, frame->from != RECORDED_NAME_SERVER);
    if (!is_passed_on(frame->command.code))
      CHECK_RECORDED(recording, frame, is_server_request(frame->command.code) == (frame->from == RECORDED_BROKER));
  }
}

TEST(recorded_frames_decode_and_pair) {
  counts tally = {0};
  recordings_each(check_directions, &tally);
  CHECK_INT(tally.requests, 1770);
  CHECK_INT(tally.oneways, 297);
  CHECK_INT(tally.responses, 1393);
  CHECK_INT(tally.refused, 3);
}

/* The requests that were made wrong on purpose, and what is wrong with them. */
static const struct {
  const char *name;
  int64_t seq;
  int status;
  rocket_field field;
} broken_on_purpose[] = {
    {"v4.9.8/h_errors.jsonl", 13, ROCKET_MISSING_FIELD, ROCKET_FIELD_TOPIC},          /* route */
    {"v4.9.8/h_errors.jsonl", 53, ROCKET_MISSING_FIELD, ROCKET_FIELD_PRODUCER_GROUP}, /* send */
    {"v4.9.8/h_errors.jsonl", 55, ROCKET_BAD_FIELD, ROCKET_FIELD_QUEUE_ID},           /* send to queue "abc" */
    {"v5.3.3/h_errors.jsonl", 9, ROCKET_MISSING_FIELD, ROCKET_FIELD_TOPIC},
    {"v5.3.3/h_errors.jsonl", 45, ROCKET_MISSING_FIELD, ROCKET_FIELD_PRODUCER_GROUP},
    {"v5.3.3/h_errors.jsonl", 47, ROCKET_BAD_FIELD, ROCKET_FIELD_QUEUE_ID},
};
enum { BROKEN = sizeof broken_on_purpose / sizeof broken_on_purpose[0] };

static void check_mandatory_fields(const recorded_scenario *recording, void *user) {
  unsigned *found = user;
  for (size_t i = 0; i < recording->count; i++) {
    const recorded_frame *frame = &recording->frames[i];
    rocket_field field = ROCKET_FIELD_UNKNOWN;
    int expected = ROCKET_OK, status = rocket_command_check_request(&frame->command, &field);
    rocket_field expected_field = ROCKET_FIELD_UNKNOWN;
    for (int b = 0; b < BROKEN; b++) {
      if (strcmp(broken_on_purpose[b].name, recording->name) != 0 || broken_on_purpose[b].seq != frame->seq) continue;
      expected = broken_on_purpose[b].status;
      expected_field = broken_on_purpose[b].field;
      *found += 1;
    }
    if (status != expected || field != expected_field)
      test_fail(__FILE__, __LINE__, "%s, seq %" PRId64 ": %s %s, %s", recording->name, frame->seq,
                rocket_request_name(frame->command.code), rocket_status_name(status), rocket_field_name(field));
  }
}

TEST(recorded_frames_have_their_mandatory_fields) {
  unsigned found = 0;
  recordings_each(check_mandatory_fields, &found);
  CHECK_INT(found, BROKEN);
}

/* What both serializations carry; an empty value is absent in binary. */
static void check_same_command(const recorded_scenario *recording, const recorded_frame *frame, const rocket_command *again) {
  const rocket_command *command = &frame->command;
  bool binary = again->serialization == ROCKET_SERIALIZATION_BINARY;
  CHECK_RECORDED(recording, frame, again->code == command->code && again->flag == command->flag);
  CHECK_RECORDED(recording, frame, again->opaque == command->opaque && again->version == command->version);
  CHECK_RECORDED(recording, frame, again->language == command->language);
  CHECK_RECORDED(recording, frame, rocket_slice_equal(again->remark, command->remark));
  CHECK_RECORDED(recording, frame, rocket_slice_equal(again->body, command->body));
  CHECK_RECORDED(recording, frame, binary || again->has_fields == command->has_fields);
  uint32_t empty = 0;
  for (uint32_t i = 0; i < command->field_count; i++) {
    rocket_slice value;
    const rocket_command_field *field = &command->fields[i];
    if (binary && field->value.size == 0) {
      empty++;
      continue;
    }
    CHECK_RECORDED(recording, frame, rocket_command_get_named(again, field->name, &value) == ROCKET_OK);
    CHECK_RECORDED(recording, frame, rocket_slice_equal(value, field->value));
    if (field->field == ROCKET_FIELD_UNKNOWN) continue;
    CHECK_RECORDED(recording, frame, rocket_command_get(again, field->field, &value) == ROCKET_OK);
    CHECK_RECORDED(recording, frame, rocket_slice_equal(value, field->value));
  }
  CHECK_RECORDED(recording, frame, again->field_count + empty == command->field_count);
}

/* A 5.x client writes empty values in binary; they read as absent, so they are not written again. */
static bool drops_empty_values(const recorded_frame *frame) {
  return frame->command.serialization == ROCKET_SERIALIZATION_BINARY && frame->command.version > ROCKET_VERSION_4_9_8;
}

static void check_encoding_again(const recorded_scenario *recording, void *user) {
  counts *tally = user;
  for (size_t i = 0; i < recording->count; i++) {
    const recorded_frame *frame = &recording->frames[i];
    for (int type = 0; type < 2; type++) {
      rocket_command command = frame->command, again;
      rocket_buffer out = {0};
      command.serialization = (rocket_serialization)type;
      CHECK_RECORDED(recording, frame, rocket_command_encode(&command, &out) == ROCKET_OK);
      if (frame->command.serialization == command.serialization && !drops_empty_values(frame))
        CHECK_RECORDED(recording, frame, rocket_slice_equal(rocket_slice_make(out.data, out.size), frame->bytes));
      CHECK_RECORDED(recording, frame, rocket_command_decode(out.data, out.size, &again, NULL) == ROCKET_OK);
      check_same_command(recording, frame, &again);
      tally->fields += again.field_count;
      rocket_buffer_clear(&out);
    }
  }
}

TEST(recorded_frames_survive_encoding_again) {
  counts tally = {0};
  recordings_each(check_encoding_again, &tally);
  CHECK(tally.fields > 10000);
}

/* A request made field by field, as the client will make it, against the one Java made. */
static void check_building_again(const recorded_scenario *recording, void *user) {
  counts *tally = user;
  for (size_t i = 0; i < recording->count; i++) {
    const recorded_frame *frame = &recording->frames[i];
    rocket_command command;
    rocket_buffer out = {0};
    if (recorded_is_response(frame)) continue;
    rocket_command_init(&command, frame->command.code);
    command.flag = frame->command.flag;
    command.opaque = frame->command.opaque;
    command.version = frame->command.version;
    command.language = frame->command.language;
    command.serialization = frame->command.serialization;
    command.remark = frame->command.remark;
    command.body = frame->command.body;
    command.has_fields = frame->command.has_fields;
    for (uint32_t f = 0; f < frame->command.field_count; f++) {
      const rocket_command_field *field = &frame->command.fields[f];
      int64_t number;
      int status = field->field == ROCKET_FIELD_UNKNOWN ? rocket_command_set_named(&command, field->name, field->value)
                   : rocket_command_get_i64(&frame->command, field->field, &number) == ROCKET_OK
                       ? rocket_command_set_i64(&command, field->field, number)
                       : rocket_command_set(&command, field->field, field->value);
      CHECK_RECORDED(recording, frame, status == ROCKET_OK);
    }
    CHECK_RECORDED(recording, frame, rocket_command_encode(&command, &out) == ROCKET_OK);
    if (!drops_empty_values(frame))
      CHECK_RECORDED(recording, frame, rocket_slice_equal(rocket_slice_make(out.data, out.size), frame->bytes));
    tally->requests++;
    rocket_buffer_clear(&out);
  }
}

TEST(recorded_frames_are_built_byte_for_byte) {
  counts tally = {0};
  recordings_each(check_building_again, &tally);
  CHECK_INT(tally.requests, 1770);
}

/* Bodies that begin like JSON; messages and properties texts do not. */
static bool looks_like_json(rocket_slice body) { return body.size > 0 && (body.data[0] == '{' || body.data[0] == '['); }

/* "{not json": a heartbeat that was to be refused. */
static int64_t broken_body_seq(const recorded_scenario *recording) {
  return strcmp(recording->name, "v4.9.8/h_errors.jsonl") == 0 ? 175 : strcmp(recording->name, "v5.3.3/h_errors.jsonl") == 0 ? 136 : -1;
}

static void check_json_bodies(const recorded_scenario *recording, void *user) {
  counts *tally = user;
  for (size_t i = 0; i < recording->count; i++) {
    const recorded_frame *frame = &recording->frames[i];
    rocket_json_reader reader;
    rocket_json_token token = {0};
    rocket_fault fault;
    bool has_object_key = false;
    if (!looks_like_json(frame->command.body) || frame->seq == broken_body_seq(recording)) continue;
    rocket_json_reader_init(&reader, frame->command.body);
    do {
      rocket_json_kind before = token.kind;
      if (rocket_json_next(&reader, &token, &fault) != ROCKET_OK)
        test_fail(__FILE__, __LINE__, "%s, seq %" PRId64 ": no %s at %u", recording->name, frame->seq, fault.what, fault.offset);
      if (before == ROCKET_JSON_OBJECT_BEGIN && token.kind == ROCKET_JSON_OBJECT_BEGIN) has_object_key = true;
    } while (token.kind != ROCKET_JSON_END);
    tally->bodies++;
    if (recorded_is_response(frame)) tally->responses++;
    if (has_object_key) tally->object_keys++;
  }
}

TEST(recorded_bodies_pass_the_json_reader) {
  counts tally = {0};
  recordings_each(check_json_bodies, &tally);
  CHECK_INT(tally.bodies, 615);
  CHECK_INT(tally.responses, 435);
  CHECK_INT(tally.object_keys, 20);
}

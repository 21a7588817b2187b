// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Every stored message that Java brokers delivered in the recorded scenarios, against the send that produced it. */
#include "recording.h"
#include "rocket_message.h"

enum { MOST_SENDS = 100, BODY_LIMIT = ROCKET_MAX_BODY_BYTES };

/* One message as a producer sent it. */
typedef struct sent_message {
  rocket_slice key; /* UNIQ_KEY; absent from sends made by hand */
  rocket_slice topic;
  rocket_slice body;
  rocket_slice properties;
  int32_t sys_flag;
  int32_t flag;
  int64_t born_at_ms;
  rocket_slice offset_id; /* from the answer; absent when there was none */
} sent_message;

typedef struct sent_list {
  sent_message all[MOST_SENDS];
  size_t count;
} sent_list;

typedef struct counts {
  unsigned sent, batch_items, records, pulled, compressed, same_id, without_key;
} counts;

/* The part of a comma-joined list. */
static rocket_slice list_part(rocket_slice list, size_t index) {
  const uint8_t *at = list.data, *end = list.data + list.size;
  for (;; index--) {
    const uint8_t *comma = memchr(at, ',', (size_t)(end - at));
    if (index == 0 || !comma) return rocket_slice_make(at, (size_t)((comma ? comma : end) - at));
    at = comma + 1;
  }
}

static void add_send(sent_list *sends, const recorded_scenario *recording, const recorded_frame *frame, sent_message message,
                     size_t index) {
  const recorded_frame *response = frame->response;
  CHECK_RECORDED(recording, frame, sends->count < MOST_SENDS);
  rocket_property_find(message.properties, rocket_slice_of("UNIQ_KEY"), &message.key);
  if (response && response->command.code == ROCKET_RESPONSE_SUCCESS) {
    CHECK_RECORDED(recording, frame, rocket_command_get(&response->command, ROCKET_FIELD_MSG_ID, &message.offset_id) == ROCKET_OK);
    message.offset_id = list_part(message.offset_id, index);
  }
  sends->all[sends->count++] = message;
}

static bool is_send(const recorded_frame *frame) {
  if (recorded_is_response(frame)) return false;
  switch (frame->command.code) {
  case ROCKET_REQUEST_SEND_MESSAGE:
  case ROCKET_REQUEST_SEND_MESSAGE_V2:
  case ROCKET_REQUEST_SEND_BATCH_MESSAGE:
  case ROCKET_REQUEST_SEND_REPLY_MESSAGE_V2: return true;
  default: return false;
  }
}

static void collect_batch(sent_list *sends, const recorded_scenario *recording, const recorded_frame *frame, sent_message message,
                          counts *tally) {
  rocket_slice rest = frame->command.body;
  rocket_buffer again = {0};
  for (size_t index = 0; rest.size > 0; index++) {
    rocket_batch_item item;
    CHECK_RECORDED(recording, frame, rocket_batch_decode(rest, &item, NULL) == ROCKET_OK);
    CHECK_RECORDED(recording, frame, rocket_batch_append(&again, item.flag, item.body, item.properties) == ROCKET_OK);
    message.body = item.body;
    message.properties = item.properties;
    message.flag = item.flag;
    add_send(sends, recording, frame, message, index);
    rest = rocket_slice_make(rest.data + item.size, rest.size - item.size);
    tally->batch_items++;
  }
  CHECK_RECORDED(recording, frame, rocket_slice_equal(rocket_slice_make(again.data, again.size), frame->command.body));
  rocket_buffer_clear(&again);
}

static void collect_sends(sent_list *sends, const recorded_scenario *recording, counts *tally) {
  sends->count = 0;
  for (size_t i = 0; i < recording->count; i++) {
    const recorded_frame *frame = &recording->frames[i];
    const rocket_command *command = &frame->command;
    sent_message message = {.body = command->body};
    if (!is_send(frame) || rocket_command_check_request(command, NULL) != ROCKET_OK) continue;
    rocket_command_get(command, ROCKET_FIELD_TOPIC, &message.topic);
    rocket_command_get(command, ROCKET_FIELD_PROPERTIES, &message.properties);
    rocket_command_get_i32(command, ROCKET_FIELD_SYS_FLAG, &message.sys_flag);
    rocket_command_get_i32(command, ROCKET_FIELD_FLAG, &message.flag);
    rocket_command_get_i64(command, ROCKET_FIELD_BORN_TIMESTAMP, &message.born_at_ms);
    tally->sent++;
    if (command->code == ROCKET_REQUEST_SEND_BATCH_MESSAGE) collect_batch(sends, recording, frame, message, tally);
    else add_send(sends, recording, frame, message, 0);
  }
}

/* Only what brokers and clients add or change on the way may differ. */
static bool may_differ(rocket_slice name) {
  static const char *const names[] = {"WAIT", "DELAY", "RETRY_TOPIC", "REAL_TOPIC", "REAL_QID", "ORIGIN_MESSAGE_ID", "RECONSUME_TIME",
                                      "MAX_RECONSUME_TIMES", "TRANSACTION_CHECK_TIMES", "TRAN_MSG"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (rocket_slice_equal(name, rocket_slice_of(names[i]))) return true;
  return false;
}

/* Among several of one name too: a 5.x broker appends the key of a whole batch to each of its messages. */
static bool has_property(const rocket_message *message, rocket_slice name, rocket_slice value) {
  size_t cursor = 0;
  rocket_slice each_name, each_value;
  while (rocket_property_next(message->properties, &cursor, &each_name, &each_value))
    if (rocket_slice_equal(each_name, name) && rocket_slice_equal(each_value, value)) return true;
  return false;
}

static bool has_properties_of(const rocket_message *message, const sent_message *sent) {
  size_t cursor = 0;
  rocket_slice name, value;
  while (rocket_property_next(sent->properties, &cursor, &name, &value))
    if (!may_differ(name) && !has_property(message, name, value)) return false;
  return true;
}

static bool is_same_body(const rocket_message *message, const sent_message *sent, counts *tally) {
  rocket_message original = {.sys_flag = sent->sys_flag, .body = sent->body};
  rocket_buffer a = {0}, b = {0};
  bool same = rocket_message_body(message, BODY_LIMIT, &a) == ROCKET_OK && rocket_message_body(&original, BODY_LIMIT, &b) == ROCKET_OK &&
              rocket_slice_equal(rocket_slice_make(a.data, a.size), rocket_slice_make(b.data, b.size));
  if (same && rocket_message_is_compressed(message)) {
    same = a.size > message->body.size && rocket_crc31(message->body) == message->body_crc;
    tally->compressed++;
  }
  rocket_buffer_clear(&a);
  rocket_buffer_clear(&b);
  return same;
}

/* A record that is the send's own: neither a delayed, a retried nor a half message, whose ids are of other records. */
static bool is_stored_directly(const rocket_message *message, const sent_message *sent) {
  rocket_slice value;
  return rocket_slice_equal(message->topic, sent->topic) && message->reconsume_times == 0 && sent->offset_id.data &&
         !rocket_property_find(message->properties, rocket_slice_of("REAL_TOPIC"), &value) &&
         (message->sys_flag & ROCKET_SYS_TRANSACTION_MASK) == 0;
}

static bool comes_from(const rocket_message *message, const sent_message *sent, counts *tally) {
  char id[ROCKET_ID_TEXT_SIZE];
  rocket_offset_id_format(&message->store_host, message->commit_log_offset, id);
  bool same_id = rocket_slice_equal(sent->offset_id, rocket_slice_of(id));
  if (sent->key.data ? !has_property(message, rocket_slice_of("UNIQ_KEY"), sent->key) : !same_id) return false;
  if (!is_same_body(message, sent, tally) || !has_properties_of(message, sent)) return false;
  if (message->flag != sent->flag || message->born_at_ms != sent->born_at_ms) return false;
  if (!is_stored_directly(message, sent)) return true;
  if (same_id) tally->same_id++;
  return same_id;
}

static void check_encodes_again(const recorded_scenario *recording, const recorded_frame *frame, const rocket_message *message,
                                rocket_slice record) {
  rocket_buffer out = {0};
  CHECK_RECORDED(recording, frame, rocket_message_encode(message, &out) == ROCKET_OK);
  CHECK_RECORDED(recording, frame, message->record_version == 1);
  CHECK_RECORDED(recording, frame, rocket_slice_equal(rocket_slice_make(out.data, out.size), record));
  rocket_buffer_clear(&out);
}

static void check_records(const recorded_scenario *recording, const recorded_frame *frame, const sent_list *sends, counts *tally) {
  rocket_slice rest = frame->command.body, key;
  CHECK_RECORDED(recording, frame, rest.size > 0);
  while (rest.size > 0) {
    rocket_message message;
    rocket_fault fault;
    if (rocket_message_decode(rest, &message, &fault) != ROCKET_OK)
      test_fail(__FILE__, __LINE__, "%s, seq %" PRId64 ": %s at %u", recording->name, frame->seq, fault.what, fault.offset);
    tally->records++;
    check_encodes_again(recording, frame, &message, rocket_slice_make(rest.data, message.size));
    rest = rocket_slice_make(rest.data + message.size, rest.size - message.size);
    if (!rocket_property_find(message.properties, rocket_slice_of("UNIQ_KEY"), &key)) tally->without_key++;
    size_t i = 0;
    while (i < sends->count && !comes_from(&message, &sends->all[i], tally)) i++;
    if (i == sends->count)
      test_fail(__FILE__, __LINE__, "%s, seq %" PRId64 ": no send of queue offset %" PRId64, recording->name, frame->seq,
                message.queue_offset);
  }
}

/* What the broker says about a pull's messages is what is in them. */
static void check_pulled(const recorded_scenario *recording, const recorded_frame *frame, counts *tally) {
  rocket_slice rest = frame->command.body;
  int64_t begin, end;
  int32_t queue;
  rocket_message message;
  CHECK_RECORDED(recording, frame, rocket_command_get_i64(&frame->request->command, ROCKET_FIELD_QUEUE_OFFSET, &begin) == ROCKET_OK);
  CHECK_RECORDED(recording, frame, rocket_command_get_i32(&frame->request->command, ROCKET_FIELD_QUEUE_ID, &queue) == ROCKET_OK);
  CHECK_RECORDED(recording, frame, rocket_command_get_i64(&frame->command, ROCKET_FIELD_NEXT_BEGIN_OFFSET, &end) == ROCKET_OK);
  for (; rest.size > 0; rest = rocket_slice_make(rest.data + message.size, rest.size - message.size)) {
    CHECK_RECORDED(recording, frame, rocket_message_decode(rest, &message, NULL) == ROCKET_OK);
    CHECK_RECORDED(recording, frame, message.queue_id == queue);
    CHECK_RECORDED(recording, frame, message.queue_offset >= begin && message.queue_offset < end);
    begin = message.queue_offset + 1;
    tally->pulled++;
  }
}

/* Answers with messages, and requests that carry one. */
static bool carries_records(const recorded_frame *frame) {
  if (!recorded_is_response(frame))
    return frame->command.code == ROCKET_REQUEST_CHECK_TRANSACTION_STATE ||
           (frame->command.code == ROCKET_REQUEST_CONSUME_MESSAGE_DIRECTLY && frame->from == RECORDED_BROKER);
  return frame->command.code == ROCKET_RESPONSE_SUCCESS &&
         (recorded_is_about(frame, ROCKET_REQUEST_PULL_MESSAGE) || recorded_is_about(frame, ROCKET_REQUEST_LITE_PULL_MESSAGE) ||
          recorded_is_about(frame, ROCKET_REQUEST_QUERY_MESSAGE) || recorded_is_about(frame, ROCKET_REQUEST_VIEW_MESSAGE_BY_ID));
}

static void check_messages(const recorded_scenario *recording, void *user) {
  static sent_list sends;
  collect_sends(&sends, recording, user);
  for (size_t i = 0; i < recording->count; i++) {
    const recorded_frame *frame = &recording->frames[i];
    if (!carries_records(frame)) continue;
    check_records(recording, frame, &sends, user);
    if (recorded_is_about(frame, ROCKET_REQUEST_PULL_MESSAGE)) check_pulled(recording, frame, user);
  }
}

TEST(recorded_messages_match_their_sends) {
  counts tally = {0};
  recordings_each(check_messages, &tally);
  CHECK_INT(tally.sent, 167);
  CHECK_INT(tally.batch_items, 6);
  CHECK_INT(tally.records, 205);
  CHECK_INT(tally.pulled, 197);
  CHECK_INT(tally.same_id, 181);
  CHECK_INT(tally.compressed, 5);
  CHECK_INT(tally.without_key, 17);
}

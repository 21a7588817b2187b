// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The functions that allocate and need no loop, with each of their allocations failing in turn. */
#include "malloc_count.h"
#include "rocket_command.h"
#include "rocket_events.h"
#include "rocket_json.h"
#include "rocket_message.h"
#include "rocket_process_queue.h"
#include "swept_functions.h"
#include "test.h"

enum { PLAIN_BYTES = 20000 };

/* ---- What appends to a buffer ---- */

static const char before[] = "before";

/* A buffer that holds something already, and whatever it has to grow by is asked for after sweep_begin. */
static rocket_buffer begin_buffer(sweep *s) {
  rocket_buffer buffer;
  rocket_buffer_init(&buffer, s->allocator);
  CHECK_INT(rocket_buffer_append(&buffer, before, sizeof before), ROCKET_OK);
  sweep_begin(s);
  return buffer;
}

/* A failure leaves what was there, and nothing more. */
static int end_buffer(rocket_buffer *buffer, int status) {
  if (status != ROCKET_OK) CHECK_INT(buffer->size, sizeof before);
  CHECK(buffer->size >= sizeof before && memcmp(buffer->data, before, sizeof before) == 0);
  rocket_buffer_clear(buffer);
  return status;
}

/* Text that neither fits the first piece of memory nor compresses to nothing. */
static rocket_slice plain_bytes(void) {
  static uint8_t bytes[PLAIN_BYTES];
  uint32_t random = 1;
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)('a' + ((random = random * 1103515245 + 12345) >> 16) % 16);
  return rocket_slice_make(bytes, sizeof bytes);
}

static int buffer_append(sweep *s) {
  rocket_buffer out = begin_buffer(s);
  rocket_slice bytes = plain_bytes();
  return end_buffer(&out, rocket_buffer_append(&out, bytes.data, bytes.size));
}

static int buffer_reserve(sweep *s) {
  rocket_buffer out = begin_buffer(s);
  return end_buffer(&out, rocket_buffer_reserve(&out, PLAIN_BYTES));
}

static void fill(rocket_command *command, rocket_serialization serialization) {
  rocket_slice text = plain_bytes();
  rocket_command_init(command, ROCKET_REQUEST_SEND_MESSAGE_V2);
  command->serialization = serialization;
  command->remark = rocket_slice_make(text.data, 300);
  command->body = text;
  CHECK_INT(rocket_command_set(command, ROCKET_FIELD_PROPERTIES, rocket_slice_make(text.data, 3000)), ROCKET_OK);
  CHECK_INT(rocket_command_set_named(command, rocket_slice_of("\"escaped\""), rocket_slice_of("\n")), ROCKET_OK);
}

static int encode(sweep *s, rocket_serialization serialization) {
  rocket_command command;
  fill(&command, serialization);
  rocket_buffer out = begin_buffer(s);
  return end_buffer(&out, rocket_command_encode(&command, &out));
}
static int command_encode_json(sweep *s) { return encode(s, ROCKET_SERIALIZATION_JSON); }
static int command_encode_binary(sweep *s) { return encode(s, ROCKET_SERIALIZATION_BINARY); }

static int command_encode_head(sweep *s) {
  rocket_command command;
  fill(&command, ROCKET_SERIALIZATION_JSON);
  rocket_buffer out = begin_buffer(s);
  return end_buffer(&out, rocket_command_encode_head(&command, 100, &out));
}

static int json_append_string(sweep *s) {
  char text[2000];
  memset(text, '\n', sizeof text); /* each becomes two bytes, so the first estimate does not do */
  rocket_buffer out = begin_buffer(s);
  return end_buffer(&out, rocket_json_append_string(&out, rocket_slice_make(text, sizeof text)));
}

/* A key that is an object needs a copy of its own. */
static int json_to_standard(sweep *s) {
  char text[1000];
  snprintf(text, sizeof text, "{{\"key\":\"%0500d\"}:1,2:\"%0400d\"}", 0, 0);
  rocket_buffer out = begin_buffer(s);
  return end_buffer(&out, rocket_json_to_standard(rocket_slice_of(text), &out, NULL));
}

static int message_encode(sweep *s) {
  rocket_message message = {.record_version = 1, .born_host.ip_size = 4, .store_host.ip_size = 16, .body = plain_bytes()};
  rocket_buffer out = begin_buffer(s);
  return end_buffer(&out, rocket_message_encode(&message, &out));
}

static int batch_append(sweep *s) {
  rocket_buffer out = begin_buffer(s);
  return end_buffer(&out, rocket_batch_append(&out, 0, plain_bytes(), rocket_slice_of("A\001b\002")));
}

static int property_append(sweep *s) {
  rocket_buffer out = begin_buffer(s);
  return end_buffer(&out, rocket_property_append(&out, rocket_slice_of("NAME"), plain_bytes()));
}

/* ---- Compression ---- */

static int compress_as(sweep *s, rocket_compression type, int level) {
  rocket_slice plain = plain_bytes();
  rocket_buffer out = begin_buffer(s);
  return end_buffer(&out, rocket_compress(type, level, plain, &out));
}
static int compress_zlib(sweep *s) { return compress_as(s, ROCKET_COMPRESSION_ZLIB, 5); }
static int compress_lz4(sweep *s) { return compress_as(s, ROCKET_COMPRESSION_LZ4, 0); }
static int compress_lz4_hard(sweep *s) { return compress_as(s, ROCKET_COMPRESSION_LZ4, 9); }
static int compress_zstd(sweep *s) { return compress_as(s, ROCKET_COMPRESSION_ZSTD, 3); }

static int message_body_of(sweep *s, rocket_compression type) {
  rocket_buffer packed = {0};
  CHECK_INT(rocket_compress(type, 1, plain_bytes(), &packed), ROCKET_OK);
  rocket_message message = {.sys_flag = ROCKET_SYS_COMPRESSED | (int32_t)type, .body = {packed.data, packed.size}};
  rocket_buffer out = begin_buffer(s);
  int status = rocket_message_body(&message, 2 * PLAIN_BYTES, &out);
  if (status == ROCKET_OK) CHECK_INT(out.size, sizeof before + PLAIN_BYTES);
  rocket_buffer_clear(&packed);
  return end_buffer(&out, status);
}
static int message_body_zlib(sweep *s) { return message_body_of(s, ROCKET_COMPRESSION_ZLIB); }
static int message_body_lz4(sweep *s) { return message_body_of(s, ROCKET_COMPRESSION_LZ4); }
static int message_body_zstd(sweep *s) { return message_body_of(s, ROCKET_COMPRESSION_ZSTD); }

static int message_body_plain(sweep *s) {
  rocket_message message = {.body = plain_bytes()};
  rocket_buffer out = begin_buffer(s);
  return end_buffer(&out, rocket_message_body(&message, 1, &out));
}

static int decompress(sweep *s) {
  rocket_buffer packed = {0};
  CHECK_INT(rocket_compress(ROCKET_COMPRESSION_ZLIB_OLD, 1, plain_bytes(), &packed), ROCKET_OK);
  rocket_buffer out = begin_buffer(s);
  int status = rocket_decompress(ROCKET_COMPRESSION_ZLIB_OLD, rocket_slice_make(packed.data, packed.size), PLAIN_BYTES, &out);
  rocket_buffer_clear(&packed);
  return end_buffer(&out, status);
}

/* ---- Objects ---- */

static int frame_new(sweep *s) {
  rocket_frame *frame = SWEEP_UNTOUCHED;
  sweep_begin(s);
  int status = rocket_frame_new(s->allocator, 100, &frame);
  if (status == ROCKET_OK) rocket_frame_release(frame);
  else CHECK(frame == SWEEP_UNTOUCHED);
  return status;
}

/* From malloc alone. */
static int command_new(sweep *s) {
  rocket_command *command = SWEEP_UNTOUCHED;
  sweep_begin(s);
  int status = rocket_command_new(1, &command);
  if (status == ROCKET_OK) rocket_command_free(command);
  else CHECK(command == SWEEP_UNTOUCHED);
  return status;
}

static int unique_ids_new(sweep *s) {
  rocket_unique_ids *ids = SWEEP_UNTOUCHED;
  rocket_host host = {.ip_size = 4};
  sweep_begin(s);
  int status = rocket_unique_ids_new(s->allocator, &host, 1, 1, &ids);
  if (status == ROCKET_OK) rocket_unique_ids_free(ids);
  else CHECK(ids == SWEEP_UNTOUCHED);
  return status;
}

/* OpenSSL makes what it needs for good at its first use. */
static rocket_md5 *warm_md5(void) {
  rocket_md5 *md5 = NULL;
  CHECK_INT(rocket_md5_new(NULL, &md5), ROCKET_OK);
  return md5;
}

static int md5_new(sweep *s) {
  rocket_md5 *warm = warm_md5(), *md5 = SWEEP_UNTOUCHED;
  sweep_begin(s);
  int status = rocket_md5_new(s->allocator, &md5);
  if (status == ROCKET_OK) rocket_md5_free(md5);
  else CHECK(md5 == SWEEP_UNTOUCHED);
  rocket_md5_free(warm);
  return status;
}

static int md5_digest(sweep *s) {
  rocket_md5 *md5 = warm_md5();
  uint8_t digest[ROCKET_MD5_SIZE];
  CHECK_INT(rocket_md5_digest(md5, rocket_slice_of("warm"), digest), ROCKET_OK);
  sweep_begin(s);
  int status = rocket_md5_digest(md5, rocket_slice_of("c0-0"), digest);
  if (status == ROCKET_OK) CHECK(digest[0] == 0x8A);
  rocket_md5_free(md5);
  return status;
}

static int byte_budget_new(sweep *s) {
  rocket_byte_budget *budget = SWEEP_UNTOUCHED;
  sweep_begin(s);
  int status = rocket_byte_budget_new(s->allocator, 1, &budget);
  if (status == ROCKET_OK) rocket_byte_budget_release(budget);
  else CHECK(budget == SWEEP_UNTOUCHED);
  return status;
}

static int process_queue_new(sweep *s) {
  rocket_process_queue *queue = SWEEP_UNTOUCHED;
  rocket_process_queue_options options;
  rocket_process_queue_options_default(&options);
  options.allocator = s->allocator;
  CHECK_INT(rocket_byte_budget_new(s->allocator, 1, &options.budget), ROCKET_OK);
  sweep_begin(s);
  int status = rocket_process_queue_new(&options, 0, &queue);
  if (status == ROCKET_OK) rocket_process_queue_release(queue);
  else CHECK(queue == SWEEP_UNTOUCHED);
  rocket_byte_budget_release(options.budget);
  return status;
}

/* More than a window has ever held: several chunks. What fails adds nothing, and succeeds when it is repeated. */
static int process_queue_put(sweep *s) {
  enum { COUNT = 200 };
  rocket_process_queue *queue;
  rocket_process_queue_options options;
  rocket_frame *frame;
  rocket_put_item items[COUNT];
  uint32_t added = 77;
  rocket_process_queue_options_default(&options);
  options.allocator = s->allocator;
  options.largest_pull = COUNT;
  CHECK_INT(rocket_process_queue_new(&options, 0, &queue), ROCKET_OK);
  CHECK_INT(rocket_frame_new(s->allocator, COUNT, &frame), ROCKET_OK);
  rocket_process_queue_set_wake(queue, NULL, sweep_owes_drop(s), sweep_drop);
  for (uint32_t i = 0; i < COUNT; i++) items[i] = (rocket_put_item){{rocket_frame_bytes(frame) + i, 1}, i, 1};
  sweep_begin(s);
  int status = rocket_process_queue_put(queue, frame, items, COUNT, &added);
  sweep_relent(s);
  if (status != ROCKET_OK) {
    rocket_process_queue_stats stats;
    rocket_process_queue_get_stats(queue, &stats);
    CHECK(added == 77 && stats.count == 0 && stats.bytes == 0 && stats.last_offset == -1);
    CHECK_INT(rocket_process_queue_put(queue, frame, items, COUNT, &added), ROCKET_OK);
  }
  CHECK_INT(added, COUNT);
  rocket_frame_release(frame);
  rocket_process_queue_release(queue);
  return status;
}

/* ---- Events ---- */

static int events_new(sweep *s) {
  rocket_events *events = SWEEP_UNTOUCHED;
  sweep_begin(s);
  int status = rocket_events_new(s->allocator, &events);
  if (status == ROCKET_OK) rocket_events_free(events);
  else CHECK(events == SWEEP_UNTOUCHED);
  return status;
}

static rocket_events *begin_events(sweep *s) {
  rocket_events *events;
  CHECK_INT(rocket_events_new(s->allocator, &events), ROCKET_OK);
  sweep_begin(s);
  return events;
}

static int events_reply(sweep *s) {
  rocket_events *events = begin_events(s);
  rocket_reply reply = {.user = SWEEP_UNTOUCHED};
  int status = rocket_events_reply(events, 1, &reply);
  if (status == ROCKET_OK) reply.drop(reply.user);
  else CHECK(reply.user == SWEEP_UNTOUCHED);
  rocket_events_free(events);
  return status;
}

static int events_handler(sweep *s) {
  rocket_events *events = begin_events(s);
  rocket_handler handler = {.user = SWEEP_UNTOUCHED};
  int status = rocket_events_handler(events, 1, &handler);
  if (status == ROCKET_OK) handler.drop(handler.user);
  else CHECK(handler.user == SWEEP_UNTOUCHED);
  rocket_events_free(events);
  return status;
}

static int events_puller(sweep *s) {
  rocket_events *events = begin_events(s);
  rocket_puller_listener listener = {.user = SWEEP_UNTOUCHED};
  int status = rocket_events_puller(events, 1, &listener);
  if (status == ROCKET_OK) listener.drop(listener.user);
  else CHECK(listener.user == SWEEP_UNTOUCHED);
  rocket_events_free(events);
  return status;
}

const swept_function swept_in_memory[] = {
    {"rocket_batch_append", batch_append},
    {"rocket_buffer_append", buffer_append},
    {"rocket_buffer_reserve", buffer_reserve},
    {"rocket_byte_budget_new", byte_budget_new},
    {"rocket_command_encode", command_encode_json},
    {"rocket_command_encode", command_encode_binary},
    {"rocket_command_encode_head", command_encode_head},
    {"rocket_command_new", command_new},
    {"rocket_compress", compress_zlib},
    {"rocket_compress", compress_lz4},
    {"rocket_compress", compress_lz4_hard},
    {"rocket_compress", compress_zstd},
    {"rocket_decompress", decompress},
    {"rocket_events_handler", events_handler},
    {"rocket_events_new", events_new},
    {"rocket_events_puller", events_puller},
    {"rocket_events_reply", events_reply},
    {"rocket_frame_new", frame_new},
    {"rocket_json_append_string", json_append_string},
    {"rocket_json_to_standard", json_to_standard},
    {"rocket_md5_digest", md5_digest},
    {"rocket_md5_new", md5_new},
    {"rocket_message_body", message_body_plain},
    {"rocket_message_body", message_body_zlib},
    {"rocket_message_body", message_body_lz4},
    {"rocket_message_body", message_body_zstd},
    {"rocket_message_encode", message_encode},
    {"rocket_process_queue_new", process_queue_new},
    {"rocket_process_queue_put", process_queue_put},
    {"rocket_property_append", property_append},
    {"rocket_unique_ids_new", unique_ids_new},
    {NULL, NULL},
};

void sweep_all(const swept_function *functions) {
  for (const swept_function *at = functions; at->name; at++) {
    uint64_t once = sweep_run(at->name, at->operation, SWEEP_ONCE);
    uint64_t from = sweep_run(at->name, at->operation, SWEEP_FROM);
    uint64_t mallocs = sweep_run(at->name, at->operation, SWEEP_MALLOC);
    if (!malloc_count_works()) continue;
    if (mallocs == 0) test_fail(__FILE__, __LINE__, "%s allocates nothing", at->name);
    if (mallocs < once || (from == 0) != (once == 0)) test_fail(__FILE__, __LINE__, "%s: a mode was passed over", at->name);
  }
}

/* Here nothing else runs, so that also what the compressing libraries take can be counted. */
TEST_LIMITED(functions_in_memory_survive_every_failed_allocation, 30) {
  for (const swept_function *at = swept_in_memory; at->name; at++) sweep_run(at->name, at->operation, SWEEP_ONCE);
  int64_t live = malloc_count_live();
  sweep_all(swept_in_memory);
  CHECK_INT(malloc_count_live(), live);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The functions that allocate nothing, each called while there is no memory at all; and the check that every public function is either
 * here or in one of the tables of swept_functions.h. */
#include <ctype.h>
#include <dirent.h>
#include <uv.h>

#include "malloc_count.h"
#include "net_fixture.h"
#include "rocket_events.h"
#include "rocket_json.h"
#include "rocket_puller.h"
#include "rocket_version.h"
#include "swept_functions.h"

/* ---- Measuring ---- */

enum { MOST_NAMES = 300, NAME_BYTES = 80 };

typedef struct names {
  char text[MOST_NAMES][NAME_BYTES];
  int count;
} names;

static bool holds(const names *in, const char *name) {
  for (int i = 0; i < in->count; i++)
    if (strcmp(in->text[i], name) == 0) return true;
  return false;
}

static void add(names *to, const char *name) {
  if (holds(to, name)) return;
  CHECK(to->count < MOST_NAMES && strlen(name) < NAME_BYTES);
  strcpy(to->text[to->count++], name);
}

static names quiet;               /* measured */
static counting_allocator memory; /* of every object here */
static uint64_t mallocs;

static void begin(void) {
  counting_allocator_fail(&memory, 1, UINT64_MAX);
  mallocs = malloc_count_calls_of_thread();
}

static void end(const char *name) {
  mallocs = malloc_count_calls_of_thread() - mallocs;
  bool asked = atomic_load(&memory.has_failed);
  counting_allocator_fail(&memory, 0, 0);
  if (asked) test_fail(__FILE__, __LINE__, "%s asks the allocator for memory", name);
  if (mallocs != 0) test_fail(__FILE__, __LINE__, "%s calls malloc", name);
  add(&quiet, name);
}

/* Calls `function` without memory: it must not notice. */
#define QUIET(function, ...)      \
  do {                            \
    begin();                      \
    (void)function(__VA_ARGS__);  \
    end(#function);               \
  } while (0)

/* ---- Bytes and wire ---- */

static void measure_bytes(void) {
  rocket_buffer buffer;
  rocket_frame *frame;
  QUIET(rocket_buffer_init, &buffer, &memory.allocator);
  CHECK_INT(rocket_buffer_append(&buffer, "x", 1), ROCKET_OK);
  QUIET(rocket_buffer_clear, &buffer);
  CHECK_INT(rocket_frame_new(&memory.allocator, 10, &frame), ROCKET_OK);
  QUIET(rocket_frame_bytes, frame);
  QUIET(rocket_frame_size, frame);
  QUIET(rocket_frame_retain, frame);
  QUIET(rocket_frame_release, frame);
  QUIET(rocket_frame_retain_many, frame, 3);
  QUIET(rocket_frame_release_many, frame, 4);
  QUIET(rocket_slice_make, "x", 1);
  QUIET(rocket_slice_of, "x");
  QUIET(rocket_slice_equal, rocket_slice_of("x"), rocket_slice_of("x"));
  QUIET(rocket_version);
  QUIET(rocket_abi);
  QUIET(rocket_status_name, UV_ECONNREFUSED);
  QUIET(rocket_status_text, UV_ECONNREFUSED);
  QUIET(rocket_now_ms);
}

static void measure_commands(void) {
  rocket_command command, again;
  rocket_buffer out = {0};
  rocket_slice text;
  int32_t narrow;
  int64_t wide;
  bool truth;
  size_t frame_size;
  QUIET(rocket_command_init, &command, ROCKET_REQUEST_PULL_MESSAGE);
  QUIET(rocket_command_set, &command, ROCKET_FIELD_TOPIC, rocket_slice_of("a \" quote"));
  QUIET(rocket_command_set_i64, &command, ROCKET_FIELD_QUEUE_ID, 7);
  QUIET(rocket_command_set_bool, &command, ROCKET_FIELD_ORDER, true);
  QUIET(rocket_command_set_named, &command, rocket_slice_of("name"), rocket_slice_of("value"));
  QUIET(rocket_command_set_copy, &command, ROCKET_FIELD_GROUP, rocket_slice_of("group"));
  CHECK_INT(rocket_command_encode(&command, &out), ROCKET_OK);
  QUIET(rocket_frame_scan, rocket_slice_make(out.data, out.size), out.size, &frame_size);
  QUIET(rocket_command_decode, out.data, out.size, &again, NULL);
  QUIET(rocket_command_get, &again, ROCKET_FIELD_TOPIC, &text);
  CHECK_TEXT(text, "a \" quote");
  QUIET(rocket_command_get_i64, &again, ROCKET_FIELD_QUEUE_ID, &wide);
  QUIET(rocket_command_get_i32, &again, ROCKET_FIELD_QUEUE_ID, &narrow);
  QUIET(rocket_command_get_bool, &again, ROCKET_FIELD_ORDER, &truth);
  QUIET(rocket_command_get_named, &again, rocket_slice_of("name"), &text);
  QUIET(rocket_command_check_request, &again, NULL);
  QUIET(rocket_command_init_response, &again, &again, ROCKET_RESPONSE_SUCCESS);
  rocket_send_header header = {.producer_group = rocket_slice_of("group"), .topic = rocket_slice_of("topic")};
  QUIET(rocket_command_init_send, &command, &header);
  rocket_command *made;
  CHECK_INT(rocket_command_new(1, &made), ROCKET_OK);
  QUIET(rocket_command_free, made);
  QUIET(rocket_field_find, rocket_slice_of("topic"));
  QUIET(rocket_request_name, 11);
  QUIET(rocket_response_name, 0);
  QUIET(rocket_field_name, ROCKET_FIELD_TOPIC);
  rocket_buffer_clear(&out);
}

static void measure_json(void) {
  rocket_json_reader reader;
  rocket_json_token token;
  uint8_t out[10];
  size_t size;
  QUIET(rocket_json_reader_init, &reader, rocket_slice_of("\"a\\n\""));
  QUIET(rocket_json_next, &reader, &token, NULL);
  QUIET(rocket_json_unescape, token.text, out, &size);
}

static void measure_messages(void) {
  rocket_message message = {.record_version = 1, .born_host.ip_size = 4, .store_host.ip_size = 4, .body = rocket_slice_of("body")};
  rocket_batch_item item;
  rocket_buffer out = {0};
  rocket_slice name, value, properties = rocket_slice_of("A\001b\002");
  size_t cursor = 0;
  QUIET(rocket_message_encoded_size, &message);
  QUIET(rocket_message_is_compressed, &message);
  CHECK_INT(rocket_message_encode(&message, &out), ROCKET_OK);
  QUIET(rocket_message_decode, rocket_slice_make(out.data, out.size), &message, NULL);
  QUIET(rocket_property_next, properties, &cursor, &name, &value);
  QUIET(rocket_property_find, properties, name, &value);
  out.size = 0;
  CHECK_INT(rocket_batch_append(&out, 0, rocket_slice_of("body"), properties), ROCKET_OK);
  QUIET(rocket_batch_decode, rocket_slice_make(out.data, out.size), &item, NULL);
  QUIET(rocket_tag_hash, rocket_slice_of("tag"));
  QUIET(rocket_crc31, rocket_slice_of("bytes"));
  rocket_md5 *md5;
  CHECK_INT(rocket_md5_new(&memory.allocator, &md5), ROCKET_OK);
  QUIET(rocket_md5_free, md5);
  rocket_buffer_clear(&out);
}

static void measure_ids(void) {
  char id[ROCKET_ID_TEXT_SIZE];
  rocket_host host = {.ip_size = 4};
  rocket_unique_ids *ids;
  int64_t offset;
  QUIET(rocket_offset_id_format, &host, 5, id);
  QUIET(rocket_offset_id_parse, rocket_slice_of(id), &host, &offset);
  CHECK_INT(rocket_unique_ids_new(&memory.allocator, &host, 1, 1, &ids), ROCKET_OK);
  rocket_unique_ids_next(ids, 1, id); /* the C library loads the time zone at first; without memory it takes UTC */
  QUIET(rocket_unique_ids_next, ids, 1, id);
  QUIET(rocket_unique_ids_free, ids);
}

/* ---- Queues ---- */

static rocket_process_queue *queue_with(rocket_byte_budget *budget, uint32_t count) {
  rocket_process_queue_options options;
  rocket_process_queue *queue;
  rocket_frame *frame;
  rocket_put_item items[10];
  rocket_process_queue_options_default(&options);
  options.allocator = &memory.allocator;
  options.budget = budget;
  CHECK_INT(rocket_process_queue_new(&options, 0, &queue), ROCKET_OK);
  CHECK_INT(rocket_frame_new(&memory.allocator, 1, &frame), ROCKET_OK);
  for (uint32_t i = 0; i < count; i++) items[i] = (rocket_put_item){{rocket_frame_bytes(frame), 1}, i, 1};
  CHECK_INT(rocket_process_queue_put(queue, frame, items, count, NULL), ROCKET_OK);
  rocket_frame_release(frame);
  return queue;
}

static void wake(void *user) { (void)user; }

static void measure_queues(void) {
  rocket_byte_budget *budget;
  rocket_taken taken[10];
  rocket_message decoded[3];
  rocket_process_queue_stats stats;
  rocket_process_queue_options options;
  uint32_t count;
  CHECK_INT(rocket_byte_budget_new(&memory.allocator, 1, &budget), ROCKET_OK);
  QUIET(rocket_process_queue_options_default, &options);
  rocket_process_queue *queue = queue_with(budget, 10);
  QUIET(rocket_process_queue_set_wake, queue, wake, NULL, NULL);
  QUIET(rocket_process_queue_should_pull, queue); /* the budget is exceeded: it is put in the list */
  QUIET(rocket_process_queue_set_limits, queue, 100, 1000, 100);
  QUIET(rocket_byte_budget_used, budget);
  QUIET(rocket_process_queue_take, queue, 3, 0, taken);
  QUIET(rocket_taken_decode, taken, 3, decoded);
  QUIET(rocket_taken_release, taken, 3);
  QUIET(rocket_process_queue_scan_expired, queue, 1000, 1, 1, taken);
  rocket_frame_release(taken[0].frame);
  QUIET(rocket_process_queue_ack, queue, 0);
  QUIET(rocket_process_queue_ack_many, queue, 1, 2);
  QUIET(rocket_process_queue_commit_offset, queue);
  QUIET(rocket_process_queue_advance, queue, 20);
  QUIET(rocket_process_queue_get_stats, queue, &stats);
  QUIET(rocket_process_queue_retain, queue);
  QUIET(rocket_process_queue_release, queue);
  QUIET(rocket_process_queue_drop, queue);
  QUIET(rocket_process_queue_is_dropped, queue);
  rocket_process_queue_release(queue);

  queue = queue_with(budget, 10);
  QUIET(rocket_process_queue_take_ordered, queue, 2, 0, taken, &count);
  QUIET(rocket_process_queue_take_more, queue, 2, 0, taken + 2, &count);
  for (int i = 0; i < 4; i++) rocket_frame_release(taken[i].frame);
  QUIET(rocket_process_queue_give_back, queue, taken[2].position);
  QUIET(rocket_process_queue_rollback, queue);
  CHECK_INT(rocket_process_queue_take_ordered(queue, 1, 0, taken, &count), ROCKET_OK);
  rocket_frame_release(taken[0].frame);
  QUIET(rocket_process_queue_commit, queue);
  rocket_process_queue_release(queue);
  QUIET(rocket_byte_budget_retain, budget);
  QUIET(rocket_byte_budget_release, budget);
  rocket_byte_budget_release(budget);
}

/* ---- Events ---- */

static void measure_events(void) {
  rocket_events *events;
  rocket_event event;
  rocket_reply reply;
  CHECK_INT(rocket_events_new(&memory.allocator, &events), ROCKET_OK);
  CHECK_INT(rocket_events_reply(events, 1, &reply), ROCKET_OK);
  reply.fn(reply.user, ROCKET_TIMEOUT, NULL, NULL);
  QUIET(rocket_events_next, events, 0, &event);
  CHECK_INT(event.status, ROCKET_TIMEOUT);
  QUIET(rocket_events_fd, events);
  reply.drop(reply.user);
  QUIET(rocket_events_free, events);
}

/* ---- Loops and pullers ---- */

static rocket_loop *loop_of_memory(void) {
  rocket_loop_options options = net_options();
  options.allocator = &memory.allocator;
  rocket_loop *loop = net_loop_with(&options);
  net_settle(loop);
  return loop;
}

static void count_drop(void *user) { net_count(user); }

static void measure_on_loop(void *loop) { QUIET(rocket_connection_unwritten, loop, 1); }

static void measure_loops(void) {
  rocket_loop_options options;
  rocket_listener *listener;
  QUIET(rocket_loop_options_default, &options);
  rocket_loop *loop = loop_of_memory();
  QUIET(rocket_loop_is_current, loop);
  QUIET(rocket_loop_connection_count, loop);
  net_counter done = NET_COUNTER;
  CHECK_INT(rocket_loop_post(loop, (rocket_task){measure_on_loop, loop, NULL}), ROCKET_OK);
  net_settle(loop);
  CHECK_INT(rocket_listener_open(loop, rocket_slice_of("127.0.0.1:0"),
                                 (rocket_handler){.user = &done, .drop = count_drop}, &listener, NULL),
            ROCKET_OK);
  net_settle(loop);
  begin();
  rocket_listener_close(listener);
  net_await(&done, 1); /* what the loop does about it counts too */
  end("rocket_listener_close");
  QUIET(rocket_loop_stop, loop);
  QUIET(rocket_loop_free, loop);
}

static void measure_pullers(void) {
  rocket_puller_options options;
  rocket_puller *puller;
  rocket_broker_address address = {0, rocket_slice_of("127.0.0.1:1")};
  net_counter dropped = NET_COUNTER;
  rocket_loop *loop = loop_of_memory();
  rocket_process_queue *queue = queue_with(NULL, 1);
  QUIET(rocket_puller_options_default, &options);
  options.group = options.topic = rocket_slice_of("name");
  options.addresses = &address;
  options.address_count = 1;
  rocket_puller_listener listener = {NULL, &dropped, count_drop};
  CHECK_INT(rocket_puller_new(loop, &options, queue, listener, &puller), ROCKET_OK);
  net_settle(loop);
  QUIET(rocket_puller_last_pull_ms, puller);
  QUIET(rocket_puller_get_state, puller);
  QUIET(rocket_puller_next_offset, puller);
  QUIET(rocket_puller_max_offset, puller);
  QUIET(rocket_puller_pause, puller);
  begin();
  rocket_puller_stop(puller);
  net_await(&dropped, 1);
  end("rocket_puller_stop");
  QUIET(rocket_puller_free, puller);
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  rocket_process_queue_release(queue);
}

static void measure_tls(void) {
  rocket_tls_client_options options;
  rocket_tls_server_options server_options;
  rocket_tls *tls;
  QUIET(rocket_tls_client_options_default, &options);
  QUIET(rocket_tls_server_options_default, &server_options);
  options.allocator = &memory.allocator;
  CHECK_INT(rocket_tls_client_new(&options, &tls, NULL), ROCKET_OK);
  QUIET(rocket_tls_retain, tls);
  rocket_tls_release(tls);
  rocket_tls_release(tls);
}

/* ---- Every public function ---- */

/* A declaration begins at the margin; the name is what stands before its first parenthesis. */
static bool declared_in(const char *line, char out[NAME_BYTES]) {
  if (!islower((unsigned char)*line) || strncmp(line, "static", 6) == 0 || strncmp(line, "typedef", 7) == 0) return false;
  const char *end = strchr(line, '(');
  const char *name = end;
  while (name && name > line && (isalnum((unsigned char)name[-1]) || name[-1] == '_')) name--;
  if (!name || name == line || strncmp(name, "rocket_", 7) != 0 || end - name >= NAME_BYTES) return false;
  snprintf(out, NAME_BYTES, "%.*s", (int)(end - name), name);
  return true;
}

static void read_header(const char *path, names *out) {
  char line[512], name[NAME_BYTES];
  FILE *file = fopen(path, "r");
  CHECK(file != NULL);
  while (fgets(line, sizeof line, file))
    if (declared_in(line, name)) add(out, name);
  fclose(file);
}

static void read_headers(names *out) {
  const char *folder = FIXTURES "/../../Sources/CRocketCore/include";
  struct dirent **entries;
  int count = scandir(folder, &entries, NULL, alphasort);
  CHECK(count > 0);
  for (int i = 0; i < count; i++) {
    char path[1000];
    snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
    if (strstr(entries[i]->d_name, ".h")) read_header(path, out);
    free(entries[i]);
  }
  free(entries);
}

static void add_swept(names *to, const swept_function *functions) {
  for (; functions->name; functions++) add(to, functions->name);
}

TEST(every_public_function_is_swept_or_allocates_nothing) {
  static names public, swept;
  counting_allocator_init(&memory);
  measure_bytes();
  measure_commands();
  measure_json();
  measure_messages();
  measure_ids();
  measure_queues();
  measure_events();
  measure_loops();
  measure_pullers();
  measure_tls();
  CHECK_INT(atomic_load(&memory.blocks), 0);
  read_headers(&public);
  CHECK(public.count > 100);
  add_swept(&swept, swept_in_memory);
  add_swept(&swept, swept_on_loop);
  add_swept(&swept, swept_pulling);
  add_swept(&swept, swept_tls);
  int missing = 0;
  for (int i = 0; i < public.count; i++) {
    const char *name = public.text[i];
    bool is_swept = holds(&swept, name), is_quiet = holds(&quiet, name);
    if (is_swept == is_quiet) fprintf(stderr, "  %s is %s\n", name, is_swept ? "in both tables" : "neither swept nor measured");
    missing += is_swept == is_quiet;
  }
  CHECK_INT(missing, 0);
  CHECK_INT(swept.count + quiet.count, public.count); /* and no table names what is gone */
}

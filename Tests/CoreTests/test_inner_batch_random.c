// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Queues of messages and batches at random, through windows at random: what passes the filter arrives once, in its order. */
#include "puller_fixture.h"
#include "rocket_message.h"

enum { MOST_ENTRIES = 64 };

/* Entry i holds the offsets [starts[i], starts[i + 1]). A message's flag is its offset; odd ones are tagged B. */
typedef struct kept_queue {
  int64_t starts[MOST_ENTRIES + 1];
  int entries;
} kept_queue;

static uint64_t state;
static uint32_t random_below(uint32_t limit) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((state >> 33) % limit);
}

static rocket_slice tag_of(int64_t offset) { return rocket_slice_of(offset % 2 == 0 ? "TAGS\x01" "A" : "TAGS\x01" "B"); }

static void add_entry(rocket_buffer *body, int64_t first, int64_t end) {
  BODY items = {0};
  rocket_message message = {.record_version = 1,
                            .queue_offset = first,
                            .flag = (int32_t)first,
                            .born_host = {.ip_size = 4},
                            .store_host = {.ip_size = 4},
                            .topic = rocket_slice_of("topic"),
                            .properties = tag_of(first)};
  if (end - first > 1) {
    for (int64_t at = first; at < end; at++)
      CHECK_INT(rocket_batch_append(&items, (int32_t)at, rocket_slice_of("body"), tag_of(at)), ROCKET_OK);
    message.sys_flag = ROCKET_SYS_INNER_BATCH | ROCKET_SYS_NEED_UNWRAP;
    message.body = rocket_slice_make(items.data, items.size);
  }
  CHECK_INT(rocket_message_encode(&message, body), ROCKET_OK);
}

/* As brokers do: from the entry with the offset on, whole entries, the first whatever its size. */
static void answer(test_broker *broker, const seen_pull *pull, const kept_queue *kept) {
  BODY body = {0};
  int i = 0;
  while (kept->starts[i + 1] <= pull->queue_offset) i++;
  int64_t begin = kept->starts[i];
  do {
    add_entry(&body, kept->starts[i], kept->starts[i + 1]);
    i++;
  } while (i < kept->entries && kept->starts[i + 1] - begin <= pull->max_msg_nums);
  broker_send_found(broker, pull, kept->starts[i], &body);
}

static void run_one(uint64_t seed) {
  state = seed;
  kept_queue kept = {.entries = 1 + (int)random_below(12), .starts = {100}};
  for (int i = 0; i < kept.entries; i++) kept.starts[i + 1] = kept.starts[i] + 1 + (random_below(2) ? 0 : random_below(150));
  int64_t end = kept.starts[kept.entries], first = 100 + random_below((uint32_t)(end - 100)), at = first;
  bool filtered = random_below(2);
  rocket_slice tag = rocket_slice_of("B");
  puller_rig rig;
  test_broker *broker = rig_open(&rig);
  rig.options.first_offset = first;
  rig.options.tags = &tag;
  rig.options.tag_count = filtered;
  rig.options.error_delay_ms = 1;
  rig.queue_options.largest_pull = rig.options.batch = 1 + random_below(40);
  rig.queue_options.max_count = 1 + random_below(40);
  rig.queue_options.max_span = random_below(2) ? 0 : 1 + random_below(40);
  rig_start(&rig);
  uint64_t until = rocket_now_ms() + 5000;
  for (int64_t answered = 0;;) {
    if (rocket_now_ms() > until) test_fail(__FILE__, __LINE__, "seed %d stands at %d of %d", (int)seed, (int)at, (int)end);
    if (net_value(&broker->pulls) > answered) {
      const seen_pull *pull = &broker->seen[answered];
      CHECK(pull->commit_offset <= pull->queue_offset || pull->commit_offset <= at);
      if (pull->queue_offset >= end) break;
      answer(broker, pull, &kept);
      answered++;
    }
    rocket_taken taken[8];
    uint32_t n = rocket_process_queue_take(rig.queue, 1 + random_below(8), 0, taken);
    for (uint32_t i = 0; i < n; i++, at++) {
      rocket_message message;
      if (filtered && at % 2 == 0) at++;
      CHECK_INT(taken[i].queue_offset, at);
      CHECK_INT(rocket_message_decode(taken[i].record, &message, NULL), ROCKET_OK);
      CHECK(message.flag == at && message.queue_offset == at);
    }
    CHECK(n == 0 || rocket_process_queue_commit_offset(rig.queue) <= taken[0].queue_offset);
    rocket_taken_release(taken, n);
    if (n > 0) CHECK_INT(rocket_process_queue_ack_many(rig.queue, taken[0].position, n), n);
  }
  rocket_taken taken;
  while (rocket_process_queue_take(rig.queue, 1, 0, &taken) == 1) {
    if (filtered && at % 2 == 0) at++;
    CHECK_INT(taken.queue_offset, at++);
    rocket_frame_release(taken.frame);
    CHECK_INT(rocket_process_queue_ack(rig.queue, taken.position), ROCKET_OK);
  }
  if (filtered && at < end && at % 2 == 0) at++;
  CHECK_INT(at, end);
  CHECK_INT(rocket_process_queue_commit_offset(rig.queue), end);
  for (int64_t i = 0; i < net_value(&rig.events); i++) CHECK(rig.recorded[i].event.kind != ROCKET_PULLER_ERROR);
  rig_close(&rig);
}

TEST_LIMITED(inner_batches_at_random_arrive_once, 60) {
  for (uint64_t seed = 1; seed <= 150; seed++) run_one(seed);
}

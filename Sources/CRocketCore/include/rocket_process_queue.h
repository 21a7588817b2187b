// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* ProcessQueue: the lock-free window of messages of one (group, queue) that were pulled and are not all finished yet.
 * Java: ProcessQueue (there a TreeMap behind a read-write lock).
 *
 * One producer (the loop thread, through a puller), any number of takers and ackers on any threads, any reader of the commit offset.
 * Cells in a ring of positions that only grow: head <= next <= tail. A message is READY in [next, tail), TAKEN or DONE in [head, next).
 * Cells come in small chunks that the producer recycles behind `head`, so memory follows what is held; a chunk is never unmapped
 * while the queue lives, so a late reader sees an old position, not freed memory.
 *
 * Invariants (each has a test of the same name, and the Promela model asserts them):
 *   I1 window_is_ordered          head <= next <= tail, each only grows (rollback and give_back excepted, which move next back).
 *   I2 taken_once                 every message is taken by exactly one taker (again only after it was given back).
 *   I3 commit_never_passes        the commit offset is never above the queue offset of an unfinished message.
 *   I4 commit_never_goes_back     two reads one after the other never give a smaller second value.
 *   I5 commit_reaches_the_end     when all is finished it is one past the last message, or the broker's next offset when that is later.
 *   I6 stale_ack_is_harmless      acknowledging a position twice, or after it was recycled, returns ROCKET_STALE and changes nothing.
 *   I7 counts_never_negative      count, bytes and span are never negative and exact when nothing runs at the same time.
 *   I8 dropped_gives_nothing      after drop no take returns a message; what was taken may still be acknowledged.
 *   I9 one_wake_per_crossing      finishing messages of a throttled queue wakes its puller once, as soon as the low-water mark is reached.
 *   I10 every_count_is_released   each frame count given to the queue is released exactly once, whatever the order of events.
 *
 * put, take and ack take no lock, allocate nothing (put allocates a chunk when the window has never been this wide) and are O(1) amortised.
 */
#ifndef ROCKET_PROCESS_QUEUE_H
#define ROCKET_PROCESS_QUEUE_H

#include "rocket_bytes.h"
#include "rocket_message.h"
#include "rocket_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque and counted: holds atomics. Every call needs a count that lasts until it has returned: an ack may still touch the queue after
 * others see it empty. */
typedef struct rocket_process_queue rocket_process_queue;

/* A number of bytes that several queues share (a whole client). Opaque and counted. */
typedef struct rocket_byte_budget rocket_byte_budget;
/* With one count. Thread: any.  Fails: ROCKET_NO_MEMORY. */
int rocket_byte_budget_new(const rocket_allocator *allocator, uint64_t limit_bytes, rocket_byte_budget **out);
/* One count more; one less (NULL is allowed). Thread: any. */
void rocket_byte_budget_retain(rocket_byte_budget *budget);
void rocket_byte_budget_release(rocket_byte_budget *budget);
/* Body bytes now held by all its queues. Thread: any. */
uint64_t rocket_byte_budget_used(const rocket_byte_budget *budget);

typedef struct rocket_process_queue_options {
  const rocket_allocator *allocator; /* NULL: malloc */
  uint32_t max_count;    /* messages; a pull starts only at or below it (Java: pullThresholdForQueue); default 1000, 1..65535 */
  uint64_t max_bytes;    /* body bytes, likewise (Java: pullThresholdSizeForQueue); default 100 MiB, at least 1 */
  uint32_t max_span;     /* last offset - commit offset, likewise (Java: consumeConcurrentlyMaxSpan); default 2000, 1..65535; 0: no limit */
  uint32_t largest_pull; /* most messages one put may bring (Java: pullBatchSize); default 32, 1..16384 */
  rocket_byte_budget *budget; /* NULL: none; counted by the queue */
} rocket_process_queue_options;

void rocket_process_queue_options_default(rocket_process_queue_options *options);

/* `options` may be NULL: the defaults. A queue whose first message will have offset >= `first_offset` (what the pull starts from).
 * Thread: any.  Owns: one count.  Fails: ROCKET_INVALID_ARGUMENT, ROCKET_NO_MEMORY. */
int rocket_process_queue_new(const rocket_process_queue_options *options, int64_t first_offset, rocket_process_queue **out);
void rocket_process_queue_retain(rocket_process_queue *queue);
/* The last count frees the queue and releases the frames of what was never taken. Thread: any. */
void rocket_process_queue_release(rocket_process_queue *queue);

/* One message on its way in. `record` points into a frame. */
typedef struct rocket_put_item {
  rocket_slice record;
  int64_t queue_offset;
  uint32_t body_bytes;
} rocket_put_item;

/* Adds messages, offsets rising. Those not above the last put, or below the broker's next offset, are passed over (a pull repeated).
 * The queue takes its own counts of `frame`. `added` (may be NULL) receives how many went in.
 * Thread: the producer.  Fails (nothing added): ROCKET_FULL (not when it brings at most largest_pull and is the first since
 * rocket_process_queue_should_pull let a pull start), ROCKET_DROPPED (also when the drop comes while it runs; then what it brought is let
 * go), ROCKET_NO_MEMORY, ROCKET_INVALID_ARGUMENT (an offset of INT64_MAX). */
int rocket_process_queue_put(rocket_process_queue *queue, rocket_frame *frame, const rocket_put_item *items, uint32_t count,
                             uint32_t *added);
/* The broker's next offset: what lies before it is not for this consumer (filtered). Raises the commit offset once all before is finished.
 * Only when the put before it succeeded: what a failed put brought is not finished. Does nothing after a drop.
 * Thread: the producer. */
void rocket_process_queue_advance(rocket_process_queue *queue, int64_t next_offset);

/* One message on its way out. The taker owns one count of `frame` until it calls rocket_frame_release. */
typedef struct rocket_taken {
  uint64_t position; /* for ack */
  int64_t queue_offset;
  rocket_frame *frame;
  rocket_slice record; /* decode with rocket_message_decode */
} rocket_taken;

/* Takes up to `max` messages, in order. Returns how many; 0 when there are none or the queue was dropped. `now_ms` starts
 * their consume timeout (rocket_now_ms).
 * Thread: any. */
uint32_t rocket_process_queue_take(rocket_process_queue *queue, uint32_t max, uint64_t now_ms, rocket_taken *out);
/* Marks one message finished (consumed, or safely sent back). Does not touch the taker's frame count. In the orderly way only the
 * holder does so, and not beside a rollback or give_back of its own.
 * Thread: any.  Fails: ROCKET_STALE. */
int rocket_process_queue_ack(rocket_process_queue *queue, uint64_t position);
/* `count` consecutive positions from `first`; returns how many were finished by this call. Cheaper than one by one. */
uint32_t rocket_process_queue_ack_many(rocket_process_queue *queue, uint64_t first, uint32_t count);

/* Whole takes, for languages to which each call costs. rocket_taken_decode decodes the records of `count` messages and returns how many
 * it could: all, when a puller put them, for it puts only what can be decoded. rocket_taken_release gives their frame counts back. The
 * positions of one take follow each other, so rocket_process_queue_ack_many finishes it with one call. Thread: any. */
uint32_t rocket_taken_decode(const rocket_taken *taken, uint32_t count, rocket_message *out);
void rocket_taken_release(const rocket_taken *taken, uint32_t count);

/* Orderly taking: one taker at a time. Between a take that gave messages and the commit or rollback every other take
 * returns ROCKET_BUSY. ROCKET_EMPTY and ROCKET_DROPPED leave the queue free. Who gets ROCKET_BUSY may go away: the other one holds
 * messages, or still looks at everything put before. A queue is used either this way or with take/ack.
 * Messages given again after a rollback come with fresh frame counts.
 * Thread: any.  Fails: ROCKET_BUSY, ROCKET_EMPTY, ROCKET_DROPPED. */
int rocket_process_queue_take_ordered(rocket_process_queue *queue, uint32_t max, uint64_t now_ms, rocket_taken *out, uint32_t *taken);
/* Takes further messages behind those held, without finishing them (manual commit). Thread: the holder. */
int rocket_process_queue_take_more(rocket_process_queue *queue, uint32_t max, uint64_t now_ms, rocket_taken *out, uint32_t *taken);
/* Finishes all messages held; returns the commit offset. Thread: the holder. */
int64_t rocket_process_queue_commit(rocket_process_queue *queue);
/* Gives all messages held back, in their order. Those acknowledged before stay finished; they should be the first ones, for what is in
 * front of one stays held, and the queue with it, until it is finished, too. Thread: the holder. */
void rocket_process_queue_rollback(rocket_process_queue *queue);
/* Gives back those held from `position` on; what is held before it stays with the holder (manual commit). Without any before it the same
 * as a rollback. Thread: the holder. */
void rocket_process_queue_give_back(rocket_process_queue *queue, uint64_t position);

/* The offset to commit: of the first unfinished message, or where the next one will be. Thread: any. */
int64_t rocket_process_queue_commit_offset(const rocket_process_queue *queue);

typedef struct rocket_process_queue_stats {
  uint64_t count;        /* unfinished messages */
  uint64_t ready;        /* of those, not taken; 0 after a drop */
  uint64_t bytes;        /* their body bytes */
  uint64_t span;         /* last offset - commit offset + 1; 0 when empty */
  int64_t commit_offset;
  int64_t last_offset;   /* of the last message ever put; first_offset - 1 before */
  bool dropped;
} rocket_process_queue_stats;
/* Thread: any; the values belong together only when nothing runs at the same time. */
void rocket_process_queue_get_stats(const rocket_process_queue *queue, rocket_process_queue_stats *out);

/* Messages taken longer than `timeout_ms` ago, from the front, each reported once in its life. The caller gets a frame count for each,
 * sends them back, and acknowledges the positions; whichever ack comes first finishes the message. Returns how many (at most `max`);
 * 0 when the queue is taken the orderly way, which has no timeout (as in Java).
 * Thread: any, one scanner at a time. */
uint32_t rocket_process_queue_scan_expired(rocket_process_queue *queue, uint64_t now_ms, uint64_t timeout_ms, uint32_t max,
                                           rocket_taken *out);

/* The queue was revoked: takers get nothing more, and what was never taken is let go at once, with its bytes. The commit offset stays
 * in front of it. `wake` may run within it, for what is let go is no longer held: so hold no lock that `wake` takes.
 * Thread: any; may be repeated. */
void rocket_process_queue_drop(rocket_process_queue *queue);
bool rocket_process_queue_is_dropped(const rocket_process_queue *queue);

/* Why a pull may not start now. */
typedef enum rocket_throttle {
  ROCKET_THROTTLE_NONE = 0,
  ROCKET_THROTTLE_COUNT,
  ROCKET_THROTTLE_BYTES,
  ROCKET_THROTTLE_SPAN,
  ROCKET_THROTTLE_BUDGET
} rocket_throttle;

/* May a pull start? When not, the queue is throttled and `wake` (set once, before the first put) runs when it may be tried again, at
 * three quarters of the limits: once per crossing, on whichever thread finished the message, possibly before this returns. A queue
 * over the shared budget is woken when any queue frees bytes. ROCKET_THROTTLE_SPAN also says that the window has no room for one more
 * pull, which without max_span happens behind a message that takes very long.
 * Thread: the producer. */
rocket_throttle rocket_process_queue_should_pull(rocket_process_queue *queue);
/* Other limits from now on, in the ranges of the options. Lower ones throw nothing out: pulls wait until there is room. Higher ones let a
 * throttled puller go on at once when what is held is under three quarters of them; but the window itself stays as wide as the first
 * max_count and max_span made it.
 * Thread: any; of two calls at the same time each limit is one of theirs.  Fails: ROCKET_INVALID_ARGUMENT (nothing changed). */
int rocket_process_queue_set_limits(rocket_process_queue *queue, uint32_t max_count, uint64_t max_bytes, uint32_t max_span);
/* Once for each queue: a puller does it for its own. `drop` runs when the queue is freed. Thread: any, before the first put. */
void rocket_process_queue_set_wake(rocket_process_queue *queue, void (*wake)(void *user), void *user, void (*drop)(void *user));

#ifdef __cplusplus
}
#endif
#endif

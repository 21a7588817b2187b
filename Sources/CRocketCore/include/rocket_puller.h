// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Puller: keeps one long poll in flight for one queue and fills its ProcessQueue. Java: PullMessageService, PullRequest, PullAPIWrapper,
 * DefaultMQPushConsumerImpl.pullMessage.
 *
 *   idle -> pulling -> found: decode, filter, put, pull again
 *                   -> nothing new, nothing matched: next offset, pull again
 *                   -> offset illegal, or reset by the broker: event, stopped (the owner corrects the offset and makes a new puller)
 *                   -> error: event, pull again after error_delay_ms (flow control answered by the broker: after 20 ms; a lost
 *                      connection: at once the first time, as the loop then connects again)
 *        throttled (woken by the process queue), paused, stopped
 *
 * The next offset is always the broker's nextBeginOffset. A record that cannot be decoded is reported with its offset and the pull is
 * repeated after error_delay_ms: it is never passed over in silence.
 */
#ifndef ROCKET_PULLER_H
#define ROCKET_PULLER_H

#include "rocket_loop.h"
#include "rocket_process_queue.h"
#include "rocket_rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque. Its work is done on its loop's thread; the functions below may be called on any. */
typedef struct rocket_puller rocket_puller;

typedef enum rocket_puller_event_kind {
  ROCKET_PULLER_READY,          /* messages were put: `count` of them, takers may take */
  ROCKET_PULLER_OFFSET_ILLEGAL, /* the pull was outside the queue, the broker corrected it to `offset`; the puller has stopped */
  ROCKET_PULLER_ERROR,          /* a pull failed: `status`, or a response `code` with its `remark` */
  ROCKET_PULLER_BAD_MESSAGE,    /* a record could not be decoded: `status`, `offset` of the pull, `fault_offset` in the body */
  ROCKET_PULLER_THROTTLED,      /* flow control begins: `throttle` says which */
  ROCKET_PULLER_RESUMED,        /* ... and ends */
  ROCKET_PULLER_STALLED,        /* no answer for stall_timeout_ms: the call was cancelled, the pull is repeated */
  ROCKET_PULLER_STOPPED,        /* the last event; no pull is in flight any more */
  ROCKET_PULLER_OFFSET_RESET    /* somebody has told the broker (5.x) to go on at `offset`; the puller has stopped: as OFFSET_ILLEGAL, but
                                   what was pulled before is not wanted any more */
} rocket_puller_event_kind;

typedef struct rocket_puller_event {
  rocket_puller_event_kind kind;
  uint32_t count;
  int status;
  int32_t code;
  int64_t offset;
  uint32_t fault_offset;
  rocket_throttle throttle;
  rocket_slice remark;  /* borrowed during the event */
  rocket_slice address; /* of the broker that was asked; borrowed */
} rocket_puller_event;

/* Runs on the loop thread. `drop` once, after STOPPED. */
typedef struct rocket_puller_listener {
  void (*fn)(void *user, const rocket_puller_event *event);
  void *user;
  void (*drop)(void *user);
} rocket_puller_listener;

/* One address of the broker that holds the queue: id 0 is the master. */
typedef struct rocket_broker_address {
  int64_t broker_id;
  rocket_slice address;
} rocket_broker_address;

typedef struct rocket_puller_options {
  rocket_slice group;
  rocket_slice topic;
  rocket_slice broker_name;
  int32_t queue_id;
  int64_t first_offset;
  const rocket_broker_address *addresses; /* at least one */
  uint32_t address_count;
  rocket_slice expression_type;  /* "TAG" or "SQL92" */
  rocket_slice subscription;     /* the expression; sent only when `post_subscription` */
  bool post_subscription;
  int64_t subscription_version;  /* Java: subVersion */
  const rocket_slice *tags;      /* messages with other tags are left out after the pull; none: all pass */
  uint32_t tag_count;
  bool commit_with_pull;         /* clustering: send the commit offset along (sysFlag bit 0) to a master; default true */
  uint32_t batch;                /* Java: pullBatchSize; default 32, 1..1024 */
  uint32_t interval_ms;          /* Java: pullInterval; default 0 */
  uint32_t suspend_ms;           /* how long the broker may hold the pull; default 15000 */
  uint32_t timeout_ms;           /* the call's deadline; default 30000, more than suspend_ms */
  uint32_t error_delay_ms;       /* Java: pullTimeDelayMillsWhenException; default 1000, at least 1 */
  uint32_t stall_timeout_ms;     /* default 120000, at least 1 */
} rocket_puller_options;

void rocket_puller_options_default(rocket_puller_options *options);

/* Makes a stopped puller. Everything in `options` is copied; the queue is counted; the puller becomes its wake function. `batch` should not
 * be over the queue's largest_pull.
 * Thread: any.  Owns: the caller, until rocket_puller_free.
 * Fails (then listener.drop has run): ROCKET_INVALID_ARGUMENT, ROCKET_NO_MEMORY, ROCKET_STOPPED. */
int rocket_puller_new(rocket_loop *loop, const rocket_puller_options *options, rocket_process_queue *queue,
                      rocket_puller_listener listener, rocket_puller **out);

/* Starts pulling. Thread: any.  Fails: ROCKET_STOPPED, ROCKET_NO_MEMORY. */
int rocket_puller_start(rocket_puller *puller);
/* Stops: the pull in flight is cancelled, a late answer is discarded, STOPPED is the last event. A puller whose loop stops, or whose queue
 * it finds dropped, stops by itself. Thread: any; may be repeated. */
void rocket_puller_stop(rocket_puller *puller);
/* Stops and gives the handle up; what it holds goes when STOPPED has been delivered, the rest with its queue.
 * Also when its loop has been freed before. Thread: any. */
void rocket_puller_free(rocket_puller *puller);

/* No new pull starts while paused; what was pulled stays takeable. Thread: any. */
void rocket_puller_pause(rocket_puller *puller);
void rocket_puller_resume(rocket_puller *puller);

/* A pull that waits to be repeated after an error is sent now: something has happened that makes it worth while. Thread: any. */
void rocket_puller_hurry(rocket_puller *puller);

/* For pulls from now on. Copied. Thread: any.  Fails: ROCKET_INVALID_ARGUMENT (as rocket_puller_new), ROCKET_STOPPED, ROCKET_NO_MEMORY. */
int rocket_puller_set_addresses(rocket_puller *puller, const rocket_broker_address *addresses, uint32_t count);
/* The same; when `version` is another one than before, the answer to the pull in flight is discarded. The next pull is sent at
 * rocket_puller_hurry, which is to be called when brokers have been told of the new subscription, or else after `error_delay_ms`; at
 * once when pulls carry the subscription. */
int rocket_puller_set_subscription(rocket_puller *puller, rocket_slice expression_type, rocket_slice subscription, int64_t version,
                                   const rocket_slice *tags, uint32_t tag_count);

/* What a puller is doing. */
typedef enum rocket_puller_state {
  ROCKET_PULLER_IDLE = 0,  /* not started */
  ROCKET_PULLER_PULLING,   /* a pull is in flight */
  ROCKET_PULLER_DELAYED,   /* waits to repeat a failed pull, or for interval_ms */
  ROCKET_PULLER_WAITING,   /* flow control: waits until messages are finished */
  ROCKET_PULLER_PAUSED,    /* by its owner */
  ROCKET_PULLER_STOPPING,  /* the pull in flight was cancelled and has not ended */
  ROCKET_PULLER_ENDED      /* for good */
} rocket_puller_state;
/* Thread: any. Orders (pause, stop …) show here when the loop has carried them out. */
rocket_puller_state rocket_puller_get_state(const rocket_puller *puller);

/* Milliseconds (rocket_now_ms) at which the last pull was sent; 0 before. Java: lastPullTimestamp. Thread: any. */
uint64_t rocket_puller_last_pull_ms(const rocket_puller *puller);
/* Where the next pull begins. Thread: any. */
int64_t rocket_puller_next_offset(const rocket_puller *puller);
/* Where the queue ended when the broker answered last; -1 before it has. Thread: any. */
int64_t rocket_puller_max_offset(const rocket_puller *puller);

#ifdef __cplusplus
}
#endif
#endif

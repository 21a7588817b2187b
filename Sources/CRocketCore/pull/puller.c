// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A puller's life and its state machine. */
#include "pull/puller.h"

#include <sched.h>
#include <stdio.h>

#include "base/allocator.h"
#include "base/endian.h"

/* ---- States ---- */

#define BIT(name) (1u << ROCKET__PULLER_##name)
#define ROW(name, next) {#name, (next)},
static const struct {
  const char *name;
  unsigned next;
} states[] = {ROCKET__PULLER_STATES(ROW, BIT)};
#undef ROW
#undef BIT

/* The only writer of `state`. */
static void enter(rocket_puller *puller, rocket__puller_state next) {
  if (!(states[puller->state].next >> next & 1u)) {
    fprintf(stderr, "rocket: a puller cannot go from %s to %s\n", states[puller->state].name, states[next].name);
    abort();
  }
  puller->state = next;
  atomic_store_explicit(&puller->shown_state, (int)next, memory_order_relaxed); /* relaxed: only to look at */
}

/* ---- Counts ---- */

/* Relaxed: who adds a count holds one. */
static void retain(rocket_puller *puller) { atomic_fetch_add_explicit(&puller->counts, 1, memory_order_relaxed); }

/* Release and acquire: the one who frees sees everything the others did. */
static void release(void *user) {
  rocket_puller *puller = user;
  if (atomic_fetch_sub_explicit(&puller->counts, 1, memory_order_acq_rel) != 1) return;
  rocket__release(puller->allocator, atomic_load_explicit(&puller->new_addresses, memory_order_relaxed));
  rocket__release(puller->allocator, atomic_load_explicit(&puller->new_subscription, memory_order_relaxed));
  rocket__release(puller->allocator, puller);
}

/* ---- Asking it to look ---- */

static void run(rocket_loop *loop, rocket__work *work);
static void file(rocket_loop *loop, rocket__work *work) { rocket__loop_later(loop, work, run); }

/* What was written down before is seen by the next look: the fetch_or that finds the work under way comes before the fetch_and with
 * which that work begins (seq_cst on both, and on all that is written down).
 * INSIDE: finish waits until nobody is between the check of DETACHED and the end of the hand-over, because then the loop may go. */
static int ask(rocket_puller *puller) {
  int status = ROCKET_STOPPED;
  if (!(atomic_fetch_add(&puller->asked, ROCKET__INSIDE) & ROCKET__DETACHED)) {
    status = ROCKET_OK;
    if (!(atomic_fetch_or(&puller->asked, ROCKET__UNDER_WAY) & ROCKET__UNDER_WAY)) {
      retain(puller); /* the work's */
      status = rocket__loop_hand(puller->loop, &puller->work, file);
      if (status != ROCKET_OK) release(puller); /* the loop has stopped: the guard tells */
    }
  }
  atomic_fetch_sub(&puller->asked, ROCKET__INSIDE);
  return status;
}

static void wake(void *user) { ask(user); }

/* ---- What comes next ---- */

void rocket__puller_tell(rocket_puller *puller, rocket_puller_event event) {
  event.address = puller->address;
  if (puller->listener.fn) puller->listener.fn(puller->listener.user, &event);
}

static void detach(rocket_puller *puller) {
  atomic_fetch_or(&puller->asked, ROCKET__DETACHED);
  while (atomic_load(&puller->asked) >= ROCKET__INSIDE) sched_yield(); /* they only push to the inbox */
}

void rocket__puller_finish(rocket_puller *puller) {
  enter(puller, ROCKET__PULLER_STOPPED);
  rocket__timer_stop(puller->loop, &puller->timer);
  detach(puller);
  rocket__puller_tell(puller, (rocket_puller_event){.kind = ROCKET_PULLER_STOPPED});
  if (puller->listener.drop) puller->listener.drop(puller->listener.user);
  rocket__release(puller->allocator, puller->addresses);
  rocket__release(puller->allocator, puller->subscription);
  rocket_process_queue *queue = puller->queue;
  puller->queue = NULL;
  retain(puller);
  rocket_process_queue_release(queue);
  if (puller->guard != 0) rocket_loop_cancel_timer(puller->loop, puller->guard);
  release(puller);
}

static void on_reply(void *user, int status, const rocket_command *response, rocket_frame *frame);

static void on_timer(rocket_loop *loop, rocket__timer *timer) {
  rocket_puller *puller = ROCKET__OF(timer, rocket_puller, timer);
  if (puller->state != ROCKET__PULLER_PULLING) {
    rocket__puller_proceed(puller);
    return;
  }
  puller->stalled = true;
  rocket__puller_tell(puller, (rocket_puller_event){.kind = ROCKET_PULLER_STALLED});
  rocket_call_cancel(loop, puller->call);
}

static void start_timer(rocket_puller *puller, uint64_t delay_ms) {
  rocket__timer_start(puller->loop, &puller->timer, rocket__ms_after(rocket_now_ms(), delay_ms), on_timer);
}

void rocket__puller_proceed_after(rocket_puller *puller, uint64_t delay_ms) {
  if (delay_ms == 0) {
    rocket__puller_proceed(puller);
    return;
  }
  enter(puller, ROCKET__PULLER_DELAYED);
  start_timer(puller, delay_ms);
}

/* A lost connection is repeated at once, one time: the loop connects again, with its own back-off. After that it would only fail
 * again with the same attempt, so the error's delay applies, blurred so that the queues of one broker do not come all together. */
static void failed(rocket_puller *puller, int status) {
  bool lost = status == ROCKET_CLOSED || status == ROCKET_TIMEOUT || status == ROCKET_CONNECT_TIMEOUT ||
              (status < 0 && status > -4096);
  uint64_t delay_ms = puller->options.error_delay_ms;
  delay_ms = delay_ms - delay_ms / 4 + rocket__loop_random(puller->loop, delay_ms / 2);
  if (lost && puller->failures == 0) delay_ms = 0;
  puller->failures++;
  rocket__puller_tell(puller, (rocket_puller_event){.kind = ROCKET_PULLER_ERROR, .status = status});
  rocket__puller_proceed_after(puller, delay_ms);
}

static void pull(rocket_puller *puller) {
  retain(puller); /* the reply's */
  int status = rocket__puller_send(puller, (rocket_reply){on_reply, puller, release});
  if (status == ROCKET_STOPPED) {
    rocket__puller_finish(puller);
  } else if (status != ROCKET_OK) {
    failed(puller, status);
  } else {
    enter(puller, ROCKET__PULLER_PULLING);
    start_timer(puller, puller->options.stall_timeout_ms);
  }
}

static void throttle(rocket_puller *puller, rocket_throttle reason) {
  if (puller->state != ROCKET__PULLER_THROTTLED) enter(puller, ROCKET__PULLER_THROTTLED);
  if (puller->throttle_told) return;
  puller->throttle_told = true;
  rocket__puller_tell(puller, (rocket_puller_event){.kind = ROCKET_PULLER_THROTTLED, .throttle = reason});
}

void rocket__puller_proceed(rocket_puller *puller) {
  if (atomic_load(&puller->stop_wanted) || rocket_process_queue_is_dropped(puller->queue)) {
    rocket__puller_finish(puller);
    return;
  }
  if (atomic_load(&puller->paused)) {
    if (puller->state != ROCKET__PULLER_PAUSED) enter(puller, ROCKET__PULLER_PAUSED);
    return;
  }
  rocket_throttle reason = rocket_process_queue_should_pull(puller->queue);
  if (reason != ROCKET_THROTTLE_NONE) {
    throttle(puller, reason);
    return;
  }
  if (puller->throttle_told) {
    puller->throttle_told = false;
    rocket__puller_tell(puller, (rocket_puller_event){.kind = ROCKET_PULLER_RESUMED});
  }
  pull(puller);
}

static bool is_outdated(const rocket_puller *puller) {
  return atomic_load(&puller->wanted_version) != puller->subscription->version;
}

static void look(rocket_puller *puller) {
  bool stop_wanted = atomic_load(&puller->stop_wanted);
  bool hurried = atomic_exchange(&puller->hurried, false);
  switch (puller->state) {
    case ROCKET__PULLER_IDLE:
      if (stop_wanted || atomic_load(&puller->started)) rocket__puller_proceed(puller);
      break;
    case ROCKET__PULLER_THROTTLED:
    case ROCKET__PULLER_PAUSED:
      rocket__puller_proceed(puller);
      break;
    case ROCKET__PULLER_DELAYED:
      if (!stop_wanted && !hurried) break;
      rocket__timer_stop(puller->loop, &puller->timer);
      rocket__puller_proceed(puller);
      break;
    case ROCKET__PULLER_PULLING:
      if (!stop_wanted && !is_outdated(puller)) break;
      if (stop_wanted) enter(puller, ROCKET__PULLER_STOPPING);
      else if (hurried) atomic_store(&puller->hurried, true); /* for when the cancelled call has ended */
      rocket_call_cancel(puller->loop, puller->call);
      break;
    case ROCKET__PULLER_STOPPING:
    case ROCKET__PULLER_STOPPED: break;
  }
}

static void run(rocket_loop *loop, rocket__work *work) {
  (void)loop;
  rocket_puller *puller = ROCKET__OF(work, rocket_puller, work);
  atomic_fetch_and(&puller->asked, ~(uint32_t)ROCKET__UNDER_WAY); /* from here on it can be handed over again */
  look(puller);
  release(puller);
}

/* Brokers refuse a version that they have not heard of: whoever has told them hurries. */
static void pull_with_new_subscription(rocket_puller *puller) {
  bool at_once = puller->options.post_subscription || atomic_exchange(&puller->hurried, false);
  rocket__puller_proceed_after(puller, at_once ? 0 : puller->options.error_delay_ms);
}

/* A late answer to a puller that stops is not looked at: another may own the queue already. Neither is one to a pull with an old
 * subscription: brokers may have filtered by the new one, and what passed that and not the old one would be lost. */
static void on_reply(void *user, int status, const rocket_command *response, rocket_frame *frame) {
  rocket_puller *puller = user;
  bool stalled = puller->stalled;
  puller->stalled = false;
  rocket__timer_stop(puller->loop, &puller->timer);
  if (puller->state == ROCKET__PULLER_STOPPING || status == ROCKET_STOPPED || atomic_load(&puller->stop_wanted) ||
      rocket_process_queue_is_dropped(puller->queue)) {
    rocket__puller_finish(puller);
  } else if (is_outdated(puller)) {
    pull_with_new_subscription(puller);
  } else if (status == ROCKET_OK) {
    puller->failures = 0;
    rocket__puller_answered(puller, response, frame);
  } else if (stalled && status == ROCKET_CANCELLED) {
    rocket__puller_proceed(puller);
  } else {
    failed(puller, status);
  }
}

/* ---- Life ---- */

void rocket_puller_options_default(rocket_puller_options *options) {
  *options = (rocket_puller_options){
      .expression_type = rocket_slice_of("TAG"),
      .commit_with_pull = true,
      .batch = 32,
      .suspend_ms = 15000,
      .timeout_ms = 30000,
      .error_delay_ms = 1000,
      .stall_timeout_ms = 120000,
  };
}

static bool options_are_valid(const rocket_puller_options *options) {
  return options->group.size > 0 && options->topic.size > 0 && options->first_offset >= 0 && options->addresses &&
         options->address_count > 0 && options->expression_type.size > 0 && (options->tags || options->tag_count == 0) &&
         options->batch >= 1 && options->batch <= 1024 && options->timeout_ms > options->suspend_ms &&
         options->error_delay_ms > 0 && options->stall_timeout_ms > 0;
}

/* The loop stops, or finish has cancelled it. While new has not taken note of the guard, it is new that cleans up. */
static void on_guard_dropped(void *user) {
  rocket_puller *puller = user;
  if (atomic_exchange(&puller->guard_state, ROCKET__GUARD_DROPPED) == ROCKET__GUARD_NEW) return;
  puller->guard = 0;
  atomic_store(&puller->stop_wanted, true);
  bool call_in_flight = puller->state == ROCKET__PULLER_PULLING || puller->state == ROCKET__PULLER_STOPPING;
  if (!call_in_flight && puller->state != ROCKET__PULLER_STOPPED) rocket__puller_finish(puller);
  release(puller);
}

static void on_end_of_time(void *user) { (void)user; }

static int attach(rocket_puller *puller) {
  rocket_task guard = {on_end_of_time, puller, on_guard_dropped};
  int status = rocket_loop_after(puller->loop, UINT64_MAX, guard, &puller->guard);
  if (status != ROCKET_OK) return status;
  uint32_t state = ROCKET__GUARD_NEW;
  return atomic_compare_exchange_strong(&puller->guard_state, &state, ROCKET__GUARD_LIVE) ? ROCKET_OK : ROCKET_STOPPED;
}

static rocket_puller *make(rocket_loop *loop, const rocket_puller_options *options, rocket_process_queue *queue) {
  const rocket_allocator *allocator = rocket__loop_allocator(loop);
  size_t text = options->group.size + options->topic.size + options->broker_name.size;
  rocket_puller *puller = rocket__alloc_zeroed(allocator, 1, sizeof *puller + text);
  if (!puller) return NULL;
  puller->loop = loop;
  puller->allocator = allocator;
  puller->queue = queue;
  puller->options = *options;
  rocket_slice *copied[] = {&puller->options.group, &puller->options.topic, &puller->options.broker_name};
  uint8_t *at = puller->text;
  for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++) {
    uint8_t *copy = at;
    at = rocket__store_bytes(at, copied[i]->data, copied[i]->size);
    copied[i]->data = copy;
  }
  puller->addresses = rocket__addresses_copy(allocator, options->addresses, options->address_count);
  puller->subscription = rocket__subscription_copy(allocator, options->expression_type, options->subscription,
                                                   options->subscription_version, options->tags, options->tag_count);
  atomic_init(&puller->counts, 3); /* the handle's, the guard's, the process queue's */
  atomic_init(&puller->wanted_version, options->subscription_version);
  atomic_init(&puller->next_offset, options->first_offset);
  atomic_init(&puller->max_offset, -1);
  return puller;
}

int rocket_puller_new(rocket_loop *loop, const rocket_puller_options *options, rocket_process_queue *queue,
                      rocket_puller_listener listener, rocket_puller **out) {
  int status = ROCKET_INVALID_ARGUMENT;
  rocket_puller *puller = NULL;
  if (!options_are_valid(options)) goto fail;
  status = ROCKET_NO_MEMORY;
  puller = make(loop, options, queue);
  if (!puller || !puller->addresses || !puller->subscription) goto fail;
  puller->listener = listener;
  rocket_process_queue_retain(queue); /* before the loop can stop and finish gives it back */
  status = attach(puller);
  if (status != ROCKET_OK) {
    rocket_process_queue_release(queue);
    goto fail;
  }
  rocket_process_queue_set_wake(queue, wake, puller, release);
  *out = puller;
  return ROCKET_OK;
fail:
  if (listener.drop) listener.drop(listener.user);
  if (puller) {
    rocket__release(puller->allocator, puller->addresses);
    rocket__release(puller->allocator, puller->subscription);
    rocket__release(puller->allocator, puller);
  }
  return status;
}

int rocket_puller_start(rocket_puller *puller) {
  atomic_store(&puller->started, true);
  return ask(puller);
}

void rocket_puller_stop(rocket_puller *puller) {
  atomic_store(&puller->stop_wanted, true);
  ask(puller);
}

void rocket_puller_free(rocket_puller *puller) {
  if (!puller) return;
  rocket_puller_stop(puller);
  release(puller);
}

void rocket_puller_pause(rocket_puller *puller) { atomic_store(&puller->paused, true); }

void rocket_puller_resume(rocket_puller *puller) {
  atomic_store(&puller->paused, false);
  ask(puller);
}

void rocket_puller_hurry(rocket_puller *puller) {
  atomic_store(&puller->hurried, true);
  ask(puller);
}

/* The newest wins; the loop thread picks it up when it sends. */
int rocket_puller_set_addresses(rocket_puller *puller, const rocket_broker_address *addresses, uint32_t count) {
  if (!addresses || count == 0) return ROCKET_INVALID_ARGUMENT;
  if (atomic_load(&puller->asked) & ROCKET__DETACHED) return ROCKET_STOPPED;
  rocket__addresses *copy = rocket__addresses_copy(puller->allocator, addresses, count);
  if (!copy) return ROCKET_NO_MEMORY;
  rocket__release(puller->allocator, atomic_exchange(&puller->new_addresses, copy));
  return ROCKET_OK;
}

int rocket_puller_set_subscription(rocket_puller *puller, rocket_slice expression_type, rocket_slice subscription, int64_t version,
                                   const rocket_slice *tags, uint32_t tag_count) {
  if (expression_type.size == 0 || (!tags && tag_count > 0)) return ROCKET_INVALID_ARGUMENT;
  if (atomic_load(&puller->asked) & ROCKET__DETACHED) return ROCKET_STOPPED;
  rocket__subscription *copy =
      rocket__subscription_copy(puller->allocator, expression_type, subscription, version, tags, tag_count);
  if (!copy) return ROCKET_NO_MEMORY;
  rocket__release(puller->allocator, atomic_exchange(&puller->new_subscription, copy));
  atomic_store(&puller->wanted_version, version); /* from here on no answer to an older one counts */
  return ask(puller);
}

rocket_puller_state rocket_puller_get_state(const rocket_puller *puller) {
  return (rocket_puller_state)atomic_load_explicit(&puller->shown_state, memory_order_relaxed);
}

uint64_t rocket_puller_last_pull_ms(const rocket_puller *puller) {
  return atomic_load_explicit(&puller->last_pull_ms, memory_order_relaxed); /* relaxed: a number to look at */
}

int64_t rocket_puller_next_offset(const rocket_puller *puller) {
  return atomic_load_explicit(&puller->next_offset, memory_order_relaxed); /* relaxed: likewise */
}

int64_t rocket_puller_max_offset(const rocket_puller *puller) {
  return atomic_load_explicit(&puller->max_offset, memory_order_relaxed); /* relaxed: likewise */
}

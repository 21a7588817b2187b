// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/loop.h"

#include <signal.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "net/connection.h"
#include "net/endpoint.h"
#include "net/handler.h"
#include "net/listener.h"
#include "net/lookup.h"
#include "net/timers.h"
#include "net/tls.h"
#include "net/weak_loop.h"

void rocket_loop_options_default(rocket_loop_options *options) {
  *options = (rocket_loop_options){
      .max_frame_bytes = ROCKET_MAX_FRAME_BYTES,
      .connect_timeout_ms = 3000,
      .idle_timeout_ms = 120000,
      .reconnect_min_ms = 50,
      .reconnect_max_ms = 1000,
      .max_unwritten_bytes = (size_t)64 << 20,
      .serialization = ROCKET_SERIALIZATION_JSON,
      .version = ROCKET_VERSION_4_9_8,
      .language = 7,
  };
}

static bool options_are_valid(const rocket_loop_options *options) {
  return options->max_frame_bytes >= 8 && options->connect_timeout_ms > 0 && options->reconnect_min_ms > 0 &&
         options->reconnect_min_ms <= options->reconnect_max_ms && options->max_unwritten_bytes > 0 &&
         (!options->tls || !options->tls->is_server) &&
         (options->serialization == ROCKET_SERIALIZATION_JSON || options->serialization == ROCKET_SERIALIZATION_BINARY);
}

uint64_t rocket_now_ms(void) { return uv_hrtime() / 1000000; }

bool rocket_loop_is_current(const rocket_loop *loop) { return pthread_equal(pthread_self(), loop->thread) != 0; }

/* splitmix64 */
uint64_t rocket__loop_random(rocket_loop *loop, uint64_t bound) {
  uint64_t z = loop->random += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  z ^= z >> 31;
  return bound == UINT64_MAX ? z : z % (bound + 1);
}

/* ---- Handing over ---- */

void rocket__loop_later(rocket_loop *loop, rocket__work *work, void (*run)(rocket_loop *loop, rocket__work *work)) {
  work->fn = run;
  rocket__list_append(&loop->ready, &work->link);
}

/* Keeps what is not filed yet in a list of the loop: a user's drop may call back into here, and order must survive that. */
static void file_arrived(rocket_loop *loop) {
  bool closed;
  rocket__link *item = rocket__inbox_take(&loop->inbox, &closed);
  while (item) {
    rocket__link *next = item->next;
    rocket__list_append(&loop->arrived, item);
    item = next;
  }
  if (closed) loop->stopping = true;
  while ((item = rocket__list_take(&loop->arrived))) {
    rocket__work *work = ROCKET__OF(item, rocket__work, link);
    work->fn(loop, work);
  }
}

int rocket__loop_hand(rocket_loop *loop, rocket__work *work, void (*file)(rocket_loop *loop, rocket__work *work)) {
  work->fn = file;
  if (rocket_loop_is_current(loop)) {
    if (rocket__inbox_is_closed(&loop->inbox)) return ROCKET_STOPPED;
    file_arrived(loop); /* what this builds on may still be on its way here */
    file(loop, work);
    return ROCKET_OK;
  }
  bool was_empty;
  int status = rocket__inbox_push(&loop->inbox, &work->link, &was_empty);
  if (status == ROCKET_OK && was_empty) uv_async_send(&loop->async);
  return status;
}

typedef struct note {
  rocket__work work;
  uint64_t id;
  void (*act)(rocket_loop *loop, uint64_t id);
} note;

static void file_note(rocket_loop *loop, rocket__work *work) {
  note *told = ROCKET__OF(work, note, work);
  told->act(loop, told->id);
  rocket__release(rocket__loop_allocator(loop), told);
}

void rocket__loop_tell(rocket_loop *loop, uint64_t id, void (*act)(rocket_loop *loop, uint64_t id)) {
  if (rocket_loop_is_current(loop)) {
    file_arrived(loop);
    act(loop, id);
    return;
  }
  note *told = rocket__alloc(rocket__loop_allocator(loop), sizeof *told);
  if (!told) return;
  told->id = id;
  told->act = act;
  if (rocket__loop_hand(loop, &told->work, file_note) != ROCKET_OK) rocket__release(rocket__loop_allocator(loop), told);
}

/* ---- Tasks ---- */

typedef struct posted {
  rocket__work work;
  rocket_task task;
} posted;

static void run_task(rocket_loop *loop, rocket__work *work) {
  posted *post = ROCKET__OF(work, posted, work);
  rocket_task task = post->task;
  rocket__release(rocket__loop_allocator(loop), post);
  if (!rocket__inbox_is_closed(&loop->inbox)) task.fn(task.user);
  if (task.drop) task.drop(task.user);
}

static void file_task(rocket_loop *loop, rocket__work *work) { rocket__loop_later(loop, work, run_task); }

int rocket_loop_post(rocket_loop *loop, rocket_task task) {
  int status = ROCKET_NO_MEMORY;
  posted *post = rocket__alloc(rocket__loop_allocator(loop), sizeof *post);
  if (!post) goto fail;
  post->task = task;
  status = rocket__loop_hand(loop, &post->work, file_task);
  if (status != ROCKET_OK) goto fail;
  return ROCKET_OK;
fail:
  rocket__release(rocket__loop_allocator(loop), post);
  if (task.drop) task.drop(task.user);
  return status;
}

/* ---- The turn ---- */

/* Only what is ready now: work that makes new work shares the loop with sockets. */
static void run_ready(rocket_loop *loop) {
  rocket__link batch, *item;
  rocket__link_init(&batch);
  rocket__list_move(&loop->ready, &batch);
  while ((item = rocket__list_take(&batch))) {
    rocket__work *work = ROCKET__OF(item, rocket__work, link);
    work->fn(loop, work);
  }
}

static void nothing(uv_idle_t *idle) { (void)idle; }

static void begin_closing(rocket_loop *loop) {
  loop->closing = true;
  rocket__timers_stop_tasks(loop);
  rocket__listeners_stop(loop);
  rocket__connections_stop(loop);
  rocket__endpoints_stop(loop);
  rocket__lookups_stop(loop);
}

static void close_own_handles(rocket_loop *loop) {
  uv_close((uv_handle_t *)&loop->prepare, NULL);
  uv_close((uv_handle_t *)&loop->idle, NULL);
  uv_close((uv_handle_t *)&loop->timer, NULL);
  /* Other threads may be inside uv_async_send until rocket_loop_free, so this one is closed there. */
  uv_unref((uv_handle_t *)&loop->async);
}

static void turn(uv_prepare_t *prepare) {
  rocket_loop *loop = prepare->data;
  file_arrived(loop);
  if (loop->stopping && !loop->closing) begin_closing(loop);
  rocket__timers_run(loop);
  run_ready(loop);
  rocket__connections_flush(loop);
  rocket__timers_arm(loop);
  bool idle = rocket__link_is_alone(&loop->ready);
  if (idle && loop->closing && loop->open_handles == 0) {
    close_own_handles(loop);
  } else if (idle) {
    uv_idle_stop(&loop->idle);
  } else {
    uv_idle_start(&loop->idle, nothing);
  }
}

static void *run(void *argument) {
  rocket_loop *loop = argument;
#ifdef __linux__
  prctl(PR_SET_NAME, "rocket-loop");
#endif
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  rocket__handler_release(loop, loop->handler);
  return NULL;
}

/* ---- Life ---- */

static void init_fields(rocket_loop *loop, const rocket_loop_options *options) {
  memset(loop, 0, offsetof(rocket_loop, received));
  loop->options = *options;
  if (options->tls) rocket_tls_retain(options->tls);
  rocket__inbox_init(&loop->inbox);
  atomic_init(&loop->last_id, 0);
  atomic_init(&loop->connection_count, 0);
  loop->armed_at = UINT64_MAX;
  loop->random = uv_hrtime() ^ (uint64_t)(uintptr_t)loop;
  rocket__link_init(&loop->arrived);
  rocket__link_init(&loop->ready);
  rocket__link_init(&loop->tasks_later);
  rocket__link_init(&loop->endpoints);
  rocket__link_init(&loop->connections);
  rocket__link_init(&loop->unflushed);
  rocket__link_init(&loop->listeners);
  rocket__link_init(&loop->lookups);
  rocket__id_table_init(&loop->tasks_by_id, options->allocator);
  rocket__id_table_init(&loop->calls, options->allocator);
  rocket__id_table_init(&loop->endpoints_by_hash, options->allocator);
  rocket__id_table_init(&loop->connections_by_id, options->allocator);
}

/* Of these, libuv lets only the first two fail. */
static int init_handles(rocket_loop *loop) {
  int status = uv_loop_init(&loop->uv);
  if (status < 0) return status;
  status = uv_async_init(&loop->uv, &loop->async, NULL);
  if (status < 0) {
    uv_loop_close(&loop->uv);
    return status;
  }
  uv_prepare_init(&loop->uv, &loop->prepare);
  uv_idle_init(&loop->uv, &loop->idle);
  uv_timer_init(&loop->uv, &loop->timer);
  loop->prepare.data = loop->timer.data = loop;
  uv_prepare_start(&loop->prepare, turn);
  return ROCKET_OK;
}

/* A thread inherits its creator's signal mask, so there is no moment in which a signal could run on the new one. */
static int start_thread(rocket_loop *loop) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&loop->thread, NULL, run, loop);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error ? uv_translate_sys_error(error) : ROCKET_OK;
}

/* The thread has ended or never began. */
static void free_loop(rocket_loop *loop) {
  const rocket_allocator *allocator = rocket__loop_allocator(loop);
  rocket__weak_loop_sever(loop->weak);
  rocket__weak_loop_release(loop->weak);
  uv_close((uv_handle_t *)&loop->async, NULL);
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  int status = uv_loop_close(&loop->uv);
  if (status != 0) abort(); /* a handle was forgotten: going on would free memory that libuv still uses */
  rocket__listeners_free(loop);
  rocket__id_table_clear(&loop->tasks_by_id);
  rocket__id_table_clear(&loop->calls);
  rocket__id_table_clear(&loop->endpoints_by_hash);
  rocket__id_table_clear(&loop->connections_by_id);
  rocket_tls_release(loop->options.tls);
  rocket__release(allocator, loop);
}

int rocket_loop_new(const rocket_loop_options *options, rocket_loop **out) {
  rocket_loop_options defaults;
  if (!options) {
    rocket_loop_options_default(&defaults);
    options = &defaults;
  }
  if (!options_are_valid(options)) return ROCKET_INVALID_ARGUMENT;
  int status = ROCKET_NO_MEMORY;
  rocket_loop *loop = rocket__alloc(options->allocator, sizeof *loop);
  if (!loop) return status;
  init_fields(loop, options);
  loop->weak = rocket__weak_loop_new(loop);
  if (!loop->weak) goto fail;
  status = init_handles(loop);
  if (status != ROCKET_OK) goto fail;
  status = start_thread(loop);
  if (status != ROCKET_OK) {
    close_own_handles(loop);
    free_loop(loop);
    return status;
  }
  *out = loop;
  return ROCKET_OK;
fail:
  if (loop->weak) rocket__weak_loop_release(loop->weak);
  rocket_tls_release(loop->options.tls);
  rocket__release(options->allocator, loop);
  return status;
}

void rocket_loop_stop(rocket_loop *loop) {
  rocket__inbox_close(&loop->inbox);
  uv_async_send(&loop->async);
}

int rocket_loop_free(rocket_loop *loop) {
  if (!loop) return ROCKET_OK;
  if (rocket_loop_is_current(loop)) return ROCKET_WRONG_THREAD;
  rocket_loop_stop(loop);
  pthread_join(loop->thread, NULL);
  free_loop(loop);
  return ROCKET_OK;
}

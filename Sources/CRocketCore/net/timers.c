// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/timers.h"

void rocket__timer_start(rocket_loop *loop, rocket__timer *timer, uint64_t at_ms,
                         void (*fn)(rocket_loop *loop, rocket__timer *timer)) {
  rocket__timer_stop(loop, timer);
  timer->fn = fn;
  timer->node.key = at_ms;
  timer->node.order = ++loop->last_timer_order;
  rocket__heap_insert(&loop->timers, &timer->node);
}

void rocket__timer_stop(rocket_loop *loop, rocket__timer *timer) {
  if (!timer->fn) return;
  rocket__heap_remove(&loop->timers, &timer->node);
  timer->fn = NULL;
}

/* Timers started meanwhile wait for the next turn: one that keeps starting itself must not keep the loop from its sockets. */
void rocket__timers_run(rocket_loop *loop) {
  rocket__heap_node *first = loop->timers.first;
  if (!first) return;
  uint64_t now = rocket_now_ms(), last_order = loop->last_timer_order;
  while (first && first->key <= now && first->order <= last_order) {
    rocket__timer *timer = ROCKET__OF(first, rocket__timer, node);
    void (*fn)(rocket_loop *, rocket__timer *) = timer->fn;
    rocket__timer_stop(loop, timer);
    fn(loop, timer);
    first = loop->timers.first;
  }
}

/* The turn comes right after this. */
static void on_timer(uv_timer_t *timer) { ((rocket_loop *)timer->data)->armed_at = UINT64_MAX; }

/* Never moved to a later time: most deadlines are stopped before they are due, and one early wake-up is cheaper than moving the
 * timer with each of them. */
void rocket__timers_arm(rocket_loop *loop) {
  rocket__heap_node *first = loop->timers.first;
  if (!first || first->key >= loop->armed_at || loop->closing) return;
  uint64_t now = uv_now(&loop->uv);
  loop->armed_at = first->key;
  uv_timer_start(&loop->timer, on_timer, first->key > now ? first->key - now : 0, 0);
}

/* ---- rocket_loop_after ---- */

typedef struct task_later {
  rocket__work work; /* its link is in loop->tasks_later while the timer runs */
  rocket__timer timer;
  rocket__id_entry by_id;
  uint64_t id;
  uint64_t at_ms;
  rocket_task task;
} task_later;

static void finish_task(rocket_loop *loop, task_later *later, bool run) {
  rocket_task task = later->task;
  rocket__timer_stop(loop, &later->timer);
  rocket__list_remove(&later->work.link);
  rocket__id_table_remove(&loop->tasks_by_id, &later->by_id);
  rocket__release(rocket__loop_allocator(loop), later);
  if (run) task.fn(task.user);
  if (task.drop) task.drop(task.user);
}

static void run_task(rocket_loop *loop, rocket__timer *timer) {
  finish_task(loop, ROCKET__OF(timer, task_later, timer), !rocket__inbox_is_closed(&loop->inbox));
}

static void file_task(rocket_loop *loop, rocket__work *work) {
  task_later *later = ROCKET__OF(work, task_later, work);
  rocket__list_append(&loop->tasks_later, &work->link);
  rocket__id_table_add(&loop->tasks_by_id, &later->by_id, later->id);
  rocket__timer_start(loop, &later->timer, later->at_ms, run_task);
}

int rocket_loop_after(rocket_loop *loop, uint64_t delay_ms, rocket_task task, uint64_t *timer) {
  int status = ROCKET_NO_MEMORY;
  uint64_t id = atomic_fetch_add_explicit(&loop->last_id, 1, memory_order_relaxed) + 1;
  uint64_t unused = 0;
  if (!timer) timer = &unused;
  uint64_t before = *timer;
  task_later *later = rocket__alloc(rocket__loop_allocator(loop), sizeof *later);
  if (!later) goto fail;
  *later = (task_later){.id = id, .at_ms = rocket__ms_after(rocket_now_ms(), delay_ms), .task = task};
  *timer = id; /* before the task can run */
  status = rocket__loop_hand(loop, &later->work, file_task);
  if (status != ROCKET_OK) goto fail;
  return ROCKET_OK;
fail:
  *timer = before;
  rocket__release(rocket__loop_allocator(loop), later);
  if (task.drop) task.drop(task.user);
  return status;
}

static void cancel(rocket_loop *loop, uint64_t id) {
  rocket__id_entry *entry = rocket__id_table_find(&loop->tasks_by_id, id);
  if (entry) finish_task(loop, ROCKET__OF(entry, task_later, by_id), false);
}

void rocket_loop_cancel_timer(rocket_loop *loop, uint64_t timer) { rocket__loop_tell(loop, timer, cancel); }

void rocket__timers_stop_tasks(rocket_loop *loop) {
  while (!rocket__link_is_alone(&loop->tasks_later)) {
    rocket__link *first = loop->tasks_later.next;
    finish_task(loop, ROCKET__OF(first, task_later, work.link), false);
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A queue of notes between the threads that callbacks run on and the one that takes events. The pipe holds one byte while the queue is not
 * empty, so that it can be waited for like a socket. */
#include "rocket_events.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/slice.h"

typedef struct source source;

/* One event that waits. Behind it, in the same memory: a command, or a text. */
typedef struct note {
  struct note *next;
  source *of;          /* one count of it */
  struct note **home;  /* where it goes when it was taken; NULL: it is freed */
  rocket_event event;
} note;

/* What one callback holds as its `user`. Its counts are its callback and its notes that wait. */
struct source {
  rocket_events *events;
  uint64_t tag;
  uint32_t counts;
  note *reply;   /* memory taken beforehand; NULL while it waits */
  note *ready;
  note *illegal;
  note *stopped;
};

struct rocket_events {
  const rocket_allocator *allocator;
  pthread_mutex_t mutex; /* of all below and of the sources' counts */
  note *first, *last;
  note *current;         /* was taken and is looked at */
  uint32_t waiting;
  uint32_t counts;       /* the owner, and the sources */
  bool is_closed;
  int pipe[2];
};

static void lock(rocket_events *events) { pthread_mutex_lock(&events->mutex); }
static void unlock(rocket_events *events) { pthread_mutex_unlock(&events->mutex); }

/* Unlocks, and frees when this was the last count. */
static void release_and_unlock(rocket_events *events) {
  bool last = --events->counts == 0;
  unlock(events);
  if (!last) return;
  pthread_mutex_destroy(&events->mutex);
  rocket__release(events->allocator, events);
}

/* Locked. */
static void release_source(source *of) {
  if (--of->counts > 0) return;
  const rocket_allocator *allocator = of->events->allocator;
  rocket__release(allocator, of->reply);
  rocket__release(allocator, of->ready);
  rocket__release(allocator, of->illegal);
  rocket__release(allocator, of->stopped);
  of->events->counts--; /* never the last one: whoever is here holds one */
  rocket__release(allocator, of);
}

/* Locked. */
static void let_go(rocket_events *events, note *done) {
  source *of = done->of;
  rocket_frame_release(done->event.frame);
  if (done->home) *done->home = done;
  else rocket__release(events->allocator, done);
  release_source(of);
}

static note *new_note(const rocket_events *events, rocket_event_kind kind, source *of, size_t room) {
  note *made = rocket__alloc_zeroed(events->allocator, 1, sizeof *made + room);
  if (!made) return NULL;
  made->of = of;
  made->event.kind = kind;
  made->event.tag = of->tag;
  return made;
}

static void push(note *added) {
  static const char byte = 1;
  rocket_events *events = added->of->events;
  lock(events);
  added->of->counts++;
  bool fits = added->home || events->waiting < ROCKET_EVENTS_MAX;
  if (events->is_closed || !fits) {
    let_go(events, added);
  } else {
    added->next = NULL;
    if (events->first) events->last->next = added;
    else events->first = added;
    events->last = added;
    if (events->waiting++ == 0) (void)!write(events->pipe[1], &byte, 1); /* there is room: it was empty */
  }
  unlock(events);
}

/* Locked. */
static note *pop(rocket_events *events) {
  char byte;
  note *taken = events->first;
  if (!taken) return NULL;
  events->first = taken->next;
  if (--events->waiting == 0) (void)!read(events->pipe[0], &byte, 1);
  return taken;
}

/* --- Callbacks */
static void on_drop(void *user) {
  source *of = user;
  rocket_events *events = of->events;
  lock(events);
  events->counts++; /* so that it outlives the source */
  release_source(of);
  release_and_unlock(events);
}

static rocket_command *command_of(note *of) { return (rocket_command *)(void *)(of + 1); }

static void keep_command(note *in, const rocket_command *command, rocket_frame *frame) {
  *command_of(in) = *command; /* it was decoded: all of it points into the frame */
  rocket_frame_retain(frame);
  in->event.command = command_of(in);
  in->event.frame = frame;
}

static void on_reply(void *user, int status, const rocket_command *reply, rocket_frame *frame) {
  source *of = user;
  note *told = of->reply;
  of->reply = NULL;
  told->event.status = status;
  if (status == ROCKET_OK) keep_command(told, reply, frame);
  push(told);
}

static rocket_slice keep_text(uint8_t *at, rocket_slice text) {
  if (text.size > 0) memcpy(at, text.data, text.size);
  return rocket__slice(text.data ? at : NULL, text.size);
}

static void on_request(void *user, const rocket_inbound *request) {
  source *of = user;
  note *told = new_note(of->events, ROCKET_EVENT_REQUEST, of, sizeof(rocket_command) + request->peer.size);
  if (!told) return;
  told->event.connection = request->connection;
  told->event.address = keep_text((uint8_t *)(command_of(told) + 1), request->peer);
  keep_command(told, request->command, request->frame);
  push(told);
}

static void tell_connection(source *of, rocket_event_kind kind, rocket_connection connection, rocket_slice address, int status) {
  note *told = new_note(of->events, kind, of, address.size);
  if (!told) return;
  told->event.connection = connection;
  told->event.status = status;
  told->event.address = keep_text((uint8_t *)(told + 1), address);
  push(told);
}

static void on_opened(void *user, rocket_connection connection, rocket_slice address) {
  tell_connection(user, ROCKET_EVENT_OPENED, connection, address, ROCKET_OK);
}

static void on_closed(void *user, rocket_connection connection, rocket_slice address, int status) {
  tell_connection(user, ROCKET_EVENT_CLOSED, connection, address, status);
}

static void on_refused(void *user, rocket_slice peer, int status) { tell_connection(user, ROCKET_EVENT_REFUSED, 0, peer, status); }

/* The note that has its memory; NULL while it waits, and what is new has been added to it. */
static note *reserved_note(source *of, const rocket_puller_event *event) {
  note **home = event->kind == ROCKET_PULLER_READY ? &of->ready : event->kind == ROCKET_PULLER_STOPPED ? &of->stopped : &of->illegal;
  lock(of->events);
  note *told = *home;
  *home = NULL;
  if (!told && event->kind == ROCKET_PULLER_READY) {
    for (note *each = of->events->first; each; each = each->next)
      if (each->home == home) each->event.puller.count += event->count;
  }
  unlock(of->events);
  return told;
}

static void on_puller(void *user, const rocket_puller_event *event) {
  source *of = user;
  bool moved = event->kind == ROCKET_PULLER_OFFSET_ILLEGAL || event->kind == ROCKET_PULLER_OFFSET_RESET; /* either ends the puller */
  bool reserved = moved || event->kind == ROCKET_PULLER_READY || event->kind == ROCKET_PULLER_STOPPED;
  note *told = reserved ? reserved_note(of, event)
                        : new_note(of->events, ROCKET_EVENT_PULLER, of, event->remark.size + event->address.size);
  if (!told) return;
  uint8_t *text = (uint8_t *)(told + 1);
  told->event.puller = *event;
  told->event.puller.remark = reserved ? (rocket_slice){0} : keep_text(text, event->remark);
  told->event.puller.address = reserved ? (rocket_slice){0} : keep_text(text + event->remark.size, event->address);
  push(told);
}

static int new_source(rocket_events *events, uint64_t tag, source **out) {
  source *made = rocket__alloc_zeroed(events->allocator, 1, sizeof *made);
  if (!made) return ROCKET_NO_MEMORY;
  made->events = events;
  made->tag = tag;
  made->counts = 1;
  lock(events);
  events->counts++;
  unlock(events);
  *out = made;
  return ROCKET_OK;
}

static bool reserve(source *of, note **home, rocket_event_kind kind, size_t room) {
  *home = new_note(of->events, kind, of, room);
  if (*home) (*home)->home = home;
  return *home != NULL;
}

int rocket_events_reply(rocket_events *events, uint64_t tag, rocket_reply *out) {
  source *of;
  int status = new_source(events, tag, &of);
  if (status != ROCKET_OK) return status;
  if (!reserve(of, &of->reply, ROCKET_EVENT_REPLY, sizeof(rocket_command))) {
    on_drop(of);
    return ROCKET_NO_MEMORY;
  }
  *out = (rocket_reply){on_reply, of, on_drop};
  return ROCKET_OK;
}

int rocket_events_handler(rocket_events *events, uint64_t tag, rocket_handler *out) {
  source *of;
  int status = new_source(events, tag, &of);
  if (status == ROCKET_OK) *out = (rocket_handler){on_request, on_opened, on_closed, of, on_drop, on_refused};
  return status;
}

int rocket_events_puller(rocket_events *events, uint64_t tag, rocket_puller_listener *out) {
  source *of;
  int status = new_source(events, tag, &of);
  if (status != ROCKET_OK) return status;
  bool has_all = reserve(of, &of->ready, ROCKET_EVENT_PULLER, 0) && reserve(of, &of->illegal, ROCKET_EVENT_PULLER, 0) &&
                 reserve(of, &of->stopped, ROCKET_EVENT_PULLER, 0);
  if (!has_all) {
    on_drop(of);
    return ROCKET_NO_MEMORY;
  }
  *out = (rocket_puller_listener){on_puller, of, on_drop};
  return ROCKET_OK;
}

/* --- The taker's side */
int rocket_events_new(const rocket_allocator *allocator, rocket_events **out) {
  rocket_events *events = rocket__alloc_zeroed(allocator, 1, sizeof *events);
  if (!events) return ROCKET_NO_MEMORY;
  events->allocator = allocator;
  events->counts = 1;
  if (pipe(events->pipe) != 0) {
    int status = -errno; /* what libuv's codes are, on the systems this runs on */
    rocket__release(allocator, events);
    return status;
  }
  for (int i = 0; i < 2; i++) {
    fcntl(events->pipe[i], F_SETFD, FD_CLOEXEC);
    fcntl(events->pipe[i], F_SETFL, O_NONBLOCK);
  }
  pthread_mutex_init(&events->mutex, NULL);
  *out = events;
  return ROCKET_OK;
}

void rocket_events_free(rocket_events *events) {
  if (!events) return;
  lock(events);
  events->is_closed = true;
  if (events->current) let_go(events, events->current);
  for (note *each; (each = pop(events)) != NULL;) let_go(events, each);
  close(events->pipe[0]);
  close(events->pipe[1]);
  release_and_unlock(events);
}

/* The oldest event, if there is one. A note without borrowed bytes goes home at once, so that its callback can use it again. */
static bool take(rocket_events *events, rocket_event *out) {
  lock(events);
  if (events->current) let_go(events, events->current);
  events->current = NULL;
  note *taken = pop(events);
  if (taken) {
    *out = taken->event;
    if (taken->home && !taken->event.frame) let_go(events, taken);
    else events->current = taken;
  }
  unlock(events);
  return taken != NULL;
}

int rocket_events_next(rocket_events *events, uint32_t timeout_ms, rocket_event *out) {
  uint64_t deadline = rocket_now_ms() + timeout_ms;
  for (;;) {
    if (take(events, out)) return ROCKET_OK;
    uint64_t now = rocket_now_ms();
    if (timeout_ms != UINT32_MAX && now >= deadline) return ROCKET_TIMEOUT;
    uint64_t left = timeout_ms == UINT32_MAX ? INT32_MAX : deadline - now;
    struct pollfd readable = {.fd = events->pipe[0], .events = POLLIN};
    poll(&readable, 1, left > INT32_MAX ? INT32_MAX : (int)left); /* interrupted or not: look again */
  }
}

int rocket_events_fd(const rocket_events *events) { return events->pipe[0]; }

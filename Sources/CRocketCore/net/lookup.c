// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* EAI_NODATA, EAI_ADDRFAMILY */
#endif
#include "net/lookup.h"

#include "net/weak_loop.h"

/* getaddrinfo's own numbers differ from system to system; libuv's do not. */
static int status_of(int error) {
  switch (error) {
  case 0: return ROCKET_OK;
  case EAI_AGAIN: return UV_EAI_AGAIN;
  case EAI_FAMILY: return UV_EAI_FAMILY;
  case EAI_MEMORY: return UV_EAI_MEMORY;
  case EAI_NONAME: return UV_EAI_NONAME;
#ifdef EAI_ADDRFAMILY
  case EAI_ADDRFAMILY: return UV_EAI_ADDRFAMILY;
#endif
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
  case EAI_NODATA: return UV_EAI_NODATA;
#endif
  case EAI_SERVICE: return UV_EAI_SERVICE;
  case EAI_SYSTEM: return uv_translate_sys_error(errno);
  default: return UV_EAI_FAIL;
  }
}

static int look_up(const rocket__address *address, int flags, struct addrinfo **found) {
  struct addrinfo hints = {.ai_flags = flags | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
  return status_of(getaddrinfo(address->host, address->port, &hints, found));
}

int rocket__lookup_numeric(const rocket__address *address, struct addrinfo **found) {
  return look_up(address, AI_NUMERICHOST, found);
}

int rocket__lookup_blocking(const rocket__address *address, struct addrinfo **found) { return look_up(address, 0, found); }

/* Two hold a count: the loop and the thread. The thread's goes to the loop together with the answer. Made with malloc, because the
 * thread may end after the loop and its allocator. */
struct rocket__lookup {
  rocket__work work; /* thread -> loop: the answer */
  rocket__link link; /* in loop->lookups until the answer is there */
  atomic_uint count;
  rocket__weak_loop *loop;
  rocket__address address;
  int status;
  struct addrinfo *found;
  void *user;
  void (*done)(void *user, int status, struct addrinfo *found); /* NULL: abandoned */
};

static void release(rocket__lookup *lookup, unsigned counts) {
  if (atomic_fetch_sub_explicit(&lookup->count, counts, memory_order_acq_rel) != counts) return;
  if (lookup->found) freeaddrinfo(lookup->found);
  rocket__weak_loop_release(lookup->loop);
  rocket__release(NULL, lookup);
}

static void file_answer(rocket_loop *loop, rocket__work *work) {
  (void)loop;
  rocket__lookup *lookup = ROCKET__OF(work, rocket__lookup, work);
  if (rocket__link_is_alone(&lookup->link)) { /* the loop gave it up when it stopped */
    release(lookup, 1);
    return;
  }
  rocket__list_remove(&lookup->link);
  struct addrinfo *found = lookup->found;
  if (lookup->done) {
    lookup->found = NULL;
    lookup->done(lookup->user, lookup->status, found);
  }
  release(lookup, 2);
}

static void *run(void *user) {
  rocket__lookup *lookup = user;
  lookup->status = rocket__lookup_blocking(&lookup->address, &lookup->found);
  if (rocket__weak_loop_hand(lookup->loop, &lookup->work, file_answer) != ROCKET_OK) release(lookup, 1);
  return NULL;
}

/* Signals stay blocked as they are on the loop thread, which starts this one. */
static int start_thread(rocket__lookup *lookup) {
  pthread_t thread;
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error) return uv_translate_sys_error(error);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  error = pthread_create(&thread, &attributes, run, lookup);
  pthread_attr_destroy(&attributes);
  return error ? uv_translate_sys_error(error) : ROCKET_OK;
}

static rocket__lookup *find_abandoned(rocket_loop *loop, const rocket__address *address) {
  for (rocket__link *link = loop->lookups.next; link != &loop->lookups; link = link->next) {
    rocket__lookup *lookup = ROCKET__OF(link, rocket__lookup, link);
    if (!lookup->done && strcmp(lookup->address.host, address->host) == 0 && strcmp(lookup->address.port, address->port) == 0)
      return lookup;
  }
  return NULL;
}

int rocket__lookup_start(rocket_loop *loop, const rocket__address *address, void *user,
                         void (*done)(void *user, int status, struct addrinfo *found), rocket__lookup **out) {
  rocket__lookup *lookup = find_abandoned(loop, address);
  if (!lookup) {
    lookup = rocket__alloc(NULL, sizeof *lookup);
    if (!lookup) return ROCKET_NO_MEMORY;
    *lookup = (rocket__lookup){.loop = rocket__weak_loop_retain(loop->weak), .address = *address};
    atomic_init(&lookup->count, 2);
    rocket__link_init(&lookup->link);
    int status = start_thread(lookup);
    if (status != ROCKET_OK) {
      release(lookup, 2);
      return status;
    }
    rocket__list_append(&loop->lookups, &lookup->link);
  }
  lookup->user = user;
  lookup->done = done;
  *out = lookup;
  return ROCKET_OK;
}

void rocket__lookup_abandon(rocket__lookup *lookup) { lookup->done = NULL; }

void rocket__lookups_stop(rocket_loop *loop) {
  rocket__link *link;
  while ((link = rocket__list_take(&loop->lookups))) release(ROCKET__OF(link, rocket__lookup, link), 1);
}

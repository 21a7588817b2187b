// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include "net_names.h"

#include <dlfcn.h>
#include <netdb.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static const char *known_name;
static const char *known_addresses[NET_NAME_ADDRESSES + 1];
static bool holding, on_loop;
static const rocket_loop *watched;
static net_counter lookups = NET_COUNTER;

void net_name_set(const char *name, const char *const *addresses) {
  pthread_mutex_lock(&mutex);
  known_name = name;
  int i = 0;
  for (; addresses[i]; i++) {
    CHECK(i < NET_NAME_ADDRESSES);
    known_addresses[i] = addresses[i];
  }
  known_addresses[i] = NULL;
  pthread_mutex_unlock(&mutex);
}

void net_name_hold(void) {
  pthread_mutex_lock(&mutex);
  holding = true;
  pthread_mutex_unlock(&mutex);
}

void net_name_release(void) {
  pthread_mutex_lock(&mutex);
  holding = false;
  pthread_cond_broadcast(&released);
  pthread_mutex_unlock(&mutex);
}

net_counter *net_name_lookups(void) { return &lookups; }

void net_name_watch(const rocket_loop *loop) {
  pthread_mutex_lock(&mutex);
  watched = loop;
  pthread_mutex_unlock(&mutex);
}

bool net_name_was_looked_up_on_loop(void) {
  pthread_mutex_lock(&mutex);
  bool was = on_loop;
  pthread_mutex_unlock(&mutex);
  return was;
}

typedef int lookup_function(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out);

/* Lists are chained, which freeaddrinfo takes apart node by node. */
static int look_up_known(lookup_function *system_lookup, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
  struct addrinfo **end = out;
  *out = NULL;
  for (int i = 0; known_addresses[i]; i++) {
    int error = system_lookup(known_addresses[i], service, hints, end);
    if (error) return error;
    while (*end) end = &(*end)->ai_next;
  }
  return *out ? 0 : EAI_NONAME;
}

/* In front of the C library's, for libuv too. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
  lookup_function *system_lookup;
  *(void **)&system_lookup = dlsym(RTLD_NEXT, "getaddrinfo");
  pthread_mutex_lock(&mutex);
  bool known = known_name && node && strcmp(node, known_name) == 0 && !(hints && hints->ai_flags & AI_NUMERICHOST);
  if (!known) {
    pthread_mutex_unlock(&mutex);
    return system_lookup(node, service, hints, out);
  }
  if (watched && rocket_loop_is_current(watched)) on_loop = true;
  net_count(&lookups);
  while (holding) pthread_cond_wait(&released, &mutex);
  int error = look_up_known(system_lookup, service, hints, out);
  pthread_mutex_unlock(&mutex);
  return error;
}

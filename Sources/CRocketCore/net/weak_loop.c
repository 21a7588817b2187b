// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/weak_loop.h"

rocket__weak_loop *rocket__weak_loop_new(rocket_loop *loop) {
  rocket__weak_loop *weak = rocket__alloc(NULL, sizeof *weak);
  if (!weak) return NULL;
  if (pthread_mutex_init(&weak->mutex, NULL) != 0) {
    rocket__release(NULL, weak);
    return NULL;
  }
  weak->loop = loop;
  atomic_init(&weak->count, 1);
  return weak;
}

rocket__weak_loop *rocket__weak_loop_retain(rocket__weak_loop *weak) {
  atomic_fetch_add_explicit(&weak->count, 1, memory_order_relaxed); /* whoever adds one holds one */
  return weak;
}

/* Acq_rel: the last one sees that all others are done with it. */
void rocket__weak_loop_release(rocket__weak_loop *weak) {
  if (atomic_fetch_sub_explicit(&weak->count, 1, memory_order_acq_rel) != 1) return;
  pthread_mutex_destroy(&weak->mutex);
  rocket__release(NULL, weak);
}

int rocket__weak_loop_hand(rocket__weak_loop *weak, rocket__work *work, void (*file)(rocket_loop *loop, rocket__work *work)) {
  pthread_mutex_lock(&weak->mutex);
  int status = weak->loop ? rocket__loop_hand(weak->loop, work, file) : ROCKET_STOPPED;
  pthread_mutex_unlock(&weak->mutex);
  return status;
}

void rocket__weak_loop_sever(rocket__weak_loop *weak) {
  pthread_mutex_lock(&weak->mutex);
  weak->loop = NULL;
  pthread_mutex_unlock(&weak->mutex);
}

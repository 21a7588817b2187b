// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Whole takes at once, for callers to whom each call costs. */
#include "rocket_process_queue.h"

uint32_t rocket_taken_decode(const rocket_taken *taken, uint32_t count, rocket_message *out) {
  uint32_t i = 0;
  while (i < count && rocket_message_decode(taken[i].record, &out[i], NULL) == ROCKET_OK) i++;
  return i;
}

void rocket_taken_release(const rocket_taken *taken, uint32_t count) {
  for (uint32_t begin = 0, end; begin < count; begin = end) {
    for (end = begin + 1; end < count && taken[end].frame == taken[begin].frame;) end++;
    rocket_frame_release_many(taken[begin].frame, end - begin);
  }
}

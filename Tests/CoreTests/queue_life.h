// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* One life of a ProcessQueue beside the plain reference, step by step, compared after each. What the steps are is the caller's choice:
 * the differential test draws lots, the fuzzer reads them from its input. */
#ifndef QUEUE_LIFE_H
#define QUEUE_LIFE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct queue_life_choices {
  uint32_t (*pick)(void *user, uint32_t below); /* a number in [0, below) */
  bool (*goes_on)(void *user, uint32_t step);
  void *user;
  const char *name; /* for what is printed when the two differ */
} queue_life_choices;

/* `orderly`: with take_ordered, commit, rollback and give_back, and acknowledging only the first ones held, instead of take, ack in any
 * order and the scan for what takes too long. */
void queue_life(const queue_life_choices *choices, bool orderly);

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The inbox: many threads push, one thread takes everything at once. Lock-free, allocates nothing.
 *
 * One atomic word holds the newest item (items link to the one before) and, in its lowest bit, whether the inbox is closed.
 * So "closed" and "pushed" cannot miss each other: an item is either refused, or it is in a later take - no third case.
 */
#ifndef ROCKET_BASE_INBOX_H
#define ROCKET_BASE_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "rocket_status.h"

typedef struct rocket__inbox {
  atomic_uintptr_t word;
} rocket__inbox;

void rocket__inbox_init(rocket__inbox *inbox);

/* `was_empty` tells the one pusher of a batch that has to wake the taker. Uses item->next.
 * Thread: any.  Fails: ROCKET_STOPPED when closed. */
int rocket__inbox_push(rocket__inbox *inbox, rocket__link *item, bool *was_empty);

/* Takes all items, oldest first, linked by `next` and ending in NULL. `closed`: no further item can come.
 * Thread: the taker. */
rocket__link *rocket__inbox_take(rocket__inbox *inbox, bool *closed);

/* Refuses all further items; those already pushed stay takeable. Thread: any; may be repeated. */
void rocket__inbox_close(rocket__inbox *inbox);
bool rocket__inbox_is_closed(const rocket__inbox *inbox);

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "base/inbox.h"

static const uintptr_t closed_bit = 1;

void rocket__inbox_init(rocket__inbox *inbox) { atomic_init(&inbox->word, 0); }

/* Release: the taker sees what the pusher wrote into the item. An item that was taken, freed and pushed again at the same address
 * does no harm here: the word is then again the newest item, which is all that `next` has to name. */
int rocket__inbox_push(rocket__inbox *inbox, rocket__link *item, bool *was_empty) {
  uintptr_t seen = atomic_load_explicit(&inbox->word, memory_order_relaxed);
  do {
    if (seen & closed_bit) return ROCKET_STOPPED;
    item->next = (rocket__link *)seen;
  } while (!atomic_compare_exchange_weak_explicit(&inbox->word, &seen, (uintptr_t)item, memory_order_release, memory_order_relaxed));
  *was_empty = seen == 0;
  return ROCKET_OK;
}

static rocket__link *reverse(rocket__link *newest) {
  rocket__link *oldest = NULL;
  while (newest) {
    rocket__link *before = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = before;
  }
  return oldest;
}

/* Acquire: pairs with the push. The plain load spares the exchange when nothing came, which is most turns of a busy loop. */
rocket__link *rocket__inbox_take(rocket__inbox *inbox, bool *closed) {
  uintptr_t word = atomic_load_explicit(&inbox->word, memory_order_acquire);
  if (word & ~closed_bit) word = atomic_fetch_and_explicit(&inbox->word, closed_bit, memory_order_acquire);
  *closed = (word & closed_bit) != 0;
  return reverse((rocket__link *)(word & ~closed_bit));
}

/* Acq_rel: who finds the inbox closed sees what the closer did before. */
void rocket__inbox_close(rocket__inbox *inbox) {
  atomic_fetch_or_explicit(&inbox->word, closed_bit, memory_order_acq_rel);
}

bool rocket__inbox_is_closed(const rocket__inbox *inbox) {
  return (atomic_load_explicit(&inbox->word, memory_order_acquire) & closed_bit) != 0;
}

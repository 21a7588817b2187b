// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "base/inbox.h"

#include <pthread.h>

#include "test.h"

typedef struct item {
  rocket__link link;
  int from;
  int number;
} item;

TEST(inbox_gives_items_back_in_order) {
  rocket__inbox inbox;
  item items[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
  bool was_empty, closed;
  rocket__inbox_init(&inbox);
  CHECK(rocket__inbox_take(&inbox, &closed) == NULL);
  CHECK(!closed);
  for (int i = 0; i < 3; i++) CHECK_INT(rocket__inbox_push(&inbox, &items[i].link, &was_empty), ROCKET_OK);
  rocket__link *at = rocket__inbox_take(&inbox, &closed);
  for (int i = 0; i < 3; i++, at = at->next) CHECK(at == &items[i].link);
  CHECK(at == NULL);
  CHECK(rocket__inbox_take(&inbox, &closed) == NULL);
}

TEST(inbox_asks_for_one_wakeup_per_batch) {
  rocket__inbox inbox;
  item items[4];
  bool was_empty, closed;
  rocket__inbox_init(&inbox);
  rocket__inbox_push(&inbox, &items[0].link, &was_empty);
  CHECK(was_empty);
  rocket__inbox_push(&inbox, &items[1].link, &was_empty);
  CHECK(!was_empty);
  rocket__inbox_take(&inbox, &closed);
  rocket__inbox_push(&inbox, &items[2].link, &was_empty);
  CHECK(was_empty);
  rocket__inbox_push(&inbox, &items[3].link, &was_empty);
  CHECK(!was_empty);
}

TEST(inbox_refuses_after_close_and_gives_what_came_before) {
  rocket__inbox inbox;
  item items[2];
  bool was_empty, closed;
  rocket__inbox_init(&inbox);
  rocket__inbox_push(&inbox, &items[0].link, &was_empty);
  rocket__inbox_close(&inbox);
  rocket__inbox_close(&inbox);
  CHECK(rocket__inbox_is_closed(&inbox));
  CHECK_INT(rocket__inbox_push(&inbox, &items[1].link, &was_empty), ROCKET_STOPPED);
  CHECK(rocket__inbox_take(&inbox, &closed) == &items[0].link);
  CHECK(closed);
  CHECK(rocket__inbox_take(&inbox, &closed) == NULL);
  CHECK(closed);
}

enum { PUSHERS = 3, EACH = 20000 };

typedef struct pusher {
  rocket__inbox *inbox;
  item *items;
  int accepted;
} pusher;

static void *push_all(void *user) {
  pusher *self = user;
  bool was_empty;
  for (int i = 0; i < EACH; i++)
    if (rocket__inbox_push(self->inbox, &self->items[i].link, &was_empty) == ROCKET_OK) self->accepted++;
  return NULL;
}

/* Takes until `count` items came, or until the closed inbox is empty; each pusher's items must come in its order. */
static int take_all(rocket__inbox *inbox, int count) {
  int next[PUSHERS] = {0}, taken = 0;
  bool closed = false;
  while (taken < count && !closed) {
    for (rocket__link *at = rocket__inbox_take(inbox, &closed); at; at = at->next) {
      item *it = ROCKET__OF(at, item, link);
      CHECK_INT(it->number, next[it->from]);
      next[it->from]++;
      taken++;
    }
  }
  return taken;
}

static void race(bool close_early) {
  rocket__inbox inbox;
  pthread_t threads[PUSHERS];
  pusher pushers[PUSHERS];
  rocket__inbox_init(&inbox);
  for (int p = 0; p < PUSHERS; p++) {
    pushers[p] = (pusher){.inbox = &inbox, .items = calloc(EACH, sizeof(item))};
    for (int i = 0; i < EACH; i++) pushers[p].items[i] = (item){.from = p, .number = i};
    CHECK(pthread_create(&threads[p], NULL, push_all, &pushers[p]) == 0);
  }
  if (close_early) rocket__inbox_close(&inbox);
  int taken = take_all(&inbox, PUSHERS * EACH), accepted = 0;
  for (int p = 0; p < PUSHERS; p++) {
    pthread_join(threads[p], NULL);
    accepted += pushers[p].accepted;
    free(pushers[p].items);
  }
  CHECK_INT(taken, accepted);
  if (!close_early) CHECK_INT(taken, PUSHERS * EACH);
}

TEST(inbox_loses_nothing_among_threads) { race(false); }

TEST(inbox_takes_exactly_what_was_accepted_before_close) {
  for (int i = 0; i < 20; i++) race(true);
}

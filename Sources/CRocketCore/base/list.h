// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Doubly linked lists whose links live inside their elements: nothing here allocates, so nothing here fails.
 * A list is a link that points at itself while empty; an element that is in no list does the same.
 * Thread: one at a time. */
#ifndef ROCKET_BASE_LIST_H
#define ROCKET_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* The struct of `type` whose `member` is at `pointer`. */
#define ROCKET__OF(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

typedef struct rocket__link {
  struct rocket__link *next;
  struct rocket__link *previous;
} rocket__link;

static inline void rocket__link_init(rocket__link *link) { link->next = link->previous = link; }

/* For a list: has it no elements? For an element: is it in no list? */
static inline bool rocket__link_is_alone(const rocket__link *link) { return link->next == link; }

static inline void rocket__list_append(rocket__link *list, rocket__link *link) {
  link->next = list;
  link->previous = list->previous;
  list->previous->next = link;
  list->previous = link;
}

/* Allowed on an element that is in no list. */
static inline void rocket__list_remove(rocket__link *link) {
  link->next->previous = link->previous;
  link->previous->next = link->next;
  rocket__link_init(link);
}

/* The first element, taken out, or NULL. */
static inline rocket__link *rocket__list_take(rocket__link *list) {
  rocket__link *first = list->next;
  if (first == list) return NULL;
  rocket__list_remove(first);
  return first;
}

/* Moves every element of `from` to `to`, which must be empty. */
static inline void rocket__list_move(rocket__link *from, rocket__link *to) {
  if (rocket__link_is_alone(from)) return;
  *to = *from;
  to->next->previous = to;
  to->previous->next = to;
  rocket__link_init(from);
}

#endif

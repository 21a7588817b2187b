// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The orderly takers of process_queue.pml. Each is told of what was put, and takes until there is nothing or another one holds the turn.
 * In its turn it does any of these, any number of times: takes one more, acknowledges the first one held, gives back the last one or
 * all. It ends by a commit, or when it has given back all. */

#define ALL_FINISHED (put_count == MESSAGES && held == 0)

/* Takes one or two, if they are there; n says how many. */
inline take() {
  n = 0;
  first = next;
  if
  :: !dropped && tail > first ->
     if
     :: n = 1
     :: tail > first + 1 -> n = 2
     fi;
     claim();
     if
     :: n > 0 -> mark_taken(first)
     :: else
     fi;
     if
     :: n == 2 -> mark_taken(first + 1)
     :: else
     fi
  :: else
  fi;
  first = 0
}

/* I2: what is held is its holder's to finish. */
inline finish_held(until) {
  from = first;
  do
  :: from < until -> d_step { assert(taker_of[from] == _pid); taker_of[from] = 0; from = from + 1 }
  :: else -> break
  od;
  from = 0;
  if
  :: first < until -> ack_many(first, until - first); assert(all == until - first)
  :: else
  fi;
  all = 0
}

inline commit() {
  catch_up();
  first = head; /* nobody else finishes anything, so it stands still */
  do
  :: first + 2 < next -> finish_held(first + 2); first = first + 2
  :: else -> finish_held(next); break
  od;
  catch_up();
  first = 0;
  turn = false
}

/* Gives back from `from` on. */
inline give_back() {
  catch_up();
  first = head;
#ifndef BUG_REVIVES
  if
  :: from < first -> from = first
  :: else
  fi;
#endif
#ifdef BUG_FREE_FIRST
  if
  :: from == first -> turn = false
  :: else
  fi;
#endif
  last = next;
#ifdef BUG_BACK_FIRST
  d_step { next = from; saw_drop = dropped };
#endif
  p = from;
  do
  :: p < last ->
     assert(!finished[p]); /* I6: what was acknowledged stays so */
#ifndef BUG_NO_RETAIN
     d_step { assert(counts[p] >= 1); counts[p] = counts[p] + 1 }; /* I10: a count is added where there is one */
#endif
     d_step { taken[AT(p)] = false; times_taken[p] = 0; taker_of[p] = 0; p = p + 1 }
  :: else -> break
  od;
  skip; /* spin: a loop must not end at a d_step */
#ifndef BUG_BACK_FIRST
  d_step { assert(next == last); next = from; saw_drop = dropped }; /* CAS */
#endif
#ifndef BUG_BACK_UNSEEN
  if
  :: saw_drop -> let_go()
  :: else
  fi;
#endif
#ifdef BUG_LETS_GO_OF_HELD
  d_step { left = true; turn = false };
#else
  if
  :: from == first -> d_step { left = true; turn = false }
  :: else
  fi;
#endif
  d_step { first = 0; last = 0; p = 0; saw_drop = false }
}

/* How the turn goes is anybody's guess. */
inline be_holder() {
  do
  :: commit(); break
  :: take() /* take_more */
  :: catch_up();
     first = head;
     if
     :: first < next -> finish_held(first + 1)
     :: else
     fi;
     first = 0
  :: if
     :: from = 0
     :: next > 0 -> from = next - 1
     fi;
     give_back();
     if
     :: left -> break
     :: else
     fi
  od;
  skip; /* spin: a loop must not end at a d_step */
  d_step { left = false; from = 0; n = 0; was_throttled = false }
}

active [TAKERS] proctype orderly() {
  byte from, last;
  bool left, saw_drop, mine;
  ACK_LOCALS;
  do
  :: told || dropped || ALL_FINISHED ->
     told = false;
     do /* take_ordered */
     :: skip;
        d_step { /* CAS */
          if
          :: !turn -> turn = true; mine = true
          :: else -> mine = false /* BUSY */
          fi
        };
        if
        :: !mine -> break
        :: else
        fi;
        take();
        if
        :: n > 0 -> be_holder()
        :: else ->
           turn = false;
#ifndef BUG_NO_LOOK_AGAIN
           p = next;
           if
           :: !dropped && tail > p -> skip
           :: else -> break
           fi
#else
           break
#endif
        fi
     od;
     if
     :: dropped || ALL_FINISHED -> break
     :: else
     fi
  od
}

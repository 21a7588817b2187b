// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The orderly takers of process_queue.pml. Each is told of what was put, and takes until there is nothing or another one holds the turn.
 * In its turn it does any of these, any number of times: takes one more, acknowledges the first one held, gives back the last one or
 * all. It ends by a commit, or when it has given back all. */

#define ALL_FINISHED (put_count == MESSAGES && held == 0)

/* Takes one, if one is there. */
inline take_one() {
  won = false;
  p = next;
  if
  :: !dropped && tail > p ->
     claim();
     if
     :: won -> mark_taken()
     :: else
     fi
  :: else
  fi
}

inline finish_held() {
  d_step { assert(taker_of[p] == _pid); taker_of[p] = 0 }; /* I2: what is held is its holder's to finish */
  ack(p);
  assert(won)
}

inline commit() {
  catch_up();
  p = head; /* nobody else finishes anything, so it stands still */
  do
  :: p < next -> finish_held(); p = p + 1
  :: else -> break
  od;
  catch_up();
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
     d_step { kind[AT(p)] = READY; times_taken[p] = 0; taker_of[p] = 0; p = p + 1 }
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
  :: take_one() /* take_more */
  :: catch_up();
     p = head;
     if
     :: p < next -> finish_held()
     :: else
     fi
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
  d_step { left = false; from = 0; p = 0; won = false; was_throttled = false }
}

active [TAKERS] proctype orderly() {
  byte p, seen, end, from, first, last;
  bool won, was_throttled, left, saw_drop;
  do
  :: told || dropped || ALL_FINISHED ->
     told = false;
     do /* take_ordered */
     :: skip;
        d_step { /* CAS */
          if
          :: !turn -> turn = true; won = true
          :: else -> won = false /* BUSY */
          fi
        };
        if
        :: !won -> break
        :: else
        fi;
        take_one();
        if
        :: won -> be_holder()
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

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The ProcessQueue's algorithm, small enough to try every interleaving. `make model` runs it.
 *
 * MESSAGES messages go through a ring of CELLS cells, so positions wrap and cells are recycled. One producer, TAKERS takers who also
 * acknowledge, and - by -D, for not everything at once is small enough - a reader of the commit offset (READER), takers who acknowledge
 * a second time (STALE), a scanner for expired messages (EXPIRY), or a drop at any time (DROP). With ORDERLY the takers take turns: one of
 * them holds what it took until it commits or gives back, all of it or the last ones; the others are told BUSY and go away.
 * Each step of the code that is one atomic operation there is one step here; what stands in a d_step is one word there, or a note
 * that only the assertions read. A ring of single cells stands for the directory of chunks, and "no room for another message" for
 * all reasons to throttle. The model is sequentially consistent; docs/process-queue.md says why that is enough.
 *
 * Asserted: I2 taken_once, I3 commit_never_passes, I4 commit_never_goes_back, I5 commit_reaches_the_end, I6 stale_ack_is_harmless,
 * I7 (held never below 0), I9/no lost wake (a producer that waits for ever is an invalid end state), I10 (counts of the cells). With
 * ORDERLY also: what was given back is taken again, what was not stays with its holder and finishes there (I2), and a BUSY leaves no
 * message behind (takers that wait for ever are an invalid end state).
 *
 * Planted faults, each of which the checker must find: BUG_NO_RECHECK (with READER), BUG_BLIND_HEAD (with READER),
 * BUG_NO_SENTINEL, BUG_NO_SECOND_LOOK, BUG_LOOK_FIRST, BUG_NO_POSITION (with STALE), BUG_DOUBLE_RELEASE (with EXPIRY), BUG_DROP_UNSEEN
 * (with DROP). With ORDERLY: BUG_NO_LOOK_AGAIN, BUG_NO_RETAIN, BUG_REVIVES, BUG_LETS_GO_OF_HELD, BUG_FREE_FIRST; with DROP too:
 * BUG_BACK_FIRST, BUG_BACK_UNSEEN. */
#ifndef MESSAGES
#define MESSAGES 4
#endif
#ifndef CELLS
#define CELLS 3
#endif
#ifndef TAKERS
#define TAKERS 2
#endif

/* Message m has queue offset 2m + 1: between two there is one that was filtered. */
#define OFFSET(m) (2 * (m) + 1)
#define AT(p) ((p) % CELLS)

mtype = { EMPTY, READY, TAKEN, EXPIRED, DONE, GONE };

/* The words of the queue. A cell's kind and position are one word there, next and dropped too. */
mtype kind[CELLS] = EMPTY;
byte position[CELLS];
byte offset[CELLS];
byte head, next, tail;
bool dropped;
short held;
bool throttled, wake;
bool turn, told; /* orderly: somebody holds; takers may find something */

/* What only the assertions know. */
byte times_taken[MESSAGES]; /* but for those given back */
byte taker_of[MESSAGES];
bool finished[MESSAGES];
byte counts[MESSAGES]; /* the frame counts that the message's cell holds */
byte put_count;

inline release(m, n) {
  assert(counts[m] >= n); /* I10 */
  counts[m] = counts[m] - n;
}

#define IS(p, k) (kind[AT(p)] == k && position[AT(p)] == p)

/* Where the next message will be is raised while `head` may already stand there. */
inline set_offset(p, o) {
  d_step { assert(p != head || offset[AT(p)] <= o); offset[AT(p)] = o } /* I4 */
}

/* Room for one more message and the sentinel behind it. */
#define ROOM (tail + 1 - head < CELLS)

/* Moves `head` over what is DONE. */
inline catch_up() {
  seen = head;
  do
  :: end = seen;
     do
     :: IS(end, DONE) -> end = end + 1
     :: else -> break
     od;
     if
     :: end == seen -> break
     :: else ->
#ifdef BUG_BLIND_HEAD
        assert(offset[AT(head)] <= offset[AT(end)]); /* I4 */
        head = end;
        seen = end
#else
        d_step { /* CAS */
          if
          :: head == seen -> assert(offset[AT(head)] <= offset[AT(end)]); head = end; seen = end /* I4 */
          :: else -> seen = head
          fi
        }
#endif
     fi
  od;
  skip; /* spin: a loop must not end at a d_step */
  d_step { seen = 0; end = 0 } /* dead values only make states differ */
}

inline wake_if_time() {
  if
  :: throttled ->
     catch_up();
     if
     :: ROOM ->
        d_step {
          if
          :: throttled -> throttled = false; assert(!wake); wake = true /* I9: one winner */
          :: else
          fi
        }
     :: else
     fi
  :: else
  fi
}

inline let_go() {
  d_step { p = next; end = tail }
  do
  :: p < end ->
     d_step {
       if
       :: IS(p, READY) -> kind[AT(p)] = GONE; release(p, 2); held = held - 1
       :: else
       fi;
       p = p + 1
     }
  :: else -> break
  od;
  skip; /* spin: a loop must not end at a d_step */
  d_step { p = 0; end = 0 }
}

/* When all have ended. It comes first because processes end in the opposite order of their beginning. */
active proctype judge() {
  byte m, seen, end;
  _nr_pr == 1;
  catch_up();
  atomic {
    assert(held == 0);
    m = 0;
    do
    :: m < put_count -> assert(counts[m] == 0); m = m + 1 /* I10 */
    :: else -> break
    od;
    if
    :: !dropped -> assert(head == MESSAGES && offset[AT(head)] > OFFSET(MESSAGES - 1)) /* I5 */
    :: else
    fi
  }
}

active proctype producer() {
  byte p, seen, end;
  do
  :: put_count == MESSAGES || dropped -> break
  :: else ->
     /* should_pull */
     do
     :: catch_up();
        if
        :: ROOM -> break
        :: else
        fi;
#ifdef BUG_NO_SECOND_LOOK
        throttled = true;
        wake || dropped;
#else
        throttled = true;
        catch_up();
        if
        :: ROOM -> throttled = false; break
        :: else -> wake || dropped
        fi;
#endif
        wake = false;
        if
        :: dropped -> goto out
        :: else
        fi
     od;
     wake = false; /* a wake that came although none was needed */
     /* put */
     held = held + 1;
     set_offset(tail, OFFSET(put_count));
     d_step { kind[AT(tail)] = READY; position[AT(tail)] = tail; counts[put_count] = 2 };
#ifndef BUG_NO_SENTINEL
     set_offset(tail + 1, OFFSET(put_count) + 1);
#endif
     d_step { tail = tail + 1; put_count = put_count + 1 };
#ifndef BUG_DROP_UNSEEN
     if
     :: dropped -> let_go(); break
     :: else
     fi;
#endif
     /* advance: the broker's next offset, or the same as before */
     if
     :: set_offset(tail, OFFSET(put_count))
     :: skip
     fi;
#ifdef ORDERLY
     told = true
#endif
  od;
out:
  skip
}

inline finish(p, won) {
  /* One CAS; `release` belongs to its winner. */
  d_step {
    won = true;
    if
#ifdef BUG_NO_POSITION
    :: kind[AT(p)] == TAKEN -> kind[AT(p)] = DONE; release(p, 1)
#else
    :: IS(p, TAKEN) -> kind[AT(p)] = DONE; release(p, 1)
#endif
#ifdef BUG_DOUBLE_RELEASE
    :: IS(p, EXPIRED) -> kind[AT(p)] = DONE; release(p, 1)
#else
    :: IS(p, EXPIRED) -> kind[AT(p)] = DONE
#endif
    :: else -> won = false
    fi;
    if
    :: won -> assert(!finished[p]); finished[p] = true /* I6 */
    :: else
    fi
  }
}

inline ack(p) {
#ifdef BUG_LOOK_FIRST
  was_throttled = throttled;
#endif
  finish(p, won);
  if
  :: won ->
     d_step { held = held - 1; assert(held >= 0) }; /* I7 */
#ifdef BUG_LOOK_FIRST
     if
     :: was_throttled -> wake_if_time()
     :: else
     fi
#else
     wake_if_time()
#endif
  :: else
  fi
}

/* Claims the position p. */
inline claim() {
  d_step { /* CAS */
    if
    :: next == p && !dropped -> next = p + 1; won = true
    :: else -> won = false
    fi
  }
}

inline mark_taken() {
  d_step {
    assert(IS(p, READY));
    assert(times_taken[p] == 0); /* I2 */
    times_taken[p] = times_taken[p] + 1;
#ifdef ORDERLY
    taker_of[p] = _pid;
#endif
    release(p, 1); /* goes to the taker */
    kind[AT(p)] = TAKEN
  }
}

#ifdef ORDERLY
#include "process_queue_orderly.pml"
#else
active [TAKERS] proctype taker() {
  byte p, seen, end;
  bool won, was_throttled;
  do
  :: tail > next || dropped || next == MESSAGES; /* instead of turning round and round */
     p = next;
     if
     :: dropped || p == MESSAGES -> break
     :: else
     fi;
     if
     :: tail == p -> skip
     :: else ->
        claim();
        if
        :: won ->
           mark_taken();
           ack(p);
#ifdef STALE
           if
           :: ack(p); assert(!won) /* I6: a second time, whatever the cell is by now */
           :: skip
           fi
#endif
        :: else
        fi
     fi;
     d_step { p = 0; won = false; was_throttled = false }
  od
}
#endif

#ifdef EXPIRY
active proctype scanner() {
  byte p, seen, end;
  bool won, was_throttled;
  p = head;
  do
  :: p < next && p < MESSAGES ->
     d_step { /* CAS */
       if
       :: IS(p, TAKEN) -> kind[AT(p)] = EXPIRED; won = true
       :: else -> won = false
       fi
     };
     if
     :: won ->
        d_step { release(p, 1) }; /* handed to the caller, who sends it back, and ... */
        ack(p);
        break
     :: else -> p = p + 1
     fi
  :: else -> break
  od
}
#endif

#ifdef DROP
active proctype revoker() {
  byte p, end;
  dropped = true;
  let_go()
}
#endif

#ifdef READER
/* One read, begun and ended at any time: what it returns was the commit offset at some moment in between. As the commit offset itself
 * only rises (set_offset, catch_up), two reads one after the other never go back (I4). */
active proctype reader() {
  byte o, at_begin, m, seen, end;
  at_begin = offset[AT(head)];
  catch_up();
  seen = head;
  do
  :: o = offset[AT(seen)];
#ifdef BUG_NO_RECHECK
     break
#else
     if
     :: head == seen -> break
     :: else -> seen = head
     fi
#endif
  od;
  atomic {
    assert(at_begin <= o && o <= offset[AT(head)]); /* I4 */
    do
    :: m < MESSAGES && OFFSET(m) < o -> assert(finished[m]); m = m + 1 /* I3 */
    :: else -> break
    od;
    seen = 0; o = 0; m = 0; at_begin = 0
  }
}
#endif

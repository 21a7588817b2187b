// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The ProcessQueue's algorithm, small enough to try every interleaving. `make model` runs it.
 *
 * MESSAGES messages, put and taken one or two at a time, go through a ring of CHUNKS chunks of two cells, so positions wrap and chunks are
 * recycled. One producer, TAKERS takers who also acknowledge, and - by -D, for not everything at once is small enough - a reader of the
 * commit offset (READER), takers who acknowledge a second time (STALE), a scanner for expired messages (EXPIRY), or a drop at any time
 * (DROP). With ORDERLY the takers take turns: one of them holds what it took until it commits or gives back, all of it or the last ones;
 * the others are told BUSY and go away.
 * Each step of the code that is one atomic operation there is one step here; what stands in a d_step is one word there, or a note
 * that only the assertions read. "No room for two more messages" stands for all reasons to throttle. The model is sequentially
 * consistent; docs/process-queue.md says why that is enough.
 *
 * Asserted: I2 taken_once, I3 commit_never_passes, I4 commit_never_goes_back, I5 commit_reaches_the_end, I6 stale_ack_is_harmless,
 * I7 (held never below 0), I9/no lost wake (a producer that waits for ever is an invalid end state), I10 (counts of the cells), and that
 * whoever ends a cell has read that cell's message. With ORDERLY also: what was given back is taken again, what was not stays with its
 * holder and finishes there (I2), and a BUSY leaves no message behind (takers that wait for ever are an invalid end state).
 *
 * Planted faults, each of which the checker must find: see Scripts/model. */
#ifndef MESSAGES
#define MESSAGES 4
#endif
#ifndef CHUNKS
#define CHUNKS 2
#endif
#ifndef TAKERS
#define TAKERS 2
#endif
#define CELLS 2

/* Message m has queue offset 2m + 1: between two there is one that was filtered. */
#define OFFSET(m) (2 * (m) + 1)
#define AT(p) ((p) % (CELLS * CHUNKS))
#define LAP(p) ((p) / CELLS)
#define SLOT(p) (LAP(p) % CHUNKS)
#define BIT(p) (1 << ((p) % CELLS))

/* A chunk: `ends`, which is one word, and where runs begin. */
typedef chunk {
  byte lap;
  byte done, handed; /* bits */
  byte starts
};

/* The words of the queue. next and dropped are one word there, too. */
chunk chunks[CHUNKS];
bool taken[CELLS * CHUNKS];
byte offset[CELLS * CHUNKS];
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

#define IS_LAP(p) (chunks[SLOT(p)].lap == LAP(p))
#define IS_DONE(p) (IS_LAP(p) && (chunks[SLOT(p)].done & BIT(p)))
#define IS_READY(p) (IS_LAP(p) && !((chunks[SLOT(p)].done | chunks[SLOT(p)].handed) & BIT(p)) && !taken[AT(p)])

/* Where the next message will be is raised while `head` may already stand there. */
inline set_offset(p, o) {
  d_step { assert(p != head || offset[AT(p)] <= o); offset[AT(p)] = o } /* I4 */
}

/* Room for two more messages and the sentinel behind them. */
#define ROOM (LAP(tail + 2) - LAP(upto) < CHUNKS)

/* Moves `head` over what is DONE. */
inline catch_up() {
  seen = head;
  do
  :: end = seen;
     do
     :: IS_DONE(end) -> end = end + 1
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
  d_step { upto = seen; seen = 0; end = 0 } /* dead values only make states differ */
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

/* How cells end. */
#define FINISH 0
#define HAND_ON 1
#define LET_GO 2

/* What ending the cell i of a chunk reads first: was it taken, and its message. */
inline look(i, how) {
  if
  :: !(open & (1 << i)) -> skip
  :: else ->
     if
     :: how != LET_GO && !taken[SLOT(p) * CELLS + i] -> open = open & ~(1 << i)
     :: else -> read[i] = offset[SLOT(p) * CELLS + i]
     fi
  fi
}

/* The notes of ending cell i. */
inline note(i, how) {
  if
  :: open & (1 << i) ->
     m = LAP(p) * CELLS + i;
     won = won + 1;
     assert(read[i] == OFFSET(m));
     if
     :: how == FINISH -> assert(!finished[m]); finished[m] = true /* I6 */
     :: how == HAND_ON -> release(m, 1) /* is the caller's now */
     :: how == LET_GO -> release(m, 2)
     fi
  :: else
  fi
}

/* The run of these cells is over with this step: whoever made it releases the counts that the cells still have. */
#ifdef BUG_RUN_TWICE
#define IS_OVER(cells) (((w_over | open) & cells) == cells)
#else
#define IS_OVER(cells) (((w_over | open) & cells) == cells && (w_over & cells) != cells)
#endif
#ifdef BUG_DOUBLE_RELEASE
#define HAS_COUNT(i) true
#else
#define HAS_COUNT(i) !(chunks[SLOT(p)].handed & (1 << i))
#endif
inline end_run(cells) {
  if
  :: IS_OVER(cells) ->
     m = LAP(p) * CELLS;
     if
     :: (cells & 1) && HAS_COUNT(0) -> release(m, 1)
     :: else
     fi;
     if
     :: (cells & 2) && HAS_COUNT(1) -> release(m + 1, 1)
     :: else
     fi
  :: else
  fi
}

#ifdef BUG_NO_LAP
#define SAME_LAP true
#else
#define SAME_LAP IS_LAP(p)
#endif
#ifdef BUG_BLIND_OR
#define UNCHANGED SAME_LAP
#else
#define UNCHANGED (SAME_LAP && chunks[SLOT(p)].done == w_done && chunks[SLOT(p)].handed == w_handed)
#endif

/* Ends the cells `wanted` of the chunk of p that are not ended yet; `won` says how many. */
inline end_cells(wanted, how) {
  do
  :: d_step {
       won = 0;
       w_done = chunks[SLOT(p)].done;
       w_handed = chunks[SLOT(p)].handed;
       w_over = w_done | w_handed;
       if
       :: !SAME_LAP -> open = 0
       :: else -> open = wanted & ~(how == FINISH -> w_done : w_over)
       fi
     };
#ifndef BUG_LOOK_AFTER
     look(0, how);
     look(1, how);
     w_starts = chunks[SLOT(p)].starts;
#endif
     if
     :: open == 0 -> break
     :: else
     fi;
     d_step { /* CAS */
       if
       :: UNCHANGED ->
          retry = false;
          if
          :: how == FINISH -> chunks[SLOT(p)].done = w_done | open
          :: else -> chunks[SLOT(p)].handed = w_handed | open
          fi
#ifdef BUG_LOOK_AFTER
       :: else -> retry = true
       fi
     };
     if
     :: retry -> skip
     :: else ->
        look(0, how);
        look(1, how);
        w_starts = chunks[SLOT(p)].starts
     fi;
     d_step {
       if
       :: !retry ->
#endif
          note(0, how);
          note(1, how);
          if
          :: w_starts & 2 -> end_run(1); end_run(2)
          :: else -> end_run(3)
          fi;
          m = 0
       :: else -> retry = true
       fi
     };
     if
     :: !retry -> break
     :: else
     fi
  od;
  skip; /* spin: a loop must not end at a d_step */
  d_step { w_done = 0; w_handed = 0; w_over = 0; w_starts = 0; open = 0; retry = false; read[0] = 0; read[1] = 0 }
}

/* What end_cells needs. */
#define END_LOCALS byte w_done, w_handed, w_over, w_starts, open, m, won; bool retry; byte read[CELLS]

/* The bits of those of [from, from + n) that are in the chunk of p. */
#define BASE (LAP(p) * CELLS)
#define BITS(from, n) ((from <= BASE && BASE < from + n -> 1 : 0) | (from <= BASE + 1 && BASE + 1 < from + n -> 2 : 0))

inline let_go() {
  p = next;
  end = tail;
  do
  :: p < end ->
     end_cells(BITS(p, end - p), LET_GO);
     held = held - won;
     p = (LAP(p) + 1) * CELLS
  :: else -> break
  od;
  skip; /* spin: a loop must not end at a d_step */
  d_step { p = 0; end = 0; won = 0 }
}

/* When all have ended. It comes first because processes end in the opposite order of their beginning. */
active proctype judge() {
  byte m, seen, end, upto;
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

/* Hangs up the chunk of the position q, when there was none or one that `head` has passed. */
inline reserve(q) {
  if
  :: chunks[SLOT(q)].lap == LAP(q) -> skip
  :: else ->
     taken[SLOT(q) * CELLS] = false;
     taken[SLOT(q) * CELLS + 1] = false;
     chunks[SLOT(q)].starts = 1;
     d_step { chunks[SLOT(q)].lap = LAP(q); chunks[SLOT(q)].done = 0; chunks[SLOT(q)].handed = 0 }
  fi
}

inline fill(q) {
  set_offset(q, OFFSET(q));
  counts[q] = 2
}

active proctype producer() {
  byte p, seen, end, n, upto;
  END_LOCALS;
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
     if
     :: n = 1
     :: put_count + 2 <= MESSAGES -> n = 2
     fi;
     reserve(tail + 1);
     reserve(tail + n);
     held = held + n;
     fill(tail);
     if
     :: n == 2 -> fill(tail + 1)
     :: else
     fi;
#ifndef BUG_NO_MARK
     chunks[SLOT(tail + n)].starts = chunks[SLOT(tail + n)].starts | BIT(tail + n);
#endif
#ifndef BUG_NO_SENTINEL
     set_offset(tail + n, OFFSET(put_count + n - 1) + 1);
#endif
     d_step { tail = tail + n; put_count = put_count + n; n = 0 };
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

/* Acknowledges [first, first + n). */
inline ack_many(first, n) {
#ifdef BUG_LOOK_FIRST
  was_throttled = throttled;
#endif
  p = first;
  end_cells(BITS(first, n), FINISH);
  all = won;
  if
  :: LAP(first + n - 1) != LAP(first) ->
     p = first + n - 1;
     end_cells(BITS(first, n), FINISH);
     all = all + won
  :: else
  fi;
  d_step { p = 0; won = 0 };
  if
  :: all > 0 ->
     d_step { held = held - all; assert(held >= 0) }; /* I7 */
#ifdef BUG_LOOK_FIRST
     if
     :: was_throttled -> wake_if_time()
     :: else
     fi
#else
     wake_if_time()
#endif
  :: else
  fi;
  upto = 0
}
#define ACK_LOCALS byte p, upto, seen, end, first, n, all; bool was_throttled; END_LOCALS

/* Claims `n` from the position `first` on. */
inline claim() {
  d_step { /* CAS */
    if
    :: next == first && !dropped -> next = first + n
    :: else -> n = 0
    fi
  }
}

inline mark_taken(q) {
#ifdef BUG_TAKEN_FIRST
  taken[AT(q)] = true;
#endif
  d_step { /* what is read is its own until it is TAKEN */
    assert(offset[AT(q)] == OFFSET(q));
#ifndef BUG_TAKEN_FIRST
    assert(IS_READY(q));
#endif
    assert(times_taken[q] == 0); /* I2 */
    times_taken[q] = times_taken[q] + 1;
#ifdef ORDERLY
    taker_of[q] = _pid;
#endif
    release(q, 1) /* goes to the taker */
  };
  taken[AT(q)] = true
}

#ifdef ORDERLY
#include "process_queue_orderly.pml"
#else
active [TAKERS] proctype taker() {
  ACK_LOCALS;
  do
  :: tail > next || dropped || next == MESSAGES; /* instead of turning round and round */
     first = next;
     if
     :: dropped || first == MESSAGES -> break
     :: else
     fi;
     if
     :: tail == first -> skip
     :: tail > first -> n = 1
     :: tail > first + 1 -> n = 2
     fi;
     if
     :: n > 0 -> claim()
     :: else
     fi;
     if
     :: n > 0 ->
        mark_taken(first);
        if
        :: n == 2 -> mark_taken(first + 1)
        :: else
        fi;
        ack_many(first, n);
        assert(all <= n);
#ifndef EXPIRY
        assert(all == n);
#endif
#ifdef STALE
        if
        :: ack_many(first, n); assert(all == 0) /* I6: a second time, whatever the cells are by now */
        :: skip
        fi
#endif
     :: else
     fi;
     d_step { first = 0; n = 0; all = 0; was_throttled = false }
  od
}
#endif

#ifdef EXPIRY
active proctype scanner() {
  ACK_LOCALS;
  first = head;
  do
  :: first < next && first < MESSAGES ->
     if
     :: taken[AT(first)] ->
        p = first;
        end_cells(BIT(first), HAND_ON);
        if
        :: won > 0 -> won = 0; ack_many(first, 1); break /* the caller sends it back, and ... */
        :: else -> first = first + 1
        fi
     :: else -> first = first + 1
     fi
  :: else -> break
  od
}
#endif

#ifdef DROP
active proctype revoker() {
  byte p, end;
  END_LOCALS;
  dropped = true;
  let_go()
}
#endif

#ifdef READER
/* One read, begun and ended at any time: what it returns was the commit offset at some moment in between. As the commit offset itself
 * only rises (set_offset, catch_up), two reads one after the other never go back (I4). */
active proctype reader() {
  byte o, at_begin, m, seen, end, upto;
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

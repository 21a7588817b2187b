// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The benchmarks' vocabulary. A benchmark registers itself, checks its own results, and gives one JSON object a line for each comparison.
 *
 * Both sides of a comparison do the same work. They run by turns, each turn far shorter than a time slice, and the best of each are
 * compared: what makes a turn slower is somebody else on the machine. */
#ifndef BENCH_H
#define BENCH_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rocket_bytes.h"

typedef struct bench {
  void (*run)(void);
  struct bench *next;
} bench;
void bench_register(bench *b);

#define BENCH(bench_name)                                                                  \
  static void bench_run_##bench_name(void);                                                \
  __attribute__((constructor)) static void bench_register_##bench_name(void) {             \
    static bench b = {bench_run_##bench_name, NULL};                                       \
    bench_register(&b);                                                                    \
  }                                                                                        \
  static void bench_run_##bench_name(void)

/* Ends the program with `what` when a result is not as it must be. */
void bench_check(bool condition, const char *what);
double bench_now_ns(void);
/* A short run that shows that everything works; its numbers mean little. */
bool bench_is_quick(void);
/* Is `name` asked for? A benchmark with costly preparations asks before it makes them. */
bool bench_wants(const char *name);

/* One side: does its work `times` times and returns a number that depends on every result; 0 is never returned. */
typedef struct bench_side {
  uint64_t (*work)(void *with, uint32_t times);
  void *with;
} bench_side;

/* What a line says beside its numbers. */
typedef struct bench_line {
  const char *name;
  const char *unit;       /* "ns/message" */
  const char *baseline;   /* what it is compared with */
  const char *parameters; /* more members of the object, "\"a\":1,\"b\":\"x\"", or "" */
  bool more_is_better;
  bool same_result; /* the sides return equal numbers for equal `times`: checked */
} bench_line;

/* The best time of both sides for one piece of work, divided by `units_a_work`. Prints nothing when the name is not asked for. */
void bench_compare(bench_line line, double units_a_work, bench_side ours, bench_side baseline);
/* Turns of which each is timed by the side itself: nanoseconds for one unit. For work with several threads. */
typedef struct bench_timed {
  double (*turn)(const void *with);
  const void *with;
} bench_timed;
void bench_compare_timed(bench_line line, bench_timed ours, bench_timed baseline);
/* One line with numbers had elsewhere. */
void bench_report(bench_line line, double value, double baseline_value);

#endif

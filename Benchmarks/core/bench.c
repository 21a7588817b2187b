// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* core-bench [--quick] [substring of a name] */
#include "bench.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 60, QUICK_ROUNDS = 3 };
static const double TURN_NS = 300e3, QUICK_TURN_NS = 30e3;

static bench *benches;
static const char *only;
static bool quick;

void bench_register(bench *b) {
  bench **end = &benches;
  while (*end) end = &(*end)->next;
  *end = b;
}

void bench_check(bool condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "core-bench: %s\n", what);
  exit(1);
}

double bench_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

bool bench_is_quick(void) { return quick; }
bool bench_wants(const char *name) { return !only || strstr(name, only) != NULL; }

void bench_report(bench_line line, double value, double baseline_value) {
  if (!bench_wants(line.name)) return;
  bench_check(isfinite(value) && value > 0 && isfinite(baseline_value) && baseline_value > 0, "a number is not finite and above 0");
  double ratio = line.more_is_better ? value / baseline_value : baseline_value / value;
  printf("{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",\"baseline\":\"%s\",\"baseline_value\":%.4g,\"ratio\":%.3g%s%s%s}\n", line.name,
         value, line.unit, line.baseline, baseline_value, ratio, line.parameters[0] ? "," : "", line.parameters,
         quick ? ",\"quick\":true" : "");
  fflush(stdout);
}

/* Work, kept from being optimised away by the check of its result. */
static double turn(bench_side side, uint32_t times, uint64_t *result) {
  double began = bench_now_ns();
  *result = side.work(side.with, times);
  double took = bench_now_ns() - began;
  bench_check(*result != 0, "a side returned no result");
  return took;
}

/* How often the work fits into a turn. */
static uint32_t times_a_turn(bench_side side) {
  uint64_t result;
  double limit = quick ? QUICK_TURN_NS : TURN_NS;
  uint32_t times = 1;
  for (; times < 1u << 24; times *= 2)
    if (turn(side, times, &result) > limit / 2) break;
  return times;
}

void bench_compare(bench_line line, double units_a_work, bench_side ours, bench_side baseline) {
  if (!bench_wants(line.name)) return;
  uint64_t result, expected;
  if (line.same_result) {
    turn(ours, 3, &result);
    turn(baseline, 3, &expected);
    bench_check(result == expected, line.name);
  }
  uint32_t our_times = times_a_turn(ours), their_times = times_a_turn(baseline);
  double best_ours = INFINITY, best_theirs = INFINITY;
  for (int i = 0; i < (quick ? QUICK_ROUNDS : ROUNDS); i++) {
    best_ours = fmin(best_ours, turn(ours, our_times, &result) / our_times);
    best_theirs = fmin(best_theirs, turn(baseline, their_times, &result) / their_times);
  }
  bench_report(line, best_ours / units_a_work, best_theirs / units_a_work);
}

void bench_compare_timed(bench_line line, bench_timed ours, bench_timed baseline) {
  if (!bench_wants(line.name)) return;
  double best_ours = INFINITY, best_theirs = INFINITY;
  for (int i = 0; i < (quick ? QUICK_ROUNDS : ROUNDS); i++) {
    best_ours = fmin(best_ours, ours.turn(ours.with));
    best_theirs = fmin(best_theirs, baseline.turn(baseline.with));
  }
  bench_report(line, best_ours, best_theirs);
}

/* A C library leaves the atomic operations out of its mutexes and of malloc while a process has but one thread, which no client has. */
static void *be_another_thread(void *user) {
  pthread_mutex_lock(user);
  pthread_mutex_unlock(user);
  return NULL;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--quick") == 0) quick = true;
    else if (!only && argv[i][0] != '-') only = argv[i];
    else bench_check(false, "usage: core-bench [--quick] [substring of a name]");
  }
  pthread_mutex_t until_the_end = PTHREAD_MUTEX_INITIALIZER;
  pthread_t another;
  pthread_mutex_lock(&until_the_end);
  bench_check(pthread_create(&another, NULL, be_another_thread, &until_the_end) == 0, "no thread");
  for (bench *b = benches; b; b = b->next) b->run();
  pthread_mutex_unlock(&until_the_end);
  pthread_join(another, NULL);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The limits that the machine sets to the end-to-end benchmarks: bytes a second from one thread to another through the loopback
 * interface, and the time of an echo. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "tcp_pair.h"

enum { CHUNK = 65536, ECHO = 128, RATE = 1000 };

typedef struct stream {
  tcp_pair sockets;
  size_t bytes;
} stream;

static void *write_all(void *user) {
  const stream *s = user;
  uint8_t *chunk = calloc(1, CHUNK);
  bench_check(chunk != NULL, "no memory");
  for (size_t left = s->bytes; left > 0; left -= CHUNK) tcp_send(s->sockets.far, chunk, CHUNK);
  free(chunk);
  return NULL;
}

static double through_loopback(size_t bytes) {
  stream s = {tcp_pair_open(), bytes};
  uint8_t *chunk = malloc(CHUNK);
  pthread_t writer;
  bench_check(chunk && pthread_create(&writer, NULL, write_all, &s) == 0, "no memory");
  tcp_receive(s.sockets.near, chunk, CHUNK);
  double began = bench_now_ns();
  for (size_t left = bytes - CHUNK; left > 0; left -= CHUNK) tcp_receive(s.sockets.near, chunk, CHUNK);
  double took = bench_now_ns() - began;
  pthread_join(writer, NULL);
  tcp_pair_close(s.sockets);
  free(chunk);
  return (double)(bytes - CHUNK) / took;
}

static double by_memcpy(size_t bytes) {
  uint8_t *from = calloc(1, CHUNK), *to = malloc(CHUNK);
  bench_check(from && to, "no memory");
  double began = bench_now_ns();
  for (size_t left = bytes; left > 0; left -= CHUNK) {
    memcpy(to, from, CHUNK);
    __asm__ volatile("" ::: "memory");
  }
  double took = bench_now_ns() - began;
  bench_check(memcmp(from, to, CHUNK) == 0, "copy");
  free(from);
  free(to);
  return (double)bytes / took;
}

BENCH(loopback_bytes) {
  if (!bench_wants("loopback_bytes")) return;
  size_t bytes = (size_t)(bench_is_quick() ? 32 : 256) << 20;
  double best = 0, best_copy = 0;
  for (int i = 0; i < 5; i++) {
    double rate = through_loopback(bytes), copy = by_memcpy(bytes);
    if (rate > best) best = rate;
    if (copy > best_copy) best_copy = copy;
  }
  char parameters[64];
  snprintf(parameters, sizeof parameters, "\"chunk_bytes\":%d,\"bytes\":%zu", CHUNK, bytes);
  bench_report((bench_line){"loopback_bytes", "GB/s", "memcpy in the cache", parameters, true, false}, best, best_copy);
}

static void *echo_all(void *user) {
  const stream *s = user;
  char message[ECHO];
  for (size_t left = s->bytes; left > 0; left -= ECHO) {
    tcp_receive(s->sockets.far, message, ECHO);
    tcp_send(s->sockets.far, message, ECHO);
  }
  return NULL;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Microseconds of `count` echoes, ascending; so many a second, or one upon the other. */
static double *echoes(int count, bool paced) {
  stream s = {tcp_pair_open(), (size_t)count * ECHO};
  double *took = malloc((size_t)count * sizeof *took);
  pthread_t thread;
  bench_check(took && pthread_create(&thread, NULL, echo_all, &s) == 0, "no memory");
  char message[ECHO] = {0};
  double start = bench_now_ns();
  for (int i = 0; i < count; i++) {
    double wait = start + 1e9 / (double)RATE * i - bench_now_ns();
    struct timespec pause = {0, (long)wait};
    if (paced && wait > 0) nanosleep(&pause, NULL);
    double began = bench_now_ns();
    tcp_send(s.sockets.near, message, ECHO);
    tcp_receive(s.sockets.near, message, ECHO);
    took[i] = (bench_now_ns() - began) / 1000;
  }
  pthread_join(thread, NULL);
  tcp_pair_close(s.sockets);
  qsort(took, (size_t)count, sizeof *took, ascending);
  return took;
}

BENCH(tcp_echo) {
  if (!bench_wants("tcp_echo_at_1000_a_second")) return;
  int count = bench_is_quick() ? 200 : 5000;
  double *paced = echoes(count, true), *unpaced = echoes(count, false);
  double p99 = paced[count * 99 / 100];
  char parameters[192];
  snprintf(parameters, sizeof parameters,
           "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"unpaced_p50_us\":%.1f,\"messages\":%d,\"bytes\":%d", paced[count / 2], p99,
           paced[count * 999 / 1000], unpaced[count / 2], count, ECHO);
  bench_report((bench_line){"tcp_echo_at_1000_a_second", "us, p99", "without pauses, p99", parameters, false, false}, p99,
               unpaced[count * 99 / 100]);
  free(paced);
  free(unpaced);
}

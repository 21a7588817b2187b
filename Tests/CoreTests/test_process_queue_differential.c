// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Random lives of a ProcessQueue and of the plain reference. On failure the seed is printed;
 * SEED=n build/plain/core-tests --here process_queue_does_as_the_reference_does repeats it. */
#include "queue_life.h"
#include "test.h"

enum { STEPS = 300 };

static uint32_t draw(void *user, uint32_t below) { /* splitmix64 */
  uint64_t z = *(uint64_t *)user += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (uint32_t)((z ^ z >> 31) >> 32) % below;
}

static bool until_steps(void *user, uint32_t step) {
  (void)user;
  return step < STEPS;
}

static void live(uint32_t seed) {
  char name[32];
  uint64_t random = (uint64_t)seed << 20;
  snprintf(name, sizeof name, "seed %u", seed);
  queue_life(&(queue_life_choices){draw, until_steps, &random, name}, seed % 3 == 0);
}

TEST_LIMITED(process_queue_does_as_the_reference_does, 30) {
  const char *only = getenv("SEED");
  if (only) live((uint32_t)strtoul(only, NULL, 10));
  for (uint32_t seed = 0; !only && seed < 5000; seed++) live(seed);
}

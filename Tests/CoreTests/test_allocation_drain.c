// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What a message costs in allocations on its way from the broker to its end: none. What a pull costs: two, the call and the slab that its
 * answer is read into. Counted where the core asks for memory and again where malloc is asked: the process may ask for nothing else. */
#include "drain_fixture.h"
#include "malloc_count.h"

enum {
  MESSAGES = 100000,
  WARM_UP = 10000,   /* connections, tables */
  FOR_ONE_PULL = 2,  /* the call, the slab of its answer */
  /* Chunks of a window that gets as wide as it may, 1000 messages and a pull, with a spare one. Never given back, so once. */
  WIDEST_WINDOW = (1000 + DRAIN_BATCH) / 32 + 3,
  UNDER_WAY = 4 /* at the moment of a measurement, on the two loops' threads */
};

TEST_LIMITED(draining_allocates_nothing_for_a_message, 60) {
  counting_allocator brokers;
  drain_broker broker;
  drain_consumer consumer = {.finished = 0};
  counting_allocator_init(&brokers);
  drain_broker_open(&broker, &brokers.allocator, MESSAGES);
  CHECK_INT(drain_consumer_open(&consumer, test_allocator(0), broker.address), ROCKET_OK);
  drain_consumer_run(&consumer, WARM_UP);
  uint64_t pulls = atomic_load(&broker.answers), mallocs = malloc_count_calls();
  uint64_t ours = test_allocations(), theirs = atomic_load(&brokers.calls);
  drain_consumer_run(&consumer, MESSAGES);
  ours = test_allocations() - ours;
  theirs = atomic_load(&brokers.calls) - theirs;
  mallocs = malloc_count_calls() - mallocs;
  pulls = atomic_load(&broker.answers) - pulls;
  printf("  %" PRIu64 " allocations for %d messages in %" PRIu64 " pulls\n", ours, MESSAGES - WARM_UP, pulls);
  CHECK(pulls >= (MESSAGES - WARM_UP - 1000 - DRAIN_BATCH) / DRAIN_BATCH);
  CHECK(ours <= FOR_ONE_PULL * (pulls + UNDER_WAY) + WIDEST_WINDOW);
  if (malloc_count_works()) CHECK(llabs((int64_t)(mallocs - ours - theirs)) <= UNDER_WAY);
  CHECK_INT(atomic_load(&consumer.errors), 0);
  drain_consumer_close(&consumer);
  drain_broker_close(&broker);
  CHECK_INT(test_allocated(), 0);
  CHECK_INT(atomic_load(&brokers.blocks), 0);
}

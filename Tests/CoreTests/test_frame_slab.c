// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include <pthread.h>

#include "rocket_bytes.h"
#include "rocket_status.h"
#include "test.h"

TEST(frame_lives_until_its_last_count) {
  rocket_frame *frame;
  CHECK_INT(rocket_frame_new(test_allocator(0), 100, &frame), ROCKET_OK);
  CHECK_INT(rocket_frame_size(frame), 100);
  memset(rocket_frame_bytes(frame), 'x', 100);
  rocket_frame_retain(frame);
  rocket_frame_retain_many(frame, 3);
  rocket_frame_release_many(frame, 2);
  rocket_frame_release(frame);
  rocket_frame_release(frame);
  CHECK_INT(test_allocated(), 1);
  CHECK_INT(rocket_frame_bytes(frame)[99], 'x');
  rocket_frame_release(frame);
  CHECK_INT(test_allocated(), 0);
  rocket_frame_release(NULL);
}

TEST(frame_bytes_are_aligned) {
  rocket_frame *frame;
  CHECK_INT(rocket_frame_new(NULL, 1, &frame), ROCKET_OK);
  CHECK_INT((uintptr_t)rocket_frame_bytes(frame) % 16, 0);
  rocket_frame_release(frame);
}

TEST(frame_without_memory_is_an_error) {
  rocket_frame *frame = NULL;
  CHECK_INT(rocket_frame_new(test_allocator(1), 100, &frame), ROCKET_NO_MEMORY);
  CHECK_INT(rocket_frame_new(NULL, SIZE_MAX - 8, &frame), ROCKET_NO_MEMORY);
  CHECK(frame == NULL);
}

static void *hold_and_release(void *user) {
  for (int i = 0; i < 20000; i++) {
    rocket_frame_retain_many(user, 2);
    CHECK_INT(rocket_frame_bytes(user)[7], 42);
    rocket_frame_release(user);
    rocket_frame_release(user);
  }
  rocket_frame_release(user); /* the count this thread was given */
  return NULL;
}

TEST(frame_counts_are_safe_across_threads) {
  rocket_frame *frame;
  pthread_t threads[3];
  CHECK_INT(rocket_frame_new(test_allocator(0), 8, &frame), ROCKET_OK);
  rocket_frame_bytes(frame)[7] = 42;
  rocket_frame_retain_many(frame, 3);
  for (int i = 0; i < 3; i++) CHECK_INT(pthread_create(&threads[i], NULL, hold_and_release, frame), 0);
  rocket_frame_release(frame);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  CHECK_INT(test_allocated(), 0);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "rocket_bytes.h"
#include "rocket_status.h"
#include "test.h"

TEST(buffer_keeps_what_is_appended) {
  rocket_buffer buffer = {0};
  for (int i = 0; i < 10000; i++) CHECK_INT(rocket_buffer_append(&buffer, &(uint8_t){(uint8_t)(i * 7)}, 1), ROCKET_OK);
  CHECK_INT(buffer.size, 10000);
  for (int i = 0; i < 10000; i++) CHECK_INT(buffer.data[i], (uint8_t)(i * 7));
  rocket_buffer_clear(&buffer);
  CHECK_INT(buffer.size, 0);
  CHECK(buffer.data == NULL);
  CHECK_INT(rocket_buffer_append(&buffer, "ab", 2), ROCKET_OK);
  CHECK_TEXT(rocket_slice_make(buffer.data, buffer.size), "ab");
  rocket_buffer_clear(&buffer);
}

TEST(buffer_grows_by_doubling) {
  rocket_buffer buffer;
  rocket_buffer_init(&buffer, test_allocator(0));
  for (int i = 0; i < 1000000; i++) rocket_buffer_append(&buffer, "x", 1);
  CHECK_INT(buffer.size, 1000000);
  CHECK(test_allocations() < 20);
  rocket_buffer_clear(&buffer);
  CHECK_INT(test_allocated(), 0);
}

TEST(buffer_reserve_makes_room_once) {
  rocket_buffer buffer;
  rocket_buffer_init(&buffer, test_allocator(0));
  CHECK_INT(rocket_buffer_reserve(&buffer, 5000), ROCKET_OK);
  for (int i = 0; i < 5000; i++) rocket_buffer_append(&buffer, "x", 1);
  CHECK_INT(test_allocations(), 1);
  rocket_buffer_clear(&buffer);
}

TEST(buffer_failure_sticks_until_cleared) {
  rocket_buffer buffer;
  rocket_buffer_init(&buffer, test_allocator(2));
  CHECK_INT(rocket_buffer_append(&buffer, "abc", 3), ROCKET_OK);
  CHECK_INT(rocket_buffer_reserve(&buffer, 100000), ROCKET_NO_MEMORY);
  CHECK_INT(rocket_buffer_append(&buffer, "d", 1), ROCKET_NO_MEMORY);
  CHECK_INT(buffer.status, ROCKET_NO_MEMORY);
  CHECK_TEXT(rocket_slice_make(buffer.data, buffer.size), "abc");
  rocket_buffer_clear(&buffer);
  CHECK_INT(test_allocated(), 0);
  CHECK_INT(rocket_buffer_append(&buffer, "d", 1), ROCKET_OK);
  rocket_buffer_clear(&buffer);
}

TEST(buffer_refuses_sizes_that_overflow) {
  rocket_buffer buffer = {0};
  CHECK_INT(rocket_buffer_append(&buffer, "abc", 3), ROCKET_OK);
  CHECK_INT(rocket_buffer_reserve(&buffer, SIZE_MAX - 1), ROCKET_NO_MEMORY);
  rocket_buffer_clear(&buffer);
}

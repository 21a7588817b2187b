// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Frames out of a byte stream, without a socket. */
#include "net/frame_reader.h"

#include "rocket_command.h"
#include "test.h"

/* Appends a frame of `size` bytes whose contents follow from `seed`. */
static void put_frame(uint8_t *at, size_t size, uint8_t seed) {
  uint32_t length = (uint32_t)size - 4;
  for (int i = 0; i < 4; i++) at[i] = (uint8_t)(length >> (24 - 8 * i));
  for (size_t i = 4; i < size; i++) at[i] = (uint8_t)(seed + i);
}

static void check_frame(rocket_frame *frame, const uint8_t *expected, size_t size) {
  CHECK(frame != NULL);
  CHECK_INT(rocket_frame_size(frame), size);
  CHECK(memcmp(rocket_frame_bytes(frame), expected, size) == 0);
  rocket_frame_release(frame);
}

TEST(frame_reader_finds_frames_at_every_split) {
  enum { FRAMES = 3 };
  static const size_t sizes[FRAMES] = {8, 31, 20};
  uint8_t stream[59];
  size_t at = 0;
  for (int i = 0; i < FRAMES; at += sizes[i++]) put_frame(stream + at, sizes[i], (uint8_t)i);
  for (size_t first = 0; first <= sizeof stream; first++) {
    for (size_t second = first; second <= sizeof stream; second++) {
      rocket__frame_reader reader;
      rocket__frame_reader_init(&reader, NULL, ROCKET_MAX_FRAME_BYTES);
      const size_t cuts[] = {0, first, second, sizeof stream};
      size_t begins = 0;
      int found = 0;
      for (int part = 0; part < 3; part++) {
        size_t size = cuts[part + 1] - cuts[part];
        rocket_slice bytes = rocket_slice_make(test_guarded(stream + cuts[part], size), size);
        while (bytes.size > 0) {
          rocket_frame *frame;
          CHECK_INT(rocket__frame_reader_feed(&reader, &bytes, &frame), ROCKET_OK);
          if (!frame) continue;
          check_frame(frame, stream + begins, sizes[found]);
          begins += sizes[found++];
        }
      }
      CHECK_INT(found, FRAMES);
      rocket__frame_reader_clear(&reader);
    }
  }
}

/* A large frame: the beginning comes through a buffer, the rest is written into the room. */
TEST(frame_reader_takes_large_frames_directly) {
  enum { SIZE = 3000000 };
  uint8_t *stream = malloc(SIZE);
  put_frame(stream, SIZE, 9);
  rocket__frame_reader reader;
  rocket_frame *frame = NULL;
  rocket__frame_reader_init(&reader, test_allocator(0), ROCKET_MAX_FRAME_BYTES);
  rocket_slice bytes = rocket_slice_make(stream, 65536);
  CHECK_INT(rocket__frame_reader_feed(&reader, &bytes, &frame), ROCKET_OK);
  size_t at = 65536, direct = 0;
  while (!frame) {
    size_t size;
    uint8_t *room = rocket__frame_reader_room(&reader, &size);
    if (room) {
      CHECK(size <= SIZE - at);
      if (size > 100000) size = 100000;
      memcpy(room, stream + at, size);
      direct += size;
      CHECK_INT(rocket__frame_reader_filled(&reader, size, &frame), ROCKET_OK);
    } else {
      size = SIZE - at < 65536 ? SIZE - at : 65536;
      bytes = rocket_slice_make(stream + at, size);
      CHECK_INT(rocket__frame_reader_feed(&reader, &bytes, &frame), ROCKET_OK);
      CHECK_INT(bytes.size, 0);
    }
    at += size;
  }
  CHECK_INT(at, SIZE);
  CHECK(direct > SIZE * 8 / 10);
  check_frame(frame, stream, SIZE);
  rocket__frame_reader_clear(&reader);
  CHECK_INT(test_allocated(), 0);
  free(stream);
}

TEST(frame_reader_keeps_to_the_limit) {
  uint8_t stream[101];
  for (size_t size = 99; size <= 101; size++) {
    rocket__frame_reader reader;
    rocket_frame *frame;
    put_frame(stream, size, 0);
    rocket__frame_reader_init(&reader, NULL, 100);
    rocket_slice bytes = rocket_slice_make(stream, size);
    CHECK_INT(rocket__frame_reader_feed(&reader, &bytes, &frame), size <= 100 ? ROCKET_OK : ROCKET_TOO_LARGE);
    if (size <= 100) check_frame(frame, stream, size);
    rocket__frame_reader_clear(&reader);
  }
}

TEST(frame_reader_survives_every_failed_allocation) {
  enum { SIZE = 500000 };
  uint8_t *stream = malloc(SIZE);
  put_frame(stream, SIZE, 1);
  for (uint64_t fail_at = 1;; fail_at++) {
    rocket__frame_reader reader;
    rocket_frame *frame = NULL;
    int status = ROCKET_OK;
    rocket__frame_reader_init(&reader, test_allocator(fail_at), ROCKET_MAX_FRAME_BYTES);
    for (size_t at = 0; at < SIZE && status == ROCKET_OK; at += 1000) {
      rocket_slice bytes = rocket_slice_make(stream + at, 1000);
      status = rocket__frame_reader_feed(&reader, &bytes, &frame);
    }
    bool failed = test_allocations() >= fail_at;
    CHECK_INT(status, failed ? ROCKET_NO_MEMORY : ROCKET_OK);
    rocket_frame_release(frame);
    rocket__frame_reader_clear(&reader);
    CHECK_INT(test_allocated(), 0);
    if (!failed) break;
  }
  free(stream);
}

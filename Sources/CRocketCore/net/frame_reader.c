// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/frame_reader.h"

#include <string.h>

#include "rocket_command.h"

void rocket__frame_reader_init(rocket__frame_reader *reader, const rocket_allocator *allocator, size_t max_frame_bytes) {
  *reader = (rocket__frame_reader){.allocator = allocator, .max_frame_bytes = max_frame_bytes};
}

void rocket__frame_reader_clear(rocket__frame_reader *reader) {
  rocket_frame_release(reader->slab);
  rocket__frame_reader_init(reader, reader->allocator, reader->max_frame_bytes);
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* What the first slab of a frame may be, knowing that `at_hand` bytes of it have come, or the next one's size. */
static size_t slab_size(const rocket__frame_reader *reader, size_t at_hand) {
  size_t most = at_hand > SIZE_MAX / 4 ? SIZE_MAX : at_hand * 4;
  if (most < ROCKET__FIRST_SLAB_BYTES) most = ROCKET__FIRST_SLAB_BYTES;
  return smaller(reader->size, most);
}

/* Moves to a slab of `size` bytes. */
static int move_to_slab(rocket__frame_reader *reader, size_t size) {
  rocket_frame *slab;
  int status = rocket_frame_new(reader->allocator, size, &slab);
  if (status != ROCKET_OK) return status;
  const uint8_t *from = reader->slab ? rocket_frame_bytes(reader->slab) : reader->prefix;
  memcpy(rocket_frame_bytes(slab), from, reader->received);
  rocket_frame_release(reader->slab);
  reader->slab = slab;
  return ROCKET_OK;
}

/* Completes the length word out of `bytes` and learns the frame's size from it. */
static int read_length(rocket__frame_reader *reader, rocket_slice *bytes) {
  size_t take = smaller(sizeof reader->prefix - reader->received, bytes->size);
  memcpy(reader->prefix + reader->received, bytes->data, take);
  reader->received += take;
  bytes->data += take;
  bytes->size -= take;
  if (reader->received < sizeof reader->prefix) return ROCKET_OK;
  int status = rocket_frame_scan(rocket_slice_make(reader->prefix, sizeof reader->prefix), reader->max_frame_bytes, &reader->size);
  return status == ROCKET_INCOMPLETE ? ROCKET_OK : status;
}

/* Grows the slab when it is full, or hands the frame over when that is full. */
static int settle(rocket__frame_reader *reader, rocket_frame **frame) {
  if (reader->received == reader->size) {
    *frame = reader->slab;
    reader->slab = NULL;
    reader->received = reader->size = 0;
    return ROCKET_OK;
  }
  if (reader->received < rocket_frame_size(reader->slab)) return ROCKET_OK;
  return move_to_slab(reader, slab_size(reader, reader->received));
}

int rocket__frame_reader_feed(rocket__frame_reader *reader, rocket_slice *bytes, rocket_frame **frame) {
  int status = ROCKET_OK;
  *frame = NULL;
  if (reader->size == 0) {
    status = read_length(reader, bytes);
    if (status != ROCKET_OK || reader->size == 0) return status;
    status = move_to_slab(reader, slab_size(reader, reader->received + bytes->size));
  }
  while (status == ROCKET_OK && !*frame && bytes->size > 0) {
    size_t take = smaller(rocket_frame_size(reader->slab) - reader->received, bytes->size);
    memcpy(rocket_frame_bytes(reader->slab) + reader->received, bytes->data, take);
    reader->received += take;
    bytes->data += take;
    bytes->size -= take;
    status = settle(reader, frame);
  }
  return status;
}

uint8_t *rocket__frame_reader_room(rocket__frame_reader *reader, size_t *size) {
  if (!reader->slab) return NULL;
  size_t room = rocket_frame_size(reader->slab) - reader->received;
  if (room < ROCKET__DIRECT_BYTES) return NULL;
  *size = room;
  return rocket_frame_bytes(reader->slab) + reader->received;
}

int rocket__frame_reader_filled(rocket__frame_reader *reader, size_t size, rocket_frame **frame) {
  *frame = NULL;
  reader->received += size;
  return settle(reader, frame);
}

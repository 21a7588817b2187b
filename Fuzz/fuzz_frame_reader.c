// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A byte stream cut into reads of any size gives the frames that the uncut stream has, and then its failure, if it has one. The input is a
 * list of pieces (a byte of size, that many bytes; sizes of 128 and more: so many kibibytes of filler, which makes frames large enough to
 * be read straight into their slab), and the pieces are the reads. */
#include "fuzz.h"
#include "net/frame_reader.h"
#include "rocket_command.h"

enum { MAX_FRAME = 1 << 20, MAX_STREAM = 2 << 20, FILLER = 128, LONGEST_SLAB = 4 };

typedef struct stream {
  uint8_t *bytes;
  size_t size;
  size_t compared; /* how much of it has come out as frames */
} stream;

static size_t next_piece(rocket_slice *input, rocket_slice *piece) {
  uint8_t size = fuzz_byte(input);
  *piece = size < FILLER ? fuzz_take(input, size) : (rocket_slice){0};
  return size < FILLER ? piece->size : (size_t)(size - FILLER + 1) << 10;
}

/* Measures it when there is no memory yet, then fills that. */
static void write_stream(stream *to, rocket_slice input) {
  to->size = 0;
  while (input.size > 0) {
    rocket_slice piece;
    size_t size = next_piece(&input, &piece);
    if (to->size + size > MAX_STREAM) return;
    if (to->bytes && piece.data) memcpy(to->bytes + to->size, piece.data, size);
    else if (to->bytes) memset(to->bytes + to->size, 'x', size);
    to->size += size;
  }
}

/* The next frame of the uncut stream is this one. */
static void check_frame(stream *from, rocket_frame *frame) {
  size_t size;
  rocket_slice rest = rocket_slice_make(from->bytes + from->compared, from->size - from->compared);
  HOLDS(rocket_frame_scan(rest, MAX_FRAME, &size) == ROCKET_OK);
  HOLDS(size == rocket_frame_size(frame) && memcmp(rocket_frame_bytes(frame), rest.data, size) == 0);
  from->compared += size;
  rocket_frame_release(frame);
}

/* One read, as net/connection.c does it. */
static int read_piece(rocket__frame_reader *reader, stream *from, rocket_slice bytes) {
  rocket_frame *frame;
  int status = ROCKET_OK;
  while (bytes.size > 0 && status == ROCKET_OK) {
    size_t room;
    uint8_t *to = rocket__frame_reader_room(reader, &room);
    if (to) {
      rocket_slice part = fuzz_take(&bytes, room);
      memcpy(to, part.data, part.size);
      status = rocket__frame_reader_filled(reader, part.size, &frame);
    } else {
      status = rocket__frame_reader_feed(reader, &bytes, &frame);
    }
    /* Memory follows what has come, not what was promised. */
    size_t slab = reader->slab ? rocket_frame_size(reader->slab) : 0;
    HOLDS(slab <= ROCKET__FIRST_SLAB_BYTES || slab <= LONGEST_SLAB * (reader->received + bytes.size));
    if (status == ROCKET_OK && frame) check_frame(from, frame);
  }
  return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_slice input = rocket_slice_make(data, size), piece;
  stream whole = {.bytes = NULL};
  rocket__frame_reader reader;
  size_t frame_size;
  int status = ROCKET_OK;
  write_stream(&whole, input);
  whole.bytes = malloc(whole.size + 1);
  HOLDS(whole.bytes != NULL);
  write_stream(&whole, input);
  rocket__frame_reader_init(&reader, NULL, MAX_FRAME);
  for (size_t at = 0, length; at < whole.size && status == ROCKET_OK; at += length) {
    length = next_piece(&input, &piece);
    uint8_t *read = fuzz_copy(rocket_slice_make(whole.bytes + at, length));
    status = read_piece(&reader, &whole, rocket_slice_make(read, length));
    free(read);
  }
  int expected = rocket_frame_scan(rocket_slice_make(whole.bytes + whole.compared, whole.size - whole.compared), MAX_FRAME, &frame_size);
  HOLDS(status == (expected == ROCKET_INCOMPLETE ? ROCKET_OK : expected));
  rocket__frame_reader_clear(&reader);
  free(whole.bytes);
  return 0;
}

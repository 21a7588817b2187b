// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Turns a byte stream into frames, one slab each. A slab grows with the bytes that have come, never with the bytes that were
 * promised: a peer that claims 16 MiB and sends eight bytes costs ROCKET__FIRST_SLAB_BYTES.
 *
 * Bytes come in one of two ways: `feed` copies them out of a receive buffer (small frames, many per read), `room` lets the
 * socket write straight into the slab of a large frame.
 * Thread: one at a time. */
#ifndef ROCKET_NET_FRAME_READER_H
#define ROCKET_NET_FRAME_READER_H

#include "rocket_bytes.h"

enum {
  ROCKET__FIRST_SLAB_BYTES = 65536, /* a slab is at least this, or the frame; then four times what has come */
  ROCKET__DIRECT_BYTES = 32768      /* less room than this is not worth a read of its own */
};

typedef struct rocket__frame_reader {
  const rocket_allocator *allocator;
  size_t max_frame_bytes;
  uint8_t prefix[4]; /* the length word while it is incomplete */
  size_t received;   /* bytes of the frame so far */
  size_t size;       /* of the whole frame; 0: not known yet */
  rocket_frame *slab;
} rocket__frame_reader;

void rocket__frame_reader_init(rocket__frame_reader *reader, const rocket_allocator *allocator, size_t max_frame_bytes);
void rocket__frame_reader_clear(rocket__frame_reader *reader);

/* Takes bytes from the front of `bytes` up to the end of one frame. `frame` is that frame (the caller holds its count), or NULL:
 * all bytes are used up and more are needed.
 * Fails: ROCKET_TOO_LARGE, ROCKET_BAD_FRAME, ROCKET_NO_MEMORY; the stream is then of no more use. */
int rocket__frame_reader_feed(rocket__frame_reader *reader, rocket_slice *bytes, rocket_frame **frame);

/* Where the next bytes may be written directly, or NULL: feed them. */
uint8_t *rocket__frame_reader_room(rocket__frame_reader *reader, size_t *size);
/* `size` bytes have been written there. As feed. */
int rocket__frame_reader_filled(rocket__frame_reader *reader, size_t size, rocket_frame **frame);

#endif

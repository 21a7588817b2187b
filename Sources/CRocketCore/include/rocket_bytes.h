// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Bytes: borrowed slices, growable buffers, counted frames, and the allocator they come from.
 *
 * A slice never owns. A buffer owns its bytes and belongs to one thread at a time. A frame owns the bytes of one received
 * frame and is counted: everything decoded from it (commands, messages, bodies) points into it and stays valid while one
 * count is held.
 */
#ifndef ROCKET_BYTES_H
#define ROCKET_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `size` bytes at `data`; not zero-terminated. {NULL, 0} is "absent", which some readers tell from "empty". */
typedef struct rocket_slice {
  const uint8_t *data;
  size_t size;
} rocket_slice;

/* A slice that borrows `data`; one that borrows a zero-terminated text (NULL: absent). Thread: any. */
rocket_slice rocket_slice_make(const void *data, size_t size);
rocket_slice rocket_slice_of(const char *text);
/* The same bytes? Absent and empty are equal. Thread: any. */
bool rocket_slice_equal(rocket_slice a, rocket_slice b);

/* Where memory comes from. All three functions may be called on any thread at once. They must outlive everything made
 * with them. A NULL `const rocket_allocator *` anywhere in this library means malloc, realloc and free. */
typedef struct rocket_allocator {
  void *(*allocate)(void *user, size_t size);               /* NULL when there is none left */
  void *(*resize)(void *user, void *memory, size_t size);   /* like realloc; `memory` stays valid on failure */
  void (*release)(void *user, void *memory);                /* `memory` may be NULL */
  void *user;
} rocket_allocator;

/* A growable run of bytes. Failure sticks: after one failed append every later one does nothing, so a writer checks once
 * at the end. Zero-initialise, or rocket_buffer_init.
 * Thread: one at a time.  Owns: `data`, until rocket_buffer_clear. */
typedef struct rocket_buffer {
  uint8_t *data;
  size_t size;
  size_t capacity;
  const rocket_allocator *allocator;
  int status; /* ROCKET_OK, or the first failure */
} rocket_buffer;

void rocket_buffer_init(rocket_buffer *buffer, const rocket_allocator *allocator);
/* Gives the memory back; the buffer is empty and usable again. */
void rocket_buffer_clear(rocket_buffer *buffer);
/* Makes room for `more` further bytes. Fails: ROCKET_NO_MEMORY (sticky). */
int rocket_buffer_reserve(rocket_buffer *buffer, size_t more);
/* Fails: ROCKET_NO_MEMORY (sticky). Invalidates pointers into `data`. */
int rocket_buffer_append(rocket_buffer *buffer, const void *bytes, size_t size);

/* The bytes of one received frame, counted. Opaque: it holds an atomic count. */
typedef struct rocket_frame rocket_frame;

/* A frame of `size` uninitialised bytes with one count. Frames normally come from a connection; this is for tests, files
 * and other transports.
 * Thread: any.  Owns: the caller holds the count.  Fails: ROCKET_NO_MEMORY. */
int rocket_frame_new(const rocket_allocator *allocator, size_t size, rocket_frame **out);
/* One more count, or `counts` more. Thread: any. */
void rocket_frame_retain(rocket_frame *frame);
void rocket_frame_retain_many(rocket_frame *frame, uint32_t counts);
/* One count less, or `counts` less; the last one frees the bytes. NULL is allowed. Thread: any. */
void rocket_frame_release(rocket_frame *frame);
void rocket_frame_release_many(rocket_frame *frame, uint32_t counts);
/* The frame's bytes; writable only while the caller holds the only count. Thread: any. */
uint8_t *rocket_frame_bytes(rocket_frame *frame);
size_t rocket_frame_size(const rocket_frame *frame);

/* Bytes handed over to be written later without copying them. `drop(user)` runs exactly once, on any thread, when the
 * bytes are no longer needed - also when the call that took them fails. A NULL `drop` means: copy the bytes now. */
typedef struct rocket_body {
  rocket_slice bytes;
  void (*drop)(void *user);
  void *user;
} rocket_body;

#ifdef __cplusplus
}
#endif
#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/writer.h"

enum {
  GATHERED = 128, /* buffers per system call */
  DELAYED = 4     /* of a delayed write: what fits into uv_write_t, so that libuv does not allocate */
};

void rocket__writer_init(rocket__writer *writer, rocket_loop *loop, uv_stream_t *stream,
                         void (*failed)(rocket__writer *writer, int status)) {
  *writer = (rocket__writer){.loop = loop, .stream = stream, .failed = failed};
  rocket__link_init(&writer->queue);
}

void rocket__writer_queue(rocket__writer *writer, rocket__outgoing *frame) {
  frame->state = ROCKET__OUTGOING_QUEUED;
  writer->unwritten += rocket__outgoing_size(frame);
  rocket__list_append(&writer->queue, &frame->link);
}

static void leave_queue(rocket__outgoing *frame) {
  rocket__list_remove(&frame->link);
  frame->state = ROCKET__OUTGOING_IDLE;
}

void rocket__writer_take_back(rocket__writer *writer, rocket__outgoing *frame) {
  writer->unwritten -= rocket__outgoing_size(frame);
  leave_queue(frame);
}

static unsigned add_part(uv_buf_t *buffers, unsigned count, rocket_slice part, size_t *skip) {
  if (*skip >= part.size) {
    *skip -= part.size;
    return count;
  }
  buffers[count] = uv_buf_init((char *)(uintptr_t)(part.data + *skip), (unsigned)(part.size - *skip));
  *skip = 0;
  return count + 1;
}

/* Lists up to `most` buffers from the front of the queue. */
static unsigned gather(rocket__writer *writer, uv_buf_t *buffers, unsigned most, size_t *size) {
  unsigned count = 0;
  size_t skip = writer->offset;
  *size = 0;
  for (rocket__link *link = writer->queue.next; link != &writer->queue && count + 2 <= most; link = link->next) {
    rocket__outgoing *frame = ROCKET__OF(link, rocket__outgoing, link);
    *size += rocket__outgoing_size(frame) - skip;
    count = add_part(buffers, count, frame->head, &skip);
    count = add_part(buffers, count, frame->body.bytes, &skip);
    skip = 0;
  }
  return count;
}

/* The first `size` bytes of the queue are on their way or written: what they touch cannot be taken back. */
static void mark_begun(rocket__writer *writer, size_t size) {
  size_t covered = 0;
  for (rocket__link *link = writer->queue.next; covered < size; link = link->next) {
    rocket__outgoing *frame = ROCKET__OF(link, rocket__outgoing, link);
    frame->state = ROCKET__OUTGOING_BEGUN;
    covered += rocket__outgoing_size(frame);
  }
}

/* `done` may end calls or close the connection: the frames are marked before it runs, and nothing is remembered over it. */
static void advance(rocket__writer *writer, size_t size) {
  writer->unwritten -= size;
  writer->offset += size;
  writer->wrote_at_ms = uv_now(&writer->loop->uv);
  mark_begun(writer, writer->offset);
  while (!rocket__link_is_alone(&writer->queue)) {
    rocket__outgoing *frame = ROCKET__OF(writer->queue.next, rocket__outgoing, link);
    if (writer->offset < rocket__outgoing_size(frame)) break;
    writer->offset -= rocket__outgoing_size(frame);
    leave_queue(frame);
    frame->done(writer->loop, frame, ROCKET_OK);
  }
}

static void on_written(uv_write_t *request, int status) {
  rocket__writer *writer = ROCKET__OF(request, rocket__writer, request);
  size_t size = writer->requested;
  writer->busy = false;
  writer->requested = 0;
  if (status == 0 && uv_is_closing((uv_handle_t *)writer->stream)) status = UV_ECANCELED;
  if (status == 0) {
    advance(writer, size);
    status = rocket__writer_flush(writer);
  }
  if (status < 0) writer->failed(writer, status);
}

/* The socket is full: libuv writes `buffers`, which carry the first `size` bytes of the queue, when it is not. */
static int delay(rocket__writer *writer, const uv_buf_t *buffers, unsigned count, size_t size) {
  int status = uv_write(&writer->request, writer->stream, buffers, count, on_written);
  if (status < 0) return status;
  writer->busy = true;
  writer->requested = size;
  mark_begun(writer, writer->offset + size);
  return ROCKET_OK;
}

/* Both of these set `more` when the socket may take more. */
static int write_plain(rocket__writer *writer, bool *more) {
  uv_buf_t buffers[GATHERED];
  size_t size;
  unsigned count = gather(writer, buffers, GATHERED, &size);
  *more = false;
  if (count == 0) return ROCKET_OK;
  int written = uv_try_write(writer->stream, buffers, count);
  if (written < 0 && written != UV_EAGAIN) return written;
  if (written > 0) advance(writer, (size_t)written);
  *more = written >= 0 && (size_t)written == size;
  if (*more) return ROCKET_OK;
  count = gather(writer, buffers, DELAYED, &size);
  return count > 0 ? delay(writer, buffers, count, size) : ROCKET_OK;
}

static int write_sealed(rocket__writer *writer, bool *more) {
  uv_buf_t buffers[GATHERED];
  size_t size;
  unsigned count = gather(writer, buffers, GATHERED, &size);
  *more = false;
  int status = rocket__tls_session_seal(writer->tls, buffers, count, &size);
  rocket_slice sealed = rocket__tls_session_sealed(writer->tls);
  if (status != ROCKET_OK || sealed.size == 0) return status;
  uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)sealed.data, (unsigned)sealed.size);
  int written = uv_try_write(writer->stream, &buffer, 1);
  if (written < 0 && written != UV_EAGAIN) return written;
  if (written >= 0 && (size_t)written == sealed.size) {
    *more = true;
    rocket__tls_session_written(writer->tls);
    advance(writer, size);
    return ROCKET_OK;
  }
  sealed = rocket__tls_session_hand_over(writer->tls, written > 0 ? (size_t)written : 0);
  buffer = uv_buf_init((char *)(uintptr_t)sealed.data, (unsigned)sealed.size);
  return delay(writer, &buffer, 1, size);
}

int rocket__writer_flush(rocket__writer *writer) {
  int status = ROCKET_OK;
  bool more = true;
  while (status == ROCKET_OK && more && !writer->busy)
    status = writer->tls ? write_sealed(writer, &more) : write_plain(writer, &more);
  return status;
}

void rocket__writer_finish(rocket__writer *writer, bool politely) {
  if (!writer->tls || writer->busy) return;
  if (politely) rocket__tls_session_finish(writer->tls);
  rocket_slice sealed = rocket__tls_session_sealed(writer->tls);
  uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)sealed.data, (unsigned)sealed.size);
  if (sealed.size > 0) uv_try_write(writer->stream, &buffer, 1);
  rocket__tls_session_written(writer->tls);
}

void rocket__writer_discard(rocket__writer *writer, int status) {
  writer->unwritten = 0;
  while (!rocket__link_is_alone(&writer->queue)) {
    rocket__outgoing *frame = ROCKET__OF(writer->queue.previous, rocket__outgoing, link);
    if (writer->requested > 0 && frame->state == ROCKET__OUTGOING_BEGUN) return;
    leave_queue(frame);
    frame->done(writer->loop, frame, status);
  }
}

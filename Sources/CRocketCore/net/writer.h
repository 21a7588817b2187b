// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The frames that wait to be written to one socket. Everything queued during a turn goes out in one system call where the socket
 * takes it; what it does not take waits for it to become writable. Bodies are written from where they are. Through TLS, frames are
 * encrypted no sooner than the socket has taken what was encrypted before, so what waits is frames either way.
 * This file has the library's only calls that write to a socket. Thread: loop. */
#ifndef ROCKET_NET_WRITER_H
#define ROCKET_NET_WRITER_H

#include "net/outgoing.h"
#include "net/tls_session.h"

typedef struct rocket__writer {
  rocket_loop *loop;
  uv_stream_t *stream;
  rocket__tls_session *tls; /* NULL: plain; the connection's */
  rocket__link queue;
  size_t offset;    /* bytes of the first frame already written */
  size_t unwritten; /* bytes in the queue that are not written */
  uv_write_t request;
  bool busy;        /* libuv has `request` */
  size_t requested; /* bytes of the queue that go with it */
  uint64_t wrote_at_ms; /* when the system last took bytes */
  void (*failed)(struct rocket__writer *writer, int status); /* a delayed write failed: the owner closes the socket */
} rocket__writer;

void rocket__writer_init(rocket__writer *writer, rocket_loop *loop, uv_stream_t *stream,
                         void (*failed)(rocket__writer *writer, int status));
void rocket__writer_queue(rocket__writer *writer, rocket__outgoing *frame);
/* Takes back a frame in state QUEUED; its `done` will not run. */
void rocket__writer_take_back(rocket__writer *writer, rocket__outgoing *frame);
/* Writes what the socket takes, also when only TLS has something to say. Fails: libuv's codes, those of TLS; the owner then closes the
 * socket. */
int rocket__writer_flush(rocket__writer *writer);
/* Before the socket closes: sends TLS's good-bye (`politely`) or last alert, if the socket takes it at once. */
void rocket__writer_finish(rocket__writer *writer, bool politely);
/* Ends every frame that libuv does not hold; those it holds end when the socket has been closed. */
void rocket__writer_discard(rocket__writer *writer, int status);

#endif

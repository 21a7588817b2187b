// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* One TCP connection, made (by an endpoint) or accepted (by a listener): its states, its bytes in and out, its idle time.
 * What the bytes mean is rpc's business. Thread: loop. */
#ifndef ROCKET_NET_CONNECTION_H
#define ROCKET_NET_CONNECTION_H

#include "net/address.h"
#include "net/frame_reader.h"
#include "net/handler.h"
#include "net/lookup.h"
#include "net/timers.h"
#include "net/tls_session.h"
#include "net/writer.h"

/* name, the states that may follow */
#define ROCKET__CONNECTION_STATES(XX, _)                                           \
  XX(NEW, _(RESOLVING) | _(CONNECTING) | _(HANDSHAKING) | _(OPEN) | _(CLOSING))    \
  XX(RESOLVING, _(CONNECTING) | _(CLOSING))   /* a resolver thread looks it up */  \
  XX(CONNECTING, _(SWITCHING) | _(HANDSHAKING) | _(OPEN) | _(CLOSING))             \
  XX(HANDSHAKING, _(SWITCHING) | _(REFUSING) | _(OPEN) | _(CLOSING)) /* TLS */     \
  XX(REFUSING, _(CLOSING))                    /* accepted; hears why its handshake failed, and then closes */ \
  XX(SWITCHING, _(CONNECTING) | _(CLOSING))   /* this socket failed, one for the next of the name's addresses follows */ \
  XX(OPEN, _(CLOSING))                                                             \
  XX(CLOSING, _(CLOSED))                      /* ended for everyone but libuv */   \
  XX(CLOSED, 0u)

typedef enum rocket__connection_state {
#define ROCKET__CONNECTION_STATE_ENUM(name, next) ROCKET__CONNECTION_##name,
#define ROCKET__CONNECTION_STATE_BIT(name) 0
  ROCKET__CONNECTION_STATES(ROCKET__CONNECTION_STATE_ENUM, ROCKET__CONNECTION_STATE_BIT)
#undef ROCKET__CONNECTION_STATE_BIT
#undef ROCKET__CONNECTION_STATE_ENUM
} rocket__connection_state;

struct rocket__endpoint;

typedef struct rocket__connection {
  rocket_loop *loop;
  rocket__connection_state state;
  int status;          /* why it closes, or why the last of the name's addresses failed */
  bool heard;          /* a whole frame came from the peer */
  bool was_open;
  bool closed_here;    /* rocket_connection_close: no fault of the peer */
  bool refused;        /* accepted, but its handshake failed */
  rocket__link link;   /* in loop->connections, from NEW to CLOSED */
  rocket__link unflushed;
  rocket__id_entry by_id; /* in loop->connections_by_id until CLOSING */
  rocket__link calls;  /* sent or queued here, not ended yet */

  struct rocket__endpoint *endpoint; /* NULL when accepted, and from CLOSING on */
  rocket__handler *handler;          /* of the listener that accepted it; NULL: the loop's */

  rocket__lookup *lookup;      /* RESOLVING */
  struct addrinfo *found;      /* until OPEN: the name's addresses */
  struct addrinfo *candidate;  /* the next one to try */
  uint64_t give_up_at_ms;      /* of the whole attempt */
  uv_connect_t request;
  uv_shutdown_t farewell;      /* REFUSING */
  rocket__timer timer;         /* the attempt's deadline, then the idle check */
  uint64_t read_at_ms;
  uint64_t opened_at_ms;

  uv_tcp_t tcp;
  rocket__tls_session *tls; /* NULL: plain */
  rocket__frame_reader reader;
  rocket__writer writer;
  rocket_host peer_host, local_host;
  char peer[ROCKET__PEER_BYTES]; /* "ip:port" */
  size_t peer_size;
  size_t address_size;
  uint8_t address[]; /* what calls use; empty when accepted */
} rocket__connection;

/* Fails: NULL, no memory. */
rocket__connection *rocket__connection_new(rocket_loop *loop, rocket_slice address);
/* Looks the address up and connects. The outcome goes to the endpoint: rocket__endpoint_opened, rocket__endpoint_lost - also
 * before this returns. */
void rocket__connection_connect(rocket__connection *connection);
/* Takes the connection that waits at `server`. `tls`: what it must speak; NULL: plain. */
void rocket__connection_accept(rocket__connection *connection, uv_stream_t *server, rocket__handler *handler, rocket_tls *tls);

/* Queues `frame`; only while OPEN. */
void rocket__connection_send(rocket__connection *connection, rocket__outgoing *frame);
/* Ends it for everyone: endpoint, calls, queued frames. No user's function but drops runs inside. May be repeated. */
void rocket__connection_close(rocket__connection *connection, int status);

/* The open connection with `id`, or NULL. */
rocket__connection *rocket__connection_find(const rocket_loop *loop, rocket_connection id);
static inline rocket_connection rocket__connection_id(const rocket__connection *connection) { return connection->by_id.id; }
static inline const rocket_handler *rocket__connection_handler(const rocket__connection *connection) {
  const rocket__handler *handler = connection->handler ? connection->handler : connection->loop->handler;
  return handler ? &handler->callbacks : NULL;
}

/* What handlers know it by: what calls use, or the peer when it was accepted. */
static inline rocket_slice rocket__connection_name(const rocket__connection *connection) {
  if (connection->address_size > 0) return rocket_slice_make(connection->address, connection->address_size);
  return rocket_slice_make(connection->peer, connection->peer_size);
}

/* ---- Between connection.c and opening.c ---- */

/* The only writer of `state`. */
void rocket__connection_enter(rocket__connection *connection, rocket__connection_state next);
/* Reads what comes, from now on. Fails: libuv's codes. */
int rocket__connection_read(rocket__connection *connection);
/* What waits to be written is, in this turn. */
void rocket__connection_flush_soon(rocket__connection *connection);
void rocket__connection_free_found(rocket__connection *connection);
/* Closes the socket alone, on the way to SWITCHING or CLOSED. */
void rocket__connection_close_socket(rocket__connection *connection);

/* SWITCHING: the failed socket is gone. */
void rocket__opening_next(rocket__connection *connection);
/* HANDSHAKING: bytes have been fed. */
void rocket__opening_handshake(rocket__connection *connection);
/* HANDSHAKING: the socket failed, or the peer closed it. */
void rocket__opening_lost(rocket__connection *connection);

/* For the loop. */
void rocket__connections_flush(rocket_loop *loop);
void rocket__connections_stop(rocket_loop *loop);
/* Closes those that were accepted with `handler`. */
void rocket__connections_close_accepted(rocket_loop *loop, const rocket__handler *handler, int status);

#endif

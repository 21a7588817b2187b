// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* From an address or an accepted socket to an open connection: lookup, the name's addresses one by one, TLS. */
#include "net/connection.h"

#include "net/endpoint.h"

enum {
  UNACKNOWLEDGED_MS = 30000 /* a peer that acknowledges nothing that long while bytes are under way is dead */
};

/* ---- Opening ---- */

static void check_idle(rocket_loop *loop, rocket__timer *timer) {
  rocket__connection *connection = ROCKET__OF(timer, rocket__connection, timer);
  uint64_t last = connection->read_at_ms, wrote = connection->writer.wrote_at_ms;
  if (wrote > last) last = wrote;
  uint64_t idle_at = last + loop->options.idle_timeout_ms;
  if (idle_at <= rocket_now_ms()) rocket__connection_close(connection, ROCKET_TIMEOUT);
  else rocket__timer_start(loop, timer, idle_at, check_idle);
}

static void learn_hosts(rocket__connection *connection) {
  struct sockaddr_storage address = {0};
  int size = sizeof address;
  uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &size);
  rocket__host_of((struct sockaddr *)&address, &connection->peer_host);
  connection->peer_size = rocket__host_print(&connection->peer_host, connection->peer);
  size = sizeof address;
  uv_tcp_getsockname(&connection->tcp, (struct sockaddr *)&address, &size);
  rocket__host_of((struct sockaddr *)&address, &connection->local_host);
}

static void tune(rocket__connection *connection) {
  uv_tcp_nodelay(&connection->tcp, 1);
#ifdef TCP_USER_TIMEOUT
  uv_os_fd_t fd;
  unsigned timeout = UNACKNOWLEDGED_MS;
  if (uv_fileno((uv_handle_t *)&connection->tcp, &fd) == 0)
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
#endif
}

static void report_opened(rocket__connection *connection) {
  const rocket_handler *handler = rocket__connection_handler(connection);
  if (handler && handler->opened)
    handler->opened(handler->user, rocket__connection_id(connection), rocket__connection_name(connection));
}

/* The socket is read from already. */
static void open_connection(rocket__connection *connection) {
  rocket_loop *loop = connection->loop;
  rocket__connection_enter(connection, ROCKET__CONNECTION_OPEN);
  connection->was_open = true;
  rocket__connection_free_found(connection);
  connection->opened_at_ms = connection->read_at_ms = rocket_now_ms();
  rocket__timer_stop(loop, &connection->timer);
  if (loop->options.idle_timeout_ms > 0)
    rocket__timer_start(loop, &connection->timer, connection->opened_at_ms + loop->options.idle_timeout_ms, check_idle);
  report_opened(connection);
  if (connection->state == ROCKET__CONNECTION_OPEN && connection->endpoint) rocket__endpoint_opened(connection->endpoint);
}

/* ---- TLS ---- */

static void on_farewell(uv_shutdown_t *request, int status) { (void)request, (void)status; }

/* An accepted peer is told what is wrong by what TLS wants to say. The socket stays until the peer has closed its side, or the deadline
 * is over: closing with bytes unread would reset the connection, and the peer might never see it. */
static void refuse(rocket__connection *connection, int status) {
  connection->status = status;
  connection->refused = true;
  rocket__connection_enter(connection, ROCKET__CONNECTION_REFUSING);
  status = rocket__writer_flush(&connection->writer);
  if (status == ROCKET_OK) status = uv_shutdown(&connection->farewell, (uv_stream_t *)&connection->tcp, on_farewell);
  if (status != ROCKET_OK) rocket__connection_close(connection, status);
}

/* What TLS says of a peer is final: another of the name's addresses would only hide it. */
void rocket__opening_handshake(rocket__connection *connection) {
  int status = rocket__tls_session_handshake(connection->tls);
  if (status == ROCKET_OK) open_connection(connection);
  else if (status != ROCKET_INCOMPLETE && connection->endpoint) rocket__connection_close(connection, status);
  else if (status != ROCKET_INCOMPLETE) refuse(connection, status);
  if (connection->state == ROCKET__CONNECTION_HANDSHAKING || connection->state == ROCKET__CONNECTION_OPEN)
    rocket__connection_flush_soon(connection);
}

static int begin_tls(rocket__connection *connection, rocket_tls *tls) {
  rocket__address called = {.host = ""};
  if (connection->endpoint) rocket__address_parse(rocket__connection_name(connection), false, &called);
  rocket__connection_enter(connection, ROCKET__CONNECTION_HANDSHAKING);
  int status = rocket__tls_session_new(tls, rocket__loop_allocator(connection->loop), called.host, &connection->tls);
  connection->writer.tls = connection->tls;
  return status;
}

/* The socket is connected. `tls`: NULL for plain. */
static void begin(rocket__connection *connection, rocket_tls *tls) {
  int status = ROCKET_OK;
  tune(connection);
  learn_hosts(connection);
  if (tls) status = begin_tls(connection, tls);
  if (status == ROCKET_OK) status = rocket__connection_read(connection);
  if (status != ROCKET_OK) rocket__connection_close(connection, status);
  else if (tls) rocket__opening_handshake(connection);
  else open_connection(connection);
}

/* ---- Accepting ---- */

static void on_deadline(rocket_loop *loop, rocket__timer *timer);

void rocket__connection_accept(rocket__connection *connection, uv_stream_t *server, rocket__handler *handler, rocket_tls *tls) {
  rocket_loop *loop = connection->loop;
  connection->handler = rocket__handler_retain(handler);
  int status = uv_accept(server, (uv_stream_t *)&connection->tcp);
  if (status < 0) {
    rocket__connection_close(connection, status);
    return;
  }
  if (tls) rocket__timer_start(loop, &connection->timer, rocket_now_ms() + loop->options.connect_timeout_ms, on_deadline);
  begin(connection, tls);
}

/* ---- Connecting ---- */

/* This candidate failed. The socket cannot be used again, so the next one waits until libuv has let go of it. */
static void give_up_candidate(rocket__connection *connection, int status) {
  if (!connection->candidate) {
    rocket__connection_close(connection, status);
    return;
  }
  connection->status = status;
  rocket__connection_enter(connection, ROCKET__CONNECTION_SWITCHING);
  rocket__timer_stop(connection->loop, &connection->timer);
  rocket__connection_close_socket(connection);
}

/* The handshake came to nothing, and the peer did not say why. */
static void give_up_handshake(rocket__connection *connection, int status) {
  connection->refused = !connection->endpoint;
  if (connection->endpoint) give_up_candidate(connection, status);
  else rocket__connection_close(connection, status);
}

void rocket__opening_lost(rocket__connection *connection) { give_up_handshake(connection, ROCKET_TLS_CUT_OFF); }

static void on_connected(uv_connect_t *request, int status) {
  rocket__connection *connection = ROCKET__OF(request, rocket__connection, request);
  if (connection->state != ROCKET__CONNECTION_CONNECTING || status == UV_ECANCELED) return;
  if (status < 0) give_up_candidate(connection, status);
  else begin(connection, connection->loop->options.tls);
}

static void on_deadline(rocket_loop *loop, rocket__timer *timer) {
  (void)loop;
  rocket__connection *connection = ROCKET__OF(timer, rocket__connection, timer);
  if (connection->state == ROCKET__CONNECTION_CONNECTING) give_up_candidate(connection, ROCKET_CONNECT_TIMEOUT);
  else if (connection->state == ROCKET__CONNECTION_HANDSHAKING) give_up_handshake(connection, ROCKET_TLS_TIMEOUT);
  else rocket__connection_close(connection, ROCKET_CONNECT_TIMEOUT);
}

/* The time that is left is shared among the addresses that are left, so a dead one does not use it all up. */
void rocket__opening_next(rocket__connection *connection) {
  struct addrinfo *candidate = connection->candidate;
  uint64_t now = rocket_now_ms(), candidates = 1, time_left = 0;
  for (struct addrinfo *other = candidate->ai_next; other; other = other->ai_next) candidates++;
  if (connection->give_up_at_ms > now) time_left = connection->give_up_at_ms - now;
  connection->candidate = candidate->ai_next;
  rocket__connection_enter(connection, ROCKET__CONNECTION_CONNECTING);
  rocket__timer_start(connection->loop, &connection->timer, now + time_left / candidates, on_deadline);
  int status = uv_tcp_connect(&connection->request, &connection->tcp, candidate->ai_addr, on_connected);
  if (status < 0) give_up_candidate(connection, status);
}

static void on_looked_up(void *user, int status, struct addrinfo *found) {
  rocket__connection *connection = user;
  connection->lookup = NULL;
  if (status != ROCKET_OK) {
    rocket__connection_close(connection, status);
    return;
  }
  connection->found = connection->candidate = found;
  rocket__opening_next(connection);
}

void rocket__connection_connect(rocket__connection *connection) {
  rocket_loop *loop = connection->loop;
  rocket__address address;
  connection->give_up_at_ms = rocket_now_ms() + loop->options.connect_timeout_ms;
  int status = rocket__address_parse(rocket_slice_make(connection->address, connection->address_size), false, &address);
  if (status != ROCKET_OK) {
    rocket__connection_close(connection, status);
    return;
  }
  if (rocket__lookup_numeric(&address, &connection->found) == ROCKET_OK) {
    connection->candidate = connection->found;
    rocket__opening_next(connection);
    return;
  }
  rocket__connection_enter(connection, ROCKET__CONNECTION_RESOLVING);
  rocket__timer_start(loop, &connection->timer, connection->give_up_at_ms, on_deadline);
  status = rocket__lookup_start(loop, &address, connection, on_looked_up, &connection->lookup);
  if (status != ROCKET_OK) rocket__connection_close(connection, status);
}


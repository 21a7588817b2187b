// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/connection.h"

#include <stdio.h>

#include "net/call.h"
#include "net/endpoint.h"
#include "net/rpc.h"

enum {
  UNACKNOWLEDGED_MS = 30000 /* a peer that acknowledges nothing that long while bytes are under way is dead */
};

/* ---- States ---- */

#define BIT(name) (1u << ROCKET__CONNECTION_##name)
#define ROW(name, next) {#name, (next)},
static const struct {
  const char *name;
  unsigned next;
} states[] = {ROCKET__CONNECTION_STATES(ROW, BIT)};
#undef ROW
#undef BIT

/* The only writer of `state`. */
static void enter(rocket__connection *connection, rocket__connection_state next) {
  if (!(states[connection->state].next >> next & 1u)) {
    fprintf(stderr, "rocket: a connection cannot go from %s to %s\n", states[connection->state].name, states[next].name);
    abort();
  }
  connection->state = next;
}

/* ---- Life ---- */

static void on_write_failed(rocket__writer *writer, int status);

rocket__connection *rocket__connection_new(rocket_loop *loop, rocket_slice address) {
  rocket__connection *connection = rocket__alloc(rocket__loop_allocator(loop), sizeof *connection + address.size);
  if (!connection) return NULL;
  *connection = (rocket__connection){.loop = loop, .state = ROCKET__CONNECTION_NEW, .address_size = address.size};
  if (address.size > 0) memcpy(connection->address, address.data, address.size);
  rocket__link_init(&connection->unflushed);
  rocket__link_init(&connection->calls);
  rocket__frame_reader_init(&connection->reader, rocket__loop_allocator(loop), loop->options.max_frame_bytes);
  rocket__writer_init(&connection->writer, loop, (uv_stream_t *)&connection->tcp, on_write_failed);
  uv_tcp_init(&loop->uv, &connection->tcp);
  rocket__list_append(&loop->connections, &connection->link);
  rocket__id_table_add(&loop->connections_by_id, &connection->by_id, ++loop->last_connection);
  atomic_fetch_add_explicit(&loop->connection_count, 1, memory_order_relaxed);
  loop->open_handles++;
  return connection;
}

static void free_found(rocket__connection *connection) {
  if (connection->found) freeaddrinfo(connection->found);
  connection->found = connection->candidate = NULL;
}

/* What handlers know it by: what calls use, or the peer when it was accepted. */
static rocket_slice name_of(const rocket__connection *connection) {
  if (connection->address_size > 0) return rocket_slice_make(connection->address, connection->address_size);
  return rocket_slice_make(connection->peer, connection->peer_size);
}

static void report_opened(rocket__connection *connection) {
  const rocket_handler *handler = rocket__connection_handler(connection);
  if (handler && handler->opened) handler->opened(handler->user, rocket__connection_id(connection), name_of(connection));
}

static void report_closed(rocket__connection *connection) {
  const rocket_handler *handler = rocket__connection_handler(connection);
  if (!connection->was_open || !handler || !handler->closed) return;
  handler->closed(handler->user, rocket__connection_id(connection), name_of(connection), connection->status);
}

static void connect_next(rocket__connection *connection);

static void on_closed(uv_handle_t *handle) {
  rocket__connection *connection = ROCKET__OF(handle, rocket__connection, tcp);
  rocket_loop *loop = connection->loop;
  if (connection->state == ROCKET__CONNECTION_SWITCHING) {
    uv_tcp_init(&loop->uv, &connection->tcp);
    connect_next(connection);
    return;
  }
  enter(connection, ROCKET__CONNECTION_CLOSED);
  report_closed(connection);
  rocket__list_remove(&connection->link);
  rocket__frame_reader_clear(&connection->reader);
  rocket__handler_release(loop, connection->handler);
  rocket__release(rocket__loop_allocator(loop), connection);
  loop->open_handles--;
}

/* A call need not know which way a connection got lost, unless the peer's bytes or this side's doing were the reason. */
static int status_for_calls(int status) {
  bool of_the_system = status < 0 && status > -4096;
  return of_the_system || status == ROCKET_TIMEOUT ? ROCKET_CLOSED : status;
}

void rocket__connection_close(rocket__connection *connection, int status) {
  rocket_loop *loop = connection->loop;
  if (connection->state == ROCKET__CONNECTION_CLOSING || connection->state == ROCKET__CONNECTION_CLOSED) return;
  enter(connection, ROCKET__CONNECTION_CLOSING);
  connection->status = status;
  rocket__timer_stop(loop, &connection->timer);
  rocket__list_remove(&connection->unflushed);
  rocket__id_table_remove(&loop->connections_by_id, &connection->by_id);
  atomic_fetch_sub_explicit(&loop->connection_count, 1, memory_order_relaxed);
  if (connection->lookup) rocket__lookup_abandon(connection->lookup);
  free_found(connection);
  if (!uv_is_closing((uv_handle_t *)&connection->tcp)) uv_close((uv_handle_t *)&connection->tcp, on_closed);
  rocket__calls_end(loop, &connection->calls, status_for_calls(status));
  if (connection->endpoint) rocket__endpoint_lost(connection->endpoint, connection);
  rocket__writer_discard(&connection->writer, status); /* last, because drops may make calls to the same address */
}

rocket__connection *rocket__connection_find(const rocket_loop *loop, rocket_connection id) {
  rocket__id_entry *entry = rocket__id_table_find(&loop->connections_by_id, id);
  rocket__connection *connection = entry ? ROCKET__OF(entry, rocket__connection, by_id) : NULL;
  return connection && connection->state == ROCKET__CONNECTION_OPEN ? connection : NULL;
}

/* ---- Writing ---- */

void rocket__connection_send(rocket__connection *connection, rocket__outgoing *frame) {
  rocket__writer_queue(&connection->writer, frame);
  if (rocket__link_is_alone(&connection->unflushed))
    rocket__list_append(&connection->loop->unflushed, &connection->unflushed);
}

static void on_write_failed(rocket__writer *writer, int status) {
  rocket__connection *connection = ROCKET__OF(writer, rocket__connection, writer);
  rocket__connection_close(connection, status);
  rocket__writer_discard(writer, status); /* what libuv held, when the connection was closing already */
}

void rocket__connections_flush(rocket_loop *loop) {
  rocket__link *link;
  while ((link = rocket__list_take(&loop->unflushed))) {
    rocket__connection *connection = ROCKET__OF(link, rocket__connection, unflushed);
    int status = rocket__writer_flush(&connection->writer);
    if (status < 0) rocket__connection_close(connection, status);
  }
}

/* ---- Reading ---- */

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
  (void)suggested;
  rocket__connection *connection = ROCKET__OF(handle, rocket__connection, tcp);
  size_t size;
  uint8_t *room = rocket__frame_reader_room(&connection->reader, &size);
  if (!room) {
    room = connection->loop->received;
    size = ROCKET__RECEIVE_BYTES;
  }
  *buffer = uv_buf_init((char *)room, (unsigned)size);
}

/* False when the connection is closing: nothing more may be read. */
static bool deliver(rocket__connection *connection, int status, rocket_frame *frame) {
  if (status != ROCKET_OK) rocket__connection_close(connection, status);
  if (!frame) return status == ROCKET_OK;
  connection->heard = true;
  rocket__rpc_receive(connection, frame);
  return connection->state == ROCKET__CONNECTION_OPEN;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
  rocket__connection *connection = ROCKET__OF(stream, rocket__connection, tcp);
  rocket_frame *frame;
  if (count == 0) return; /* EAGAIN */
  if (count < 0) {
    rocket__connection_close(connection, count == UV_EOF ? ROCKET_CLOSED : (int)count);
    return;
  }
  connection->read_at_ms = uv_now(&connection->loop->uv);
  if (buffer->base != (char *)connection->loop->received) {
    int status = rocket__frame_reader_filled(&connection->reader, (size_t)count, &frame);
    deliver(connection, status, frame);
    return;
  }
  rocket_slice bytes = rocket_slice_make(buffer->base, (size_t)count);
  while (bytes.size > 0) {
    int status = rocket__frame_reader_feed(&connection->reader, &bytes, &frame);
    if (!deliver(connection, status, frame)) return;
  }
}

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

static void open_connection(rocket__connection *connection) {
  rocket_loop *loop = connection->loop;
  enter(connection, ROCKET__CONNECTION_OPEN);
  connection->was_open = true;
  free_found(connection);
  tune(connection);
  learn_hosts(connection);
  connection->opened_at_ms = connection->read_at_ms = rocket_now_ms();
  rocket__timer_stop(loop, &connection->timer);
  if (loop->options.idle_timeout_ms > 0)
    rocket__timer_start(loop, &connection->timer, connection->opened_at_ms + loop->options.idle_timeout_ms, check_idle);
  int status = uv_read_start((uv_stream_t *)&connection->tcp, on_room, on_read);
  if (status < 0) {
    rocket__connection_close(connection, status);
    return;
  }
  report_opened(connection);
  if (connection->state == ROCKET__CONNECTION_OPEN && connection->endpoint) rocket__endpoint_opened(connection->endpoint);
}

void rocket__connection_accept(rocket__connection *connection, uv_stream_t *server, rocket__handler *handler) {
  connection->handler = rocket__handler_retain(handler);
  int status = uv_accept(server, (uv_stream_t *)&connection->tcp);
  if (status < 0) rocket__connection_close(connection, status);
  else open_connection(connection);
}

/* ---- Connecting ---- */

/* This candidate failed. The socket cannot be used again, so the next one waits until libuv has let go of it. */
static void give_up_candidate(rocket__connection *connection, int status) {
  if (!connection->candidate) {
    rocket__connection_close(connection, status);
    return;
  }
  connection->status = status;
  enter(connection, ROCKET__CONNECTION_SWITCHING);
  rocket__timer_stop(connection->loop, &connection->timer);
  uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

static void on_connected(uv_connect_t *request, int status) {
  rocket__connection *connection = ROCKET__OF(request, rocket__connection, request);
  if (connection->state != ROCKET__CONNECTION_CONNECTING || status == UV_ECANCELED) return;
  if (status < 0) give_up_candidate(connection, status);
  else open_connection(connection);
}

static void on_deadline(rocket_loop *loop, rocket__timer *timer) {
  (void)loop;
  rocket__connection *connection = ROCKET__OF(timer, rocket__connection, timer);
  if (connection->state == ROCKET__CONNECTION_CONNECTING) give_up_candidate(connection, ROCKET_CONNECT_TIMEOUT);
  else rocket__connection_close(connection, ROCKET_CONNECT_TIMEOUT);
}

/* The time that is left is shared among the addresses that are left, so a dead one does not use it all up. */
static void connect_next(rocket__connection *connection) {
  struct addrinfo *candidate = connection->candidate;
  uint64_t now = rocket_now_ms(), candidates = 1, time_left = 0;
  for (struct addrinfo *other = candidate->ai_next; other; other = other->ai_next) candidates++;
  if (connection->give_up_at_ms > now) time_left = connection->give_up_at_ms - now;
  connection->candidate = candidate->ai_next;
  enter(connection, ROCKET__CONNECTION_CONNECTING);
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
  connect_next(connection);
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
    connect_next(connection);
    return;
  }
  enter(connection, ROCKET__CONNECTION_RESOLVING);
  rocket__timer_start(loop, &connection->timer, connection->give_up_at_ms, on_deadline);
  status = rocket__lookup_start(loop, &address, connection, on_looked_up, &connection->lookup);
  if (status != ROCKET_OK) rocket__connection_close(connection, status);
}

/* ---- All of them ---- */

/* Closing does not take a connection off the list, so the next one stays the next one. */
void rocket__connections_stop(rocket_loop *loop) {
  for (rocket__link *link = loop->connections.next; link != &loop->connections; link = link->next)
    rocket__connection_close(ROCKET__OF(link, rocket__connection, link), ROCKET_STOPPED);
}

void rocket__connections_close_accepted(rocket_loop *loop, const rocket__handler *handler, int status) {
  for (rocket__link *link = loop->connections.next; link != &loop->connections; link = link->next) {
    rocket__connection *connection = ROCKET__OF(link, rocket__connection, link);
    if (connection->handler == handler) rocket__connection_close(connection, status);
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/connection.h"

#include <stdio.h>

#include "net/call.h"
#include "net/endpoint.h"
#include "net/rpc.h"

/* ---- States ---- */

#define BIT(name) (1u << ROCKET__CONNECTION_##name)
#define ROW(name, next) {#name, (next)},
static const struct {
  const char *name;
  unsigned next;
} states[] = {ROCKET__CONNECTION_STATES(ROW, BIT)};
#undef ROW
#undef BIT

void rocket__connection_enter(rocket__connection *connection, rocket__connection_state next) {
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

void rocket__connection_free_found(rocket__connection *connection) {
  if (connection->found) freeaddrinfo(connection->found);
  connection->found = connection->candidate = NULL;
}

static void report_closed(rocket__connection *connection) {
  const rocket_handler *handler = rocket__connection_handler(connection);
  rocket_slice name = rocket__connection_name(connection);
  if (!handler) return;
  if (connection->was_open && handler->closed)
    handler->closed(handler->user, rocket__connection_id(connection), name, connection->status);
  if (connection->refused && handler->refused) handler->refused(handler->user, name, connection->status);
}

static void end_tls(rocket__connection *connection) {
  rocket__tls_session_free(connection->tls);
  connection->tls = connection->writer.tls = NULL;
}

static void on_closed(uv_handle_t *handle) {
  rocket__connection *connection = ROCKET__OF(handle, rocket__connection, tcp);
  rocket_loop *loop = connection->loop;
  end_tls(connection);
  if (connection->state == ROCKET__CONNECTION_SWITCHING) {
    uv_tcp_init(&loop->uv, &connection->tcp);
    rocket__opening_next(connection);
    return;
  }
  rocket__connection_enter(connection, ROCKET__CONNECTION_CLOSED);
  report_closed(connection);
  rocket__list_remove(&connection->link);
  rocket__frame_reader_clear(&connection->reader);
  rocket__handler_release(loop, connection->handler);
  rocket__release(rocket__loop_allocator(loop), connection);
  loop->open_handles--;
}

void rocket__connection_close_socket(rocket__connection *connection) {
  rocket__list_remove(&connection->unflushed);
  if (!uv_is_closing((uv_handle_t *)&connection->tcp)) uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

/* A call need not know which way a connection got lost, unless the peer's bytes or this side's doing were the reason. */
static int status_for_calls(int status) {
  bool of_the_system = status < 0 && status > -4096;
  return of_the_system || status == ROCKET_TIMEOUT ? ROCKET_CLOSED : status;
}

void rocket__connection_close(rocket__connection *connection, int status) {
  rocket_loop *loop = connection->loop;
  rocket__connection_state before = connection->state;
  if (before == ROCKET__CONNECTION_CLOSING || before == ROCKET__CONNECTION_CLOSED) return;
  rocket__connection_enter(connection, ROCKET__CONNECTION_CLOSING);
  if (before != ROCKET__CONNECTION_REFUSING) connection->status = status;
  rocket__timer_stop(loop, &connection->timer);
  rocket__id_table_remove(&loop->connections_by_id, &connection->by_id);
  atomic_fetch_sub_explicit(&loop->connection_count, 1, memory_order_relaxed);
  if (connection->lookup) rocket__lookup_abandon(connection->lookup);
  rocket__connection_free_found(connection);
  if (before != ROCKET__CONNECTION_SWITCHING) rocket__writer_finish(&connection->writer, before == ROCKET__CONNECTION_OPEN);
  rocket__connection_close_socket(connection);
  rocket__calls_end(loop, &connection->calls, status_for_calls(status));
  if (connection->endpoint) rocket__endpoint_lost(connection->endpoint, connection);
  rocket__writer_discard(&connection->writer, status); /* last, because drops may make calls to the same address */
}

rocket__connection *rocket__connection_find(const rocket_loop *loop, rocket_connection id) {
  rocket__id_entry *entry = rocket__id_table_find(&loop->connections_by_id, id);
  rocket__connection *connection = entry ? ROCKET__OF(entry, rocket__connection, by_id) : NULL;
  return connection && connection->state == ROCKET__CONNECTION_OPEN ? connection : NULL;
}

/* The socket is of no more use. One that is switched away is known to be. */
static void lose(rocket__connection *connection, int status) {
  if (connection->state == ROCKET__CONNECTION_HANDSHAKING) rocket__opening_lost(connection);
  else if (connection->state != ROCKET__CONNECTION_SWITCHING) rocket__connection_close(connection, status);
}

/* ---- Writing ---- */

void rocket__connection_flush_soon(rocket__connection *connection) {
  if (rocket__link_is_alone(&connection->unflushed))
    rocket__list_append(&connection->loop->unflushed, &connection->unflushed);
}

void rocket__connection_send(rocket__connection *connection, rocket__outgoing *frame) {
  rocket__writer_queue(&connection->writer, frame);
  rocket__connection_flush_soon(connection);
}

static void on_write_failed(rocket__writer *writer, int status) {
  rocket__connection *connection = ROCKET__OF(writer, rocket__connection, writer);
  lose(connection, status);
  rocket__writer_discard(writer, status); /* what libuv held, when the connection was closing already */
}

void rocket__connections_flush(rocket_loop *loop) {
  rocket__link *link;
  while ((link = rocket__list_take(&loop->unflushed))) {
    rocket__connection *connection = ROCKET__OF(link, rocket__connection, unflushed);
    int status = rocket__writer_flush(&connection->writer);
    if (status < 0) lose(connection, status);
  }
}

/* ---- Reading ---- */

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
  (void)suggested;
  rocket__connection *connection = ROCKET__OF(handle, rocket__connection, tcp);
  size_t size;
  uint8_t *room = connection->tls ? NULL : rocket__frame_reader_room(&connection->reader, &size);
  if (!room) {
    room = connection->loop->received;
    size = ROCKET__RECEIVE_BYTES;
  }
  *buffer = uv_buf_init((char *)room, (unsigned)size);
}

/* A peer that speaks TLS to a plain side begins with a record where a frame has its length. */
static int explain(const rocket__connection *connection, int status) {
  const uint8_t *prefix = connection->reader.prefix;
  bool is_record = (prefix[0] == 21 || prefix[0] == 22) && prefix[1] == 3;
  return status == ROCKET_TOO_LARGE && !connection->heard && !connection->tls && is_record ? ROCKET_TLS_NEEDED : status;
}

/* False when the connection is closing: nothing more may be read. */
static bool deliver(rocket__connection *connection, int status, rocket_frame *frame) {
  if (status != ROCKET_OK) rocket__connection_close(connection, explain(connection, status));
  if (!frame) return status == ROCKET_OK;
  connection->heard = true;
  rocket__rpc_receive(connection, frame);
  return connection->state == ROCKET__CONNECTION_OPEN;
}

/* Takes what was read straight into the frame reader's room. */
static bool take_filled(rocket__connection *connection, size_t size) {
  rocket_frame *frame;
  int status = rocket__frame_reader_filled(&connection->reader, size, &frame);
  return deliver(connection, status, frame);
}

/* Takes what was read anywhere else. */
static bool take(rocket__connection *connection, rocket_slice bytes) {
  rocket_frame *frame;
  while (bytes.size > 0) {
    int status = rocket__frame_reader_feed(&connection->reader, &bytes, &frame);
    if (!deliver(connection, status, frame)) return false;
  }
  return true;
}

/* Takes what one record holds. False: no more can be read now, or ever. */
static bool take_opened(rocket__connection *connection) {
  uint8_t record[ROCKET__TLS_RECORD_BYTES];
  size_t room_size, size;
  uint8_t *room = rocket__frame_reader_room(&connection->reader, &room_size);
  int status = room ? rocket__tls_session_open(connection->tls, room, room_size, &size)
                    : rocket__tls_session_open(connection->tls, record, sizeof record, &size);
  if (status == ROCKET_INCOMPLETE) return false;
  if (status != ROCKET_OK) {
    rocket__connection_close(connection, status);
    return false;
  }
  return room ? take_filled(connection, size) : take(connection, rocket_slice_make(record, size));
}

static void read_sealed(rocket__connection *connection, rocket_slice bytes) {
  if (connection->state == ROCKET__CONNECTION_REFUSING) return;
  rocket__tls_session_feed(connection->tls, bytes);
  if (connection->state == ROCKET__CONNECTION_HANDSHAKING) rocket__opening_handshake(connection);
  while (connection->state == ROCKET__CONNECTION_OPEN && take_opened(connection)) {
  }
  if (connection->state == ROCKET__CONNECTION_OPEN && rocket__tls_session_sealed(connection->tls).size > 0)
    rocket__connection_flush_soon(connection); /* TLS answers some things by itself */
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
  rocket__connection *connection = ROCKET__OF(stream, rocket__connection, tcp);
  if (count == 0) return; /* EAGAIN */
  if (count < 0) {
    lose(connection, count == UV_EOF ? ROCKET_CLOSED : (int)count);
    return;
  }
  connection->read_at_ms = uv_now(&connection->loop->uv);
  if (connection->tls) read_sealed(connection, rocket_slice_make(buffer->base, (size_t)count));
  else if (buffer->base == (char *)connection->loop->received) take(connection, rocket_slice_make(buffer->base, (size_t)count));
  else take_filled(connection, (size_t)count);
}

int rocket__connection_read(rocket__connection *connection) {
  return uv_read_start((uv_stream_t *)&connection->tcp, on_room, on_read);
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

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/listener.h"

#include <fcntl.h>
#include <unistd.h>

#include "net/address.h"
#include "net/connection.h"
#include "net/handler.h"
#include "net/lookup.h"
#include "net/timers.h"
#include "net/tls.h"

enum { BACKLOG = 1024, NO_MEMORY_PAUSE_MS = 20 };

struct rocket_listener {
  rocket__work begin; /* caller -> loop */
  rocket__work close; /* caller -> loop; may be under way while `begin` still is */
  rocket_loop *loop;
  rocket__link link; /* in loop->listeners */
  uv_tcp_t tcp;
  int socket; /* until libuv has it */
  bool given_up; /* rocket_listener_close: nobody has the handle any more */
  rocket__handler *handler; /* NULL once the socket is closed */
  rocket_tls *tls;          /* NULL: plain */
  rocket__timer accept_again;
};

/* ---- The socket ---- */

static int last_error(void) { return uv_translate_sys_error(errno); }

static int listen_at(const struct addrinfo *at, int *out) {
  int on = 1, off = 0, status;
  int fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
  if (fd < 0) return last_error();
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) goto fail;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) goto fail;
  if (at->ai_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) goto fail;
  if (bind(fd, at->ai_addr, at->ai_addrlen) != 0) goto fail;
  if (listen(fd, BACKLOG) != 0) goto fail;
  *out = fd;
  return ROCKET_OK;
fail:
  status = last_error();
  close(fd);
  return status;
}

/* The first of the name's addresses that can be listened at. */
static int listen_anywhere(rocket_slice text, int *out) {
  rocket__address address;
  struct addrinfo *found;
  int status = rocket__address_parse(text, true, &address);
  if (status != ROCKET_OK) return status;
  status = rocket__lookup_blocking(&address, &found);
  if (status != ROCKET_OK) return status;
  for (struct addrinfo *at = found; at; at = at->ai_next) {
    status = listen_at(at, out);
    if (status == ROCKET_OK) break;
  }
  freeaddrinfo(found);
  return status;
}

static int port_of(int fd, uint16_t *out) {
  struct sockaddr_storage address = {0};
  socklen_t size = sizeof address;
  rocket_host host;
  if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) return last_error();
  rocket__host_of((struct sockaddr *)&address, &host);
  *out = (uint16_t)host.port;
  return ROCKET_OK;
}

/* ---- On the loop ---- */

static void accept_next(rocket_listener *listener);

static void on_pause_over(rocket_loop *loop, rocket__timer *timer) {
  (void)loop;
  accept_next(ROCKET__OF(timer, rocket_listener, accept_again));
}

/* Without memory the connection is left where it is: libuv then polls the socket no more, until it is accepted. */
static void accept_next(rocket_listener *listener) {
  rocket__connection *connection = rocket__connection_new(listener->loop, (rocket_slice){NULL, 0});
  if (connection) rocket__connection_accept(connection, (uv_stream_t *)&listener->tcp, listener->handler, listener->tls);
  else rocket__timer_start(listener->loop, &listener->accept_again, rocket_now_ms() + NO_MEMORY_PAUSE_MS, on_pause_over);
}

static void on_connection(uv_stream_t *server, int status) {
  if (status == 0) accept_next(ROCKET__OF(server, rocket_listener, tcp));
}

static void discard(rocket_listener *listener) {
  rocket__list_remove(&listener->link);
  rocket_tls_release(listener->tls);
  rocket__release(rocket__loop_allocator(listener->loop), listener);
}

static void on_closed(uv_handle_t *handle) {
  rocket_listener *listener = ROCKET__OF(handle, rocket_listener, tcp);
  listener->loop->open_handles--;
  rocket__handler_release(listener->loop, listener->handler);
  listener->handler = NULL;
  if (listener->given_up) discard(listener);
}

static void stop_listening(rocket_listener *listener) {
  if (uv_is_closing((uv_handle_t *)&listener->tcp)) return;
  rocket__timer_stop(listener->loop, &listener->accept_again);
  uv_close((uv_handle_t *)&listener->tcp, on_closed);
}

/* The socket listens already and these two only make libuv watch it; should that fail, the socket closes and its peers notice. */
static void file_begin(rocket_loop *loop, rocket__work *work) {
  rocket_listener *listener = ROCKET__OF(work, rocket_listener, begin);
  uv_tcp_init(&loop->uv, &listener->tcp);
  loop->open_handles++;
  rocket__list_append(&loop->listeners, &listener->link);
  if (uv_tcp_open(&listener->tcp, listener->socket) != 0) {
    close(listener->socket);
    stop_listening(listener);
  } else if (uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection) != 0) {
    stop_listening(listener);
  }
}

static void file_close(rocket_loop *loop, rocket__work *work) {
  rocket_listener *listener = ROCKET__OF(work, rocket_listener, close);
  listener->given_up = true;
  if (!listener->handler) { /* libuv refused it, and it is closed already */
    discard(listener);
    return;
  }
  stop_listening(listener);
  rocket__connections_close_accepted(loop, listener->handler, ROCKET_CLOSED);
}

/* ---- From any thread ---- */

int rocket_listener_open(rocket_loop *loop, rocket_slice address, rocket_handler handler, rocket_listener **out, uint16_t *port) {
  return rocket_listener_open_tls(loop, address, NULL, handler, out, port);
}

int rocket_listener_open_tls(rocket_loop *loop, rocket_slice address, rocket_tls *tls, rocket_handler handler, rocket_listener **out,
                             uint16_t *port) {
  const rocket_allocator *allocator = rocket__loop_allocator(loop);
  rocket_listener *listener = NULL;
  rocket__handler *counted = NULL;
  uint16_t bound = 0;
  int fd = -1, status = ROCKET_INVALID_ARGUMENT;
  if (tls && !tls->is_server) goto fail;
  status = ROCKET_WRONG_THREAD;
  if (rocket_loop_is_current(loop)) goto fail; /* a name's lookup would block it */
  status = ROCKET_STOPPED;
  if (rocket__inbox_is_closed(&loop->inbox)) goto fail;
  status = listen_anywhere(address, &fd);
  if (status == ROCKET_OK) status = port_of(fd, &bound);
  if (status != ROCKET_OK) goto fail;
  status = ROCKET_NO_MEMORY;
  listener = rocket__alloc(allocator, sizeof *listener);
  counted = rocket__alloc(allocator, sizeof *counted);
  if (!listener || !counted) goto fail;
  *counted = (rocket__handler){.callbacks = handler, .count = 1};
  *listener = (rocket_listener){.loop = loop, .socket = fd, .handler = counted, .tls = tls};
  if (tls) rocket_tls_retain(tls);
  status = rocket__loop_hand(loop, &listener->begin, file_begin);
  if (status != ROCKET_OK) rocket_tls_release(tls);
  if (status != ROCKET_OK) goto fail;
  *out = listener;
  if (port) *port = bound;
  return ROCKET_OK;
fail:
  rocket__release(allocator, counted);
  rocket__release(allocator, listener);
  if (fd >= 0) close(fd);
  if (handler.drop) handler.drop(handler.user);
  return status;
}

/* When the loop has stopped, its end frees the listener. */
void rocket_listener_close(rocket_listener *listener) { rocket__loop_hand(listener->loop, &listener->close, file_close); }

void rocket__listeners_stop(rocket_loop *loop) {
  for (rocket__link *link = loop->listeners.next; link != &loop->listeners; link = link->next)
    stop_listening(ROCKET__OF(link, rocket_listener, link));
}

void rocket__listeners_free(rocket_loop *loop) {
  while (!rocket__link_is_alone(&loop->listeners)) discard(ROCKET__OF(loop->listeners.next, rocket_listener, link));
}

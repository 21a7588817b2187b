// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Calls by address, incoming requests, and the accept side. Java: NettyRemotingClient, NettyRemotingServer.
 *
 * The loop owns at most one connection per address and makes it when a call needs it. One dead or slow address never delays
 * another: names are resolved off the loop thread, attempts have a deadline, and attempts to an address that failed wait with
 * capped exponential back-off and jitter (calls made meanwhile wait with them, up to their own deadline). When an attempt fails,
 * the calls that waited for it fail with its cause; when a connection closes, its calls in flight fail at once. A connection that
 * closes before its peer has said anything counts as a failed attempt. Names are looked up anew for each connection and all their
 * addresses are tried, within one deadline. Where the system can tell (Linux), a peer that acknowledges nothing for 30 seconds
 * while bytes are under way is taken for dead.
 *
 * Addresses are "host:port", IPv6 in brackets: "[::1]:9876".
 */
#ifndef ROCKET_RPC_H
#define ROCKET_RPC_H

#include "rocket_loop.h"
#include "rocket_message.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Names one connection of a loop; never reused within the loop's life; 0 is none. */
typedef uint64_t rocket_connection;

/* How a call ends. `status` ROCKET_OK: `reply` is the peer's response, whatever its code, and `frame` holds its bytes (count it
 * with rocket_frame_retain to keep them; slices of `reply` point into it; the struct `*reply` itself is gone after the call).
 * Any other status: both are NULL. */
typedef struct rocket_reply {
  void (*fn)(void *user, int status, const rocket_command *reply, rocket_frame *frame);
  void *user;
  void (*drop)(void *user);
} rocket_reply;

/* Where a call goes: to an address (connected on demand), or over one open connection (a server calling its client). */
typedef struct rocket_target {
  rocket_slice address;         /* borrowed during the call */
  rocket_connection connection; /* used when not 0 */
} rocket_target;

/* Sends `request` and waits for its response. Sets the request's opaque, version, language and serialization. `body` replaces
 * request->body; {.bytes = request body, .drop = NULL} copies. `call` (may be NULL) receives an id for rocket_call_cancel.
 * Thread: any.  Owns: request is borrowed during the call; body.drop runs once on every path.
 * Fails (reply.fn never runs, both drops do): ROCKET_STOPPED, ROCKET_BAD_ADDRESS, ROCKET_TOO_LARGE, ROCKET_UNSUPPORTED, ROCKET_NO_MEMORY,
 * ROCKET_INVALID_ARGUMENT.
 * Ends with: ROCKET_OK, ROCKET_TIMEOUT (deadline counted from this call), ROCKET_CLOSED (however an open connection got lost),
 * ROCKET_CANCELLED, ROCKET_STOPPED, ROCKET_OVERLOADED, ROCKET_NO_MEMORY, ROCKET_CONNECT_TIMEOUT, libuv's codes of resolving and
 * connecting, those of TLS, decoding codes when the answer is garbage.
 * Unlike in Java a timeout does not close the connection: other long polls share it. */
int rocket_call(rocket_loop *loop, rocket_target target, rocket_command *request, rocket_body body, uint32_t timeout_ms,
                rocket_reply reply, uint64_t *call);

/* Ends a call with ROCKET_CANCELLED unless it has ended already. When no memory is left for the note to the loop, the call ends
 * in its own time. Thread: any. */
void rocket_call_cancel(rocket_loop *loop, uint64_t call);

/* Sends `request` with the oneway flag. `written` (fn may be NULL) ends with ROCKET_OK when the bytes are handed to the system,
 * its reply and frame always NULL. Otherwise as rocket_call. */
int rocket_call_oneway(rocket_loop *loop, rocket_target target, rocket_command *request, rocket_body body, uint32_t timeout_ms,
                       rocket_reply written);

/* An incoming request, valid during the handler; keep `frame` to keep the bytes. */
typedef struct rocket_inbound {
  rocket_connection connection;
  rocket_slice peer;       /* "ip:port" of the other end */
  rocket_host peer_host;
  rocket_host local_host;  /* this end's address: what a broker writes as storeHost */
  const rocket_command *command;
  rocket_frame *frame;
} rocket_inbound;

/* What happens on connections. Every function may be NULL and runs on the loop thread, any number of times; `drop` once, after
 * the last. A request nobody handles is answered with REQUEST_CODE_NOT_SUPPORTED (not when oneway). */
typedef struct rocket_handler {
  void (*request)(void *user, const rocket_inbound *request);
  /* `address` is what calls use, or the peer for an accepted connection. */
  void (*opened)(void *user, rocket_connection connection, rocket_slice address);
  /* `status` is ROCKET_CLOSED (the peer or rocket_connection_close), ROCKET_TIMEOUT (idle), ROCKET_OVERLOADED (the peer does not read
   * its answers), ROCKET_STOPPED, ROCKET_NO_MEMORY, a decoding code, one of TLS, or libuv's. */
  void (*closed)(void *user, rocket_connection connection, rocket_slice address, int status);
  void *user;
  void (*drop)(void *user);
  /* A listener with TLS: `peer` came and never got to `opened`, because its handshake failed with `status`. */
  void (*refused)(void *user, rocket_slice peer, int status);
} rocket_handler;

/* Sets the handler of the connections that calls open. Replaces (and drops) the one before.
 * Thread: any.  Fails: ROCKET_NO_MEMORY, ROCKET_STOPPED. */
int rocket_loop_set_handler(rocket_loop *loop, rocket_handler handler);

/* Answers a request: use rocket_command_init_response with the request's command, then this. A connection that is gone meanwhile is
 * no error (the answer is dropped). A connection with more than max_unwritten_bytes of answers is closed. `body` as in rocket_call.
 * Thread: any.  Fails: ROCKET_STOPPED, ROCKET_TOO_LARGE, ROCKET_UNSUPPORTED, ROCKET_NO_MEMORY, ROCKET_INVALID_ARGUMENT. */
int rocket_respond(rocket_loop *loop, rocket_connection connection, const rocket_command *response, rocket_body body);

/* Closes one connection; its calls in flight end with ROCKET_CLOSED. Unknown ids are ignored. From another thread than the loop's it
 * stays open when no memory is left for the note to the loop. Thread: any. */
void rocket_connection_close(rocket_loop *loop, rocket_connection connection);
/* How many connections are open or opening. Thread: any; exact on the loop's own. */
uint32_t rocket_loop_connection_count(const rocket_loop *loop);
/* Bytes accepted for `connection` but not yet handed to the system: a server's back-pressure. 0 for unknown ids. Thread: loop. */
size_t rocket_connection_unwritten(const rocket_loop *loop, rocket_connection connection);

/* Opaque: holds a socket. */
typedef struct rocket_listener rocket_listener;

/* Listens on "host:port" (port 0: any free one; host "0.0.0.0": all of IPv4, "[::]": all of both). Blocks until the socket listens.
 * `port` (may be NULL) receives the port.
 * Thread: any but the loop's.  Owns: the caller until rocket_listener_close.
 * Fails (then handler.drop has run): libuv's codes (UV_EADDRINUSE ...), ROCKET_BAD_ADDRESS, ROCKET_WRONG_THREAD, ROCKET_STOPPED,
 * ROCKET_NO_MEMORY. */
int rocket_listener_open(rocket_loop *loop, rocket_slice address, rocket_handler handler, rocket_listener **out, uint16_t *port);
/* Stops accepting, closes the accepted connections and frees the listener; the handler's drop runs after their `closed`.
 * A listener still open when its loop is freed is freed with it: do not close it afterwards.
 * Thread: any. */
void rocket_listener_close(rocket_listener *listener);

#ifdef __cplusplus
}
#endif
#endif

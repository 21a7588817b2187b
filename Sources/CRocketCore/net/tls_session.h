// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* One connection's TLS: turns what comes from the socket into plain bytes, and plain bytes into what goes there. It never touches the
 * socket: bytes are fed in, and what is to be written waits in it until the writer takes it. Thread: loop.
 *
 * Memory follows use: an idle session keeps OpenSSL's state, and no buffers. */
#ifndef ROCKET_NET_TLS_SESSION_H
#define ROCKET_NET_TLS_SESSION_H

#include "net/tls.h"

enum {
  ROCKET__TLS_RECORD_BYTES = 16384, /* of plain bytes, at most, in one record */
  ROCKET__TLS_SEALED_AT_ONCE = 4 * ROCKET__TLS_RECORD_BYTES /* plain bytes that one call of seal takes */
};

typedef struct rocket__tls_session rocket__tls_session;

/* How sessions of a rocket_tls exchange bytes with OpenSSL. NULL: no memory. */
BIO_METHOD *rocket__tls_session_method(void);

/* `host`: whom the address called names; NULL for a server's. Holds a count of `tls`.
 * Fails: ROCKET_NO_MEMORY. */
int rocket__tls_session_new(rocket_tls *tls, const rocket_allocator *allocator, const char *host, rocket__tls_session **out);
/* NULL is allowed. */
void rocket__tls_session_free(rocket__tls_session *session);

/* `bytes` came from the socket. They are borrowed until handshake or open has returned ROCKET_INCOMPLETE. */
void rocket__tls_session_feed(rocket__tls_session *session, rocket_slice bytes);
/* Goes on with the handshake: ROCKET_OK when it is done, ROCKET_INCOMPLETE when the peer has to say more. Either way, and also when it
 * fails, there may be something to write. Fails: ROCKET_TLS_..., ROCKET_NO_MEMORY. */
int rocket__tls_session_handshake(rocket__tls_session *session);
/* Writes plain bytes to `room`. ROCKET_INCOMPLETE: there are no more, and what was fed is used up.
 * Fails: ROCKET_CLOSED (the peer said so), ROCKET_TLS_..., ROCKET_NO_MEMORY. */
int rocket__tls_session_open(rocket__tls_session *session, uint8_t *room, size_t room_size, size_t *size);

/* Encrypts the first bytes of `parts`; `taken` says how many. The rest is for the next call. Fails: ROCKET_TLS_..., ROCKET_NO_MEMORY. */
int rocket__tls_session_seal(rocket__tls_session *session, const uv_buf_t *parts, unsigned count, size_t *taken);
/* Says good-bye to the peer. */
void rocket__tls_session_finish(rocket__tls_session *session);

/* What is to be written next; stays where it is until something is added to it. */
rocket_slice rocket__tls_session_sealed(const rocket__tls_session *session);
/* All of that is written. */
void rocket__tls_session_written(rocket__tls_session *session);
/* Its first `written` bytes are; the rest is given to libuv, and stays until the next call of this or the session's end. */
rocket_slice rocket__tls_session_hand_over(rocket__tls_session *session, size_t written);

#endif

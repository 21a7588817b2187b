// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/tls_session.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

enum {
  RECORD_OVERHEAD = 64,  /* at least what a record has beside its plain bytes */
  HANDSHAKE_RECORD = 22, /* the first byte of whoever begins with TLS */
  ALERT_RECORD = 21
};

struct rocket__tls_session {
  rocket_tls *tls;
  SSL *ssl;
  int status;             /* the first failure that OpenSSL knows nothing of */
  bool spoke;             /* the peer's first byte was TLS */
  rocket_slice input;     /* fed, and not used yet */
  rocket_buffer sealed;   /* to be written */
  rocket_buffer in_flight; /* in libuv's hands */
};

/* ---- What OpenSSL reads and writes ---- */

static int read_input(BIO *bio, char *out, size_t size, size_t *read) {
  rocket__tls_session *session = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  *read = size < session->input.size ? size : session->input.size;
  if (*read == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  memcpy(out, session->input.data, *read);
  session->input.data += *read;
  session->input.size -= *read;
  return 1;
}

static int write_sealed(BIO *bio, const char *bytes, size_t size, size_t *written) {
  rocket__tls_session *session = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  int status = rocket_buffer_append(&session->sealed, bytes, size);
  if (status != ROCKET_OK) session->status = status;
  *written = status == ROCKET_OK ? size : 0;
  return status == ROCKET_OK;
}

static long control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH; /* nothing is held back */
}

BIO_METHOD *rocket__tls_session_method(void) {
  BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "rocket");
  if (!method) return NULL;
  BIO_meth_set_read_ex(method, read_input);
  BIO_meth_set_write_ex(method, write_sealed);
  BIO_meth_set_ctrl(method, control);
  return method;
}

/* ---- Life ---- */

/* Whom the peer's certificate must name. An IP is compared as such, and never announced (RFC 6066); neither "host." nor an IPv6 zone is
 * in a certificate. */
static bool expect(SSL *ssl, const char *host) {
  char name[ROCKET__HOST_BYTES];
  struct in6_addr ip;
  size_t size = strcspn(host, "%");
  if (size == strlen(host) && size > 1 && host[size - 1] == '.') size--;
  memcpy(name, host, size);
  name[size] = 0;
  bool is_ip = inet_pton(AF_INET, name, &ip) == 1 || inet_pton(AF_INET6, name, &ip) == 1;
  if (is_ip) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
  return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool set_up(rocket__tls_session *session, const char *host) {
  BIO *bio = BIO_new(session->tls->method);
  if (!bio) return false;
  BIO_set_data(bio, session);
  BIO_set_init(bio, 1);
  SSL_set_bio(session->ssl, bio, bio);
  if (session->tls->is_server) {
    SSL_set_accept_state(session->ssl);
    return true;
  }
  SSL_set_connect_state(session->ssl);
  return expect(session->ssl, session->tls->server_name[0] ? session->tls->server_name : host);
}

int rocket__tls_session_new(rocket_tls *tls, const rocket_allocator *allocator, const char *host, rocket__tls_session **out) {
  rocket__tls_session *session = rocket__alloc(allocator, sizeof *session);
  if (!session) return ROCKET_NO_MEMORY;
  *session = (rocket__tls_session){.tls = tls, .ssl = SSL_new(tls->context)};
  rocket_tls_retain(tls);
  rocket_buffer_init(&session->sealed, allocator);
  rocket_buffer_init(&session->in_flight, allocator);
  if (!session->ssl || !set_up(session, host)) {
    rocket__tls_session_free(session);
    return ROCKET_NO_MEMORY;
  }
  *out = session;
  return ROCKET_OK;
}

void rocket__tls_session_free(rocket__tls_session *session) {
  if (!session) return;
  SSL_free(session->ssl);
  ERR_clear_error();
  rocket_tls_release(session->tls);
  rocket_buffer_clear(&session->sealed);
  rocket_buffer_clear(&session->in_flight);
  rocket__release(session->sealed.allocator, session);
}

/* ---- From the peer ---- */

void rocket__tls_session_feed(rocket__tls_session *session, rocket_slice bytes) { session->input = bytes; }

/* The outcome of a call to OpenSSL that returned `result`; everything before began with an empty error queue. */
static int outcome(rocket__tls_session *session, int result, int otherwise) {
  int error = SSL_get_error(session->ssl, result);
  if (session->status != ROCKET_OK) {
    ERR_clear_error();
    return session->status;
  }
  if (error == SSL_ERROR_NONE) return ROCKET_OK;
  if (error == SSL_ERROR_WANT_READ) return ROCKET_INCOMPLETE;
  if (error == SSL_ERROR_ZERO_RETURN) return ROCKET_CLOSED;
  return rocket__tls_status_of_session(session->ssl, otherwise);
}

/* Somebody who speaks in the clear to a server hears in its protocol's own words that this is TLS. */
static int refuse_plain(rocket__tls_session *session) {
  static const uint8_t unexpected_message[] = {ALERT_RECORD, 3, 1, 0, 2, 2, SSL_AD_UNEXPECTED_MESSAGE};
  if (session->tls->is_server) rocket_buffer_append(&session->sealed, unexpected_message, sizeof unexpected_message);
  return ROCKET_TLS_NOT_SPOKEN;
}

int rocket__tls_session_handshake(rocket__tls_session *session) {
  if (!session->spoke && session->input.size > 0) {
    uint8_t first = session->input.data[0];
    if (first != HANDSHAKE_RECORD && first != ALERT_RECORD) return refuse_plain(session);
    session->spoke = true;
  }
  ERR_clear_error();
  return outcome(session, SSL_do_handshake(session->ssl), ROCKET_TLS_HANDSHAKE);
}

int rocket__tls_session_open(rocket__tls_session *session, uint8_t *room, size_t room_size, size_t *size) {
  ERR_clear_error();
  return outcome(session, SSL_read_ex(session->ssl, room, room_size, size), ROCKET_TLS_BAD_RECORD);
}

/* ---- To the peer ---- */

typedef struct cursor {
  const uv_buf_t *part, *end;
  size_t offset; /* in the part */
} cursor;

/* The next bytes, for one record: straight from a part that has enough of them or is the last one, else copied together. */
static rocket_slice next_record(cursor *at, uint8_t room[ROCKET__TLS_RECORD_BYTES]) {
  size_t size = 0;
  while (at->part < at->end && size < ROCKET__TLS_RECORD_BYTES) {
    const uint8_t *bytes = (const uint8_t *)at->part->base + at->offset;
    size_t left = at->part->len - at->offset, most = ROCKET__TLS_RECORD_BYTES - size;
    size_t take = left < most ? left : most;
    bool straight = size == 0 && (take == most || at->part + 1 == at->end);
    at->offset += take;
    if (at->offset == at->part->len) {
      at->part++;
      at->offset = 0;
    }
    if (straight) return rocket_slice_make(bytes, take);
    memcpy(room + size, bytes, take);
    size += take;
  }
  return rocket_slice_make(room, size);
}

static size_t size_of(const uv_buf_t *parts, unsigned count) {
  size_t size = 0;
  for (unsigned i = 0; i < count; i++) size += parts[i].len;
  return size;
}

int rocket__tls_session_seal(rocket__tls_session *session, const uv_buf_t *parts, unsigned count, size_t *taken) {
  uint8_t room[ROCKET__TLS_RECORD_BYTES];
  cursor at = {parts, parts + count, 0};
  size_t most = size_of(parts, count);
  if (most > ROCKET__TLS_SEALED_AT_ONCE) most = ROCKET__TLS_SEALED_AT_ONCE;
  size_t records = (most + ROCKET__TLS_RECORD_BYTES - 1) / ROCKET__TLS_RECORD_BYTES;
  *taken = 0;
  if (most > 0 && rocket_buffer_reserve(&session->sealed, most + records * RECORD_OVERHEAD) != ROCKET_OK) return ROCKET_NO_MEMORY;
  while (*taken < most) {
    size_t written;
    rocket_slice record = next_record(&at, room);
    ERR_clear_error();
    int status = outcome(session, SSL_write_ex(session->ssl, record.data, record.size, &written), ROCKET_TLS_BAD_RECORD);
    if (status != ROCKET_OK) return status;
    *taken += record.size;
  }
  return ROCKET_OK;
}

/* A failed session has said what it had to say. */
void rocket__tls_session_finish(rocket__tls_session *session) {
  ERR_clear_error();
  SSL_shutdown(session->ssl);
  ERR_clear_error();
}

rocket_slice rocket__tls_session_sealed(const rocket__tls_session *session) {
  return rocket_slice_make(session->sealed.data, session->sealed.size);
}

void rocket__tls_session_written(rocket__tls_session *session) { rocket_buffer_clear(&session->sealed); }

rocket_slice rocket__tls_session_hand_over(rocket__tls_session *session, size_t written) {
  rocket_buffer_clear(&session->in_flight);
  session->in_flight = session->sealed;
  rocket_buffer_init(&session->sealed, session->in_flight.allocator);
  return rocket_slice_make(session->in_flight.data + written, session->in_flight.size - written);
}

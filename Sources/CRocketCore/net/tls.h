// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* The insides of a rocket_tls: what all its sessions share. Read-only once it is made. */
#ifndef ROCKET_NET_TLS_H
#define ROCKET_NET_TLS_H

#include <openssl/ssl.h>

#include "net/address.h"
#include "rocket_tls.h"

struct rocket_tls {
  atomic_uint count;
  const rocket_allocator *allocator;
  SSL_CTX *context;
  BIO_METHOD *method; /* how a session's bytes come and go */
  bool is_server;
  bool insecure;
  char server_name[ROCKET__HOST_BYTES]; /* of every server; "": the host that is called */
};

/* ---- tls_pem.c ---- */

/* Adds what is named to `context`'s trusted certificates. Fails: as rocket_tls_client_new; `what` then names the option at fault. */
int rocket__tls_trust(SSL_CTX *context, const rocket_allocator *allocator, const rocket_tls_trust *trust, const char **what);
/* Makes `identity` what `context` shows. Fails in the same way. */
int rocket__tls_identify(SSL_CTX *context, const rocket_allocator *allocator, const rocket_tls_identity *identity, const char **what);

static inline bool rocket__tls_trust_is_empty(const rocket_tls_trust *trust) {
  return trust->ca_file.size == 0 && trust->ca_directory.size == 0 && trust->ca_pem.size == 0;
}
static inline bool rocket__tls_identity_is_empty(const rocket_tls_identity *identity) {
  return identity->certificate_file.size == 0 && identity->certificate_pem.size == 0 && identity->key_file.size == 0 &&
         identity->key_pem.size == 0;
}

/* ---- tls_status.c ---- */

/* Empties OpenSSL's error queue of this thread: ROCKET_NO_MEMORY when that is in it, else `otherwise`. */
int rocket__tls_status_of_errors(int otherwise);
/* The same for a failed handshake, read or write of `ssl`. */
int rocket__tls_status_of_session(const SSL *ssl, int otherwise);

#endif

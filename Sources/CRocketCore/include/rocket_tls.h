// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* TLS for a loop's connections and for listeners. Java: `tls.enable`, TlsSystemConfig - with other defaults: the peer's certificate and
 * its host are verified unless `insecure` says otherwise, and TLS 1.2 is the oldest version.
 *
 * A rocket_tls is made once from options, read-only from then on, counted, and shared by any number of loops and listeners. It works
 * on OpenSSL without changing anything of the process but this: when it is the first to use OpenSSL, OpenSSL's clean-up at exit is left
 * out, because a loop's thread may still be encrypting then. The system's policy in openssl.cnf holds.
 *
 * The whole connection runs inside TLS, on the same port a plain server would use; there is no STARTTLS and no ALPN. The handshake
 * counts against the loop's connect_timeout_ms, for accepted connections too. What fails is told by a status ROCKET_TLS_..., see
 * rocket_status.h.
 */
#ifndef ROCKET_TLS_H
#define ROCKET_TLS_H

#include "rocket_rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque: holds a count, certificates and a private key. */
typedef struct rocket_tls rocket_tls;

typedef enum rocket_tls_version {
  ROCKET_TLS_1_2 = 12,
  ROCKET_TLS_1_3 = 13
} rocket_tls_version;

/* One's own certificate: PEM, either in files or in memory, the certificate first and then those that issued it. */
typedef struct rocket_tls_identity {
  rocket_slice certificate_file, key_file; /* paths */
  rocket_slice certificate_pem, key_pem;   /* or the bytes */
  rocket_slice key_password;               /* of an encrypted key; without, such a key is refused */
} rocket_tls_identity;

/* Whom to trust: the certificates of all that are named. A certificate named here is trusted even when another one issued it. */
typedef struct rocket_tls_trust {
  rocket_slice ca_file;      /* PEM, any number of certificates */
  rocket_slice ca_directory; /* every PEM file in it; it need not be hashed */
  rocket_slice ca_pem;
} rocket_tls_trust;

typedef struct rocket_tls_client_options {
  const rocket_allocator *allocator; /* of what is not OpenSSL's own; NULL: malloc. Must outlive the rocket_tls */
  rocket_tls_trust trust;            /* nothing named: what the system trusts */
  rocket_tls_identity identity;      /* shown to a server that asks for it; default: none */
  rocket_slice server_name;          /* verify every server's certificate for this name or IP; default: the host of the address called */
  bool insecure;                     /* accept every certificate: anybody in between can read and change everything; default false */
  rocket_tls_version min_version;    /* default ROCKET_TLS_1_2 */
} rocket_tls_client_options;

typedef struct rocket_tls_server_options {
  const rocket_allocator *allocator;
  rocket_tls_identity identity;    /* required */
  rocket_tls_trust client_trust;   /* anything named: clients must show a certificate that one of these issued */
  bool client_certificate_optional; /* ... or none at all; default false */
  rocket_tls_version min_version;
} rocket_tls_server_options;

void rocket_tls_client_options_default(rocket_tls_client_options *options);
void rocket_tls_server_options_default(rocket_tls_server_options *options);

/* Reads the files, so it may block. `options` are borrowed during the call. `fault` (may be NULL) names the option at fault in `what`
 * ("trust.ca_file").
 * Thread: any but a loop's.  Owns: the caller holds the count.
 * Fails: ROCKET_INVALID_ARGUMENT (a file and bytes for the same thing, a certificate without key, a name too long, no identity for a
 * server), ROCKET_TLS_BAD_CA, ROCKET_TLS_BAD_CERTIFICATE, ROCKET_TLS_BAD_KEY, ROCKET_TLS_KEY_MISMATCH, libuv's codes of reading files,
 * ROCKET_NO_MEMORY. */
int rocket_tls_client_new(const rocket_tls_client_options *options, rocket_tls **out, rocket_fault *fault);
int rocket_tls_server_new(const rocket_tls_server_options *options, rocket_tls **out, rocket_fault *fault);

/* One more count. Thread: any. */
void rocket_tls_retain(rocket_tls *tls);
/* One count less; the last one frees it. NULL is allowed. Thread: any. */
void rocket_tls_release(rocket_tls *tls);

/* rocket_listener_open with TLS: `tls` comes from rocket_tls_server_new; the listener takes a count of its own. NULL: plain.
 * A connection is `opened` when its handshake is done; one that fails before is `refused`.
 * Fails as rocket_listener_open, and with ROCKET_INVALID_ARGUMENT for a client's rocket_tls. */
int rocket_listener_open_tls(rocket_loop *loop, rocket_slice address, rocket_tls *tls, rocket_handler handler,
                             rocket_listener **out, uint16_t *port);

#ifdef __cplusplus
}
#endif
#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Helpers of the TLS tests: certificates made on the spot, clients and servers that use them, and a relay that does things to the bytes
 * between the two. */
#ifndef TLS_FIXTURE_H
#define TLS_FIXTURE_H

#include <openssl/ssl.h>

#include "net_fixture.h"
#include "test_certificates.h"

/* ---- Certificates ---- */

/* A certificate and its key; kept until the test's process ends. */
typedef struct tls_card {
  const test_card *card;
  rocket_slice certificate_pem, key_pem;
} tls_card;

#define TLS_LOCAL "DNS:localhost,IP:127.0.0.1,IP:::1"
tls_card tls_make(test_card_wish wish);
/* A CA called "ca", always with a key of its own. */
tls_card tls_authority(void);
/* What `authority` issued for this machine. */
tls_card tls_server_card(const tls_card *authority);
/* Writes `bytes` to a file whose path is kept until the test ends; the file goes away with the process. */
const char *tls_file(rocket_slice bytes);

/* ---- Both sides ---- */

rocket_tls_identity tls_identity(const tls_card *card);
/* A client that trusts `authority` (NULL: nothing but the system's). */
rocket_tls_client_options tls_client_options(const tls_card *authority);
rocket_tls *tls_client(const rocket_tls_client_options *options);
rocket_tls *tls_server(const tls_card *card, const tls_card *client_authority);
/* A loop whose calls use TLS; the loop holds the only count. */
rocket_loop *tls_loop(const rocket_tls_client_options *options);
/* A server on `host`, with a loop of its own. */
void tls_server_open(net_server *server, const char *host, const tls_card *card, const tls_card *client_authority);
/* How a call over a new connection ends. */
int tls_call(const rocket_tls_client_options *options, const char *address);

/* ---- In between ---- */

enum { TLS_UP, TLS_DOWN };

/* Carries one connection from a client to a server. */
typedef struct tls_relay {
  char address[32];
  size_t cut[2];    /* ends the connection after so many bytes up or down; SIZE_MAX: never */
  size_t spoil[2];  /* changes the byte with this number; SIZE_MAX: none */
  size_t piece;     /* bytes sent at a time; 0: as they come */
  size_t carried[2];
  int listening;
  uint16_t port;
  pthread_t thread;
} tls_relay;

void tls_relay_init(tls_relay *relay);
void tls_relay_start(tls_relay *relay, uint16_t port);
/* Waits until the connection has ended. */
void tls_relay_join(tls_relay *relay);

/* ---- A peer made with OpenSSL alone, for what the library would never do ---- */

typedef struct tls_peer {
  SSL_CTX *context;
  SSL *ssl;
  int fd;
} tls_peer;

/* Connects to 127.0.0.1 and shakes hands, with versions up to `max_version` (TLS1_3_VERSION). */
void tls_peer_open(tls_peer *peer, uint16_t port, int max_version);
void tls_peer_write(tls_peer *peer, const void *bytes, size_t size);
/* As net_raw_read_frame. */
uint8_t *tls_peer_read_frame(tls_peer *peer, size_t *size);
void tls_peer_close(tls_peer *peer);

#endif

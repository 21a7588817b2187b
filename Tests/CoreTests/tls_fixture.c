// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "tls_fixture.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Certificates ---- */

static test_card *cards[64];
static size_t card_count;

static void free_cards(void) {
  while (card_count > 0) test_card_free(cards[--card_count]);
}

tls_card tls_make(test_card_wish wish) {
  test_card *card = test_card_new(&wish);
  CHECK(card != NULL && card_count < sizeof cards / sizeof *cards);
  if (card_count == 0) atexit(free_cards);
  cards[card_count++] = card;
  return (tls_card){card, rocket_slice_of(test_card_certificate(card)), rocket_slice_of(test_card_key(card))};
}

tls_card tls_authority(void) { return tls_make((test_card_wish){.name = "ca", .is_ca = true}); }

tls_card tls_server_card(const tls_card *authority) { return tls_make((test_card_wish){.hosts = TLS_LOCAL, .issuer = authority->card}); }

static char *files[16];
static size_t file_count;

static void remove_files(void) {
  while (file_count > 0) {
    unlink(files[--file_count]);
    free(files[file_count]);
  }
}

const char *tls_file(rocket_slice bytes) {
  char path[] = "/tmp/rocket-tls-XXXXXX";
  int fd = mkstemp(path);
  CHECK(fd >= 0 && write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size);
  close(fd);
  if (file_count == 0) atexit(remove_files);
  CHECK(file_count < 16);
  return files[file_count++] = strdup(path);
}

/* ---- Both sides ---- */

rocket_tls_identity tls_identity(const tls_card *card) {
  return (rocket_tls_identity){.certificate_pem = card->certificate_pem, .key_pem = card->key_pem};
}

rocket_tls_client_options tls_client_options(const tls_card *authority) {
  rocket_tls_client_options options;
  rocket_tls_client_options_default(&options);
  if (authority) options.trust.ca_pem = authority->certificate_pem;
  return options;
}

rocket_tls *tls_client(const rocket_tls_client_options *options) {
  rocket_tls *tls;
  CHECK_INT(rocket_tls_client_new(options, &tls, NULL), ROCKET_OK);
  return tls;
}

rocket_tls *tls_server(const tls_card *card, const tls_card *client_authority) {
  rocket_tls_server_options options;
  rocket_tls *tls;
  rocket_tls_server_options_default(&options);
  options.identity = tls_identity(card);
  if (client_authority) options.client_trust.ca_pem = client_authority->certificate_pem;
  CHECK_INT(rocket_tls_server_new(&options, &tls, NULL), ROCKET_OK);
  return tls;
}

rocket_loop *tls_loop(const rocket_tls_client_options *options) {
  rocket_loop_options loop_options = net_options();
  loop_options.tls = tls_client(options);
  rocket_loop *loop = net_loop_with(&loop_options);
  rocket_tls_release(loop_options.tls);
  return loop;
}

void tls_server_open(net_server *server, const char *host, const tls_card *card, const tls_card *client_authority) {
  rocket_tls *tls = tls_server(card, client_authority);
  net_server_open_tls(server, net_loop(), tls, host);
  rocket_tls_release(tls);
}

int tls_call(const rocket_tls_client_options *options, const char *address) {
  rocket_loop *loop = tls_loop(options);
  int status = net_call_now(loop, address, NET_ECHO, "x", 60000);
  rocket_loop_free(loop);
  return status;
}

/* ---- In between ---- */

void tls_relay_init(tls_relay *relay) {
  *relay = (tls_relay){.cut = {SIZE_MAX, SIZE_MAX}, .spoil = {SIZE_MAX, SIZE_MAX}};
}

static bool send_all(int fd, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes += n;
    size -= (size_t)n;
  }
  return true;
}

/* False: the connection ends. */
static bool carry(tls_relay *relay, int way, int from, int to) {
  char bytes[16384];
  ssize_t n = read(from, bytes, sizeof bytes);
  if (n <= 0) return false;
  size_t first = relay->carried[way], size = (size_t)n;
  size_t left = relay->cut[way] - first;
  bool last = size >= left;
  if (last) size = left;
  if (relay->spoil[way] >= first && relay->spoil[way] - first < size) bytes[relay->spoil[way] - first] ^= 1;
  relay->carried[way] += size;
  size_t piece = relay->piece ? relay->piece : size;
  for (size_t at = 0; at < size; at += piece)
    if (!send_all(to, bytes + at, size - at < piece ? size - at : piece)) return false;
  return !last;
}

static void *run_relay(void *user) {
  tls_relay *relay = user;
  int on = 1, client = net_raw_accept(relay->listening), server = net_raw_connect(relay->port);
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  bool going = relay->cut[TLS_UP] > 0 && relay->cut[TLS_DOWN] > 0;
  while (going) {
    struct pollfd ready[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    CHECK(poll(ready, 2, -1) > 0);
    if (ready[1].revents) going = carry(relay, TLS_DOWN, server, client);
    if (going && ready[0].revents) going = carry(relay, TLS_UP, client, server);
  }
  close(client);
  close(server);
  close(relay->listening);
  return NULL;
}

void tls_relay_start(tls_relay *relay, uint16_t port) {
  relay->port = port;
  relay->listening = net_raw_listen(1, relay->address);
  CHECK(pthread_create(&relay->thread, NULL, run_relay, relay) == 0);
}

void tls_relay_join(tls_relay *relay) { pthread_join(relay->thread, NULL); }

/* ---- A peer made with OpenSSL alone ---- */

void tls_peer_open(tls_peer *peer, uint16_t port, int max_version) {
  peer->context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(peer->context, max_version);
  peer->fd = net_raw_connect(port);
  peer->ssl = SSL_new(peer->context);
  CHECK(SSL_set_fd(peer->ssl, peer->fd) == 1);
  CHECK_INT(SSL_connect(peer->ssl), 1);
}

void tls_peer_write(tls_peer *peer, const void *bytes, size_t size) {
  size_t written;
  CHECK(SSL_write_ex(peer->ssl, bytes, size, &written) == 1 && written == size);
}

static bool read_all(tls_peer *peer, uint8_t *at, size_t size) {
  size_t n;
  while (size > 0) {
    if (SSL_read_ex(peer->ssl, at, size, &n) != 1) return false;
    at += n;
    size -= n;
  }
  return true;
}

uint8_t *tls_peer_read_frame(tls_peer *peer, size_t *size) {
  uint8_t word[4];
  *size = 0;
  if (!read_all(peer, word, 4)) return NULL;
  size_t length = (size_t)word[0] << 24 | (size_t)word[1] << 16 | (size_t)word[2] << 8 | word[3];
  uint8_t *frame = malloc(length + 4);
  memcpy(frame, word, 4);
  CHECK(read_all(peer, frame + 4, length));
  *size = length + 4;
  return frame;
}

void tls_peer_close(tls_peer *peer) {
  SSL_free(peer->ssl);
  SSL_CTX_free(peer->context);
  close(peer->fd);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Who is let through: which certificates a client accepts from a server, and a server from a client. */
#include <unistd.h>

#include "tls_fixture.h"

/* ---- Servers ---- */

TEST(tls_carries_calls_to_a_name_and_to_addresses_of_both_families) {
  static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_tls_client_options options = tls_client_options(&ca);
  for (size_t i = 0; i < 3; i++) {
    net_server server;
    tls_server_open(&server, hosts[i], &card, NULL);
    CHECK_INT(tls_call(&options, server.address), ROCKET_OK);
    CHECK_INT(net_value(&server.requests), 1);
    CHECK_INT(net_value(&server.refused), 0);
    CHECK(server.peer_host.port > 0 && server.local_host.port == server.port);
    net_server_close(&server);
  }
}

/* How a call to a server with `card` ends, at both of its ends; and that it works when nothing is verified. */
static void check_refused(const tls_card *ca, test_card_wish wish, const char *host, int status) {
  net_server server;
  tls_card card = tls_make(wish);
  rocket_tls_client_options options = tls_client_options(ca);
  tls_server_open(&server, host, &card, NULL);
  CHECK_INT(tls_call(&options, server.address), status);
  net_await(&server.refused, 1);
  CHECK_INT(server.refused_status, ROCKET_TLS_REFUSED);
  CHECK_INT(net_value(&server.opened), 0);
  options.insecure = true;
  CHECK_INT(tls_call(&options, server.address), ROCKET_OK);
  net_server_close(&server);
}

TEST(tls_refuses_a_certificate_out_of_its_time_unless_insecure) {
  tls_card ca = tls_authority();
  test_card_wish past = {.hosts = TLS_LOCAL, .issuer = ca.card, .from_days = -9, .to_days = -1}, future = past;
  future.from_days = 1;
  future.to_days = 9;
  check_refused(&ca, past, "127.0.0.1", ROCKET_TLS_EXPIRED);
  check_refused(&ca, future, "127.0.0.1", ROCKET_TLS_EXPIRED);
}

TEST(tls_refuses_a_self_signed_certificate_unless_insecure) {
  tls_card ca = tls_authority();
  check_refused(&ca, (test_card_wish){.hosts = TLS_LOCAL}, "127.0.0.1", ROCKET_TLS_UNKNOWN_ISSUER);
  check_refused(NULL, (test_card_wish){.hosts = TLS_LOCAL}, "127.0.0.1", ROCKET_TLS_UNKNOWN_ISSUER);
}

TEST(tls_refuses_a_certificate_of_another_authority_unless_insecure) {
  tls_card ca = tls_authority(), namesake = tls_authority(), other = tls_make((test_card_wish){.name = "other", .is_ca = true});
  check_refused(&ca, (test_card_wish){.hosts = TLS_LOCAL, .issuer = namesake.card}, "127.0.0.1", ROCKET_TLS_UNKNOWN_ISSUER);
  check_refused(&ca, (test_card_wish){.hosts = TLS_LOCAL, .issuer = other.card}, "127.0.0.1", ROCKET_TLS_UNKNOWN_ISSUER);
  check_refused(NULL, (test_card_wish){.hosts = TLS_LOCAL, .issuer = ca.card}, "127.0.0.1", ROCKET_TLS_UNKNOWN_ISSUER);
}

TEST(tls_refuses_a_certificate_of_another_host_unless_insecure) {
  tls_card ca = tls_authority();
  check_refused(&ca, (test_card_wish){.hosts = "DNS:elsewhere", .issuer = ca.card}, "localhost", ROCKET_TLS_WRONG_HOST);
  check_refused(&ca, (test_card_wish){.hosts = "IP:127.0.0.1", .issuer = ca.card}, "localhost", ROCKET_TLS_WRONG_HOST);
  check_refused(&ca, (test_card_wish){.hosts = "DNS:localhost,IP:10.0.0.1", .issuer = ca.card}, "127.0.0.1", ROCKET_TLS_WRONG_HOST);
  check_refused(&ca, (test_card_wish){.hosts = "DNS:127.0.0.1", .issuer = ca.card}, "127.0.0.1", ROCKET_TLS_WRONG_HOST);
  check_refused(&ca, (test_card_wish){.name = "localhost", .issuer = ca.card}, "localhost", ROCKET_TLS_WRONG_HOST);
}

TEST(tls_refuses_a_certificate_that_is_not_meant_for_servers_unless_insecure) {
  tls_card ca = tls_authority();
  check_refused(&ca, (test_card_wish){.hosts = TLS_LOCAL, .issuer = ca.card, .use = "clientAuth"}, "127.0.0.1", ROCKET_TLS_UNTRUSTED);
}

TEST(tls_trusts_a_chain_and_a_certificate_that_is_named_itself) {
  tls_card ca = tls_authority(), between = tls_make((test_card_wish){.name = "between", .issuer = ca.card, .is_ca = true});
  tls_card card = tls_server_card(&between), alone = tls_make((test_card_wish){.hosts = TLS_LOCAL});
  char *both = malloc(card.certificate_pem.size + between.certificate_pem.size);
  memcpy(both, card.certificate_pem.data, card.certificate_pem.size);
  memcpy(both + card.certificate_pem.size, between.certificate_pem.data, between.certificate_pem.size);
  tls_card chained = card;
  chained.certificate_pem = rocket_slice_make(both, card.certificate_pem.size + between.certificate_pem.size);
  net_server server;
  rocket_tls_client_options root = tls_client_options(&ca), middle = tls_client_options(&between), itself = tls_client_options(&alone);
  tls_server_open(&server, "127.0.0.1", &chained, NULL);
  CHECK_INT(tls_call(&root, server.address), ROCKET_OK);
  net_server_close(&server);
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  CHECK_INT(tls_call(&root, server.address), ROCKET_TLS_UNKNOWN_ISSUER); /* the server does not show who issued it */
  CHECK_INT(tls_call(&middle, server.address), ROCKET_OK);
  net_server_close(&server);
  tls_server_open(&server, "127.0.0.1", &alone, NULL);
  CHECK_INT(tls_call(&itself, server.address), ROCKET_OK);
  net_server_close(&server);
  free(both);
}

TEST(tls_verifies_for_the_server_name_when_there_is_one) {
  tls_card ca = tls_authority(), card = tls_make((test_card_wish){.hosts = "DNS:*.mq.example,IP:10.1.2.3", .issuer = ca.card});
  static const struct {
    const char *name;
    int status;
  } cases[] = {{"broker-1.mq.example", ROCKET_OK}, {"broker-1.mq.example.", ROCKET_OK}, {"10.1.2.3", ROCKET_OK},
               {"a.b.mq.example", ROCKET_TLS_WRONG_HOST}, {"mq.example", ROCKET_TLS_WRONG_HOST}, {"10.1.2.4", ROCKET_TLS_WRONG_HOST},
               {"", ROCKET_TLS_WRONG_HOST}};
  net_server server;
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rocket_tls_client_options options = tls_client_options(&ca);
    options.server_name = rocket_slice_of(cases[i].name);
    CHECK_INT(tls_call(&options, server.address), cases[i].status);
  }
  net_server_close(&server);
}

/* ---- Clients ---- */

TEST(tls_server_lets_only_clients_with_its_certificates_in) {
  tls_card ca = tls_authority(), clients = tls_authority(), other = tls_authority(), card = tls_server_card(&ca);
  tls_card good = tls_make((test_card_wish){.name = "client", .issuer = clients.card});
  tls_card wrong = tls_make((test_card_wish){.name = "client", .issuer = other.card});
  tls_card old = tls_make((test_card_wish){.issuer = clients.card, .from_days = -9, .to_days = -1});
  const struct {
    const tls_card *card;
    int status, refused;
  } cases[] = {{&good, ROCKET_OK, 0},
               {NULL, ROCKET_TLS_REFUSED, ROCKET_TLS_NO_CERTIFICATE},
               {&wrong, ROCKET_TLS_REFUSED, ROCKET_TLS_UNKNOWN_ISSUER},
               {&old, ROCKET_TLS_REFUSED, ROCKET_TLS_EXPIRED}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    net_server server;
    rocket_tls_client_options options = tls_client_options(&ca);
    if (cases[i].card) options.identity = tls_identity(cases[i].card);
    tls_server_open(&server, "127.0.0.1", &card, &clients);
    CHECK_INT(tls_call(&options, server.address), cases[i].status);
    CHECK_INT(net_value(&server.requests), cases[i].status == ROCKET_OK);
    if (cases[i].refused) net_await(&server.refused, 1);
    CHECK_INT(server.refused_status, cases[i].refused);
    net_server_close(&server);
  }
}

TEST(tls_server_may_leave_the_clients_certificate_to_the_client) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca), wrong = tls_make((test_card_wish){.name = "client"});
  rocket_tls_server_options server_options;
  rocket_tls_client_options options = tls_client_options(&ca);
  rocket_tls *tls;
  net_server server;
  rocket_tls_server_options_default(&server_options);
  server_options.identity = tls_identity(&card);
  server_options.client_trust.ca_pem = ca.certificate_pem;
  server_options.client_certificate_optional = true;
  CHECK_INT(rocket_tls_server_new(&server_options, &tls, NULL), ROCKET_OK);
  net_server_open_tls(&server, net_loop(), tls, "127.0.0.1");
  rocket_tls_release(tls);
  CHECK_INT(tls_call(&options, server.address), ROCKET_OK);
  options.identity = tls_identity(&wrong);
  CHECK_INT(tls_call(&options, server.address), ROCKET_TLS_REFUSED);
  net_server_close(&server);
}

/* ---- Versions ---- */

TEST(tls_without_a_common_version_fails_on_both_sides) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_tls_server_options options;
  rocket_tls *tls;
  net_server server;
  rocket_tls_server_options_default(&options);
  options.identity = tls_identity(&card);
  options.min_version = ROCKET_TLS_1_3;
  CHECK_INT(rocket_tls_server_new(&options, &tls, NULL), ROCKET_OK);
  net_server_open_tls(&server, net_loop(), tls, "127.0.0.1");
  rocket_tls_release(tls);
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  SSL *ssl = SSL_new(context);
  int fd = net_raw_connect(server.port);
  SSL_set_fd(ssl, fd);
  CHECK_INT(SSL_connect(ssl), -1);
  close(fd);
  net_await(&server.refused, 1);
  CHECK_INT(server.refused_status, ROCKET_TLS_HANDSHAKE);
  SSL_free(ssl);
  SSL_CTX_free(context);
  net_server_close(&server);
}

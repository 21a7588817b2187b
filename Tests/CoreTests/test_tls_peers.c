// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Peers that do not speak TLS, or stop speaking it. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rocket_events.h"
#include "tls_fixture.h"

enum { FAR = 60000, SOON = 5000 };

/* ---- Plain where TLS should be, and the other way round ---- */

TEST(tls_server_tells_a_plain_client_what_is_missing) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  net_server server;
  rocket_loop *loop = net_loop();
  uint64_t began = rocket_now_ms();
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  CHECK_INT(net_call_now(loop, server.address, NET_ECHO, "x", FAR), ROCKET_TLS_NEEDED);
  net_await(&server.refused, 1);
  CHECK_INT(server.refused_status, ROCKET_TLS_NOT_SPOKEN);
  CHECK_INT(net_value(&server.opened), 0);
  CHECK(rocket_now_ms() - began < SOON);
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(tls_refused_client_is_an_event) {
  enum { SERVER = 7 };
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_tls *serving = tls_server(&card, NULL);
  rocket_events *events;
  rocket_event event;
  rocket_handler handler;
  rocket_listener *listener;
  uint16_t port;
  rocket_loop *loop = net_loop();
  CHECK_INT(rocket_events_new(NULL, &events), ROCKET_OK);
  CHECK_INT(rocket_events_handler(events, SERVER, &handler), ROCKET_OK);
  CHECK_INT(rocket_listener_open_tls(loop, rocket_slice_of("127.0.0.1:0"), serving, handler, &listener, &port), ROCKET_OK);
  rocket_tls_release(serving);
  int fd = net_raw_connect(port);
  net_raw_write(fd, "plain", 5);
  net_raw_await_close(fd);
  close(fd);
  CHECK_INT(rocket_events_next(events, UINT32_MAX, &event), ROCKET_OK);
  CHECK_INT(event.kind, ROCKET_EVENT_REFUSED);
  CHECK_INT(event.tag, SERVER);
  CHECK_INT(event.status, ROCKET_TLS_NOT_SPOKEN);
  CHECK(memcmp(event.address.data, "127.0.0.1:", 10) == 0);
  rocket_loop_free(loop);
  rocket_events_free(events);
}

/* A reset could overtake the alert on its way to the client's eyes. */
TEST(tls_server_does_not_reset_a_client_that_it_refuses) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  net_server server;
  uint8_t alert[8];
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  int fd = net_raw_connect(server.port);
  net_raw_write(fd, "plain", 5);
  CHECK_INT(recv(fd, alert, sizeof alert, MSG_WAITALL), 7); /* and then the end */
  CHECK_INT(alert[0], 21);
  for (int i = 0; i < 3; i++) net_raw_write(fd, "more", 4);
  CHECK_INT(net_value(&server.refused), 0);
  close(fd);
  net_await(&server.refused, 1);
  net_server_close(&server);
}

TEST(tls_client_notices_a_plain_server) {
  tls_card ca = tls_authority();
  rocket_tls_client_options options = tls_client_options(&ca);
  net_server server;
  net_server_open(&server, "127.0.0.1");
  CHECK_INT(tls_call(&options, server.address), ROCKET_TLS_CUT_OFF);
  net_await(&server.closed, 1);
  CHECK_INT(server.closed_status, ROCKET_TLS_NEEDED);
  net_server_close(&server);
}

/* How a call ends whose server answers the first bytes with `answer`. */
static int answered_with(const void *answer, size_t size) {
  char address[32], hello[16];
  net_reply reply;
  tls_card ca = tls_authority();
  rocket_tls_client_options options = tls_client_options(&ca);
  rocket_loop *loop = tls_loop(&options);
  int listening = net_raw_listen(8, address);
  net_call(&reply, loop, address, NET_ECHO, "x", FAR);
  int fd = net_raw_accept(listening);
  CHECK(read(fd, hello, sizeof hello) == sizeof hello);
  CHECK_INT(hello[0], 22);
  net_raw_write(fd, answer, size);
  int status = net_finish(&reply);
  net_raw_await_close(fd);
  close(fd);
  close(listening);
  rocket_loop_free(loop);
  return status;
}

TEST(tls_client_notices_a_server_that_answers_something_else) {
  static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
  static const uint8_t frame[] = {0, 0, 0, 6, 0, 0, 0, 2, '{', '}'};
  static const uint8_t bad_record[] = {22, 3, 3, 0, 4, 99, 0, 0, 0};
  static const uint8_t long_record[] = {22, 3, 3, 0xff, 0xff, 2, 0, 0, 0};
  static const uint8_t other_version[] = {22, 9, 9, 0, 4, 2, 0, 0, 0};
  static const uint8_t no_version_in_common[] = {21, 3, 3, 0, 2, 2, SSL_AD_PROTOCOL_VERSION};
  static const uint8_t unknown_ca[] = {21, 3, 3, 0, 2, 2, SSL_AD_UNKNOWN_CA};
  CHECK_INT(answered_with(http, sizeof http - 1), ROCKET_TLS_NOT_SPOKEN);
  CHECK_INT(answered_with(frame, sizeof frame), ROCKET_TLS_NOT_SPOKEN);
  CHECK_INT(answered_with(bad_record, sizeof bad_record), ROCKET_TLS_HANDSHAKE);
  CHECK_INT(answered_with(long_record, sizeof long_record), ROCKET_TLS_HANDSHAKE);
  CHECK_INT(answered_with(other_version, sizeof other_version), ROCKET_TLS_HANDSHAKE);
  CHECK_INT(answered_with(no_version_in_common, sizeof no_version_in_common), ROCKET_TLS_HANDSHAKE);
  CHECK_INT(answered_with(unknown_ca, sizeof unknown_ca), ROCKET_TLS_REFUSED);
}

TEST(tls_server_survives_garbage) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_tls_client_options options = tls_client_options(&ca);
  net_server server;
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  uint64_t random = 5;
  for (int i = 0; i < 60; i++) {
    uint8_t bytes[300];
    test_random_bytes(&random, bytes, sizeof bytes);
    if (i % 3 > 0) memcpy(bytes, (uint8_t[]){22, 3, 1, 1, 0}, 5); /* looks like a hello at first */
    if (i % 3 > 1) memcpy(bytes + 5, (uint8_t[]){1, 0, 0, 252, 3, 3}, 6);
    int fd = net_raw_connect(server.port);
    net_raw_write(fd, bytes, sizeof bytes);
    net_raw_await_close(fd);
    close(fd);
  }
  net_await(&server.refused, 60);
  CHECK_INT(net_value(&server.opened), 0);
  CHECK_INT(tls_call(&options, server.address), ROCKET_OK);
  net_server_close(&server);
}

/* ---- Silence ---- */

TEST(tls_handshake_counts_against_the_deadline_of_connecting) {
  char address[32];
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_tls_client_options options = tls_client_options(&ca);
  rocket_loop_options loop_options = net_options();
  rocket_tls *serving = tls_server(&card, NULL);
  loop_options.connect_timeout_ms = 100;
  loop_options.tls = tls_client(&options);
  rocket_loop *loop = net_loop_with(&loop_options);
  rocket_tls_release(loop_options.tls);
  int listening = net_raw_listen(8, address);
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), ROCKET_TLS_TIMEOUT);
  net_server server;
  net_server_open_tls(&server, loop, serving, "127.0.0.1");
  int fd = net_raw_connect(server.port);
  net_raw_await_close(fd);
  net_await(&server.refused, 1);
  CHECK_INT(server.refused_status, ROCKET_TLS_TIMEOUT);
  close(fd);
  close(listening);
  rocket_tls_release(serving);
  net_server_close(&server);
}

TEST(tls_refused_client_that_stays_is_cut_off_at_the_deadline) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_loop_options options = net_options();
  rocket_tls *serving = tls_server(&card, NULL);
  options.connect_timeout_ms = 100;
  net_server server;
  net_server_open_tls(&server, net_loop_with(&options), serving, "127.0.0.1");
  int fd = net_raw_connect(server.port);
  net_raw_write(fd, "plain", 5);
  net_await(&server.refused, 1);
  CHECK_INT(server.refused_status, ROCKET_TLS_NOT_SPOKEN);
  CHECK_INT(rocket_loop_connection_count(server.loop), 0);
  close(fd);
  rocket_tls_release(serving);
  net_server_close(&server);
}

TEST(tls_loops_end_in_the_middle_of_handshakes) {
  enum { CLIENTS = 8 };
  char address[32];
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_tls_client_options options = tls_client_options(&ca);
  net_server server;
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  int listening = net_raw_listen(8, address), waiting[CLIENTS];
  for (int i = 0; i < CLIENTS; i++) {
    net_reply silent, talking;
    char hello[16];
    rocket_loop *loop = tls_loop(&options);
    net_call(&silent, loop, address, NET_ECHO, "x", FAR);
    int fd = net_raw_accept(listening);
    CHECK(read(fd, hello, sizeof hello) > 0);
    net_call(&talking, loop, server.address, NET_ECHO, "x", FAR);
    rocket_loop_free(loop);
    CHECK_INT(net_finish(&silent), ROCKET_STOPPED);
    int status = net_finish(&talking);
    CHECK(status == ROCKET_OK || status == ROCKET_STOPPED);
    close(fd);
    waiting[i] = net_raw_connect(server.port);
  }
  net_server_close(&server);
  for (int i = 0; i < CLIENTS; i++) net_raw_await_close(waiting[i]);
}

/* ---- Cuts ---- */

/* A call through a relay that cuts the connection after so many bytes; ends with the first number that lets the call through. */
static void cut_everywhere(int way) {
  tls_card ca = tls_authority(), clients = tls_authority(), card = tls_server_card(&ca);
  tls_card client = tls_make((test_card_wish){.name = "client", .issuer = clients.card});
  rocket_tls_client_options options = tls_client_options(&ca);
  options.identity = tls_identity(&client);
  net_server server;
  tls_server_open(&server, "127.0.0.1", &card, &clients);
  int status = ROCKET_CLOSED;
  for (size_t cut = 0; status != ROCKET_OK; cut += cut < 80 ? 1 : 11) {
    tls_relay relay;
    tls_relay_init(&relay);
    relay.cut[way] = cut;
    tls_relay_start(&relay, server.port);
    status = tls_call(&options, relay.address);
    tls_relay_join(&relay);
    CHECK(status == ROCKET_OK || status == ROCKET_TLS_CUT_OFF || status == ROCKET_CLOSED);
    CHECK(cut < 20000);
  }
  net_server_close(&server);
}

TEST_LIMITED(tls_connection_cut_after_any_byte_from_the_client, 30) { cut_everywhere(TLS_UP); }
TEST_LIMITED(tls_connection_cut_after_any_byte_from_the_server, 30) { cut_everywhere(TLS_DOWN); }

TEST(tls_changed_byte_ends_the_connection) {
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_tls_client_options options = tls_client_options(&ca);
  net_server server;
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  for (int way = TLS_UP; way <= TLS_DOWN; way++) {
    tls_relay relay;
    tls_relay_init(&relay);
    tls_relay_start(&relay, server.port);
    rocket_loop *loop = tls_loop(&options);
    CHECK_INT(net_call_now(loop, relay.address, NET_ECHO, "x", FAR), ROCKET_OK);
    relay.spoil[way] = relay.carried[way] + 20; /* nothing is under way that the relay might look at it for */
    int status = net_call_now(loop, relay.address, NET_ECHO, "x", FAR);
    CHECK_INT(status, way == TLS_DOWN ? ROCKET_TLS_BAD_RECORD : ROCKET_TLS_HANDSHAKE);
    rocket_loop_free(loop);
    tls_relay_join(&relay);
    net_await(&server.closed, way + 1);
    if (way == TLS_UP) CHECK_INT(server.closed_status, ROCKET_TLS_BAD_RECORD);
  }
  net_server_close(&server);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Frames and records: many of one in one of the other, in every size and piece. */
#include <unistd.h>

#include "tls_fixture.h"

enum { FAR = 60000 };

typedef struct pair {
  net_server server;
  tls_card ca, card;
  rocket_tls_client_options options;
  rocket_loop *loop;
} pair;

static void open_pair(pair *both) {
  both->ca = tls_authority();
  both->card = tls_server_card(&both->ca);
  both->options = tls_client_options(&both->ca);
  tls_server_open(&both->server, "127.0.0.1", &both->card, NULL);
  both->loop = tls_loop(&both->options);
}

static void close_pair(pair *both) {
  rocket_loop_free(both->loop);
  net_server_close(&both->server);
}

/* ---- Calls ---- */

TEST(tls_carries_64_calls_in_flight) {
  enum { CALLS = 64 };
  static net_reply replies[CALLS];
  static char bodies[CALLS][16];
  pair both;
  open_pair(&both);
  for (int i = 0; i < CALLS; i++) {
    snprintf(bodies[i], sizeof bodies[i], "call %d", i);
    net_call(&replies[i], both.loop, both.server.address, NET_HOLD, bodies[i], FAR);
    if (i % 7 == 0) net_await(&both.server.requests, i + 1); /* else the next one goes out with it */
    CHECK(i > 0 || rocket_loop_connection_count(both.loop) == 1);
  }
  net_await(&both.server.requests, CALLS);
  net_server_release(&both.server);
  for (int i = 0; i < CALLS; i++) {
    CHECK_INT(net_finish(&replies[i]), ROCKET_OK);
    CHECK_TEXT(rocket_slice_make(replies[i].body, replies[i].body_size), bodies[i]);
  }
  CHECK_INT(net_value(&both.server.opened), 1);
  close_pair(&both);
}

TEST(tls_carries_calls_in_both_directions) {
  pair both;
  net_server client = {.requests = NET_COUNTER, .opened = NET_COUNTER, .closed = NET_COUNTER, .handler_dropped = NET_COUNTER};
  open_pair(&both);
  client.loop = both.loop;
  CHECK_INT(rocket_loop_set_handler(both.loop, net_server_handler(&client)), ROCKET_OK);
  CHECK_INT(net_call_now(both.loop, both.server.address, NET_CALL_BACK, "back", FAR), ROCKET_OK);
  CHECK_INT(net_value(&client.requests), 1);
  close_pair(&both);
}

/* ---- Sizes ---- */

static void check_echo(pair *both, size_t size) {
  rocket_command request;
  net_reply reply;
  uint8_t *body = malloc(size + 1);
  for (size_t i = 0; i < size; i++) body[i] = (uint8_t)(i * 7 + i / 251);
  net_reply_init(&reply, both->loop);
  rocket_command_init(&request, NET_ECHO);
  rocket_body handed = net_body_of(&reply, "");
  handed.bytes = rocket_slice_make(body, size);
  CHECK_INT(rocket_call(both->loop, net_to(both->server.address), &request, handed, FAR, net_reply_of(&reply), NULL), ROCKET_OK);
  CHECK_INT(net_finish(&reply), ROCKET_OK);
  CHECK_INT(reply.body_size, size);
  CHECK(memcmp(reply.body, body, size < sizeof reply.body ? size : sizeof reply.body) == 0);
  CHECK_INT(reply.crc, rocket_crc31(rocket_slice_make(body, size)));
  free(body);
}

TEST(tls_carries_bodies_of_every_size_around_a_record) {
  pair both;
  open_pair(&both);
  for (size_t size = 0; size < 300; size += 37) check_echo(&both, size);
  for (size_t records = 1; records <= 5; records++)
    for (size_t size = records * 16384 - 400; size <= records * 16384 + 100; size += records < 3 ? 1 : 31) check_echo(&both, size);
  CHECK_INT(net_value(&both.server.opened), 1);
  close_pair(&both);
}

TEST(tls_carries_large_bodies_through_full_sockets) {
  pair both;
  open_pair(&both);
  check_echo(&both, (size_t)15 << 20);
  check_echo(&both, ((size_t)1 << 20) + 12345);
  CHECK_INT(net_value(&both.server.opened), 1);
  close_pair(&both);
}

TEST(tls_passes_through_pieces_of_any_size) {
  static const size_t pieces[] = {1, 2, 3, 5, 6, 7, 21, 100, 1000, 4096};
  pair both;
  open_pair(&both);
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    pair through = both;
    tls_relay relay;
    tls_relay_init(&relay);
    relay.piece = pieces[i];
    tls_relay_start(&relay, both.server.port);
    memcpy(through.server.address, relay.address, sizeof relay.address);
    through.loop = tls_loop(&both.options);
    for (size_t size = 1; size < 70000; size = size * 5 + 1) check_echo(&through, size);
    rocket_loop_free(through.loop);
    tls_relay_join(&relay);
  }
  close_pair(&both);
}

/* ---- A peer that chooses its records ---- */

static void check_answers(tls_peer *peer, int count) {
  for (int i = 0; i < count; i++) {
    size_t size;
    uint8_t *frame = tls_peer_read_frame(peer, &size);
    net_raw_check_answer(frame, size, i + 1);
  }
}

static void check_records(int version) {
  pair both;
  tls_peer peer;
  open_pair(&both);
  tls_peer_open(&peer, both.server.port, version);
  CHECK_INT(SSL_version(peer.ssl), version);
  rocket_buffer many = net_raw_requests(500, NET_ECHO, "fast"), few = net_raw_requests(3, NET_ECHO, "slow");
  tls_peer_write(&peer, many.data, many.size); /* many frames a record */
  check_answers(&peer, 500);
  for (size_t i = 0; i < few.size; i++) tls_peer_write(&peer, few.data + i, 1); /* many records a frame */
  check_answers(&peer, 3);
  if (version == TLS1_3_VERSION) {
    CHECK_INT(SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    tls_peer_write(&peer, few.data, few.size);
    check_answers(&peer, 3);
  }
  CHECK(SSL_shutdown(peer.ssl) >= 0); /* half-closed: the peer would still read */
  net_await(&both.server.closed, 1);
  CHECK_INT(both.server.closed_status, ROCKET_CLOSED);
  size_t size;
  CHECK(tls_peer_read_frame(&peer, &size) == NULL);
  CHECK_INT(SSL_get_shutdown(peer.ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN); /* the server says good-bye too */
  tls_peer_close(&peer);
  rocket_buffer_clear(&many);
  rocket_buffer_clear(&few);
  close_pair(&both);
}

TEST(tls_1_3_frames_and_records_of_any_proportion) { check_records(TLS1_3_VERSION); }
TEST(tls_1_2_frames_and_records_of_any_proportion) { check_records(TLS1_2_VERSION); }

TEST(tls_1_2_renegotiation_is_refused) {
  pair both;
  tls_peer peer;
  open_pair(&both);
  tls_peer_open(&peer, both.server.port, TLS1_2_VERSION);
  CHECK_INT(SSL_renegotiate(peer.ssl), 1);
  CHECK(SSL_do_handshake(peer.ssl) <= 0);
  tls_peer_close(&peer);
  net_await(&both.server.closed, 1);
  CHECK_INT(net_call_now(both.loop, both.server.address, NET_ECHO, "x", FAR), ROCKET_OK);
  close_pair(&both);
}

/* ---- Back-pressure ---- */

TEST(tls_server_cuts_off_a_peer_that_does_not_read_its_answers) {
  rocket_loop_options options = net_options();
  tls_card ca = tls_authority(), card = tls_server_card(&ca);
  rocket_tls *serving = tls_server(&card, NULL);
  net_server server;
  tls_peer peer;
  options.max_unwritten_bytes = 1 << 20;
  net_server_open_tls(&server, net_loop_with(&options), serving, "127.0.0.1");
  rocket_tls_release(serving);
  tls_peer_open(&peer, server.port, TLS1_3_VERSION);
  rocket_buffer ask = net_raw_requests(1, NET_LARGE, "600000");
  for (int i = 0; net_value(&server.closed) == 0; i++) {
    size_t written;
    if (SSL_write_ex(peer.ssl, ask.data, ask.size, &written) != 1) break;
    net_await(&server.requests, i + 1);
    net_settle(server.loop);
    CHECK(i < 1000);
  }
  net_await(&server.closed, 1);
  CHECK_INT(server.closed_status, ROCKET_OVERLOADED);
  tls_peer_close(&peer);
  rocket_buffer_clear(&ask);
  net_server_close(&server);
}

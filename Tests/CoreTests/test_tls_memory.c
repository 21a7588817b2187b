// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* A whole life of a client and a server that speak TLS, in which an allocation fails: each of the library's own, and a choice of
 * OpenSSL's. */
#include <openssl/crypto.h>
#include <stdatomic.h>

#include "malloc_count.h"
#include "swept_functions.h"
#include "tls_fixture.h"

static tls_card ca, card, client_card;

static void prepare(void) {
  ca = tls_authority();
  card = tls_server_card(&ca);
  client_card = tls_make((test_card_wish){.name = "client", .issuer = ca.card});
}

static void answer(void *user, const rocket_inbound *inbound) {
  rocket_command response;
  rocket_loop *loop = *(rocket_loop **)user;
  rocket_command_init_response(&response, inbound->command, ROCKET_RESPONSE_SUCCESS);
  rocket_body body = {rocket_slice_of("answer"), NULL, NULL};
  if (rocket_respond(loop, inbound->connection, &response, body) != ROCKET_OK) rocket_connection_close(loop, inbound->connection);
}

static int call_once(rocket_loop *loop, uint16_t port) {
  char address[32];
  rocket_command request;
  net_reply reply;
  net_reply_init(&reply, loop);
  snprintf(address, sizeof address, "127.0.0.1:%u", port);
  rocket_command_init(&request, NET_ECHO);
  int status = rocket_call(loop, net_to(address), &request, net_body_of(&reply, "x"), 5000, net_reply_of(&reply), NULL);
  if (status == ROCKET_OK) status = net_finish(&reply);
  return status;
}

/* How far it came: ROCKET_OK when the call was answered. `s`: NULL, or what makes allocations fail. */
static int live(sweep *s) {
  rocket_tls_server_options server_options;
  rocket_tls_client_options client_options = tls_client_options(&ca);
  rocket_loop_options options = net_options();
  rocket_tls *server = NULL;
  rocket_loop *loop = NULL;
  rocket_listener *listener;
  uint16_t port;
  rocket_tls_server_options_default(&server_options);
  server_options.identity = tls_identity(&card);
  server_options.client_trust.ca_pem = ca.certificate_pem;
  client_options.identity = tls_identity(&client_card);
  options.allocator = server_options.allocator = client_options.allocator = s ? s->allocator : NULL;
  if (s) sweep_begin(s);
  int status = rocket_tls_server_new(&server_options, &server, NULL);
  if (status == ROCKET_OK) status = rocket_tls_client_new(&client_options, &options.tls, NULL);
  if (status == ROCKET_OK) status = rocket_loop_new(&options, &loop);
  if (status == ROCKET_OK) {
    rocket_handler handler = {.request = answer, .user = &loop};
    status = rocket_listener_open_tls(loop, rocket_slice_of("127.0.0.1:0"), server, handler, &listener, &port);
  }
  if (status == ROCKET_OK) status = call_once(loop, port);
  rocket_loop_free(loop);
  rocket_tls_release(options.tls);
  rocket_tls_release(server);
  return status;
}

/* ---- The library's own ---- */

static int client_new(sweep *s) {
  rocket_tls *tls = SWEEP_UNTOUCHED;
  rocket_tls_client_options options = tls_client_options(&ca);
  options.identity = tls_identity(&client_card);
  options.allocator = s->allocator;
  sweep_begin(s);
  int status = rocket_tls_client_new(&options, &tls, NULL);
  if (status == ROCKET_OK) rocket_tls_release(tls);
  else CHECK(tls == SWEEP_UNTOUCHED);
  return status;
}

static int server_new(sweep *s) {
  rocket_tls *tls = SWEEP_UNTOUCHED;
  rocket_tls_server_options options;
  rocket_tls_server_options_default(&options);
  options.identity = tls_identity(&card);
  options.client_trust.ca_pem = ca.certificate_pem;
  options.allocator = s->allocator;
  sweep_begin(s);
  int status = rocket_tls_server_new(&options, &tls, NULL);
  if (status == ROCKET_OK) rocket_tls_release(tls);
  else CHECK(tls == SWEEP_UNTOUCHED);
  return status;
}

static int listener_open(sweep *s) {
  rocket_loop_options options = net_options();
  rocket_tls *tls = tls_server(&card, NULL);
  rocket_listener *listener = SWEEP_UNTOUCHED;
  rocket_handler handler = {.user = sweep_owes_drop(s), .drop = sweep_drop};
  options.allocator = s->allocator;
  rocket_loop *loop = net_loop_with(&options);
  sweep_begin(s);
  int status = rocket_listener_open_tls(loop, rocket_slice_of("127.0.0.1:0"), tls, handler, &listener, NULL);
  if (status != ROCKET_OK) CHECK(listener == SWEEP_UNTOUCHED);
  CHECK_INT(rocket_loop_free(loop), ROCKET_OK);
  rocket_tls_release(tls);
  return status;
}

/* OpenSSL asks for memory in order to give some back. */
static int release(sweep *s) {
  rocket_tls_client_options options = tls_client_options(&ca);
  options.allocator = s->allocator;
  rocket_tls *tls = tls_client(&options);
  sweep_begin(s);
  rocket_tls_release(tls);
  return ROCKET_OK;
}

/* The call is told how its connection got lost, and not that the other side had no memory for it. */
static int whole_life(sweep *s) {
  int status = live(s);
  bool is_lost = status == ROCKET_CLOSED || status == ROCKET_TLS_CUT_OFF;
  return is_lost && sweep_has_failed(s) ? ROCKET_NO_MEMORY : status;
}

const swept_function swept_tls[] = {
    {"rocket_listener_open_tls", listener_open},
    {"rocket_tls_client_new", client_new},
    {"rocket_tls_release", release},
    {"rocket_tls_server_new", server_new},
    {NULL, NULL},
};

/* malloc itself fails only where OpenSSL does not call it so often that every call could not be tried. A choice of those follows. */
TEST_LIMITED(tls_functions_survive_every_failed_allocation, 60) {
  prepare();
  for (const swept_function *at = swept_tls; at->name; at++) {
    uint64_t failures = sweep_run(at->name, at->operation, SWEEP_ONCE) + sweep_run(at->name, at->operation, SWEEP_FROM);
    if (failures == 0) failures = sweep_run(at->name, at->operation, SWEEP_MALLOC);
    CHECK(failures > 0 || !malloc_count_works());
  }
  CHECK(sweep_run("life", whole_life, SWEEP_ONCE) > 10);
}

/* ---- OpenSSL's own ---- */

static atomic_uint_fast64_t calls, fail_at_call;

static bool allowed(void) { return atomic_fetch_add(&calls, 1) + 1 != atomic_load(&fail_at_call); }
static void *allocate(size_t size, const char *file, int line) {
  (void)file, (void)line;
  return allowed() ? malloc(size) : NULL;
}
static void *resize(void *memory, size_t size, const char *file, int line) {
  (void)file, (void)line;
  return allowed() ? realloc(memory, size) : NULL;
}
static void give_back(void *memory, const char *file, int line) {
  (void)file, (void)line;
  free(memory);
}

TEST_LIMITED(tls_survives_failed_allocations_of_openssl, 60) {
  CHECK_INT(CRYPTO_set_mem_functions(allocate, resize, give_back), 1);
  prepare();
  CHECK_INT(live(NULL), ROCKET_OK); /* what is made once is made */
  atomic_store(&calls, 0);
  CHECK_INT(live(NULL), ROCKET_OK);
  uint64_t all = atomic_load(&calls), step = all / 150 + 1;
  CHECK(all > 1000);
  for (uint64_t at = 1; at <= all; at += step) {
    atomic_store(&calls, 0);
    atomic_store(&fail_at_call, at);
    int status = live(NULL);
    atomic_store(&fail_at_call, 0);
    CHECK(status != ROCKET_INVALID_ARGUMENT && status != ROCKET_TIMEOUT);
  }
  CHECK_INT(live(NULL), ROCKET_OK);
}

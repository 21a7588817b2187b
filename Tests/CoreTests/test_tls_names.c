// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* What a client does with the names it calls: which it announces, and what becomes of the other addresses of one. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net_names.h"
#include "tls_fixture.h"

enum { FAR = 60000 };

static const char *const two[] = {"127.0.0.8", "127.0.0.1", NULL};

/* Is `host` in the first bytes that a client sends to "`host`:port"? */
static bool is_announced(const char *host, const char *server_name) {
  char address[32], called[64], hello[4096];
  net_reply reply;
  tls_card ca = tls_authority();
  rocket_tls_client_options options = tls_client_options(&ca);
  options.server_name = rocket_slice_of(server_name);
  int listening = net_raw_listen(8, address);
  snprintf(called, sizeof called, "%s%s", host, strchr(address, ':'));
  rocket_loop *loop = tls_loop(&options);
  net_call(&reply, loop, called, NET_ECHO, "x", FAR);
  int fd = net_raw_accept(listening);
  ssize_t size = read(fd, hello, sizeof hello); /* one segment */
  CHECK(size > 100);
  const char *announced = *server_name ? server_name : host;
  bool found = memmem(hello, (size_t)size, announced, strlen(announced)) != NULL;
  close(fd);
  CHECK_INT(net_finish(&reply), ROCKET_TLS_CUT_OFF);
  close(listening);
  rocket_loop_free(loop);
  return found;
}

TEST(tls_announces_names_and_no_addresses) {
  static const char *const one[] = {"127.0.0.1", NULL};
  net_name_set("broker.test", one);
  CHECK(is_announced("broker.test", ""));
  CHECK(is_announced("broker.test", "mq.example"));
  CHECK(is_announced("127.0.0.1", "mq.example"));
  CHECK(!is_announced("127.0.0.1", ""));
  CHECK(!is_announced("broker.test", "127.0.0.1"));
}

/* Listens on 127.0.0.8; the kernel lets connections in, and nobody says anything. */
static int listen_silently(uint16_t port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("127.0.0.8"), .sin_port = htons(port)};
  int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 8) == 0);
  return fd;
}

static rocket_loop *loop_with_deadline(const tls_card *ca, uint32_t connect_timeout_ms) {
  rocket_tls_client_options options = tls_client_options(ca);
  rocket_loop_options loop_options = net_options();
  loop_options.connect_timeout_ms = connect_timeout_ms;
  loop_options.tls = tls_client(&options);
  rocket_loop *loop = net_loop_with(&loop_options);
  rocket_tls_release(loop_options.tls);
  return loop;
}

TEST(tls_silence_at_one_address_leaves_time_for_the_others) {
  tls_card ca = tls_authority(), card = tls_make((test_card_wish){.hosts = "DNS:broker.test", .issuer = ca.card});
  net_server server;
  char address[32];
  net_name_set("broker.test", two);
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  int silent = listen_silently(server.port);
  rocket_loop *loop = loop_with_deadline(&ca, 2000);
  snprintf(address, sizeof address, "broker.test:%u", server.port);
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), ROCKET_OK);
  close(silent);
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(tls_address_that_hangs_up_is_followed_by_the_others) {
  tls_card ca = tls_authority(), card = tls_make((test_card_wish){.hosts = "DNS:broker.test", .issuer = ca.card});
  net_server server;
  net_reply reply;
  char address[32], hello[16];
  net_name_set("broker.test", two);
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  int listening = listen_silently(server.port);
  rocket_loop *loop = loop_with_deadline(&ca, FAR);
  snprintf(address, sizeof address, "broker.test:%u", server.port);
  net_call(&reply, loop, address, NET_ECHO, "x", FAR);
  int fd = net_raw_accept(listening);
  CHECK(read(fd, hello, sizeof hello) > 0);
  close(fd);
  CHECK_INT(net_finish(&reply), ROCKET_OK);
  close(listening);
  rocket_loop_free(loop);
  net_server_close(&server);
}

TEST(tls_bad_certificate_at_one_address_is_what_the_caller_hears) {
  tls_card ca = tls_authority(), card = tls_make((test_card_wish){.hosts = "DNS:elsewhere", .issuer = ca.card});
  static const char *const alive_then_dead[] = {"127.0.0.1", "127.0.0.9", NULL};
  net_server server;
  char address[32];
  net_name_set("broker.test", alive_then_dead);
  tls_server_open(&server, "127.0.0.1", &card, NULL);
  rocket_loop *loop = loop_with_deadline(&ca, FAR);
  snprintf(address, sizeof address, "broker.test:%u", server.port);
  CHECK_INT(net_call_now(loop, address, NET_ECHO, "x", FAR), ROCKET_TLS_WRONG_HOST);
  rocket_loop_free(loop);
  net_server_close(&server);
}

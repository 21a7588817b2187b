// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "tcp_pair.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

tcp_pair tcp_pair_open(void) {
  tcp_pair pair;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  bench_check(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 1) == 0 &&
                  getsockname(listener, (struct sockaddr *)&address, &size) == 0,
              "listen");
  pair.near = socket(AF_INET, SOCK_STREAM, 0);
  bench_check(pair.near >= 0 && connect(pair.near, (struct sockaddr *)&address, size) == 0, "connect");
  pair.far = accept(listener, NULL, NULL);
  bench_check(pair.far >= 0, "accept");
  close(listener);
  setsockopt(pair.near, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(pair.far, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return pair;
}

void tcp_pair_close(tcp_pair pair) {
  close(pair.near);
  close(pair.far);
}

void tcp_send(int socket, const void *bytes, size_t size) {
  for (const char *at = bytes; size > 0;) {
    ssize_t n = send(socket, at, size, 0);
    bench_check(n > 0, "send");
    at += n;
    size -= (size_t)n;
  }
}

void tcp_receive(int socket, void *bytes, size_t size) {
  for (char *at = bytes; size > 0;) {
    ssize_t n = recv(socket, at, size, 0);
    bench_check(n > 0, "recv");
    at += n;
    size -= (size_t)n;
  }
}

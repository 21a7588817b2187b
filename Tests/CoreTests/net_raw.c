// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net_raw.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_at(const char *ip, uint16_t port, int backlog, struct sockaddr_in *at) {
  socklen_t size = sizeof *at;
  *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(ip), .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(fd >= 0 && bind(fd, (struct sockaddr *)at, size) == 0 && listen(fd, backlog) == 0);
  CHECK(getsockname(fd, (struct sockaddr *)at, &size) == 0);
  return fd;
}

int net_raw_listen(int backlog, char address[32]) {
  struct sockaddr_in at;
  int fd = listen_at("127.0.0.1", 0, backlog, &at);
  snprintf(address, 32, "127.0.0.1:%u", ntohs(at.sin_port));
  return fd;
}

int net_raw_accept(int fd) {
  int accepted = accept(fd, NULL, NULL);
  CHECK(accepted >= 0);
  return accepted;
}

int net_raw_connect(uint16_t port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
  return fd;
}

void net_raw_write(int fd, const void *bytes, size_t size) {
  const char *at = bytes;
  while (size > 0) {
    ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
    CHECK(n > 0);
    at += n;
    size -= (size_t)n;
  }
}

static bool read_all(int fd, uint8_t *at, size_t size) {
  while (size > 0) {
    ssize_t n = read(fd, at, size);
    if (n <= 0) return false;
    at += n;
    size -= (size_t)n;
  }
  return true;
}

uint8_t *net_raw_read_frame(int fd, size_t *size) {
  uint8_t word[4];
  *size = 0;
  if (!read_all(fd, word, 4)) return NULL;
  size_t length = (size_t)word[0] << 24 | (size_t)word[1] << 16 | (size_t)word[2] << 8 | word[3];
  uint8_t *frame = malloc(length + 4);
  memcpy(frame, word, 4);
  CHECK(read_all(fd, frame + 4, length));
  *size = length + 4;
  return frame;
}

void net_raw_await_close(int fd) {
  char bytes[4096];
  while (read(fd, bytes, sizeof bytes) > 0) {
  }
  close(fd);
}

rocket_buffer net_raw_response(uint8_t *frame, size_t size, const char *body) {
  rocket_command request, response;
  rocket_buffer out;
  CHECK_INT(rocket_command_decode(frame, size, &request, NULL), ROCKET_OK);
  rocket_command_init_response(&response, &request, ROCKET_RESPONSE_SUCCESS);
  response.body = rocket_slice_of(body);
  rocket_buffer_init(&out, NULL);
  CHECK_INT(rocket_command_encode(&response, &out), ROCKET_OK);
  return out;
}

rocket_buffer net_raw_requests(int count, int32_t code, const char *body) {
  rocket_buffer out;
  rocket_buffer_init(&out, NULL);
  for (int i = 0; i < count; i++) {
    rocket_command request;
    rocket_command_init(&request, code);
    request.opaque = i + 1;
    request.body = rocket_slice_of(body);
    CHECK_INT(rocket_command_encode(&request, &out), ROCKET_OK);
  }
  return out;
}

void net_raw_check_answer(uint8_t *frame, size_t size, int32_t opaque) {
  rocket_command response;
  CHECK(frame != NULL);
  CHECK_INT(rocket_command_decode(frame, size, &response, NULL), ROCKET_OK);
  CHECK_INT(response.opaque, opaque);
  CHECK_INT(response.flag & ROCKET_FLAG_RESPONSE, ROCKET_FLAG_RESPONSE);
  free(frame);
}

uint16_t net_free_port(void) {
  char address[32];
  int fd = net_raw_listen(1, address);
  close(fd);
  return (uint16_t)strtoul(strchr(address, ':') + 1, NULL, 10);
}

void net_dig(net_hole *hole, const char *ip, uint16_t port) {
  struct sockaddr_in at;
  hole->listening = listen_at(ip, port, 0, &at);
  hole->port = ntohs(at.sin_port);
  snprintf(hole->address, sizeof hole->address, "%s:%u", ip, hole->port);
  for (int i = 0; i < 8; i++) {
    hole->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(hole->fillers[i] >= 0);
    (void)!connect(hole->fillers[i], (struct sockaddr *)&at, sizeof at);
  }
}

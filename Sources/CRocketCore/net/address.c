// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "net/address.h"

#include <stdio.h>

static int parse_port(rocket_slice text, bool allow_0, char out[6]) {
  unsigned value = 0;
  if (text.size < 1 || text.size > 5) return ROCKET_BAD_ADDRESS;
  for (size_t i = 0; i < text.size; i++) {
    if (text.data[i] < '0' || text.data[i] > '9') return ROCKET_BAD_ADDRESS;
    value = value * 10 + (unsigned)(text.data[i] - '0');
  }
  if (value > UINT16_MAX || (value == 0 && !allow_0)) return ROCKET_BAD_ADDRESS;
  snprintf(out, 6, "%u", value);
  return ROCKET_OK;
}

/* The last ':' rather than the first: that also reads IPv6 addresses without brackets, which some brokers register. */
int rocket__address_parse(rocket_slice text, bool allow_port_0, rocket__address *out) {
  size_t colon = text.size;
  while (colon > 0 && text.data[colon - 1] != ':') colon--;
  if (colon == 0) return ROCKET_BAD_ADDRESS;
  rocket_slice host = {text.data, colon - 1}, port = {text.data + colon, text.size - colon};
  if (host.size > 0 && host.data[0] == '[') {
    if (host.data[host.size - 1] != ']') return ROCKET_BAD_ADDRESS;
    host.data++;
    host.size -= 2;
  }
  if (host.size == 0 || host.size >= sizeof out->host) return ROCKET_BAD_ADDRESS;
  for (size_t i = 0; i < host.size; i++)
    if (host.data[i] <= ' ' || host.data[i] == '[' || host.data[i] == ']' || host.data[i] == 0x7f) return ROCKET_BAD_ADDRESS;
  memcpy(out->host, host.data, host.size);
  out->host[host.size] = 0;
  return parse_port(port, allow_port_0, out->port);
}

void rocket__host_of(const struct sockaddr *address, rocket_host *out) {
  static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  *out = (rocket_host){.ip_size = 4};
  if (address->sa_family == AF_INET) {
    struct sockaddr_in v4;
    memcpy(&v4, address, sizeof v4);
    memcpy(out->ip, &v4.sin_addr, 4);
    out->port = ntohs(v4.sin_port);
  } else if (address->sa_family == AF_INET6) {
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    out->port = ntohs(v6.sin6_port);
    const uint8_t *ip = (const uint8_t *)&v6.sin6_addr;
    if (memcmp(ip, mapped, sizeof mapped) == 0) {
      memcpy(out->ip, ip + sizeof mapped, 4);
    } else {
      memcpy(out->ip, ip, 16);
      out->ip_size = 16;
    }
  }
}

size_t rocket__host_print(const rocket_host *host, char out[ROCKET__PEER_BYTES]) {
  char ip[INET6_ADDRSTRLEN] = "";
  bool v6 = host->ip_size == 16;
  uv_inet_ntop(v6 ? AF_INET6 : AF_INET, host->ip, ip, sizeof ip);
  int size = snprintf(out, ROCKET__PEER_BYTES, v6 ? "[%s]:%d" : "%s:%d", ip, (int)host->port);
  return size > 0 ? (size_t)size : 0;
}

// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

/* Addresses, which name servers hand out: what is parsed is a host and a port for the system's resolver, and parses again. */
#include "fuzz.h"
#include "net/address.h"

static bool is_port(const char *text) {
  size_t size = strlen(text);
  for (size_t i = 0; i < size; i++)
    if (text[i] < '0' || text[i] > '9') return false;
  return size >= 1 && size <= 5 && strtoul(text, NULL, 10) <= UINT16_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rocket_slice text = rocket_slice_make(data, size);
  rocket__address address, again;
  char printed[ROCKET__HOST_BYTES + 10];
  int status = rocket__address_parse(text, false, &address);
  int listening = rocket__address_parse(text, true, &again);
  HOLDS(status == ROCKET_OK || status == ROCKET_BAD_ADDRESS);
  HOLDS(listening == ROCKET_OK || status != ROCKET_OK); /* only port 0 makes a difference */
  if (listening != ROCKET_OK) return 0;
  HOLDS(is_port(again.port) && (status == ROCKET_OK) == (strcmp(again.port, "0") != 0));
  HOLDS(strlen(again.host) > 0 && strlen(again.host) < sizeof again.host && !memchr(again.host, ' ', strlen(again.host)));
  int length = snprintf(printed, sizeof printed, "[%s]:%s", again.host, again.port);
  HOLDS(rocket__address_parse(rocket_slice_make(printed, (size_t)length), true, &address) == ROCKET_OK);
  HOLDS(strcmp(address.host, again.host) == 0 && strcmp(address.port, again.port) == 0);
  return 0;
}

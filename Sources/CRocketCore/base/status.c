// SPDX-License-Identifier: Apache-2.0
// Copyright the RocketMQ client for Swift and C authors

#include "rocket_status.h"

#include <uv.h>

/* libuv's own functions leak memory for numbers they do not know, so the known ones are listed from its table. */
const char *rocket_status_name(int status) {
  switch (status) {
#define OWN(name, value, text) \
  case value: return "ROCKET_" #name;
    ROCKET_STATUS_MAP(OWN)
#undef OWN
#define LIBUV(name, text) \
  case UV_##name: return #name;
    UV_ERRNO_MAP(LIBUV)
#undef LIBUV
  default: return "ROCKET_UNKNOWN";
  }
}

const char *rocket_status_text(int status) {
  switch (status) {
#define OWN(name, value, text) \
  case value: return text;
    ROCKET_STATUS_MAP(OWN)
#undef OWN
#define LIBUV(name, text) \
  case UV_##name: return text;
    UV_ERRNO_MAP(LIBUV)
#undef LIBUV
  default: return "unknown status";
  }
}
